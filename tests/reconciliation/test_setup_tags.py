"""Check Setup says which tags in the settings are none of Stash's, and which were cut at a comma."""

from __future__ import annotations

import pytest

from stash import client as stash
from tests.builders.entry import Here
from tests.builders.setup import add_films, assert_right, check, the_problem, the_warning
from tests.servers.world import World


@pytest.fixture(autouse=True)
def tags(world: World) -> None:
    """Tags that both servers' films have nothing to do with; nothing else is to be warned of."""
    add_films(world)
    world.settings["plex_library"] = "Films"
    world.tag_ids("Sea", "Boats", "Rock", "Paper", "Rock, Paper, Scissors")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("tags_include", "Sea, BOATS"),
        ("tags_exclude", '"Rock, Paper, Scissors"'),
        ("tags_exclude", "“rock, paper, scissors”, Sea"),
        ("tags_rename", "Sea=>Ocean; Rock, Paper, Scissors=>Games"),
        ("tags_include", ""),
    ],
)
def test_tags_that_stash_has_are_right(world: World, here: Here, key: str, text: str) -> None:
    world.settings[key] = text
    assert_right(check(here))


@pytest.mark.parametrize(
    ("key", "text", "named"),
    [
        ("tags_include", "Sea, Baots", "“Baots”"),
        ("tags_exclude", "Sae, Baots, Rock", "“Sae”, “Baots”"),
        ("tags_rename", "Sae=>Ocean", "“sae”"),
    ],
)
def test_a_tag_that_stash_does_not_have_is_named_with_its_setting(
    world: World, here: Here, key: str, text: str, named: str
) -> None:
    world.settings[key] = text
    warning = the_warning(check(here))
    assert f"({key}) names {named}, and no tag in Stash has such a name." in warning


@pytest.mark.parametrize("key", ["tags_include", "tags_exclude"])
def test_a_tag_that_was_cut_at_its_commas_is_told_with_its_quotation_marks(
    world: World, here: Here, key: str
) -> None:
    world.settings[key] = "Sea, Rock, Paper, Scissors"
    warning = the_warning(check(here))
    assert f"({key}) names the parts of “Rock, Paper, Scissors”" in warning
    assert "between quotation marks" in warning


def test_a_long_list_of_unknown_tags_is_cut(world: World, here: Here) -> None:
    world.settings["tags_exclude"] = ",".join(f"none {n}" for n in range(12))
    assert "“none 9” and 2 more, and no tag" in the_warning(check(here))


def test_stash_is_asked_for_its_tags_by_pages_and_only_where_a_setting_names_some(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(here)
    assert "findTags" not in world.stash.request_counts()
    monkeypatch.setattr(stash, "PAGE_SIZE", 2)
    world.settings["tags_include"] = "Sea, Boats, Rock, Paper"
    assert_right(check(here))
    assert world.stash.request_counts()["findTags"] == 3


def test_a_stash_that_does_not_list_its_tags_is_told_and_the_rest_is_checked(
    world: World, here: Here
) -> None:
    world.settings["tags_include"] = "Sea"
    world.stash.faults.add("status", "findTags", code=500)
    told = check(here)
    assert "Stash answered" in the_problem(told)
    assert any("Of 6 scenes" in text for text in told.texts("info"))
