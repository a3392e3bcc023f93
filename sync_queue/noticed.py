"""What of Stash's changes is known already: how everything stood, and which versions were read since."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from stash.changes import OVERLAP, Changed, Overview, offset_of
from validation.scene import parse_timestamp


class NoticedChanges:
    """The tables `noticed` and `stood`, in the state database that `connection` has open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def overview(self) -> Overview | None:
        """How everything stood when all changes until then were in the queue; None before the first time."""
        row = self._connection.execute("SELECT overview FROM stood").fetchone()
        try:
            return None if row is None else Overview.from_stored(json.loads(row[0]))
        except (ValueError, KeyError, TypeError):
            return None

    def stand(self, overview: Overview) -> None:
        """From now on, look for what is later than this; what is older than the overlap is forgotten."""
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO stood VALUES (0, ?)", (json.dumps(overview.to_stored()),)
            )
            for kind, standing in overview.standings.items():
                if offset_of(standing.newest) is not None:
                    oldest = parse_timestamp(standing.newest) - 2 * OVERLAP
                    self._connection.execute(
                        "DELETE FROM noticed WHERE kind = ? AND updated_at < ?",
                        (kind, int(oldest.timestamp())),
                    )

    def notice(self, kind: str, changes: Iterable[Changed]) -> None:
        """Remember that these were read, or queued, as they were when they were saved then."""
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO noticed VALUES (?, ?, ?)",
                ((kind, change.id, change.updated_at) for change in changes),
            )

    def unnoticed(self, kind: str, changes: Iterable[Changed]) -> list[Changed]:
        """Those of these changes that are not remembered."""
        known = self._connection.execute("SELECT id, updated_at FROM noticed WHERE kind = ?", (kind,))
        versions = dict(known.fetchall())
        return [change for change in changes if versions.get(change.id) != change.updated_at]
