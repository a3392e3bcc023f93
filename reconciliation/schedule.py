"""The reconcile that the settings ask for every hour, day or week: when it is due, and asking Stash for it.

Nothing of the plugin runs all the time. Whenever a task has ended well the schedule is looked at, and a
reconcile that is due becomes a job in Stash's own list, where it is seen and can be cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from stash import log
from stash.exceptions import AskingFailed
from stash.run_task import run_unless_waiting
from sync_queue.drain_request import ask_for_drain
from sync_queue.manager import JobQueue
from sync_queue.outage import moment
from sync_queue.state import SyncState
from sync_queue.state_database import RECONCILE_WANTED
from validation.config import RECONCILE_PERIODS, Stash2PlexConfig

if TYPE_CHECKING:
    from stash.client import Stash

TASK_NAMES = {"all": "Reconcile Library (All)", "recent": "Reconcile Library (Recent)"}
# The argument by which a reconcile knows that no person asked for it.
SCHEDULED = "scheduled"
# The tasks by which a person looks before anything is written: a reconcile that follows by itself is followed
# by a drain.
LOOKING = ("preview", "find_orphans")
# What was asked for is waited for; then Stash may have been restarted, or the job cancelled.
REQUEST_LASTS = timedelta(hours=1)
# What Queue Status, which reads no settings, tells of them.
_SCHEDULE = "reconcile schedule"
_COMPARED = "scenes compared until"
# The clocks of two machines are never the same.
OVERLAP = timedelta(hours=1)


def is_due(period: timedelta | None, last: float | None, asked: float | None, now: float) -> bool:
    """Whether to ask for a reconcile: seconds since 1970 of the last one, of the last request, and of now."""
    if period is None:
        return False
    return not _is_within(last, period, now) and not _is_within(asked, REQUEST_LASTS, now)


def _is_within(then: float | None, period: timedelta, now: float) -> bool:
    """Whether `then` is that recent; one in the future comes from a clock that was set back."""
    return then is not None and 0 <= now - then < period.total_seconds()


def follow_up(
    args: Mapping[str, Any],
    stash: Stash,
    config: Stash2PlexConfig,
    queue: JobQueue | None,
    data_dir: str,
    now: float,
) -> None:
    """After a task that ended well: see to the gaps of a scheduled reconcile, and to the next one.

    `now` is in seconds since 1970.
    Raises OSError or sqlite3.Error where the data folder cannot be used.
    """
    if args.get("mode") in LOOKING:
        return
    # Only a task talks to the servers; the page, which shows the schedule, loads none of this.
    from back_to_stash.run import bring_back_after

    bring_back_after(args.get("mode"), stash, config, data_dir)
    try:
        if args.get(SCHEDULED) and queue is not None and queue.has_due_jobs():
            ask_for_drain(data_dir, stash.connection)
        with closing(SyncState(data_dir)) as state:
            _ask_if_due(stash, config, state, now)
    except AskingFailed as problem:
        log.warning(f"{problem} Nothing is lost: the next task or edit asks again.")


def _ask_if_due(stash: Stash, config: Stash2PlexConfig, state: SyncState, now: float) -> None:
    every, scope = config.reconcile_every, config.reconcile_scope
    schedule = f"{every} {scope}"
    if state.fact(_SCHEDULE) != schedule:
        state.set_fact(_SCHEDULE, schedule)
    period = RECONCILE_PERIODS[every]
    reason = state.fact(RECONCILE_WANTED)
    if reason:
        scope, last = "all", None
    else:
        last = _last_run(state, scope, now)
    asked = _time(state, _request(scope))
    if reason and period is None and not _is_within(asked, REQUEST_LASTS, now):
        log.warning(f"{reason}: some changes may not be known. Run {TASK_NAMES['all']}.")
        state.set_fact(_request(scope), str(now))
    if not is_due(period, last, asked, now):
        return
    task = TASK_NAMES[scope]
    if run_unless_waiting(stash.connection, task, {"mode": f"reconcile_{scope}", SCHEDULED: True}):
        log.info(f"{_why(reason, every, last)}: Stash was asked to run {task}.")
    state.set_fact(_request(scope), str(now))


def _why(reason: str | None, every: str, last: float | None) -> str:
    if reason:
        return reason
    return "No reconcile has run yet" if last is None else f"The {every} reconcile is due"


def remember_run(state: SyncState, scope: str, began: float, window: timedelta) -> None:
    """Remember that a reconcile of this scope, which read all that it was to read, `began` then.

    One of recent scenes looked back as far as `window`.
    """
    state.set_fact(_run(scope), str(began))
    if scope == "all":
        state.forget_fact(RECONCILE_WANTED)
    compared = _compared_until(state, began)
    if scope == "all" or compared is None or began - window.total_seconds() <= compared:
        state.set_fact(_COMPARED, str(began))


def recent_window(state: SyncState, days: timedelta, now: float) -> timedelta:
    """How far back a scheduled reconcile of recent scenes looks: the days of the setting, or more.

    More where it comes so late that scenes were updated since the last one and before these days.
    """
    compared = _compared_until(state, now)
    return days if compared is None else max(days, timedelta(seconds=now - compared) + OVERLAP)


def _compared_until(state: SyncState, now: float) -> float | None:
    """Until when what was updated has been compared without a hole; None where this is not known."""
    return _latest([_time(state, _COMPARED)], now)


class NextRun(NamedTuple):
    """The next scheduled reconcile: which scenes, and when it is due, in seconds since 1970."""

    scope: str
    due_at: float


def next_run(state: SyncState, now: float) -> NextRun | None:
    """The next scheduled reconcile, due now where it is late; None where there is none."""
    every, _, scope = (state.fact(_SCHEDULE) or "never all").partition(" ")
    period = RECONCILE_PERIODS.get(every)
    if period is None:
        return None
    last = _last_run(state, scope, now)
    return NextRun(scope, now if last is None else max(now, last + period.total_seconds()))


def next_line(state: SyncState, now: float) -> str:
    """What Queue Status tells of the next scheduled reconcile."""
    run = next_run(state, now)
    if run is None and state.fact(_SCHEDULE) is None:
        return "Next scheduled reconcile: planned once a reconcile or Process Queue has ended well"
    if run is None:
        return (
            "Next scheduled reconcile: none (“Scheduled reconcile” was set to never when a task last read "
            "the settings)"
        )
    when = moment(run.due_at) if run.due_at > now else "due"
    return f"Next scheduled reconcile: {when}, {run.scope} scenes; it starts once another task has ended."


def _last_run(state: SyncState, scope: str, now: float) -> float | None:
    """When this scope was last reconciled; all scenes cover the recent ones."""
    return _latest((_time(state, _run(one)) for one in {scope, "all"}), now)


def _latest(times: Iterable[float | None], now: float) -> float | None:
    """The latest time that is not in the future, as one before a clock was set back is."""
    return max((one for one in times if one is not None and one <= now), default=None)


def _time(state: SyncState, fact: str) -> float | None:
    value = state.fact(fact)
    return None if value is None else float(value)


def _run(scope: str) -> str:
    return f"last reconcile of {scope}"


def _request(scope: str) -> str:
    return f"reconcile of {scope} asked for"
