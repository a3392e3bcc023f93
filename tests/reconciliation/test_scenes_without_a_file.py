"""A scene without a file has no place in Plex: it is told of, it is no gap, and nobody looks for it."""

from __future__ import annotations

import pytest

from reconciliation.summary import advice_lines
from tests.builders.bench import Bench


def without_a_file(bench: Bench, count: int = 1) -> list[int]:
    add = bench.world.stash.library.add_scene
    return [int(add(title=f"Scene {n}", details="Curated", files=()).id) for n in range(count)]


@pytest.mark.parametrize("scope", ["all", "recent"])
def test_it_is_counted_apart_and_not_as_missing(bench: Bench, scope: str) -> None:
    without_a_file(bench, 2)
    bench.world.add_film("not scanned", details="Has a file")
    result = bench.reconcile(scope)
    assert (result.scenes_checked, result.missing_count, result.without_file_count) == (3, 1, 2)
    (line,) = [line for line in advice_lines(result) if "without a file" in line]
    assert line.startswith("Scenes without a file: 2 ")


def test_where_every_scene_has_a_file_nothing_is_told_of_it(bench: Bench) -> None:
    bench.world.add_film("one", details="x", plex={})
    assert not any("without a file" in line for line in advice_lines(bench.reconcile()))


def test_an_edit_of_it_ends_its_job_quietly(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.save(*without_a_file(bench))
    summary = bench.drain()
    assert (summary.left, bench.waiting(), bench.failed()) == (0, [], [])
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def test_one_that_was_in_plex_before_it_lost_its_file_is_kept_and_written_once_it_has_one(
    bench: Bench,
) -> None:
    scene_id = bench.world.add_film("one", details="Before", plex={})
    bench.save(scene_id)
    bench.drain()
    library = bench.world.stash.library
    files = library.scenes[scene_id].files
    library.scenes[scene_id].files = type(files)()
    library.update_scene(scene_id, details="After")
    bench.save(scene_id)
    assert bench.drain().left == 1
    library.scenes[scene_id].files = files
    bench.later = 3_600.0
    assert bench.drain().left == 0
    assert bench.world.item("one").summary == "After"
