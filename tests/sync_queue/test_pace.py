"""Promises about how fast Plex is written to."""

from __future__ import annotations

import pytest

from plex.exceptions import PlexBusy, PlexUnavailable
from sync_queue.pace import BUSY_IN_A_ROW, LONGEST_PAUSE, Pace


class Moments:
    """A clock that only writes and pauses move on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def a_write(pace: Pace, moments: Moments, seconds: float) -> None:
    with pace.writing():
        moments.now += seconds


def a_refused_write(pace: Pace) -> None:
    with pytest.raises(PlexBusy), pace.writing():
        raise PlexBusy("Plex could not do it now (429).")


@pytest.fixture
def moments() -> Moments:
    return Moments()


@pytest.fixture
def pace(moments: Moments) -> Pace:
    return Pace(moments.clock, moments.sleep)


def test_while_plex_takes_everything_nothing_is_held_back(pace: Pace, moments: Moments) -> None:
    for _ in range(100):
        a_write(pace, moments, 0.02)
    assert moments.slept == []


def test_after_a_refusal_writes_wait_longer_and_longer_and_never_too_long(pace: Pace) -> None:
    pauses = []
    for _ in range(BUSY_IN_A_ROW - 1):
        a_refused_write(pace)
        pauses.append(pace.pause)
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < pauses[3] <= LONGEST_PAUSE
    assert pauses[-1] == LONGEST_PAUSE


def test_a_plex_that_gets_much_slower_is_given_rest(pace: Pace, moments: Moments) -> None:
    for _ in range(10):
        a_write(pace, moments, 0.02)
    a_write(pace, moments, 0.6)
    a_write(pace, moments, 0.02)
    assert moments.slept == [0.6]


def test_a_plex_that_was_always_slow_is_not_held_back(pace: Pace, moments: Moments) -> None:
    for _ in range(50):
        a_write(pace, moments, 0.4)
    assert moments.slept == []


def test_once_plex_is_well_again_so_is_the_pace(pace: Pace, moments: Moments) -> None:
    a_refused_write(pace)
    for _ in range(10):
        a_write(pace, moments, 0.02)
    moments.slept.clear()
    a_write(pace, moments, 0.02)
    assert (moments.slept, pace.pause) == ([], 0.0)


def test_a_plex_that_refuses_write_after_write_ends_the_drain(pace: Pace) -> None:
    for _ in range(BUSY_IN_A_ROW - 1):
        a_refused_write(pace)
    with pytest.raises(PlexUnavailable, match="overloaded"), pace.writing():
        raise PlexBusy("Plex could not do it now (500).")
