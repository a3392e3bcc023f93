"""What Stash answers about chosen scenes is believed where it is whole; else nothing is concluded."""

from __future__ import annotations

from typing import Any

import pytest

from stash.chosen_scenes import ALL_SCENES, ChosenScenes, choose, read_chosen
from stash.documents import all_of, among, following
from stash.exceptions import StashAnswerInvalid
from stash.scenes_by_id import ScenesById
from validation.config import Stash2PlexConfig, read_settings

CHOSEN = ChosenScenes(own={"organized": True})


def config(**settings: Any) -> Stash2PlexConfig:
    return read_settings({"plex_url": "http://plex:32400", "plex_token": "t", **settings}).config


def saved(**changes: Any) -> dict[str, Any]:
    criteria = {"title": {"modifier": "INCLUDES", "value": "x"}}
    return {"name": "A", "mode": "SCENES", "find_filter": {"q": None}, "object_filter": criteria, **changes}


def test_without_a_filter_stash_is_asked_nothing() -> None:
    def ask(document: str, variables: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError((document, variables))

    assert read_chosen(ask, config()) == ALL_SCENES
    assert read_chosen(ask, config(organized_only=True)).own == {"organized": True}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"findSavedFilters": None},
        {"findSavedFilters": ["A"]},
        {"findSavedFilters": [saved(name=None)]},
        {"findSavedFilters": [saved(mode=3)]},
        {"findSavedFilters": [saved(find_filter={"q": 3})]},
    ],
)
def test_an_answer_that_is_no_list_of_filters_chooses_nothing(answer: dict[str, Any]) -> None:
    with pytest.raises(StashAnswerInvalid):
        read_chosen(lambda _document, _variables: answer, config(scene_filter="A"))


def test_a_filter_is_found_by_its_name_and_another_one_is_told_apart() -> None:
    answer = {"findSavedFilters": [saved(name="a"), saved(find_filter=None), saved(mode="TAGS")]}
    chosen = read_chosen(lambda _document, _variables: answer, config(scene_filter="A", organized_only=True))
    assert chosen.criteria == {"title": {"modifier": "INCLUDES", "value": "x"}}
    assert (chosen.search, chosen.own) == ("", {"organized": True})
    assert chosen.words == "organized scenes of the filter “A”"
    assert chosen.identity not in ("", CHOSEN.identity)
    assert choose(config(), ()).identity == ""


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"chosen": None},
        {"chosen": {"count": 1, "scenes": []}},
        {"chosen": {"count": 1, "scenes": [{"id": "9"}]}},
        {"chosen": {"count": "1", "scenes": [{"id": "1"}]}},
        {"chosen": {"count": 1, "scenes": [{"id": None}]}},
    ],
)
def test_a_scene_is_left_out_only_where_stash_says_so_wholly(told: dict[str, Any]) -> None:
    by_id = ScenesById(lambda _document, _variables: {"s0": None, **told}, (), chosen=CHOSEN)
    with pytest.raises(StashAnswerInvalid):
        by_id.read([1])
    assert by_id.left_out == set()


def test_the_filters_criteria_stand_outermost_and_the_ids_innermost() -> None:
    """Some criteria of Stash work nowhere else, and an OR beside a search lets others in."""
    tags = {"performer_tags": {"value": ["1"], "modifier": "INCLUDES"}}
    one, two = ({"id": {"value": number, "modifier": "EQUALS"}} for number in (1, 2))
    bounds = {"id": {"value": 1, "value2": 2, "modifier": "BETWEEN"}}
    asked = among([1, 2], tags, {"organized": True}, "sea")
    assert asked["where"] == {**tags, "AND": {"organized": True, **bounds, "AND": {**one, "OR": two}}}
    assert asked["find"] == {"sort": "id", "direction": "ASC", "per_page": -1, "q": "sea"}
    assert among([1], {}, {}, "")["where"] == {"id": {**bounds["id"], "value2": 1}, "AND": one}
    after = {"id": {"value": 5, "modifier": "GREATER_THAN"}}
    assert following(5, {"organized": True}, 10, (tags, ""))["where"] == {
        **tags,
        "AND": {"organized": True, **after},
    }
    assert following(5, {}, 10)["where"] == after
    assert all_of({}, {}) == {}
