"""An outage of a server, remembered as one however many runs fall into it."""

from __future__ import annotations

import time

from sync_queue.state import SyncState
from validation.amounts import amount_of_changes

FACT = "outage since"


def begin_or_go_on(state: SyncState, scenes: int, others: int = 0) -> str:
    """Remember when the outage began; returns a sentence about since when, and what waits.

    What waits are so many scenes, and so many others that changed.
    """
    since = state.fact(FACT)
    if since is None:
        since = str(time.time())
        state.set_fact(FACT, since)
        return _waiting(scenes, others)
    return f"This has been so since {moment(float(since))}; {_waiting(scenes, others)}"


def end(state: SyncState) -> list[str]:
    """Forget the outage, if there is one; returns what to tell of it."""
    since = state.fact(FACT)
    if since is None:
        return []
    state.forget_fact(FACT)
    return [f"The outage is over, after {_in_words(time.time() - float(since))}."]


def _waiting(scenes: int, others: int) -> str:
    return f"{amount_of_changes(scenes, others)} {'waits' if scenes + others == 1 else 'wait'}."


def _in_words(seconds: float) -> str:
    """How long that is, in the largest unit of which it has two, or in minutes."""
    minutes = round(seconds / 60)
    for name, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes // length} {name}"
    if minutes > 1:
        return f"{minutes} minutes"
    return "a minute" if minutes == 1 else "less than a minute"


def moment(seconds: float) -> str:
    """A time for the log, by the clock on the wall."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
