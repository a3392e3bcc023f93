"""How fast to write: as fast as Plex takes it, and slower as soon as it has trouble.

Plex keeps its library in one database with one writer at a time; what is too much for it also
disturbs whoever is watching a film.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plex.exceptions import PlexBusy, PlexUnavailable

LONGEST_PAUSE = 2.0
# A write is slow when it takes so much longer than the quickest ones, and noticeably long.
SLOW_FACTOR, SLOW_SECONDS = 5.0, 0.25
BUSY_IN_A_ROW = 10


class Pace:
    """Holds writes back after signs of trouble, and lets go as they end. For several threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._alone = threading.Lock()
        self._quickest = float("inf")
        self._busy_in_a_row = 0
        self.pause = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Around one write and what has to come right before it.

        Waits as long as it takes, one writer at a time while Plex has trouble.
        """
        if self.pause:
            with self._alone:
                self._sleep(self.pause)
                yield
        else:
            yield

    @contextmanager
    def one_write(self) -> Iterator[None]:
        """Around one write in its turn: takes notice of how Plex took it.

        Raises PlexUnavailable where Plex refuses write after write: waiting here would hold up
        Stash's other tasks.
        """
        started = self._clock()
        try:
            yield
        except PlexBusy as busy:
            self._take_busy(busy)
            raise
        self._take(self._clock() - started)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A turn for one write. Raises PlexUnavailable as `one_write` does."""
        with self.turn(), self.one_write():
            yield

    def _take(self, seconds: float) -> None:
        with self._lock:
            self._busy_in_a_row = 0
            # Forgets slowly, so that a Plex that is slower today is not slow for ever.
            self._quickest = min(seconds, self._quickest * 1.02)
            if seconds > max(SLOW_SECONDS, SLOW_FACTOR * self._quickest):
                self.pause = min(max(seconds, self.pause), LONGEST_PAUSE)
            else:
                self.pause = self.pause / 2 if self.pause > 0.01 else 0.0

    def _take_busy(self, busy: PlexBusy) -> None:
        with self._lock:
            self._busy_in_a_row += 1
            self.pause = min(max(0.1, self.pause * 2), LONGEST_PAUSE)
            if self._busy_in_a_row >= BUSY_IN_A_ROW:
                raise PlexUnavailable(
                    f"Plex refused {BUSY_IN_A_ROW} writes in a row: it is overloaded. What is waiting will "
                    "be written later."
                ) from busy
