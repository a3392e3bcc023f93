"""The words in which Queue Status tells what waits, what failed and what ran last."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable

from sync_queue.job import is_due
from sync_queue.manager import JobQueue
from sync_queue.outage import FACT as OUTAGE
from sync_queue.outage import moment
from sync_queue.state import SyncState

REASONS_SHOWN = 10


def status_lines(queue: JobQueue, state: SyncState, what_comes: Iterable[str] = ()) -> list[str]:
    """What Queue Status logs; `what_comes` are lines that follow those of what ran last."""
    now = time.time()
    waiting = [queued.job for queued in queue.pending_jobs()]
    later = [job for job in waiting if not is_due(job, now)]
    failed = [queued.job for queued in queue.failed_jobs()]
    lines = [
        "=== Queue Status ===",
        f"Waiting: {len(waiting) - len(later)}",
        f"Due later: {len(later)}",
        f"Failed: {len(failed)}",
    ]
    lines += [f"  {count} due later: {reason}" for reason, count in _grouped(job.problem for job in later)]
    lines += [f"  {count} failed: {reason}" for reason, count in _grouped(job.problem for job in failed)]
    lines += [_last(state, name) for name in ("last reconcile", "last drain")]
    lines += what_comes
    outage = state.fact(OUTAGE)
    if outage:
        lines.append(f"Plex or Stash has not answered since {moment(float(outage))}.")
    if failed:
        lines.append("Correct what the reasons name, then run Retry Failed; or edit the scene in Stash.")
    elif len(waiting) > len(later):
        lines.append("Run the task Process Queue to write what waits.")
    return lines


def _grouped(problems: Iterable[str]) -> list[tuple[str, int]]:
    return Counter(problem or "no reason recorded" for problem in problems).most_common(REASONS_SHOWN)


def _last(state: SyncState, name: str) -> str:
    fact = state.fact(name)
    if fact is None:
        return f"{name.capitalize()}: never"
    told = json.loads(fact)
    return f"{name.capitalize()}: {moment(told['at'])}, {told['what']}"
