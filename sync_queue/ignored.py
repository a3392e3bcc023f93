"""What a person does not want to hear of again: scenes that stay out of Plex's way, items without a scene.

It is nobody else's knowledge, so it is kept in a file of its own as well: state.db may be lost.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from plex.index import VALUES_PER_STATEMENT
from stash import log

# In the data folder.
NAME = "ignored.json"

IGNORED = """
CREATE TABLE ignored (scene_id INTEGER PRIMARY KEY);
CREATE TABLE ignored_item (rating_key INTEGER PRIMARY KEY);
"""
# In SQL, where a row names a scene.
NOT_IGNORED = "NOT EXISTS (SELECT 1 FROM ignored WHERE ignored.scene_id = {table}.scene_id)"


class Ignored:
    """The tables of ignored scenes and of ignored items of the present Plex server, and their file."""

    def __init__(self, connection: sqlite3.Connection, data_dir: Path) -> None:
        self._connection = connection
        self._path = data_dir / NAME

    def restore(self) -> None:
        """Take over what the file says, where it can be read: the tables were lost, or are older."""
        try:
            lists = json.loads(self._path.read_text(encoding="utf-8"))
            scene_ids, item_keys = ({int(one) for one in lists[name]} for name in ("scenes", "items"))
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as problem:
            log.warning(
                f"{NAME} in the data folder cannot be read ({problem}): what you had ignored is not known "
                "any more. Ignore it again on the page before the next Process Queue."
            )
            return
        if (scene_ids, item_keys) != (self.scene_ids(), self.item_keys()):
            with self._connection:
                self._connection.execute("DELETE FROM ignored")
                self.clear_items()
                self._insert("ignored", scene_ids)
                self._insert("ignored_item", item_keys)

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
        return self._change(lambda: self._insert("ignored", scene_ids))

    def remove(self, scene_ids: Iterable[int]) -> int:
        """Ignore scenes no longer; returns how many of them were ignored."""
        return self._change(lambda: self._delete("ignored", "scene_id", scene_ids))

    def add_items(self, rating_keys: Iterable[int]) -> int:
        """Ignore items that no scene owns; returns how many of them were not ignored before."""
        return self._change(lambda: self._insert("ignored_item", rating_keys))

    def remove_items(self, rating_keys: Iterable[int]) -> int:
        """Ignore items no longer; returns how many of them were ignored."""
        return self._change(lambda: self._delete("ignored_item", "rating_key", rating_keys))

    def clear_items(self) -> None:
        """Forget the ignored items: they are another Plex server's."""
        self._connection.execute("DELETE FROM ignored_item")

    def _change(self, change: Callable[[], int]) -> int:
        """Make a change, and write the file within its transaction: of several processes one at a time."""
        with self._connection:
            count = change()
            self._write_file()
        return count

    def _insert(self, table: str, ids: Iterable[int]) -> int:
        rows = [(one,) for one in ids]
        return self._connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?)", rows).rowcount

    def _delete(self, table: str, column: str, ids: Iterable[int]) -> int:
        rows = [(one,) for one in ids]
        return self._connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", rows).rowcount

    def _write_file(self) -> None:
        text = json.dumps({"scenes": sorted(self.scene_ids()), "items": sorted(self.item_keys())})
        draft = f"{self._path}.new"
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)
