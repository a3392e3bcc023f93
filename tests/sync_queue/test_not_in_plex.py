"""Promises about scenes that Plex does not have."""

from __future__ import annotations

import pytest

from sync_queue.claims import Outcome
from tests.builders.bench import Bench


def scans(bench: Bench) -> list[str]:
    return [
        request.query["path"]
        for request in bench.world.plex.requests
        if request.path.endswith("/refresh") and "path" in request.query
    ]


def test_where_plex_holds_a_part_on_purpose_missing_scenes_are_counted_and_not_kept(bench: Bench) -> None:
    bench.save(bench.world.add_film("not in Plex", title="A", details="x"))
    summary = bench.drain(plex_holds_a_part=True)
    assert (summary.outcomes[Outcome.NOT_IN_PLEX], summary.left) == (1, 0)
    result = bench.reconcile(plex_holds_a_part=True)
    assert (result.missing_count, result.not_wanted_count, result.enqueued_count) == (1, 1, 0)


def test_plex_is_asked_once_to_scan_the_folder_of_missing_files_and_has_them_at_the_next_try(
    bench: Bench,
) -> None:
    for name in ("one", "two"):
        bench.save(bench.world.add_film(name, title=name, details="x"))
        path = f"/media/Films/{name}.mp4"
        bench.world.plex.library.put_on_disk(bench.world.section_keys["Films"], path, 1000)
    assert bench.drain(plex_scan_missing=True).outcomes[Outcome.NOT_IN_PLEX] == 2
    assert scans(bench) == ["/media/Films"]
    bench.later += 3600
    assert bench.drain(plex_scan_missing=True).outcomes[Outcome.WRITTEN] == 2


def test_plex_is_not_asked_to_scan_unless_the_setting_says_so(bench: Bench) -> None:
    bench.save(bench.world.add_film("one", title="one", details="x"))
    bench.drain()
    assert scans(bench) == []


def written_films(bench: Bench, count: int) -> list[int]:
    """Films that were brought to Plex, and then edited in Stash."""
    ids = [
        bench.world.add_film(f"film {n}", title=f"Film {n}", details="Before", plex={}) for n in range(count)
    ]
    bench.save(*ids)
    assert bench.drain().outcomes[Outcome.WRITTEN] == count
    for scene_id in ids:
        bench.world.stash.library.update_scene(scene_id, details="After")
    bench.save(*ids)
    return ids


def take_out(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        bench.world.plex.library.remove_item(bench.world.item(f"film {number}").rating_key)


def put_back(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        path = f"/media/Films/film {number}.mp4"
        bench.world.plex.library.add_item(bench.world.section_keys["Films"], ((path, 1000),))


@pytest.mark.parametrize("holds_a_part", [True, False])
def test_a_library_that_is_empty_for_a_moment_costs_no_edit(bench: Bench, holds_a_part: bool) -> None:
    ids = written_films(bench, 3)
    take_out(bench, 0, 1, 2)
    summary = bench.drain(plex_holds_a_part=holds_a_part)
    assert "Plex no longer shows any of its files" in summary.stopped
    assert sorted(job.scene_id for job in bench.waiting()) == ids
    assert {job.attempts for job in bench.waiting()} == {0}
    put_back(bench, 0, 1, 2)
    assert bench.drain(plex_holds_a_part=holds_a_part).outcomes[Outcome.WRITTEN] == 3
    assert [bench.world.item(f"film {n}").summary for n in range(3)] == ["After"] * 3


def test_one_scene_that_left_plex_is_kept_though_plex_holds_a_part_and_the_others_are_written(
    bench: Bench,
) -> None:
    ids = written_films(bench, 3)
    take_out(bench, 1)
    summary = bench.drain(plex_holds_a_part=True)
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.NOT_IN_PLEX]) == (2, 1)
    (job,) = bench.waiting()
    assert (job.scene_id, job.attempts) == (ids[1], 1)
    put_back(bench, 1)
    bench.later += 2 * 86_400
    assert bench.drain(plex_holds_a_part=True).outcomes[Outcome.WRITTEN] == 1
    assert bench.world.item("film 1").summary == "After"
