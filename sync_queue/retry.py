"""When a job is tried again: growing intervals with jitter, by the number of tries so far."""

from __future__ import annotations

import random

# Plex finds new files within minutes, or at its next scan: from five minutes to a day.
NOT_IN_PLEX_FIRST, NOT_IN_PLEX_LONGEST = 300.0, 86_400.0
BUSY_FIRST, BUSY_LONGEST = 30.0, 3_600.0
BUSY_ATTEMPTS = 8


def not_in_plex_delay(attempts: int) -> float:
    """Seconds until a scene that Plex does not have is looked for again."""
    return _grown(NOT_IN_PLEX_FIRST, NOT_IN_PLEX_LONGEST, attempts)


def busy_delay(attempts: int, retry_after: float | None) -> float:
    """Seconds until a write that Plex could not do is tried again."""
    return max(_grown(BUSY_FIRST, BUSY_LONGEST, attempts), min(retry_after or 0.0, BUSY_LONGEST))


def _grown(first: float, longest: float, attempts: int) -> float:
    return min(first * 3.0 ** min(attempts, 20), longest) * random.uniform(0.9, 1.1)
