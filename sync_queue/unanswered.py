"""Scenes that Stash was asked to write and of which no answer came: it may still be writing.

A task that is killed takes its request back from nobody: what Stash has begun it ends, beside whatever
comes next. So for as long as it may, nothing is concluded from what is not there yet.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

# Seconds, from the sending: twice the time after which nobody waits for an answer any more.
STILL_WRITING = 120
UNANSWERED = "CREATE TABLE unanswered (scene_id INTEGER PRIMARY KEY, begun_at INTEGER NOT NULL);"


class Unanswered:
    """The table of these scenes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def begin(self, scene_ids: Iterable[int]) -> None:
        """Stash is about to be asked; part of the transaction that is open."""
        now = int(time.time())
        self._connection.executemany(
            "INSERT OR REPLACE INTO unanswered VALUES (?, ?)", [(scene_id, now) for scene_id in scene_ids]
        )

    def end(self, scene_ids: Iterable[int]) -> None:
        """It has answered."""
        with self._connection:
            self._connection.executemany(
                "DELETE FROM unanswered WHERE scene_id = ?", [(scene_id,) for scene_id in scene_ids]
            )

    def may_still_be_written(self) -> set[int]:
        """The scenes that Stash may still be writing. A clock that was set back is not waited for."""
        now = int(time.time())
        rows = self._connection.execute("SELECT scene_id, begun_at FROM unanswered")
        return {scene_id for scene_id, begun_at in rows if abs(now - begun_at) < STILL_WRITING}
