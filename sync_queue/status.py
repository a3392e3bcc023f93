"""The words in which Queue Status tells what waits, what failed, what ran last and who is going to write."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import closing
from enum import Enum

from stash import log
from stash.process_lock import WORKER_LOCK, is_held
from sync_queue.drain_request import OFF_MARK, is_requested
from sync_queue.job_queue import JobQueue
from sync_queue.outage import FACT as OUTAGE
from sync_queue.outage import moment
from sync_queue.state import SyncState
from validation.amounts import OTHERS, amount, number


class DrainState(Enum):
    """What becomes of what waits."""

    RUNNING = "running"
    REQUESTED = "requested"
    BY_HAND = "by hand"
    IDLE = "idle"


def retried_line(count: int) -> str:
    """What Retry Failed logs."""
    if count:
        return f"Queued again: {amount(count, 'failed scene')}. Run the task Process Queue to write them."
    return "Nothing has failed, so nothing was queued again."


def cleared_lines(waiting: int, failed: int) -> list[str]:
    """What Clear Queue logs."""
    if not waiting and not failed:
        return ["The queue was empty: nothing was removed."]
    return [
        f"Removed from the queue: {number(waiting)} waiting, {number(failed)} failed.",
        "Nothing changed in Stash or Plex. Reconcile Library will find the differences again.",
    ]


def tell_status(queue: JobQueue, data_dir: str, next_reconcile_line: Callable[[SyncState], str]) -> None:
    """Log all of it. Raises OSError or sqlite3.Error."""
    with closing(SyncState(data_dir)) as state:
        # What a drain held when it was killed is due as well, though nobody has released it yet.
        drains = outlook_lines(data_dir, bool(queue.due_scene_ids()) or queue.has_due_jobs())
        log.lines("info", status_lines(queue, state, [next_reconcile_line(state), *drains]))


def status_lines(queue: JobQueue, state: SyncState, what_comes: Iterable[str] = ()) -> list[str]:
    """What Queue Status logs; `what_comes` are lines that follow those of what ran last.

    Counts are scenes, however many jobs there are for one, and beside them whatever else has changed.
    """
    counts = queue.counts()
    lines = [
        "=== Queue Status ===",
        f"Waiting: {number(counts.due)}",
        f"Due later: {number(counts.later)}",
        f"Failed: {number(counts.failed)}",
    ]
    if counts.others:
        lines.append(
            f"Changed and waiting, too: {amount(counts.others, *OTHERS)}; their scenes are not counted"
        )
    lines += [f"  {number(count)} due later: {_words(problem)}" for problem, count in counts.reasons_later]
    lines += [f"  {number(count)} failed: {_words(problem)}" for problem, count in counts.reasons_failed]
    lines += [_last(state, name) for name in ("last reconcile", "last drain")]
    lines += what_comes
    outage = state.fact(OUTAGE)
    if outage:
        lines.append(f"Plex or Stash has not answered since {moment(float(outage))}.")
    if not state.is_whole:
        lines.append(
            "The state was lost, so it is no longer known what was written to Plex: until Reconcile "
            "Library (All) and then Process Queue have finished, values are only added in Plex."
        )
    if counts.failed:
        lines.append("Fix what the reasons name, then run Retry Failed, or edit the scene in Stash.")
    return lines


def drain_state(data_dir: str) -> DrainState:
    """Whether Process Queue runs, or will run by itself."""
    if is_held(os.path.join(data_dir, WORKER_LOCK)):
        return DrainState.RUNNING
    if is_requested(data_dir):
        return DrainState.REQUESTED
    return DrainState.BY_HAND if _is_by_hand(data_dir) else DrainState.IDLE


def _is_by_hand(data_dir: str) -> bool:
    return os.path.exists(os.path.join(data_dir, OFF_MARK))


def running_line() -> str:
    """That a drain runs, as Queue Status and the page say it."""
    return "Process Queue is running now."


def by_hand_line() -> str:
    """That it is left to a person, as both say it."""
    return (
        "Nothing is written automatically: the setting “Only drain by hand” (manual_drain) was on when the "
        "settings were last read."
    )


def outlook_lines(data_dir: str, has_due_jobs: bool) -> list[str]:
    """Whether a drain runs, was asked for, or is left to a person, where something is due."""
    if _is_by_hand(data_dir):
        told = f"{by_hand_line()} If you have switched it off since, run Check Setup or Process Queue."
        return [told, *(["Run Process Queue to write what is waiting."] if has_due_jobs else [])]
    state = drain_state(data_dir)
    if state is DrainState.RUNNING:
        return [running_line()]
    if not has_due_jobs:
        return []
    if state is DrainState.REQUESTED:
        return ["Stash was asked to run Process Queue and has not started it yet."]
    return [
        "Process Queue is neither running nor requested. What is waiting is written after the next edit in "
        "Stash, or now, if you run Process Queue."
    ]


def _words(problem: str) -> str:
    return log.without_secrets(problem) or "no reason recorded"


def _last(state: SyncState, name: str) -> str:
    fact = state.fact(name)
    if fact is None:
        return f"{name.capitalize()}: never"
    told = json.loads(fact)
    return f"{name.capitalize()}: {moment(told['at'])}, {told['what']}"
