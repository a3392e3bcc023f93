"""Check Setup names each thing that is wrong, with its cure, and changes nothing."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from stashapi import log

import Stash2Plex as entry
from stash import log as user_log
from stash.client import Stash
from tests.builders.entry import Here
from tests.builders.setup import add_films, assert_right, check, counts, the_problem, the_warning
from tests.end_to_end.test_faults_on_disk import a_small_disk, fill
from tests.servers.world import World
from validation.exceptions import InvalidInput
from validation.plugin_input import parse_connection

GUEST = "made-up-token-of-a-guest"


def test_where_everything_is_right_each_part_is_told_and_what_to_press_next(world: World, here: Here) -> None:
    add_films(world)
    told = check(here)
    assert_right(told)
    lines = "\n".join(told.texts("info"))
    for words in (
        "Stash 0.31.0 answers",
        "settings can be used",
        str(world.data_dir),
        f"Plex {world.plex.library.version} answers at {world.plex.url}",
        "“Test Server” accepts the token, which is its owner's",
        "Library “Films”: 6 items",
        "Of 6 scenes",
    ):
        assert words in lines
    assert counts(told) == {"by path": 6, "not in Plex": 0}


def test_titles_and_paths_of_scenes_are_in_no_line(world: World, here: Here) -> None:
    add_films(world)
    world.settings["path_map"] = ""
    assert "film" not in "\n".join(check(here).texts())


def test_a_new_installation_is_no_error_and_its_newest_line_says_what_to_do_in_order(
    world: World, here: Here
) -> None:
    world.stash.plugin_settings.clear()
    told = check(here)
    assert (told.status, told.texts("error")) == (0, [])
    (steps,) = told.texts("warning")
    assert told.texts()[-1] == steps
    places = [
        steps.index(words)
        for words in ("1. Setting “Plex URL”", "2. Setting “Plex token”", "3. Run Check Setup again.")
    ]
    assert places == sorted(places)
    assert any("data folder" in line for line in told.texts("info"))
    assert not any("Run Reconcile" in line for line in told.texts())


@pytest.mark.parametrize(("key", "value"), [("plex_url", None), ("plex_url", " "), ("plex_token", "")])
def test_one_setting_that_is_still_missing_is_the_next_step_and_no_error(
    world: World, here: Here, key: str, value: Any
) -> None:
    world.settings[key] = value
    told = check(here)
    assert (told.status, told.texts("error")) == (0, [])
    (steps,) = told.texts("warning")
    assert f"({key}): is not set." in steps
    assert "2. Run Check Setup again." in steps


def test_a_stash_without_scenes_is_told_to_scan_and_not_to_reconcile(world: World, here: Here) -> None:
    world.plex.library.add_item(world.section_keys["Films"], (("/media/Films/one.mp4", 1),))
    told = check(here)
    (steps,) = told.texts("warning")
    assert "1. Stash has no scene with a file. Scan your folders in Stash first. 2. Run Check Setup" in steps
    assert (told.status, told.texts()[-1]) == (0, steps)


def test_every_wrong_setting_is_named_and_unknown_ones_are_warned_of(world: World, here: Here) -> None:
    world.settings.update(path_map="/data", tags_as="colours", plex_libary="Films")
    told = check(here)
    path_map, tags_as = told.texts("error")
    assert "(path_map)" in path_map
    assert "(tags_as)" in tags_as
    assert "“plex_libary”" in told.texts("warning")[0]


def test_a_missing_address_of_plex_does_not_hide_a_wrong_path_map(world: World, here: Here) -> None:
    world.settings.update(plex_url="", path_map="/data")
    told = check(here)
    assert "(path_map)" in the_problem(told)
    assert "(plex_url)" in told.texts("warning")[0]


def test_a_path_map_that_cannot_be_read_is_answered_with_the_right_one(world: World, here: Here) -> None:
    add_films(world)
    world.settings["path_map"] = "/data to /media"
    told = check(here)
    assert "(path_map)" in the_problem(told)
    assert told.texts("warning")[0].endswith(": /data=>/media")


def test_without_a_token_plex_is_still_looked_for(world: World, here: Here) -> None:
    del world.settings["plex_token"]
    told = check(here)
    assert "(plex_token)" in told.texts("warning")[0]
    assert any(world.plex.library.version in line for line in told.texts("info"))


def test_a_token_that_was_pasted_with_the_address_is_checked_and_stays_secret(
    world: World, here: Here
) -> None:
    add_films(world)
    token = world.settings.pop("plex_token")
    world.settings.update(
        plex_url=f"{world.plex.url}/library/metadata/1?X-Plex-Token={token}", plex_library="Films"
    )
    told = check(here)
    assert_right(told)
    assert any("accepts the token" in line for line in told.texts("info"))
    assert token not in "\n".join(told.texts("debug", "info", "warning", "error"))


def test_a_plex_that_is_down_is_named_with_its_setting(world: World, here: Here) -> None:
    world.plex.close()
    problem = the_problem(check(here))
    assert "Plex cannot be reached" in problem
    assert "(plex_url)" in problem


def test_something_else_at_the_address_is_no_plex(world: World, here: Here) -> None:
    world.settings["plex_url"] = world.stash.url
    assert "not a Plex server" in the_problem(check(here))


def test_a_plex_that_is_starting_says_so(world: World, here: Here) -> None:
    world.plex.faults.add("status", code=503)
    assert "database migrations" in the_problem(check(here))


def test_a_wrong_token_is_named_and_plex_is_said_to_answer(world: World, here: Here) -> None:
    world.settings["plex_token"] = "another-token"
    told = check(here)
    problem = the_problem(told)
    assert "does not accept the token" in problem
    assert "(plex_token)" in problem
    assert any(world.plex.library.version in line for line in told.texts("info"))


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_token_that_is_not_the_owners_is_named_and_the_rest_is_checked(
    world: World, here: Here, refusal: Any
) -> None:
    add_films(world)
    world.plex.guest_token = world.settings["plex_token"] = GUEST
    world.plex.behaviour.refusal_of_guests = refusal
    told = check(here)
    problem = the_problem(told)
    assert "not the owner's" in problem
    assert "(plex_token)" in problem
    assert counts(told)["by path"] == 6


@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_a_plex_that_tells_nothing_of_its_accounts_gives_no_reason_to_doubt_the_token(
    world: World, here: Here, status: int
) -> None:
    add_films(world)
    world.plex.faults.add("status", "/accounts", code=status)
    told = check(here)
    assert_right(told)
    assert not any("owner" in line for line in told.texts())


def test_a_misspelt_library_is_named_with_those_that_exist_and_the_rest_is_checked(
    world: World, here: Here
) -> None:
    add_films(world)
    world.settings["plex_library"] = "Flims"
    told = check(here)
    problem = the_problem(told)
    for words in ("(plex_library)", "“Flims”", "“Films”, “Clips”"):
        assert words in problem
    assert counts(told)["by path"] == 6


def test_one_library_of_two_that_is_misspelt_leaves_the_other(world: World, here: Here) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films, Klips"
    told = check(here)
    assert "“Klips”" in the_problem(told)
    assert "Library “Films”: 6 items." in told.texts("info")


def test_a_library_of_the_wrong_type_is_named_with_its_type(world: World, here: Here) -> None:
    add_films(world)
    world.plex.library.add_section("Series", type="show")
    world.settings["plex_library"] = "Films, Series"
    problem = the_problem(check(here))
    assert "“Series” is a library of TV shows" in problem


def test_libraries_of_other_types_are_told_of_and_no_problem(world: World, here: Here) -> None:
    add_films(world)
    world.plex.library.add_section("Series", type="show")
    world.plex.library.add_section("Holidays", type="photo")
    world.settings["plex_library"] = "Films"
    told = check(here)
    assert_right(told)
    (line,) = [line for line in told.texts("info") if "Not written to" in line]
    assert line.endswith(": “Series” (TV shows), “Holidays” (photos).")


def test_a_plex_without_a_movie_library_is_a_problem(world: World, here: Here) -> None:
    for section in world.plex.library.sections.values():
        section.type = "show"
    assert "no movie library" in the_problem(check(here))


def test_an_empty_library_is_warned_of_where_the_setting_names_it(world: World, here: Here) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films, Clips"
    assert "“Clips” is empty" in the_warning(check(here))


def test_no_scene_is_called_missing_for_a_library_that_has_suddenly_nothing_in_it(
    world: World, here: Here
) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films"
    here.reconcile()
    for item in world.plex.library.items():
        world.plex.library.remove_item(item.rating_key)
    told = check(here)
    assert the_warning(told).startswith("Library “Films” had 6 items at the last reconcile and has 0 now.")
    assert (counts(told)["not known"], counts(told)["not in Plex"]) == (6, 0)


def test_a_data_folder_that_cannot_be_written_is_named_and_the_rest_is_checked(
    world: World, here: Here
) -> None:
    add_films(world)
    world.data_dir.write_text("a file")
    told = check(here)
    problem = the_problem(told)
    assert str(world.data_dir) in problem
    assert "STASH2PLEX_DATA_DIR" in problem
    assert counts(told)["by path"] == 6
    world.data_dir.unlink()


def test_a_data_folder_that_is_full_or_read_only_is_named(world: World, here: Here) -> None:
    add_films(world)
    with a_small_disk(world.data_dir):
        fill(world.data_dir)
        assert "No space left" in the_problem(check(here))
        remount = ["mount", "-o", "remount,ro", "stash2plex-test", str(world.data_dir)]
        subprocess.run(remount, timeout=30, check=True)
        assert "Read-only file system" in the_problem(check(here))


def test_a_database_of_another_user_in_the_data_folder_is_named(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator, as who tests often run, may write everything."""
    add_films(world)
    here.reconcile()
    monkeypatch.setattr("sync_queue.data_folder.os.access", lambda path, _: "state.db" not in str(path))
    assert "state.db" in the_problem(check(here))


