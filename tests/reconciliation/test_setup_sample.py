"""Check Setup matches a sample of the scenes, and says what the numbers mean and which path map they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.entry import Here
from tests.builders.setup import (
    add_film,
    add_films,
    assert_right,
    check,
    counts,
    the_problem,
    the_warning,
)
from tests.servers.made_up_collection import make_collection, plan_gaps
from tests.servers.world import World, a_world


def test_a_missing_path_map_is_suggested_and_once_it_is_pasted_every_match_is_exact(
    world: World, here: Here
) -> None:
    add_films(world)
    world.settings.update(plex_library="Films", path_map="")
    told = check(here)
    warning = the_warning(told)
    assert "“Path map” (path_map)" in warning
    assert counts(told)["by file name and size"] == 6
    world.settings["path_map"] = warning.rpartition(": ")[2]
    assert world.settings["path_map"] == "/data=>/media"
    assert_right(check(here))


def test_a_path_map_that_lacks_a_folder_is_answered_with_the_whole_one(world: World, here: Here) -> None:
    """The part that is right must not get lost when the line is pasted."""
    add_films(world)
    for n in range(6):
        add_film(world, f"/mnt/b/x/other {n}.mp4", f"/more/x/other {n}.mp4")
    world.settings["plex_library"] = "Films"
    world.settings["path_map"] = the_warning(check(here)).rpartition(": ")[2]
    assert_right(check(here))


def test_a_path_map_where_both_servers_see_the_same_paths_is_found_out(world: World, here: Here) -> None:
    for n in range(6):
        add_film(world, f"/same/film {n}.mp4", f"/same/film {n}.mp4")
    world.settings.update(plex_library="Films", path_map="/same=>/wrong")
    world.settings["path_map"] = the_warning(check(here)).rpartition(": ")[2]
    assert_right(check(here))


def test_many_scenes_that_fit_several_files_lead_to_the_path_map(world: World, here: Here) -> None:
    for n in range(6):
        add_film(world, f"/data/film {n}.mp4", f"/one/film {n}.mp4")
        world.plex.library.add_item(1, ((f"/two/film {n}.mp4", 9),))
    world.settings["plex_library"] = "Films"
    told = check(here)
    assert counts(told)["ambiguous"] == 6
    assert "(path_map)" in the_warning(told)


def test_files_that_plex_has_not_scanned_are_told_by_their_folder(world: World, here: Here) -> None:
    add_films(world)
    world.settings["plex_library"] = "Clips"
    for n in range(20):
        add_film(world, f"/data/Clips/clip {n}.mp4")
    told = check(here)
    problem = the_problem(told)
    assert "None of the 26 scenes looked for is in Plex" in problem
    assert "“Clips”" in problem
    assert "Scan Library Files" in problem
    assert counts(told)["not in Plex"] == 26


def test_files_of_a_library_that_is_not_named_are_told_by_its_name(world: World, here: Here) -> None:
    add_films(world)
    world.plex.library.add_item(world.section_keys["Clips"], (("/media/Clips/x.mp4", 1),))
    world.settings["plex_library"] = "Clips"
    problem = the_problem(check(here))
    assert "“Films”" in problem
    assert "(plex_library)" in problem


def test_files_of_a_library_of_shows_are_told_by_its_name(world: World, here: Here) -> None:
    world.plex.library.add_section("Series", type="show", locations=("/media/Series",))
    add_film(world, "/data/Series/one.mp4")
    problem = the_problem(check(here))
    assert "“Series”" in problem
    assert "TV shows" in problem


def test_where_nothing_is_scanned_and_no_path_map_is_set_like_named_folders_lead_to_it(
    world: World, here: Here
) -> None:
    world.settings["path_map"] = ""
    add_film(world, "/data/Films/2014/one.mp4")
    problem = the_problem(check(here))
    assert "/data/Films, " in problem
    assert "/media/Films" in problem
    assert problem.endswith(": /data=>/media")


def test_folders_that_have_nothing_in_common_with_plex_lead_to_no_guess(world: World, here: Here) -> None:
    add_film(world, "/elsewhere/x/one.mp4")
    problem = the_problem(check(here))
    assert "No library of Plex scans the folders" in problem
    assert "=>" not in problem
    assert "/elsewhere" not in problem


@pytest.mark.parametrize("on_purpose", [False, True])
def test_a_plex_that_holds_a_part_is_warned_of_unless_it_is_on_purpose(
    world: World, here: Here, on_purpose: bool
) -> None:
    add_films(world, 3)
    for n in range(6):
        add_film(world, f"/data/Films/absent {n}.mp4")
    world.settings.update(plex_library="Films", plex_holds_a_part=on_purpose)
    told = check(here)
    if on_purpose:
        assert_right(told)
    else:
        assert "(plex_holds_a_part)" in the_warning(told)
    assert counts(told)["not in Plex"] == 6


def test_many_scenes_without_a_file_hide_none_that_has_one(world: World, here: Here) -> None:
    add = world.stash.library.add_scene
    for number in range(400):
        add(title=f"Scene {number}", files=())
    world.add_film("one", details="Has a file", plex={})
    told = check(here)
    assert not any("no scene with a file" in text for text in told.texts("warning"))
    assert "In addition, scenes without a file, which Plex cannot have: 400" in told.texts("info")


def test_scenes_without_a_file_are_left_out_and_unusable_ones_are_named(world: World, here: Here) -> None:
    add_films(world)
    world.stash.library.add_scene(title="No file")
    spoilt = add_film(world, "/data/Films/bad.mp4")
    world.stash.malformed_scenes[spoilt] = lambda scene: scene.update(files="none")
    world.settings["plex_library"] = "Films"
    told = check(here)
    assert f"Scene {spoilt}:" in the_warning(told)
    assert "In addition, scenes without a file, which Plex cannot have: 1" in told.texts("info")
    assert counts(told)["by path"] == 6


def test_what_has_nothing_to_carry_over_is_told_apart_from_what_the_reconcile_calls_missing(
    world: World, here: Here
) -> None:
    add_films(world)
    add_film(world, "/data/Films/absent.mp4")
    world.stash.library.add_scene(files=(("/data/Films/bare.mp4", 9),))
    world.settings["plex_library"] = "Films"
    told = counts(check(here))
    assert told["not in Plex"] == 1
    assert told["not in Plex, but with nothing to carry over, so no gap"] == 1
    assert "  Missing from Plex: 1" in here.reconcile().texts("info")


def test_each_line_of_the_sample_says_of_what_it_is(world: World, here: Here) -> None:
    """Stash shows the newest line first and trims its indent."""
    add_films(world)
    for line in check(here).texts("info"):
        assert line == line.strip()
        assert "above" not in line
        assert not line.endswith(":")


def test_what_was_known_of_the_last_sync_is_neither_used_nor_changed(world: World, here: Here) -> None:
    add_films(world)
    here.reconcile()
    for item in world.plex.library.items():
        world.plex.library.rekey_item(item.rating_key)
    assert counts(check(here))["by path"] == 6


def test_the_counts_are_those_of_the_reconcile_that_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a collection of oddities: two files, twins, every script; without a path map."""
    videos = make_collection(150, seed=4)
    with a_world(tmp_path, videos, plan_gaps(videos, seed=4)) as world:
        here = Here(world, monkeypatch, capsys)
        world.settings["path_map"] = ""
        told = check(here)
        summary = "\n".join(here.reconcile().texts("info"))
    inexact = counts(told)["by file name and size"]
    assert inexact > 100
    assert f"{inexact} scenes were matched by file name and size only" in summary
    assert f"they fit several files: {counts(told)['ambiguous']};" in summary
    assert f"  Missing from Plex: {counts(told)['not in Plex']}\n" in summary


