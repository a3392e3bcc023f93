"""A number in a sentence is told in one way, and one thing is not told as several."""

from __future__ import annotations

import pytest

from validation.amounts import amount, amount_of_changes, number


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")]
)
def test_thousands_are_set_apart(count: int, words: str) -> None:
    assert number(count) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 scenes"), (1, "1 scene"), (2000, "2,000 scenes")])
def test_one_thing_is_one(count: int, words: str) -> None:
    assert amount(count, "scene") == words


@pytest.mark.parametrize(
    ("scenes", "others", "words"),
    [
        (0, 0, "0 scenes"),
        (1, 0, "1 scene"),
        (0, 1, "1 performer, studio, tag or group"),
        (1000, 2, "1,000 scenes and 2 performers, studios, tags and groups"),
    ],
)
def test_what_changed_is_told_apart_and_what_did_not_is_not_told(
    scenes: int, others: int, words: str
) -> None:
    assert amount_of_changes(scenes, others) == words
