"""An outage is one, however many runs fall into it, and its end is told once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_queue import outage
from sync_queue.state import SyncState

NOON = 1_767_000_000.0


class Clock:
    """The clock on the wall, which a test sets."""

    now = NOON

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("sync_queue.outage.time.time", clock.time)
    return clock


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SyncState]:
    state = SyncState(tmp_path)
    yield state
    state.close()


def test_the_first_run_into_an_outage_tells_what_waits(state: SyncState, clock: Clock) -> None:
    assert outage.begin_or_go_on(state, 7) == "7 scenes wait."


def test_later_runs_tell_since_when_it_has_been_so(state: SyncState, clock: Clock) -> None:
    outage.begin_or_go_on(state, 7)
    begin = outage.moment(NOON)
    for minutes in (1, 20, 42):
        clock.now = NOON + 60 * minutes
        told = outage.begin_or_go_on(state, 7 + minutes)
        assert f"since {begin};" in told
        assert f"{7 + minutes} scenes wait." in told


def test_an_outage_is_remembered_from_one_process_to_the_next(tmp_path: Path, clock: Clock) -> None:
    for minutes in (0, 30):
        clock.now = NOON + 60 * minutes
        state = SyncState(tmp_path)
        told = outage.begin_or_go_on(state, 1)
        state.close()
    assert f"since {outage.moment(NOON)};" in told


def test_the_end_is_told_once_with_how_long_it_was(state: SyncState, clock: Clock) -> None:
    outage.begin_or_go_on(state, 7)
    clock.now = NOON + 42 * 60
    assert outage.end(state) == ["The outage is over, after 42 minutes."]
    assert outage.end(state) == []


def test_the_next_outage_begins_anew(state: SyncState, clock: Clock) -> None:
    outage.begin_or_go_on(state, 7)
    outage.end(state)
    assert outage.begin_or_go_on(state, 3) == "3 scenes wait."


def test_without_an_outage_there_is_no_end_to_tell(state: SyncState) -> None:
    assert outage.end(state) == []


def test_an_outage_under_a_clock_that_was_set_back_lasted_no_time(state: SyncState, clock: Clock) -> None:
    outage.begin_or_go_on(state, 7)
    clock.now = NOON - 86_400
    assert outage.end(state) == ["The outage is over, after less than a minute."]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "less than a minute"),
        (29, "less than a minute"),
        (31, "a minute"),
        (89, "a minute"),
        (42 * 60, "42 minutes"),
        (119 * 60, "119 minutes"),
        (120 * 60, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (10 * 86_400, "10 days"),
    ],
)
def test_how_long_an_outage_was_is_told_in_words(
    state: SyncState, clock: Clock, seconds: int, told: str
) -> None:
    outage.begin_or_go_on(state, 1)
    clock.now = NOON + seconds
    assert outage.end(state) == [f"The outage is over, after {told}."]


def test_one_scene_waits_and_two_wait(state: SyncState, clock: Clock) -> None:
    assert outage.begin_or_go_on(state, 1) == "1 scene waits."
    assert outage.begin_or_go_on(state, 2_000).endswith("; 2,000 scenes wait.")
