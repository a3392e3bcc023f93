"""Promises about covers that come late, or were not wanted before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, let_time_pass, logged, sha1_of, sync

A, B = a_picture("a"), a_picture("b")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def test_the_cover_of_a_new_scene_that_stash_made_after_the_first_drain_is_found_by_a_reconcile(
    bench: Bench,
) -> None:
    """No record is kept for a scene younger than an hour, and the engine looks only at scenes with one."""
    library = bench.world.stash.library
    library.now = lambda: datetime.now(timezone.utc) - timedelta(minutes=2)
    scene_id = bench.world.add_film("one", details="Text", plex={})
    sync(bench)
    library.now = lambda: datetime.now(timezone.utc)
    library.set_cover(scene_id, A)  # Generate: updated_at moves, no hook
    sync(bench)
    assert bench.world.item("one").selected_poster == sha1_of(A)


def test_a_poster_that_was_to_be_left_alone_is_carried_after_the_setting_is_taken_back(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", cover=A, plex={})
    sync(bench, leave_fields="poster")
    sync(bench)
    assert bench.world.item("one").selected_poster == sha1_of(A)


def test_switching_on_cover_as_background_reaches_scenes_that_were_synced_before(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", cover=A, plex={})
    sync(bench)
    sync(bench, background_from_cover=True)
    assert bench.world.item("one").selected_art == sha1_of(A)


def test_a_cover_changed_within_the_second_in_which_the_scene_was_synced_is_carried(bench: Bench) -> None:
    """updated_at has whole seconds, so the version of the record does not move."""
    second = datetime.now(timezone.utc).replace(microsecond=0)
    bench.world.stash.library.now = lambda: second
    scene_id = bench.world.add_film("one", details="Text", cover=A, plex={})
    bench.save(scene_id)
    bench.drain()
    bench.world.stash.library.set_cover(scene_id, B)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(B)


def test_a_cover_that_is_too_large_for_what_stands_before_plex_is_told_once_and_not_sent_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = bench.world.add_film("one", details="Text", cover=A, plex={})
    fault = bench.world.plex.faults.add("status", re.compile("/posters"), method="POST", code=413)
    for _ in range(3):
        bench.save(scene_id)
        bench.drain()
        assert bench.reconcile().total_gaps == 0
    assert fault.hits == 1
    warnings = logged(caplog, "WARNING")
    assert len(warnings) == 1
    assert f"Scene {scene_id}: Plex, or a proxy in front of it, does not accept its poster" in warnings[0]
    assert (bench.waiting(), bench.failed(), bench.world.item("one").summary) == ([], [], "Text")
    bench.world.stash.library.update_scene(scene_id, details="Other text")
    bench.save(scene_id)
    bench.drain()
    assert fault.hits == 1
    bench.world.plex.faults.clear()
    bench.world.stash.library.update_scene(scene_id, cover=a_picture("smaller"))
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(a_picture("smaller"))
