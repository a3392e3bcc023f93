"""Promises about a worker that is killed between a write and its record."""

from __future__ import annotations

from typing import Any

import pytest

from sync_queue.state import SyncState
from tests.builders.bench import Bench


class Killed(BaseException):
    pass


def killed_before_it_records(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(SyncState, "record_pushed", die)
        with pytest.raises(Killed):
            bench.drain()


def test_a_tag_written_by_a_killed_worker_and_then_removed_in_stash_is_removed_in_plex(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", tags=world.tag_ids("Boat"), plex={})
    bench.save(scene_id)
    bench.drain()
    world.stash.library.update_scene(scene_id, tags=world.tag_ids("Boat", "Candle"))
    bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch)
    assert world.item("one").genres == ["Boat", "Candle"]
    world.stash.library.update_scene(scene_id, tags=world.tag_ids("Boat"))
    bench.save(scene_id)
    bench.drain()
    assert world.item("one").genres == ["Boat"]


def test_a_title_written_by_a_killed_worker_and_then_taken_back_in_stash_is_taken_back_in_plex(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", plex={})
    bench.save(scene_id)
    bench.drain()
    world.stash.library.update_scene(scene_id, title="Wrong")
    bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch)
    world.stash.library.update_scene(scene_id, title="One")
    bench.save(scene_id)
    bench.drain()
    assert world.item("one").title == "One"
