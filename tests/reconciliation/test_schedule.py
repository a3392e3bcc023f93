"""When a scheduled reconcile is due, and what Queue Status tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reconciliation.schedule import REQUEST_LASTS, is_due, next_line, recent_window, remember_run
from sync_queue.outage import moment
from sync_queue.state import SyncState
from tests.builders.sync import AClock
from validation.config import RECONCILE_PERIODS

HOUR, DAY = 3_600.0, 86_400.0
NOW = 1_700_000_000.0
DAILY = timedelta(days=1)


@pytest.fixture
def clock() -> AClock:
    return AClock(NOW)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SyncState]:
    state = SyncState(tmp_path)
    yield state
    state.close()


@pytest.mark.parametrize(
    ("last", "asked", "expected"),
    [
        (None, None, True),
        (DAY, None, True),
        (DAY - 1, None, False),
        (0.0, None, False),
        (2 * DAY, HOUR, True),
        (2 * DAY, HOUR - 1, False),
        (None, 0.0, False),
        (-60.0, None, True),
        (2 * DAY, -60.0, True),
    ],
)
def test_a_reconcile_is_due_after_its_period_unless_it_was_just_asked_for(
    last: float | None, asked: float | None, expected: bool
) -> None:
    """The times are seconds ago; negative ones lie in the future, from a clock that was set back."""
    last_at, asked_at = (None if ago is None else NOW - ago for ago in (last, asked))
    assert is_due(DAILY, last_at, asked_at, NOW) is expected


@pytest.mark.parametrize("last", [None, 1e9, -1e9])
def test_never_is_never(last: float | None) -> None:
    assert not is_due(RECONCILE_PERIODS["never"], last, None, NOW)


def test_a_request_is_not_waited_for_longer_than_the_shortest_period() -> None:
    assert min(period for period in RECONCILE_PERIODS.values() if period) >= REQUEST_LASTS


def test_queue_status_tells_when_the_next_one_is_due(state: SyncState, clock: AClock) -> None:
    assert next_line(state, clock.now).startswith("Next scheduled reconcile: planned once")
    state.set_fact("reconcile schedule", "daily all")
    remember_run(state, "all", clock.now, DAILY)
    clock.now += HOUR
    expected = (
        f"Next scheduled reconcile: {moment(NOW + DAY)}, all scenes; it starts once another task has ended."
    )
    assert next_line(state, clock.now) == expected
    clock.now += DAY
    assert next_line(state, clock.now).startswith("Next scheduled reconcile: due, all scenes")
    state.set_fact("reconcile schedule", "never all")
    assert next_line(state, clock.now).startswith("Next scheduled reconcile: none (")


def test_a_reconcile_of_all_scenes_counts_for_the_recent_ones_and_not_the_other_way(
    state: SyncState, clock: AClock
) -> None:
    state.set_fact("reconcile schedule", "daily recent")
    remember_run(state, "all", clock.now, DAILY)
    clock.now += HOUR
    assert moment(NOW + DAY) in next_line(state, clock.now)
    remember_run(state, "recent", clock.now, DAILY)
    assert moment(clock.now + DAY) in next_line(state, clock.now)
    state.set_fact("reconcile schedule", "daily all")
    assert moment(NOW + DAY) in next_line(state, clock.now)


def test_a_reconcile_in_the_future_counts_for_nothing(state: SyncState, clock: AClock) -> None:
    """The clock was set back: what ran since then counts, however early it looks."""
    state.set_fact("reconcile schedule", "daily recent")
    remember_run(state, "all", clock.now, DAILY)
    clock.now -= 10 * DAY
    assert next_line(state, clock.now).startswith("Next scheduled reconcile: due,")
    remember_run(state, "recent", clock.now, DAILY)
    assert moment(clock.now + DAY) in next_line(state, clock.now)


def test_a_recent_reconcile_that_comes_late_looks_back_to_the_one_before(
    state: SyncState, clock: AClock
) -> None:
    assert recent_window(state, DAILY, clock.now) == DAILY
    remember_run(state, "recent", clock.now, DAILY)
    assert recent_window(state, DAILY, clock.now + DAY / 2) == DAILY
    assert timedelta(days=5) < recent_window(state, DAILY, clock.now + 5 * DAY) < timedelta(days=5.1)


def test_a_run_that_left_a_hole_does_not_count_until_one_has_closed_it(
    state: SyncState, clock: AClock
) -> None:
    remember_run(state, "all", clock.now, timedelta())
    clock.now += 5 * DAY
    remember_run(state, "recent", clock.now, DAILY)
    assert recent_window(state, DAILY, clock.now) > timedelta(days=5)
    remember_run(state, "recent", clock.now, timedelta(days=6))
    assert recent_window(state, DAILY, clock.now) == DAILY


def test_what_was_compared_by_a_clock_that_was_set_back_widens_nothing(
    state: SyncState, clock: AClock
) -> None:
    remember_run(state, "all", clock.now, timedelta())
    assert recent_window(state, DAILY, clock.now - 10 * DAY) == DAILY
