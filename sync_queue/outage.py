"""An outage of a server, remembered as one however many runs fall into it."""

from __future__ import annotations

import time

from sync_queue.state import SyncState

FACT = "outage since"


def begin_or_go_on(state: SyncState, waiting: int) -> str:
    """Remember when the outage began; returns a sentence about since when, and what waits."""
    since = state.fact(FACT)
    if since is None:
        since = str(time.time())
        state.set_fact(FACT, since)
        return f"{waiting} scenes wait."
    return f"It has been so since {moment(float(since))}; {waiting} scenes wait."


def end(state: SyncState) -> list[str]:
    """Forget the outage, if there is one; returns what to tell of it."""
    since = state.fact(FACT)
    if since is None:
        return []
    state.forget_fact(FACT)
    minutes = max(0.0, time.time() - float(since)) / 60
    return [f"The outage is over, after {minutes:,.0f} minutes."]


def moment(seconds: float) -> str:
    """A time for the log, by the clock on the wall."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
