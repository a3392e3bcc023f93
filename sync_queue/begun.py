"""Writes that were begun and whose end nobody recorded: recorded before they are sent, settled by looking.

One that a newer write followed may still come: Plex carries out what it was sent when it gets to it, also
for a sender that was killed. What it brings then is ours, and no person's edit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from plex.base import Base
from plex.fields import PlexFields
from plex.items import PlexItem
from sync_queue.facts import Facts

# Seconds within which Plex may still carry out a write after a newer one.
MAY_STILL_COME = 600
# What Plex showed when a write was begun, and the writes that newer ones followed.
BEGUN_AND_LATE = """
ALTER TABLE item_begun ADD COLUMN shown TEXT NOT NULL DEFAULT '';
CREATE TABLE item_late (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, base TEXT NOT NULL, begun_at INTEGER NOT NULL,
    PRIMARY KEY (server, rating_key, base)
) WITHOUT ROWID;
"""
_BEGUN = (
    "SELECT base, shown, 0 FROM item_begun WHERE server = ? AND rating_key = ?"
    " UNION ALL SELECT base, '', 1 FROM item_late WHERE server = ? AND rating_key = ?"
)


class Beginning(NamedTuple):
    """A write that is about to be sent: for which scene, to which item, and what Stash has for it.

    `shown` has the texts that the item shows where others are sent. `recovered` is the base that was
    recovered from an earlier interruption.
    """

    scene_id: int
    rating_key: int
    fields: PlexFields
    shown: Base
    recovered: Base | None


class Begun(NamedTuple):
    """What is known of writes to an item whose end is not recorded.

    `base` is what the last one was to bring; None where it was recorded. `shown` has the texts that it was to
    replace, where it was interrupted and they are known; `before` has them also where it is under way in this
    run. `late` is what earlier ones were to bring.
    """

    base: Base | None = None
    shown: Base | None = None
    late: tuple[Base, ...] = ()
    before: Base | None = None

    def may_be_late(self, item: PlexItem, left_at: int, at: int = 0) -> bool:
        """Whether what an item shows since `at` may be a late write, one that newer ones had followed.

        Both times are Plex's: of the item as the last write left it, and of what is there now. While the end
        of the last one is not recorded, nobody knows when that was.
        """
        if self.base is not None:
            return True
        return left_at > 0 and max(item.updated_at, at) <= left_at + MAY_STILL_COME


NOTHING_BEGUN = Begun()


class BegunWrites(Facts):
    """The tables of these writes, of one Plex server at a time; and the facts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._server = ""
        # The items of this run's own writes, which nothing has interrupted.
        self._begun_here = set[int]()

    def begun(self, rating_key: int) -> Begun:
        """What is known of interrupted writes to an item."""
        place = (self._server, rating_key)
        known = NOTHING_BEGUN
        for text, shown, is_late in self._connection.execute(_BEGUN, (*place, *place)):
            base = self._base_of(text)
            if base is None:
                continue
            if is_late:
                known = known._replace(late=(*known.late, base))
            else:
                before = self._base_of(shown) if shown else None
                is_interrupted = rating_key not in self._begun_here
                known = known._replace(base=base, shown=before if is_interrupted else None, before=before)
        return known

    def items_with_late_writes(self) -> set[int]:
        """The items to which a write may still come that newer ones followed, by rating key."""
        rows = self._connection.execute("SELECT rating_key FROM item_late WHERE server = ?", (self._server,))
        return {rating_key for (rating_key,) in rows}

    def _put_begun(self, writes: Sequence[Beginning]) -> None:
        """Part of the transaction that is open; what was begun before, and is another, may still come."""
        rows: list[tuple[object, ...]] = [
            (self._server, one.rating_key, Base.of(one.fields).to_json(), one.shown.to_json())
            for one in writes
        ]
        self._connection.executemany(
            "INSERT OR REPLACE INTO item_late SELECT server, rating_key, base, ? FROM item_begun"
            " WHERE server = ? AND rating_key = ? AND base <> ?",
            [(int(time.time()), *row[:3]) for row in rows],
        )
        self._put("item_begun", rows)
        self._begun_here.update(one.rating_key for one in writes)

    def _end_begun(self, rating_keys: Iterable[int], is_written: bool = True) -> None:
        """The items are as they are to be; part of the transaction that is open."""
        places = [(self._server, rating_key) for rating_key in rating_keys]
        if is_written:
            self._connection.executemany("DELETE FROM item_begun WHERE server = ? AND rating_key = ?", places)
        over = int(time.time()) - MAY_STILL_COME
        self._connection.executemany(
            "DELETE FROM item_late WHERE server = ? AND rating_key = ? AND begun_at <= ?",
            [(*place, over) for place in places],
        )

    def _base_of(self, text: str) -> Base | None:
        """The base in this text; one that cannot be read counts as lost."""
        try:
            return Base.from_json(text)
        except (ValueError, TypeError):
            self.mark_lost()
            return None

    def _put(self, table: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            marks = ",".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)
