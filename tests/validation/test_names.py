"""Names in a setting: a name may hold what separates names, where it stands in quotation marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.values import a_config
from validation.config import DISPLAY_NAMES, read_settings
from validation.exceptions import SettingsInvalid
from validation.names import for_pair, in_quotes, read_list, read_pairs
from validation.path_map import PathMap, pairs_text

LISTS = ("plex_library", "tags_include", "tags_exclude")
# What a person can see and type, separators and quotation marks included.
NAMES = st.text(st.sampled_from("ab ,;=>\"'é\\/“”"), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Films, Clips", ("Films", "Clips")),
        ('"Rock, Paper, Scissors"', ("Rock, Paper, Scissors",)),
        ('Sea, "Rock, Paper, Scissors" , Boats', ("Sea", "Rock, Paper, Scissors", "Boats")),
        ("“Rock, Paper, Scissors”, Sea", ("Rock, Paper, Scissors", "Sea")),
        ('" Movies", Movies', (" Movies", "Movies")),
        ('"Movies "', ("Movies ",)),
        ('"12"" vinyl, blue"', ('12" vinyl, blue',)),
        ('12" vinyl, 7"', ('12" vinyl', '7"')),
        ('"Best of" compilation, Sea', ('"Best of" compilation', "Sea")),
        ('"", Sea, , "Sea"', ("Sea",)),
        ("", ()),
        (" , ,", ()),
    ],
)
def test_names_stand_between_commas_and_in_quotes_where_they_hold_one(
    text: str, expected: tuple[str, ...]
) -> None:
    assert read_list(text) == expected


@pytest.mark.parametrize("key", LISTS)
def test_every_list_of_names_is_read_like_this(key: str) -> None:
    config = a_config(**{key: '"Rock, Paper, Scissors", Sea'})
    assert getattr(config, key) == ("Rock, Paper, Scissors", "Sea")


def test_names_of_fields_may_stand_in_quotes_too() -> None:
    assert a_config(leave_fields='"sort title", "Poster"').leave_fields == ("sort title", "poster")


@pytest.mark.parametrize("key", [*LISTS, "leave_fields", "tags_rename", "path_map"])
@pytest.mark.parametrize("text", ['"Rock, Paper', "“Rock;x=>y", '"'])
def test_a_quotation_mark_without_its_partner_is_named_with_its_setting(key: str, text: str) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({"plex_url": "http://plex", "plex_token": "token", key: text})
    (problem,) = raised.value.problems
    assert problem.startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}): ")
    assert "begins with a quotation mark" in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Sci Fi=>Science Fiction; B/W=>Black and White",
            {"sci fi": "Science Fiction", "b/w": "Black and White"},
        ),
        ('"Rock; Paper"=>"Scissors => all"', {"rock; paper": "Scissors => all"}),
        ("Rock, Paper=>Scissors", {"rock, paper": "Scissors"}),
        ('"a=>b"=>c', {"a=>b": "c"}),
    ],
)
def test_both_sides_of_a_new_name_may_stand_in_quotes(text: str, expected: dict[str, str]) -> None:
    assert a_config(tags_rename=text).tags_rename == expected


@pytest.mark.parametrize(
    ("text", "pair"),
    [('"/data;old"=>/media', ("/data;old", "/media")), ('/data=>"/x=>y"', ("/data", "/x=>y"))],
)
def test_a_folder_in_a_path_map_may_stand_in_quotes(text: str, pair: tuple[str, str]) -> None:
    assert PathMap.parse(text).pairs == (pair,)


@pytest.mark.parametrize("text", ["a=>b=>c", "a", "=>b", "a=>"])
def test_what_is_no_pair_is_told_as_a_whole(text: str) -> None:
    with pytest.raises(ValueError, match=f"“{text}” is not a pair"):
        PathMap.parse(text)


@given(st.lists(NAMES.filter(lambda name: "”" not in name), max_size=4, unique=True))
def test_names_as_the_log_writes_them_can_be_pasted(names: list[str]) -> None:
    assert read_list(in_quotes(names)) == tuple(names)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=4))
def test_whatever_folders_are_called_a_path_map_can_name_them(pairs: list[tuple[str, str]]) -> None:
    assert [(pair.old, pair.new) for pair in read_pairs(pairs_text(pairs))] == pairs


@given(NAMES.filter(lambda name: name == name.strip() and not set(name) & set(';=>"“')))
def test_a_name_that_needs_no_quotes_gets_none(name: str) -> None:
    assert for_pair(name) == name
