"""Stash's log: its last lines, and each new one to whoever listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from tests.servers.stash.process_run import LogLine
from tests.servers.stash.subscriptions import Feed

KEPT = 30
# What Stash logs unless somebody sets another level.
SHOWN = ("info", "warning", "error")


class LogFeed(Feed):
    """Entries as GraphQL has them; listeners get them in lists."""

    def __init__(self, stamp: Callable[[], str]) -> None:
        super().__init__()
        self._stamp = stamp
        self._last: deque[dict[str, Any]] = deque(maxlen=KEPT)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The last lines, the newest first."""
        return list(reversed(self._last))

    def of_plugin(self, name: str) -> Callable[[LogLine], None]:
        """What takes the lines of a plugin with this name."""

        def take(line: LogLine) -> None:
            if line.level in SHOWN:
                self.write(line.level, f"[Plugin / {name}] {line.text}")

        return take

    def write(self, level: str, message: str) -> None:
        """Take one line, of whomever."""
        entry = {"time": self._stamp(), "level": level.capitalize(), "message": message}
        self._last.append(entry)
        self.tell([entry])
