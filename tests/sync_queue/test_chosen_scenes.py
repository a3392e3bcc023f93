"""Only the scenes of a saved filter, or the organized ones, are carried; the others stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciliation.orphans import OrphanSearch
from reconciliation.preview import preview_all
from stash.chosen_scenes import ChosenScenes, as_set
from stash.exceptions import GraphQLRefusal
from sync_queue.catch_up import CatchUp
from sync_queue.choice import REASON, see_choice
from sync_queue.claims import Outcome
from sync_queue.state_database import RECONCILE_WANTED
from sync_queue.summary import automatic_lines, left_out_line, summary_lines
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import let_time_pass, sync
from validation.exceptions import SettingsInvalid

SEA = "Sea only"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three films: of the sea and organized, of the sea, of the land and organized."""
    with a_bench(tmp_path) as bench:
        world = bench.world
        let_time_pass(world)
        world.add_film("one", title="One", tags=world.tag_ids("Sea"), organized=True, plex={})
        world.add_film("two", title="Two", tags=world.tag_ids("Sea"), plex={})
        world.add_film("three", title="Three", tags=world.tag_ids("Land"), organized=True, plex={})
        save_filter(bench, "Sea")
        yield bench


def save_filter(bench: Bench, *names: str) -> None:
    """Save the filter for scenes with one of these tags, as Stash's page does."""
    items = [{"id": str(tag), "label": name} for name in names for tag in bench.world.tag_ids(name)]
    value = {"items": items, "excluded": [], "depth": 0}
    bench.world.stash.library.saved_filters.save(SEA, {"tags": {"modifier": "INCLUDES", "value": value}})


def titles(bench: Bench) -> list[str]:
    return [bench.world.item(name).title for name in ("one", "two", "three")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["One", "Two", "Three"]),
        ({"scene_filter": SEA}, ["One", "Two", "three"]),
        ({"organized_only": True}, ["One", "two", "Three"]),
        ({"scene_filter": SEA, "organized_only": True}, ["One", "two", "three"]),
    ],
)
def test_only_the_chosen_scenes_are_carried(
    bench: Bench, settings: dict[str, Any], expected: list[str]
) -> None:
    sync(bench, **settings)
    assert titles(bench) == expected
    assert bench.waiting() == []
    assert bench.reconcile(**settings).total_gaps == 0


def test_a_scene_that_was_saved_and_is_not_chosen_is_done_with_and_told(bench: Bench) -> None:
    bench.save(1, 3)
    summary = bench.drain(scene_filter=SEA)
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.LEFT_OUT]) == (1, 1)
    assert titles(bench) == ["One", "two", "three"]
    assert bench.waiting() == bench.failed() == []
    told = left_out_line(1)
    assert told.startswith("Not among the scenes to carry: 1 (")
    assert told in summary_lines(summary)
    assert f"{told}." in automatic_lines(summary)


def test_one_question_reads_scenes_and_says_which_are_chosen(bench: Bench) -> None:
    counts = []
    for settings in ({}, {"scene_filter": SEA}):
        stash = bench.stash(settings)
        bench.world.clear_requests()
        read = stash.chosen_by_id([1, 2, 3])
        counts.append(len(bench.world.stash.requests))
    assert (read[2], counts) == ({3}, [1, 1])


def test_a_scene_that_leaves_the_filter_stays_in_plex_as_it_is(bench: Bench) -> None:
    sync(bench, scene_filter=SEA)
    world = bench.world
    world.stash.library.update_scene(1, title="Changed", tags=world.tag_ids("Land"))
    bench.save(1)
    summary = bench.drain(scene_filter=SEA)
    assert summary.outcomes[Outcome.LEFT_OUT] == 1
    result = bench.reconcile(scene_filter=SEA)
    assert (result.scenes_checked, result.total_gaps, result.left_out_count) == (1, 0, 1)
    assert titles(bench) == ["One", "Two", "three"]
    assert world.item("one").genres == ["Sea"]


def test_a_scene_that_comes_back_is_carried_as_one_that_was_carried_before(bench: Bench) -> None:
    sync(bench, scene_filter=SEA)
    world = bench.world
    world.stash.library.update_scene(1, tags=world.tag_ids("Land"))
    bench.save(1)
    bench.drain(scene_filter=SEA)
    world.stash.library.update_scene(1, tags=world.tag_ids("Sea", "Boats"), title="Again")
    bench.save(1)
    assert bench.drain(scene_filter=SEA).outcomes[Outcome.WRITTEN] == 1
    assert (world.item("one").title, set(world.item("one").genres)) == ("Again", {"Sea", "Boats"})


def test_a_scene_deleted_in_stash_is_told_as_deleted_and_not_as_left_out(bench: Bench) -> None:
    sync(bench, scene_filter=SEA)
    bench.world.stash.library.destroy_scene(1)
    bench.save(1)
    outcomes = bench.drain(scene_filter=SEA).outcomes
    assert (outcomes[Outcome.DELETED], outcomes[Outcome.LEFT_OUT]) == (1, 0)


def test_a_scene_newly_in_the_filter_is_found_by_the_next_reconcile(bench: Bench) -> None:
    sync(bench, scene_filter=SEA)
    save_filter(bench, "Sea", "Land")
    result = bench.reconcile(scene_filter=SEA)
    assert (result.scenes_checked, result.total_gaps) == (3, 1)
    bench.drain(scene_filter=SEA)
    assert titles(bench) == ["One", "Two", "Three"]


