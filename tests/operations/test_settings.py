"""The page shows the settings as Stash does, checks what is typed as a task would, and saves that alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.setting_forms import CHOICES, kind_of, shown, with_changes
from sync_queue.drain_request import OFF_MARK
from tests.builders.operation import Operations
from tests.servers.world import TOKEN
from validation.config import ANY_CERTIFICATE, DISPLAY_NAMES, read_settings
from validation.names import read_list, read_pairs

KEYS = sorted(DISPLAY_NAMES)
REQUIRED = {"plex_url": "http://plex:32400", "plex_token": "made-up"}
NAMES = st.text(st.sampled_from("ab ,;=>\"'é\\/“”"), min_size=1, max_size=8)


def by_key(result: Any) -> dict[str, dict[str, Any]]:
    return {setting["key"]: setting for group in result["groups"] for setting in group["settings"]}


def test_a_setting_comes_with_all_that_its_control_needs(operations: Operations) -> None:
    operations.world.settings.update(recent_days="7", tags_exclude='Sea, "Rock, Paper"', tags_as="labels")
    found = by_key(operations.result("settings"))
    assert sorted(found) == KEYS
    assert found["recent_days"] == {
        "key": "recent_days",
        "name": "Recent days",
        "description": "How many days back Reconcile Library (Recent) looks, 1 to 365.",
        "example": "7",
        "kind": "number",
        "choices": [],
        "least": 1,
        "most": 365,
        "default": 1,
        "default_words": "1",
        "value": 7,
        "is_set": True,
        "problem": None,
        "is_required": False,
    }
    assert found["tags_exclude"]["value"] == ["Sea", "Rock, Paper"]
    assert found["path_map"]["value"] == [["/data", "/media"]]
    assert (found["tags_as"]["kind"], found["tags_as"]["value"]) == ("choice", "labels")
    assert found["leave_fields"]["choices"][0] == "title"
    assert found["plex_library"]["default_words"] == "is all movie libraries"
    assert [found[key]["default"] for key in ("manual_drain", "tags_include", "plex_url")] == [False, [], ""]
    assert {key for key, one in found.items() if one["is_required"]} == {"plex_url", "plex_token"}


def test_of_a_secret_the_page_learns_only_whether_there_is_one(operations: Operations) -> None:
    operations.world.settings["plex_url"] += f"/web?X-Plex-Token={TOKEN}"
    told = operations.told("settings")
    token = by_key(told.answer["output"]["result"])["plex_token"]
    assert (token["kind"], token["value"], token["is_set"]) == ("secret", None, True)
    assert TOKEN not in told.stdout
    assert by_key(told.answer["output"]["result"])["plex_url"]["value"] == operations.world.plex.url


def test_a_stored_value_that_is_wrong_is_shown_as_it_stands_with_what_is_wrong(
    operations: Operations,
) -> None:
    operations.world.settings.update(path_map="/data", parallel_writes=9, plex_url="ftp://me:secret@plex?x=1")
    del operations.world.settings["plex_token"]
    found = by_key(operations.result("settings"))
    assert (found["path_map"]["value"], found["parallel_writes"]["value"]) == ("/data", "9")
    assert "secret" not in str(found["plex_url"])
    assert "is not set" in found["plex_token"]["problem"]
    for key in ("path_map", "parallel_writes", "plex_url", "plex_token"):
        assert found[key]["problem"].startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}):")
    assert not [key for key, one in found.items() if one["problem"] and f"({key})" not in one["problem"]]


def test_a_setting_with_choices_takes_each_of_them_and_no_other() -> None:
    for key, choices in CHOICES.items():
        for choice in choices:
            assert read_settings({**REQUIRED, key: choice}).warnings == ()
            assert shown(key, choice) == ([choice] if kind_of(key) == "choices" else choice)
        assert kind_of(key) in ("choice", "choices")


@given(st.lists(NAMES, unique=True))
def test_names_come_back_from_the_page_as_they_went_whatever_they_hold(names: list[str]) -> None:
    after = with_changes({}, {"tags_include": names})
    assert read_list(after.get("tags_include", "")) == tuple(names)
    assert shown("tags_include", after.get("tags_include")) == names


@given(st.dictionaries(NAMES, NAMES, max_size=4))
def test_pairs_come_back_from_the_page_as_they_went(pairs: dict[str, str]) -> None:
    after = with_changes({}, {"tags_rename": [[old, new] for old, new in pairs.items()]})
    read = read_pairs(after.get("tags_rename", ""))
    assert [(pair.old, pair.new) for pair in read] == list(pairs.items())


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("plex_url", "ftp://plex", "is not a web address"),
        ("plex_url", None, "is not set"),
        ("plex_token", "two words", "characters that no token has"),
        ("path_map", [["/data", ""]], "is not a pair"),
        ("path_map", "/data", "is not a pair"),
        ("leave_fields", ["title", "colour"], "names “colour”"),
        ("tags_as", "colours", "is “colours”"),
        ("title_template", "{titel}", "names “titel”. The names are: {title}, "),
        ("summary_template", "[{details}", "“[” without a “]”"),
        ("recent_days", 0.5, "whole number"),
        ("parallel_writes", 9, "whole number"),
        ("reconcile_every", "yearly", "is “yearly”"),
        ("manual_drain", "perhaps", "neither on nor off"),
        ("tags_include", [1], "is not a text"),
        ("tags_rename", [["a"]], "is not a text"),
        ("no_such", "x", "not known"),
    ],
)
def test_what_is_typed_is_checked_by_the_code_of_the_tasks(
    operations: Operations, key: str, value: Any, words: str
) -> None:
    operations.world.clear_requests()
    checked = operations.result("check_settings", settings={key: value})
    assert list(checked["problems"]) == [key]
    assert words in checked["problems"][key]
    assert operations.world.plex.requests == []


def test_only_what_was_typed_is_checked_and_a_risk_is_a_warning(operations: Operations) -> None:
    operations.world.settings["path_map"] = "/data"
    typed = {"plex_accept_any_certificate": True, "path_map": [["/data", "/media"]], "plex_url": "plex:1"}
    checked = operations.result("check_settings", settings=typed)
    assert checked == {"problems": {}, "warnings": {"plex_accept_any_certificate": ANY_CERTIFICATE}}


def test_saving_changes_what_was_typed_and_leaves_every_other_setting(operations: Operations) -> None:
    world = operations.world
    world.stash.plugin_settings["Another"] = {"plex_url": "http://other", "on": True}
    world.settings.update(tags_as="labels", of_a_newer_version="kept", recent_days=3)
    before = dict(world.settings)
    typed = {
        "plex_library": ["Films", "Rock, Paper"],
        "path_map": [["/data", "/mnt/media"], ["", ""]],
        "manual_drain": True,
        "recent_days": None,
        "content_rating": "",
        "plex_url": f" {world.plex.url}/web/index.html ",
    }
    assert operations.result("save_settings", settings=typed) == {"problems": {}, "is_saved": True}
    expected = {
        **before,
        "plex_library": 'Films, "Rock, Paper"',
        "path_map": "/data=>/mnt/media",
        "manual_drain": True,
        "plex_url": typed["plex_url"],
    }
    del expected["recent_days"]
    assert world.settings == expected
    assert world.stash.plugin_settings["Another"] == {"plex_url": "http://other", "on": True}


def test_nothing_is_saved_where_one_of_the_changes_is_wrong(operations: Operations) -> None:
    before = dict(operations.world.settings)
    saved = operations.result("save_settings", settings={"tags_as": "labels", "path_map": "/data"})
    assert not saved["is_saved"]
    assert list(saved["problems"]) == ["path_map"]
    assert operations.world.settings == before


def test_the_first_settings_are_saved_where_there_were_none(operations: Operations) -> None:
    del operations.world.stash.plugin_settings["Stash2Plex"]
    assert by_key(operations.result("settings"))["plex_url"]["value"] == ""
    saved = operations.result("save_settings", settings=dict(REQUIRED))
    assert saved["is_saved"]
    assert operations.world.settings == REQUIRED


def test_a_token_that_is_pasted_with_the_address_is_saved_where_it_belongs(operations: Operations) -> None:
    del operations.world.settings["plex_token"]
    pasted = f"{operations.world.plex.url}/library/metadata/1?X-Plex-Token={TOKEN}"
    told = operations.told("save_settings", settings={"plex_url": pasted})
    assert told.answer["output"]["result"]["is_saved"]
    assert operations.world.settings["plex_url"] == operations.world.plex.url
    assert operations.world.settings["plex_token"] == TOKEN
    assert TOKEN not in told.stdout


def test_a_saved_switch_for_draining_counts_for_hooks_at_once(operations: Operations) -> None:
    mark = operations.world.data_dir / OFF_MARK
    operations.world.data_dir.mkdir()
    operations.result("save_settings", settings={"manual_drain": True})
    assert mark.exists()
    operations.result("check_settings", settings={"manual_drain": False})
    assert mark.exists()
    operations.result("save_settings", settings={"manual_drain": None})
    assert not mark.exists()


def test_a_stash_that_refuses_to_save_is_a_problem_in_words(operations: Operations) -> None:
    operations.world.stash.faults.add("status", "configurePlugin")
    problem = operations.problem("save_settings", settings={"tags_as": "labels"})
    assert "Stash answered 5" in problem["text"]
