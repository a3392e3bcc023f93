"""A field that is carried later, and a value that comes to Stash later, meet Plex for the first time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import let_time_pass, logged, sync


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def a_film_of_a_studio(bench: Bench) -> int:
    """Synced while the studio is left alone; a person has locked another one in Plex."""
    world = bench.world
    scene_id = world.add_film(
        "one", title="One", studio=world.studio_id("North"), tags=world.tag_ids("Sea"), plex={}
    )
    sync(bench, leave_fields="studio, genres")
    world.plex.library.edit_by_hand(world.item("one").rating_key, studio="Mine", genres=["Mine"])
    return scene_id


def test_a_locked_value_that_a_newly_carried_field_replaces_is_kept_for_undo(bench: Bench) -> None:
    a_film_of_a_studio(bench)
    sync(bench)
    item = bench.world.item("one")
    assert (item.studio, item.genres) == ("North", ["Sea"])
    with bench.state() as state:
        state.use_server(bench.world.plex.library.machine_identifier, str(bench.config({}).path_map))
        (kept,) = state.replaced().values()
    assert kept == {"studio": "Mine", "genre": ("Mine",)}


def test_the_log_does_not_say_that_it_changed_on_both_sides(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    a_film_of_a_studio(bench)
    sync(bench)
    assert not [line for line in logged(caplog, "INFO") if "changed in Plex" in line]


def test_with_edits_preserved_a_newly_carried_field_leaves_what_a_person_locked(bench: Bench) -> None:
    bench.world.settings["preserve_plex_edits"] = True
    a_film_of_a_studio(bench)
    sync(bench)
    item = bench.world.item("one")
    assert (item.studio, item.genres) == ("Mine", ["Mine"])


@pytest.mark.parametrize("preserve", [False, True])
def test_a_title_that_comes_after_the_first_sync_arrives_and_is_no_conflict(
    bench: Bench, preserve: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The usual life of a new file: tagged first, named later."""
    bench.world.settings["preserve_plex_edits"] = preserve
    scene_id = bench.world.add_film("one", tags=bench.world.tag_ids("Sea"), plex={})
    sync(bench)
    assert bench.world.item("one").title == "one"
    bench.world.stash.library.update_scene(scene_id, title="A name", date="2014-05-06")
    sync(bench)
    item = bench.world.item("one")
    assert (item.title, item.date) == ("A name", "2014-05-06")
    assert not [line for line in logged(caplog, "INFO") if "changed in Plex" in line]


@pytest.mark.parametrize("by_hand", [False, True])
def test_edits_preserved_and_then_not_leaves_no_file_name_behind(bench: Bench, by_hand: bool) -> None:
    world = bench.world
    world.add_film("one", title="A name", details="Text", plex={})
    if by_hand:
        world.plex.library.edit_by_hand(world.item("one").rating_key, summary="Mine")
    sync(bench, preserve_plex_edits=True)
    sync(bench)
    item = world.item("one")
    assert (item.title, item.summary) == ("A name", "Mine" if by_hand else "Text")


def test_a_real_edit_on_both_sides_is_still_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", plex={})
    sync(bench)
    world.plex.library.edit_by_hand(world.item("one").rating_key, title="By hand")
    world.stash.library.update_scene(scene_id, title="Two")
    sync(bench)
    assert f"Scene {scene_id}: title changed in Plex and in Stash; Stash wins." in logged(caplog, "INFO")
