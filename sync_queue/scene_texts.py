"""Title and file of every scene, as they were when it was last read: to be shown, and to be searched."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sync_queue.listing import Replacement, as_text, cut, folded, replacing
from validation.path_map import file_name
from validation.scene import Scene

SCENE_TEXTS = """
CREATE TABLE scene_text (
    scene_id INTEGER PRIMARY KEY, title TEXT NOT NULL, file TEXT NOT NULL, folded TEXT NOT NULL
);
"""
# A list shows no more of a title.
LONGEST_TITLE = 300
# What is searched, in SQL, where :search has the folded words and is empty for all.
MATCHES = "(:search = '' OR instr(scene_text.folded, :search))"


class SceneText(NamedTuple):
    """A scene's title, or the name of its file where it has none, and the path of its first file."""

    title: str
    file: str

    @classmethod
    def of(cls, scene: Scene) -> SceneText:
        """As a list shows it, and SQLite keeps it."""
        file = as_text(scene.files[0].path) if scene.files else ""
        title = as_text(scene.title).strip() or file_name(file)
        return cls(cut(title, LONGEST_TITLE), file)


UNKNOWN = SceneText("", "")


class SceneTexts:
    """The table of titles and files."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def replacing(self, is_wanted: bool = True) -> Iterator[TextsReplacement]:
        """Collect those of all scenes; they replace the known ones when the block ends well, where wanted."""
        if not is_wanted:
            yield TextsReplacement(None)
            return
        with replacing(self._connection, "scene_text", take=self._take) as (rows,):
            yield TextsReplacement(rows)

    def _take(self, table: str, new: str) -> None:
        """Write what differs: nearly all titles are those of the last time, and disks may be slow."""
        self._connection.execute(f"DELETE FROM {table} WHERE scene_id NOT IN (SELECT scene_id FROM {new})")
        self._connection.execute(
            f"INSERT OR REPLACE INTO {table} SELECT new.* FROM {new} AS new"
            f" LEFT JOIN {table} AS old ON old.scene_id = new.scene_id"
            " WHERE old.scene_id IS NULL OR old.title != new.title OR old.file != new.file"
        )

    def put(self, scenes: Iterable[Scene]) -> None:
        """Keep those of some scenes as they are now."""
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO scene_text VALUES (?,?,?,?)", map(_row, scenes)
            )


class TextsReplacement:
    """Titles and files of all scenes, as they are read."""

    def __init__(self, rows: Replacement | None) -> None:
        self._rows = rows

    def add(self, scenes: Iterable[Scene]) -> None:
        """Add a page of scenes."""
        if self._rows is not None:
            self._rows.add(map(_row, scenes))


def _row(scene: Scene) -> tuple[int, str, str, str]:
    title, file = SceneText.of(scene)
    return scene.id, title, file, folded(title, file)
