"""Progress for Stash's task list, at a pace that Stash can take in."""

from __future__ import annotations

import time
from collections.abc import Callable

from stashapi import log


class Progress:
    """Reports the share of a task that is done, from 0 to 1.

    Stash drops progress that comes faster than it reads, so at most four values go out a second.
    """

    INTERVAL = 0.25

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """Reports the share of a part of the task, which begins and ends at these shares of the whole."""
        return lambda share: self(begin + (end - begin) * min(max(share, 0.0), 1.0))

    def __call__(self, share: float) -> None:
        """Report a share; the end is always reported."""
        now = self._clock()
        if now >= self._next or share >= 1.0:
            self._next = now + self.INTERVAL
            log.progress(min(max(share, 0.0), 1.0))