def test_a_disk_that_is_nearly_full_is_warned_of(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films"
    usage = shutil.disk_usage("/")._replace(free=20_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert "Only 20 MB are free" in the_warning(check(here))


@pytest.mark.parametrize(
    ("version", "is_old"), [("v0.27.2", True), ("v0.28.0", False), ("v0.31.0-14-g1a2b3c4d", False)]
)
def test_a_stash_that_is_too_old_is_warned_of(world: World, here: Here, version: str, is_old: bool) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films"
    world.stash.version = version
    told = check(here)
    if is_old:
        assert "0.28" in the_warning(told)
    else:
        assert_right(told)


def test_a_stash_built_without_a_version_is_no_reason_to_warn(world: World, here: Here) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films"
    world.stash.version = "unknown"
    assert_right(check(here))


def test_a_stash_that_does_not_answer_is_named_and_the_data_folder_is_checked(
    world: World, here: Here
) -> None:
    world.stash.faults.add("status", code=503)
    told = check(here)
    assert "Stash answered 503" in the_problem(told)
    assert any(str(world.data_dir) in line for line in told.texts("info"))


def test_a_connection_given_with_the_task_is_the_one_that_is_checked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STASH2PLEX_DATA_DIR", str(world.data_dir))
    monkeypatch.setattr(entry, "stash_interface", None)
    monkeypatch.setattr(user_log, "_redactions", [])
    monkeypatch.setattr(log.sl, "filters", [])
    with pytest.raises(InvalidInput, match="No Stash connection"):
        entry.handle_task({"mode": "check_setup"})
    add_films(world)
    stash = Stash(parse_connection(world.stash.server_connection()))
    world.stash.stop_listening()
    assert entry.handle_task({"mode": "check_setup"}, stash=stash) == "1 problem found."
    world.stash.start_listening()
    assert entry.handle_task({"mode": "check_setup"}, stash=stash) is None
