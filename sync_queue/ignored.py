"""What a person does not want to hear of again: scenes that stay out of Plex's way, items without a scene."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from plex.index import VALUES_PER_STATEMENT

IGNORED = """
CREATE TABLE ignored (scene_id INTEGER PRIMARY KEY);
CREATE TABLE ignored_item (rating_key INTEGER PRIMARY KEY);
"""
# In SQL, where a row names a scene.
NOT_IGNORED = "NOT EXISTS (SELECT 1 FROM ignored WHERE ignored.scene_id = {table}.scene_id)"


class Ignored:
    """The tables of ignored scenes and of ignored items of the present Plex server."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def scene_ids(self) -> set[int]:
        """All ignored scenes."""
        return {scene_id for (scene_id,) in self._connection.execute("SELECT scene_id FROM ignored")}

    def among(self, scene_ids: Collection[int]) -> set[int]:
        """Those of these scenes that are ignored."""
        # There are none, nearly always: a drain asks this for every batch.
        if not self._connection.execute("SELECT 1 FROM ignored LIMIT 1").fetchone():
            return set()
        wanted, found = list(scene_ids), set[int]()
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            statement = f"SELECT scene_id FROM ignored WHERE scene_id IN ({','.join('?' * len(some))})"
            found.update(one for (one,) in self._connection.execute(statement, some))
        return found

    def item_keys(self) -> set[int]:
        """The rating keys of all ignored items."""
        return {key for (key,) in self._connection.execute("SELECT rating_key FROM ignored_item")}

    def add(self, scene_ids: Iterable[int]) -> int:
        """Ignore scenes; returns how many of them were not ignored before."""
        return self._change("INSERT OR IGNORE INTO ignored VALUES (?)", scene_ids)

    def remove(self, scene_ids: Iterable[int]) -> int:
        """Ignore scenes no longer; returns how many of them were ignored."""
        return self._change("DELETE FROM ignored WHERE scene_id = ?", scene_ids)

    def add_items(self, rating_keys: Iterable[int]) -> int:
        """Ignore items that no scene owns; returns how many of them were not ignored before."""
        return self._change("INSERT OR IGNORE INTO ignored_item VALUES (?)", rating_keys)

    def remove_items(self, rating_keys: Iterable[int]) -> int:
        """Ignore items no longer; returns how many of them were ignored."""
        return self._change("DELETE FROM ignored_item WHERE rating_key = ?", rating_keys)

    def clear_items(self) -> None:
        """Forget the ignored items: they are another Plex server's."""
        self._connection.execute("DELETE FROM ignored_item")

    def _change(self, statement: str, ids: Iterable[int]) -> int:
        with self._connection:
            return self._connection.executemany(statement, [(one,) for one in ids]).rowcount
