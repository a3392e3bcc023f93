"""A library that lost most of its items is believed by a person alone, and only at the second look."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.builders.entry import Here, Told
from tests.servers.world import World

ADVICE = "run the task again"
Act = Callable[[Here], Told]


def by_hand(here: Here) -> Told:
    return here.reconcile()


def scheduled(here: Here) -> Told:
    return here.run({"mode": "reconcile_all", "scheduled": True})


def preview(here: Here) -> Told:
    return here.run({"mode": "preview"})


def find_orphans(here: Here) -> Told:
    return here.run({"mode": "find_orphans"})


@pytest.fixture
def shrunk(world: World, here: Here) -> World:
    """A library that had thirty items at the last reconcile and has five now."""
    for n in range(30):
        world.add_film(f"film {n}", details=f"Text {n}", plex={})
    here.reconcile()
    keep(world, 5)
    return world


def keep(world: World, count: int) -> None:
    for item in world.plex.library.items()[count:]:
        world.plex.library.remove_item(item.rating_key)


def warnings_of_shrinking(told: Told) -> list[str]:
    return [text for text in told.texts("warning", "error") if "items at the last reconcile" in text]


def missing(told: Told) -> int:
    (line,) = [text for text in told.texts("info") if text.strip().startswith("Missing from Plex: ")]
    return int(line.rpartition(": ")[2])


def test_a_person_is_warned_first_and_believed_the_second_time(shrunk: World, here: Here) -> None:
    told = by_hand(here)
    (warning,) = warnings_of_shrinking(told)
    assert "“Films” had 30 items" in warning
    assert ADVICE in warning
    assert missing(told) == 0
    told = by_hand(here)
    assert (warnings_of_shrinking(told), missing(told)) == ([], 25)


@pytest.mark.parametrize("act", [scheduled, preview, find_orphans])
def test_what_no_person_asked_for_or_only_looks_is_never_believed_nor_stands_in_for_a_warning(
    shrunk: World, here: Here, act: Act
) -> None:
    for _ in range(3):
        (warning,) = warnings_of_shrinking(act(here))
        assert "“Films” had 30 items" in warning
        assert ADVICE not in warning
        assert "run Reconcile Library (All) yourself, twice" in warning
    assert missing(by_hand(here)) == 0
    assert len(warnings_of_shrinking(act(here))) == 1
    assert missing(by_hand(here)) == 25


def test_a_library_that_shrinks_once_more_after_the_warning_is_warned_of_anew(
    world: World, here: Here
) -> None:
    for n in range(60):
        world.add_film(f"film {n}", details=f"Text {n}", plex={})
    here.reconcile()
    keep(world, 25)
    assert missing(by_hand(here)) == 0
    keep(world, 2)
    assert missing(by_hand(here)) == 0
    assert missing(by_hand(here)) == 58


def test_a_library_that_came_back_meanwhile_uses_the_warning_up(shrunk: World, here: Here) -> None:
    by_hand(here)
    for n in range(5, 30):
        shrunk.plex.library.add_item(1, ((f"/media/Films/film {n}.mp4", 1000),))
    assert warnings_of_shrinking(scheduled(here)) == []
    keep(shrunk, 5)
    assert missing(by_hand(here)) == 0


def test_an_empty_library_is_believed_at_a_persons_second_run_too(shrunk: World, here: Here) -> None:
    keep(shrunk, 0)
    assert missing(by_hand(here)) == 0
    assert missing(by_hand(here)) == 30
