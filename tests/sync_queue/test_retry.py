"""The laws of trying again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_queue.job import busy_delay, is_due, not_in_plex_delay
from tests.builders.bench import a_job

NOW = 1_800_000_000.0
ATTEMPTS = st.integers(0, 10_000)


@given(ATTEMPTS)
def test_a_scene_that_plex_does_not_have_is_looked_for_again_within_minutes_at_first_and_a_day_at_last(
    attempts: int,
) -> None:
    delay = not_in_plex_delay(attempts)
    assert 4 * 60 <= delay <= 27 * 3600
    if attempts >= 10:
        assert delay >= 21 * 3600


@given(ATTEMPTS, st.none() | st.floats(0, 1e9))
def test_a_busy_plex_is_asked_again_within_an_hour_or_so_whatever_it_wishes(
    attempts: int, retry_after: float | None
) -> None:
    assert 20 <= busy_delay(attempts, retry_after) <= 4000


@given(ATTEMPTS, st.floats(0, 3600))
def test_a_busy_plex_is_not_asked_before_the_time_it_named(attempts: int, retry_after: float) -> None:
    assert busy_delay(attempts, retry_after) >= retry_after


@pytest.mark.parametrize("delay", [not_in_plex_delay, lambda attempts: busy_delay(attempts, None)])
def test_intervals_grow_until_they_reach_the_longest(delay: Callable[[int], float]) -> None:
    delays = [delay(attempts) for attempts in range(4)]
    assert delays == sorted(delays)
    assert delays[3] > 8 * delays[0]


def test_not_all_jobs_of_one_outage_come_back_in_the_same_moment() -> None:
    assert len({round(busy_delay(2, None), 3) for _ in range(50)}) > 10


@given(st.floats(0, 27 * 3600))
def test_a_job_waits_until_its_time_and_no_longer(delay: float) -> None:
    job = a_job(due_at=NOW + delay)
    assert is_due(job, NOW + delay)
    assert is_due(job, NOW) == (NOW + delay <= NOW)


@given(st.floats(3 * 86_400, 1e12))
def test_a_clock_that_was_set_back_holds_up_no_job(ahead: float) -> None:
    assert is_due(a_job(due_at=NOW + ahead), NOW)


def test_a_job_that_was_never_tried_is_due() -> None:
    assert is_due(a_job(), NOW)
    assert is_due(a_job(), 0.0)
