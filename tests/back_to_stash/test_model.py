"""Whatever people do in both servers and whenever the plugin is killed: every view once, no rating lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.back_to_stash.people import play_through

pytestmark = pytest.mark.unmeasured

# The daily run plays a few; STASH2PLEX_SEQUENCES=2000 plays as many.
SEQUENCES = int(os.environ.get("STASH2PLEX_SEQUENCES", "4"))
PER_TEST = 4


@pytest.mark.parametrize("first", range(0, SEQUENCES, PER_TEST))
def test_both_servers_end_as_people_left_them_with_every_view_once(tmp_path: Path, first: int) -> None:
    for seed in range(first, min(first + PER_TEST, SEQUENCES)):
        play_through(tmp_path / str(seed), seed)


@pytest.mark.parametrize("first", range(0, SEQUENCES, PER_TEST))
def test_scenes_with_two_items_end_so_too(tmp_path: Path, first: int) -> None:
    """Every second sequence: the rest is as with one item."""
    for seed in range(first, min(first + PER_TEST, SEQUENCES), 2):
        play_through(tmp_path / str(seed), seed, has_several=True)


# A write that Stash refused, a rating that Plex rounds to nothing, drains killed while they recorded one, a
# first look that met no view, and a resume time whose write was cut short twice.
@pytest.mark.parametrize("seed", [50, 478, 743, 1459, 515, 616])
def test_sequences_that_once_ended_otherwise(tmp_path: Path, seed: int) -> None:
    play_through(tmp_path / "world", seed)


# Of two items, one that was never watched before was stopped later; and one was rated after the other was
# followed, before the drain that this asked for.
@pytest.mark.parametrize("seed", [28, 80])
def test_sequences_of_two_items_that_once_ended_otherwise(tmp_path: Path, seed: int) -> None:
    play_through(tmp_path / "world", seed, has_several=True)
