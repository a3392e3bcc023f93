"""Promises about undoing what the first sync added."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import let_time_pass, sync
from tests.sync_queue.test_undo import undo


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def test_locked_collections_to_which_the_first_sync_added_come_back(bench: Bench) -> None:
    bench.world.add_film("one", studio=bench.world.studio_id("North"), plex={})
    item = bench.world.item("one")
    bench.world.plex.library.edit_by_hand(item.rating_key, collections=["To Watch"])
    sync(bench)
    assert sorted(item.collections) == ["North", "To Watch"]
    summary = undo(bench)
    assert summary.changed_since == 0  # nobody changed anything since
    assert item.collections == ["To Watch"]


def test_locked_collections_come_back_beside_another_field_and_the_rest_is_not_forgotten(
    bench: Bench,
) -> None:
    bench.world.add_film("one", studio=bench.world.studio_id("North"), plex={})
    item = bench.world.item("one")
    bench.world.plex.library.edit_by_hand(item.rating_key, collections=["To Watch"], studio="Mine")
    sync(bench)
    undo(bench)
    assert (item.studio, item.collections) == ("Mine", ["To Watch"])
