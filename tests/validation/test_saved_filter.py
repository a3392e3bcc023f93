"""A saved filter asks for what Stash's own list of it asks for, or the plugin says why it cannot.

The table saved_filters.jsonl has filters of each kind as a page of Stash 0.30 saves them, and what the same
page asks for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from validation.saved_filter import CRITERIA, RENAMED, NotUnderstood, scene_filter_of

AS_STASH_ASKS = [
    json.loads(line)
    for line in (Path(__file__).parent / "saved_filters.jsonl").read_text("utf-8").splitlines()
]
OLDER: list[tuple[str, Any, Any]] = [
    (
        "tags",
        {"modifier": "EXCLUDES", "value": {"items": [{"id": "1", "label": "T"}], "depth": 0}},
        {"tags": {"value": [], "excludes": ["1"], "modifier": "INCLUDES", "depth": 0}},
    ),
    (
        "performers",
        {"modifier": "INCLUDES", "value": [{"id": "1", "label": "P"}]},
        {"performers": {"value": ["1"], "excludes": [], "modifier": "INCLUDES"}},
    ),
    (
        "performers",
        {"modifier": "EXCLUDES", "value": [{"id": "1", "label": "P"}]},
        {"performers": {"value": [], "excludes": ["1"], "modifier": "INCLUDES"}},
    ),
    (
        "o_counter",
        {"modifier": "GREATER_THAN", "value": 0},
        {"o_counter": {"value": 0, "modifier": "GREATER_THAN"}},
    ),
    (
        "tags",
        {"modifier": "IS_NULL"},
        {"tags": {"value": [], "excludes": [], "modifier": "IS_NULL", "depth": 0}},
    ),
    (
        "created_at",
        {"modifier": "BETWEEN", "value": "2024-01-01", "value2": "2024-01-20 10:30"},
        {"created_at": {"value": "2024-01-01", "modifier": "BETWEEN", "value2": "2024-01-20T10:30"}},
    ),
    (
        "stash_id_endpoint",
        {"modifier": "EQUALS", "value": "sid-1"},
        {"stash_id_endpoint": {"endpoint": "", "stash_id": "sid-1", "modifier": "EQUALS"}},
    ),
]
THINGS = {"items": [], "excluded": [], "depth": 0}
NOT_UNDERSTOOD: list[tuple[str, Any]] = [
    ("title", {"modifier": "EQUALS", "value": ""}),
    ("title", {"modifier": "EQUALS", "value": 5}),
    ("title", {"modifier": "SOUNDS_LIKE", "value": "x"}),
    ("title", {"value": "x"}),
    ("title", {"modifier": "EQUALS", "value": "x", "case": "exact"}),
    ("title", "x"),
    ("organized", {"modifier": "EQUALS", "value": True}),
    ("organized", {"modifier": "EQUALS", "value": "maybe"}),
    ("rating100", {"modifier": "EQUALS", "value": 3}),
    ("rating100", {"modifier": "BETWEEN", "value": {"value": 20}}),
    ("duration", {"modifier": "GREATER_THAN", "value": 60}),
    ("file_count", {"modifier": "EQUALS", "value": {"value": "1"}}),
    ("file_count", {"modifier": "EQUALS", "value": {"value": True}}),
    ("date", {"modifier": "EQUALS", "value": "2024-01-01"}),
    ("date", {"modifier": "EQUALS", "value": {"value": ""}}),
    ("updated_at", {"modifier": "GREATER_THAN", "value": {"value": "2024-01-01 10:00:30"}}),
    ("updated_at", {"modifier": "GREATER_THAN", "value": {"value": ""}}),
    ("tags", {"modifier": "INCLUDES", "value": THINGS}),
    ("tags", {"modifier": "INCLUDES", "value": None}),
    ("tags", {"modifier": "INCLUDES", "value": [{"id": "1", "label": "T"}]}),
    ("tags", {"modifier": "INCLUDES", "value": {**THINGS, "items": [{"label": "T"}]}}),
    ("tags", {"modifier": "INCLUDES", "value": {**THINGS, "items": [{"id": "1"}], "depth": "all"}}),
    ("tags", {"modifier": "INCLUDES", "value": {**THINGS, "items": [{"id": "1"}], "mode": "any"}}),
    ("performers", {"modifier": "INCLUDES", "value": {"items": [{"id": "1"}], "depth": 1}}),
    ("galleries", {"modifier": "INCLUDES", "value": []}),
    ("galleries", {"modifier": "INCLUDES", "value": {"items": []}}),
    ("is_missing", {"modifier": "EQUALS", "value": "1=1 or title"}),
    ("resolution", {"modifier": "EQUALS", "value": "1920p"}),
    ("orientation", {"value": ["Round"]}),
    ("orientation", {"modifier": "EQUALS", "value": []}),
    ("captions", {"modifier": "INCLUDES", "value": "Klingon"}),
    ("stash_id_endpoint", {"modifier": "EQUALS", "value": {"endpoint": "x", "stash_id": "y"}}),
    ("phash_distance", {"modifier": "EQUALS", "value": "ff"}),
]


@pytest.mark.parametrize("one", AS_STASH_ASKS, ids=str)
def test_a_criterion_asks_for_what_stash_asks_for(one: dict[str, Any]) -> None:
    assert without_nothing(scene_filter_of(one["saved"])) == one["asked"]


def without_nothing(value: Any) -> Any:
    """A value as it is asked for: what is null is as if it were not there."""
    if not isinstance(value, dict):
        return value
    return {key: without_nothing(part) for key, part in value.items() if part is not None}


def test_every_criterion_is_in_the_table() -> None:
    assert {name for one in AS_STASH_ASKS for name in one["saved"]} == {*CRITERIA, *RENAMED}


@pytest.mark.parametrize(("name", "saved", "asked"), OLDER)
def test_an_older_form_asks_for_what_stash_still_reads_in_it(name: str, saved: Any, asked: Any) -> None:
    assert scene_filter_of({name: saved}) == asked


@pytest.mark.parametrize(("name", "saved"), NOT_UNDERSTOOD)
def test_what_is_not_understood_is_never_left_out(name: str, saved: Any) -> None:
    """Stash's page makes nothing, or all scenes, of most of these."""
    with pytest.raises(NotUnderstood, match=f"its criterion “{name}” has a value"):
        scene_filter_of({"interactive": {"modifier": "EQUALS", "value": "true"}, name: saved})


@pytest.mark.parametrize("saved", ["text", 5, ["tags"]])
def test_criteria_of_another_form_are_not_understood(saved: Any) -> None:
    with pytest.raises(NotUnderstood, match="have a form"):
        scene_filter_of(saved)


def test_a_criterion_under_both_of_its_names_is_not_understood() -> None:
    one = {"modifier": "INCLUDES", "value": {**THINGS, "items": [{"id": "1", "label": "G"}]}}
    with pytest.raises(NotUnderstood, match="twice"):
        scene_filter_of({"groups": one, "movies": one})