def test_other_chosen_scenes_make_a_reconcile_wanted_and_a_first_choice_does_not(bench: Bench) -> None:
    with bench.state() as state:
        for settings, wanted in (
            ({}, None),
            ({"scene_filter": SEA}, None),
            ({"scene_filter": SEA, "organized_only": True}, REASON),
        ):
            see_choice(state, bench.stash(settings).chosen)
            assert state.fact(RECONCILE_WANTED) == wanted
        state.forget_fact(RECONCILE_WANTED)
        save_filter(bench, "Land")
        see_choice(state, bench.stash({"scene_filter": SEA, "organized_only": True}).chosen)
        assert state.fact(RECONCILE_WANTED) == REASON


def test_many_changes_of_scenes_that_are_not_chosen_are_not_queued(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(bench, scene_filter=SEA)
    monkeypatch.setattr("stash.client.FEW_SCENES", 1)
    for scene_id in (1, 3):
        bench.world.stash.library.update_scene(scene_id, title=f"Changed {scene_id}")
    with bench.state() as state:
        CatchUp(bench.stash({"scene_filter": SEA}), state, bench.queue).run()
    assert [job.scene_id for job in bench.waiting()] == [1]


def test_a_search_kept_in_a_filter_chooses_too(bench: Bench) -> None:
    bench.world.stash.library.saved_filters.save(SEA, {}, search="two")
    sync(bench, scene_filter=SEA)
    assert titles(bench) == ["one", "Two", "three"]


def test_items_of_scenes_that_are_not_chosen_are_no_orphans(bench: Bench) -> None:
    sync(bench, scene_filter=SEA)
    config = bench.config({"scene_filter": SEA})
    found = OrphanSearch(as_set(bench.stash(), config, "find_orphans"), config, bench.world.data_dir).run()
    assert sum(library.told for library in found.libraries) == 0
    with bench.state() as state:
        assert state.findings.standing().total == 2


def test_a_preview_leaves_out_what_waits_and_is_not_chosen(bench: Bench) -> None:
    bench.save(3)
    stash, config = bench.stash({"scene_filter": SEA}), bench.config({"scene_filter": SEA})
    _, shown = preview_all(stash, config, str(bench.world.data_dir), bench.queue)
    assert (shown.items, shown.left_out) == (2, 1)


def test_a_name_that_a_scene_outside_has_too_is_not_taken_for_the_only_one(bench: Bench) -> None:
    """Two scenes have a file of one name and size; only one is chosen, and Plex has one such file."""
    world = bench.world
    library = world.stash.library
    for folder, tag in (("a", "Sea"), ("b", "Land")):
        files = [(f"/data/Films/{folder}/same.mp4", 777)]
        library.add_scene(title=folder, tags=world.tag_ids(tag), files=files)
    section = world.section_keys["Films"]
    item = world.plex.library.add_item(section, files=(("/media/Films/elsewhere/same.mp4", 777),))
    bench.reconcile(scene_filter=SEA)
    summary = bench.drain(scene_filter=SEA)
    assert summary.outcomes[Outcome.AMBIGUOUS] == 1
    assert item.title == "same"


@pytest.mark.parametrize(
    ("criteria", "words"),
    [
        ({"new_in_stash": {"modifier": "EQUALS", "value": "x"}}, "its criterion “new_in_stash” is not known"),
        ({"tags": {"modifier": "INCLUDES", "value": [1]}}, "its criterion “tags” has a value"),
        ({}, "has no criteria"),
        (None, "has no criteria"),
    ],
)
def test_a_filter_that_is_not_understood_chooses_nothing_and_says_why(
    bench: Bench, criteria: Any, words: str
) -> None:
    bench.world.stash.library.saved_filters.save(SEA, criteria)
    with pytest.raises(SettingsInvalid, match=words):
        bench.stash({"scene_filter": SEA})


def test_a_filter_that_is_not_there_is_told_with_the_names_of_those_that_are(bench: Bench) -> None:
    filters = bench.world.stash.library.saved_filters
    filters.save("Another", {}, search="x")
    filters.save("People", {}, mode="PERFORMERS")
    there = "Filters of scenes in Stash: “Another”, “Sea only”."
    for name, problem in (
        ("Nothing", "Stash has no saved filter “Nothing”."),
        ("People", "“People” is not a filter of scenes."),
    ):
        with pytest.raises(SettingsInvalid) as told:
            bench.stash({"scene_filter": name})
        assert str(told.value).endswith(f"(scene_filter): {problem} {there}")


def test_after_a_loss_a_reconcile_of_chosen_scenes_makes_up_for_them_alone(bench: Bench) -> None:
    sync(bench)
    world = bench.world
    world.plex.library.edit_by_hand(world.item("three").rating_key, title="Mine")
    bench.world.data_dir.joinpath("state.db").unlink()
    with bench.state() as state:
        state.mark_lost()
    sync(bench, scene_filter=SEA)
    with bench.state() as state:
        assert (state.is_whole, state.is_whole_in_part) == (True, True)
    bench.save(3)
    bench.drain()
    assert world.item("three").title == "Mine"
    sync(bench)
    with bench.state() as state:
        assert (state.is_whole, state.is_whole_in_part) == (True, False)


def test_a_filter_that_stash_refuses_is_not_told_as_a_fault_of_a_performer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stash.client.FEW_SCENES", -1)
    stash = bench.stash().choosing(ChosenScenes(own={"organized": True}, words="organized scenes"))
    bench.world.stash.faults.add(
        "graphql_error", "findScenes", message="boom", when=lambda given: "organized" in str(given)
    )
    with pytest.raises(GraphQLRefusal):
        stash.scene_ids_with("performer", 1)