@pytest.mark.parametrize("name", ["plain", "odd [1] (a+b)", "Übel & Co $"])
def test_a_file_of_a_scene_outside_the_sample_makes_a_match_by_name_and_size_ambiguous(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("reconciliation.setup_sample.SCENES_IN_SAMPLE", 1)
    # The sample has the scene that was added last.
    add_film(world, f"/data/b/{name.upper()}.MP4")
    add_film(world, f"/data/a/{name}.mp4", f"/plex/{name}.mp4")
    assert counts(check(here))["ambiguous"] == 1


def test_an_item_that_also_holds_the_file_of_a_scene_outside_the_sample_is_ambiguous(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciliation.setup_sample.SCENES_IN_SAMPLE", 1)
    for name in ("one", "two"):
        add_film(world, f"/data/Films/{name}.mp4")
    world.plex.library.add_item(1, (("/media/Films/one.mp4", 9), ("/media/Films/two.mp4", 9)))
    assert counts(check(here))["ambiguous"] == 1


def test_the_requests_are_bounded_however_many_scenes_there_are(world: World, here: Here) -> None:
    add_films(world, 300)
    world.settings.update(plex_library="Films", path_map="")
    world.stash.clear_requests()
    assert counts(check(here))["by file name and size"] == 200
    # Each list of scenes is counted as well: that it was all of them.
    to_connect, to_sample, for_names = 3, 5, 2 * 4
    assert len(world.stash.requests) <= to_connect + to_sample + for_names
    assert len(world.plex.requests) <= 20


def test_a_big_plex_is_asked_for_names_and_not_listed(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plex.item_finder.PAGE_SIZE", 1)
    monkeypatch.setattr("reconciliation.setup_sample.SCENES_IN_SAMPLE", 60)
    add_films(world, 80)
    world.settings["plex_library"] = "Films"
    assert counts(check(here))["by path"] == 60
    assert len(world.plex.requests) <= 60 + 10
    assert not any(request.size and "file" not in request.query for request in world.plex.requests)


def test_the_sample_is_spread_over_the_whole_collection(world: World, here: Here) -> None:
    """Folders that were added one after the other are all in the suggestion."""
    folders = ("one", "two", "three")
    for folder in folders:
        for n in range(200):
            add_film(world, f"/{folder}/x/{folder} {n}.mp4", f"/plex {folder}/x/{folder} {n}.mp4")
    world.settings.update(plex_library="Films", path_map="")
    line = the_warning(check(here)).rpartition(": ")[2]
    assert set(line.split("; ")) == {f"/{folder}=>/plex {folder}" for folder in folders}
