"""A reconcile that read nothing did not take place; one that could not read a part is no full one."""

from __future__ import annotations

from typing import Any

import pytest

from plex.exceptions import NoMovieLibrary, PlexError
from reconciliation.engine import GapDetectionEngine
from reconciliation.summary import advice_lines
from stash.exceptions import StashError
from tests.builders.bench import Bench
from tests.builders.entry import Here, assert_one_plain_error
from tests.servers.world import World

FILMS, CLIPS = "/library/sections/1/all", "/library/sections/2/all"
RAN = "last reconcile of all"


def add_films(world: World, count: int = 3) -> list[int]:
    world.plex.library.add_item(world.section_keys["Clips"], (("/media/Clips/clip.mp4", 1),))
    return [world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(count)]


def facts(bench: Bench) -> tuple[str | None, str | None]:
    """What is remembered of the last reconcile, for Queue Status and for the schedule."""
    with bench.state() as state:
        return state.fact("last reconcile"), state.fact(RAN)


def known(bench: Bench) -> tuple[int, int]:
    """How many items of Plex and files of scenes the index has."""
    with bench.state() as state:
        files = state.index.files_of_scenes(range(100))
        return state.index.count_items(), sum(map(len, files.values()))


def spoil(bench: Bench, *scene_ids: int) -> None:
    for scene_id in scene_ids:
        bench.world.stash.malformed_scenes[scene_id] = lambda scene: scene.update(files="none")


def test_where_no_scene_can_be_used_nothing_is_compared_replaced_or_recorded(bench: Bench) -> None:
    scene_ids = add_films(bench.world)
    bench.reconcile()
    before, ran = known(bench), facts(bench)
    bench.queue.clear()
    spoil(bench, *scene_ids)
    for scope in ("all", "recent"):
        with pytest.raises(StashError, match="no usable scene"):
            bench.reconcile(scope)
    assert (known(bench), facts(bench), bench.waiting()) == (before, ran, [])


def test_where_no_library_can_be_read_nothing_is_compared_replaced_or_recorded(bench: Bench) -> None:
    add_films(bench.world)
    bench.reconcile()
    before, ran = known(bench), facts(bench)
    bench.queue.clear()
    for path in (FILMS, CLIPS):
        bench.world.plex.faults.add("status", path, code=500)
    with pytest.raises(PlexError, match="No library could be read") as raised:
        bench.reconcile()
    assert "“Films”" in str(raised.value)
    assert (known(bench), facts(bench), bench.waiting()) == (before, ran, [])


@pytest.mark.parametrize("scope", ["all", "recent"])
def test_a_plex_that_lists_no_library_is_an_error_and_no_mass_of_missing_scenes(
    bench: Bench, scope: str
) -> None:
    add_films(bench.world)
    bench.world.plex.library.sections.clear()
    with pytest.raises(NoMovieLibrary, match="no movie library"):
        bench.reconcile(scope)
    assert bench.waiting() == []


def test_a_drain_finds_no_scene_absent_where_plex_lists_no_library(bench: Bench) -> None:
    bench.save(*add_films(bench.world))
    sections = dict(bench.world.plex.library.sections)
    bench.world.plex.library.sections.clear()
    assert "no movie library" in bench.drain(plex_holds_a_part=True).stopped
    assert len(bench.waiting()) == 3
    bench.world.plex.library.sections.update(sections)
    bench.drain(plex_holds_a_part=True)
    assert bench.world.item("film 0").summary == "Text 0"


@pytest.mark.parametrize("broken", ["scenes", "libraries"])
def test_the_task_says_it_in_one_plain_line(world: World, here: Here, broken: str) -> None:
    scene_ids = add_films(world)
    if broken == "scenes":
        for scene_id in scene_ids:
            world.stash.malformed_scenes[scene_id] = lambda scene: scene.update(files="none")
    else:
        world.plex.faults.add("status", FILMS, code=500)
        world.plex.faults.add("status", CLIPS, code=500)
    told = here.reconcile()
    assert_one_plain_error(told, "so nothing was co")
    assert not any("Summary" in text for text in told.texts())


def test_a_run_without_one_of_two_libraries_is_told_and_not_done_for_the_schedule(bench: Bench) -> None:
    add_films(bench.world)
    bench.world.plex.faults.add("status", CLIPS, code=500)
    result = bench.reconcile()
    assert "“Clips” could not be read" in result.errors[0]
    last, ran = facts(bench)
    assert ran is None
    assert last is not None
    assert "not all libraries could be read" in last
    bench.world.plex.faults.clear()
    bench.reconcile()
    last, ran = facts(bench)
    assert ran is not None
    assert "could be read" not in str(last)


def test_one_scene_that_cannot_be_used_is_its_own_fault_and_the_run_is_done(bench: Bench) -> None:
    spoil(bench, add_films(bench.world)[1])
    result = bench.reconcile()
    assert (result.scenes_checked, len(result.errors)) == (2, 1)
    assert facts(bench)[1] is not None


@pytest.mark.parametrize("unread", ["library", "scene", "nothing"])
def test_what_was_lost_counts_as_known_again_only_after_everything_was_read(
    bench: Bench, unread: str
) -> None:
    scene_ids = add_films(bench.world)
    with bench.state() as state:
        state.mark_lost()
    if unread == "library":
        bench.world.plex.faults.add("status", CLIPS, code=500)
    elif unread == "scene":
        spoil(bench, scene_ids[0])
    advice = "\n".join(advice_lines(bench.reconcile()))
    assert ("values are only added" in advice) is (unread != "nothing")
    with bench.state() as state:
        state.mark_drained()
        assert state.is_whole is (unread == "nothing")


@pytest.mark.parametrize("scope", ["all", "recent"])
def test_what_only_looks_or_sees_recent_scenes_makes_nothing_known_again(bench: Bench, scope: str) -> None:
    add_films(bench.world)
    with bench.state() as state:
        state.mark_lost()
    options: dict[str, Any] = {"queue": bench.queue} if scope == "recent" else {}
    engine = GapDetectionEngine(
        stash=bench.stash(), config=bench.config({}), data_dir=bench.world.data_dir, **options
    )
    assert engine.only_looks is (scope == "all")
    engine.run(scope)
    with bench.state() as state:
        state.mark_drained()
        assert not state.is_whole


def test_a_file_of_a_scene_that_is_unusable_otherwise_is_nobody_elses(bench: Bench) -> None:
    other = bench.world.add_film("a/clip", details="Text of the other")
    owner = bench.world.add_film("b/clip", details="Text of the owner", plex={})
    bench.world.stash.malformed_scenes[owner] = lambda scene: scene.update(date="next summer")
    assert "date" in bench.reconcile(path_map="").errors[0]
    bench.save(other)
    bench.drain(path_map="")
    assert bench.world.item("b/clip").summary == ""
