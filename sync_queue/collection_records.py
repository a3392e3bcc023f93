"""What is remembered of Plex's collections: what was written to them, and which are to be looked at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from plex.index import VALUES_PER_STATEMENT

COLLECTIONS = """
CREATE TABLE collection (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, kind TEXT NOT NULL, source INTEGER NOT NULL,
    title TEXT NOT NULL, summary TEXT NOT NULL, written TEXT NOT NULL, begun TEXT NOT NULL,
    before TEXT NOT NULL, placed TEXT NOT NULL, is_ordered INTEGER NOT NULL, is_moving INTEGER NOT NULL,
    is_undone INTEGER NOT NULL, PRIMARY KEY (server, rating_key)
) WITHOUT ROWID;
CREATE TABLE collection_due (
    server TEXT NOT NULL, title TEXT NOT NULL, PRIMARY KEY (server, title)
) WITHOUT ROWID;
"""
_COLUMNS = (
    "rating_key, kind, source, title, summary, written, begun, before, placed, is_ordered, is_moving,"
    " is_undone"
)


class CollectionRecord(NamedTuple):
    """What is known of a collection: for which group or studio it was updated, and under which title.

    `summary` is the hash of the text that Stash had, `written` that of what Plex was sent of it, `begun` has
    those of writes whose end nobody recorded; `before` is the text that was there first. `placed` has the
    rating keys of the items as they were left, or are to be; `is_ordered` tells that the order of choice was
    set by us, and `is_moving` that moves were begun and not recorded. `is_undone` tells that all of it was
    taken back.
    """

    rating_key: int
    kind: str = ""
    source: int = 0
    title: str = ""
    summary: str = ""
    written: str = ""
    begun: str = ""
    before: str = ""
    placed: tuple[int, ...] = ()
    is_ordered: bool = False
    is_moving: bool = False
    is_undone: bool = False

    @property
    def texts(self) -> frozenset[str]:
        """The hashes of all texts that may be ours."""
        return frozenset((self.written, *self.begun.split())) - {""}

    def beginning(self, text: str) -> CollectionRecord:
        """This record, with a write that is about to be sent, by the hash of its text."""
        return self._replace(begun=" ".join(dict.fromkeys((*self.begun.split(), text))))


class CollectionRecords:
    """The tables of collections, of one Plex server at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.server = ""

    def all(self) -> dict[int, CollectionRecord]:
        """All records, by rating key."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM collection WHERE server = ?", (self.server,))
        return {row[0]: _record(row) for row in rows}

    def record(self, one: CollectionRecord) -> None:
        """Remember this of a collection."""
        row = (self.server, *one[:8], json.dumps(one.placed), *map(int, one[9:]))
        with self._connection:
            self._connection.execute(
                f"INSERT OR REPLACE INTO collection VALUES ({','.join('?' * len(row))})", row
            )

    def forget(self, rating_key: int) -> None:
        """Forget a collection that Plex does not have any more, and its poster."""
        place = (self.server, rating_key)
        with self._connection:
            for table in ("collection", "cover", "cover_begun"):
                self._connection.execute(f"DELETE FROM {table} WHERE server = ? AND rating_key = ?", place)

    def sections_of(self, rating_keys: Iterable[int]) -> dict[int, int]:
        """The libraries of items, by rating key, as far as they are known."""
        keys = list(set(rating_keys))
        sections: dict[int, int] = {}
        for start in range(0, len(keys), VALUES_PER_STATEMENT):
            some = keys[start : start + VALUES_PER_STATEMENT]
            marks = ",".join("?" * len(some))
            statement = f"SELECT DISTINCT rating_key, section_key FROM part WHERE rating_key IN ({marks})"
            sections.update(self._connection.execute(statement, some).fetchall())
        return sections

    def due(self) -> set[str]:
        """The titles, as keys, of collections that are to be looked at."""
        rows = self._connection.execute("SELECT title FROM collection_due WHERE server = ?", (self.server,))
        return {title for (title,) in rows}

    def make_due(self, titles: Iterable[str]) -> None:
        """Remember titles, as keys, to be looked at; part of the transaction that is open."""
        rows = [(self.server, title) for title in titles]
        self._connection.executemany("INSERT OR IGNORE INTO collection_due VALUES (?, ?)", rows)

    def done(self, titles: Iterable[str]) -> None:
        """These were looked at."""
        rows = [(self.server, title) for title in titles]
        with self._connection:
            self._connection.executemany("DELETE FROM collection_due WHERE server = ? AND title = ?", rows)


def _record(row: tuple[object, ...]) -> CollectionRecord:
    try:
        placed = tuple(int(key) for key in json.loads(str(row[8])))
    except (TypeError, ValueError):
        placed = ()
    key, *texts = row[:8]
    is_ordered, is_moving, is_undone = map(bool, row[9:])
    record = CollectionRecord(int(str(key)), *texts)  # type: ignore[arg-type]
    return record._replace(placed=placed, is_ordered=is_ordered, is_moving=is_moving, is_undone=is_undone)
