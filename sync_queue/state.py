"""What is remembered between runs: what was pushed, where files are in Plex, facts about last runs.

Losing this database costs a slower next run and what is known of whose edit is whose, never data
in Stash or Plex.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stashapi import log

from plex.base import Base
from plex.fields import PlexFields, Value
from plex.index import VALUES_PER_STATEMENT, FileIndex
from sync_queue.noticed import NoticedChanges
from sync_queue.state_database import LOST, RECONCILED, open_state_database

# Differs from every fingerprint: what was recovered after an interruption is never in sync by itself.
NO_FINGERPRINT = b""
# One script for each version of the database; a released script never changes.
MIGRATIONS = (
    """
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE pushed (
        server TEXT NOT NULL, scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL,
        fingerprint BLOB NOT NULL, base TEXT NOT NULL,
        PRIMARY KEY (server, scene_id, rating_key)
    ) WITHOUT ROWID;
    CREATE TABLE begun (
        server TEXT NOT NULL, scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL, base TEXT NOT NULL,
        PRIMARY KEY (server, scene_id, rating_key)
    ) WITHOUT ROWID;
    CREATE TABLE artwork (
        server TEXT NOT NULL, scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL, kind TEXT NOT NULL,
        etag TEXT NOT NULL, sha1 TEXT NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (server, scene_id, rating_key, kind)
    ) WITHOUT ROWID;
    CREATE TABLE replaced (
        server TEXT NOT NULL, rating_key INTEGER NOT NULL, field TEXT NOT NULL,
        scene_id INTEGER NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (server, rating_key, field)
    ) WITHOUT ROWID;
    CREATE TABLE part (
        path INTEGER NOT NULL, folded INTEGER NOT NULL, name INTEGER NOT NULL, size INTEGER,
        rating_key INTEGER NOT NULL, section_key INTEGER NOT NULL, has_metadata INTEGER NOT NULL
    );
    CREATE INDEX part_path ON part (path);
    CREATE INDEX part_name ON part (name);
    CREATE INDEX part_item ON part (rating_key);
    CREATE TABLE scene_file (
        path INTEGER NOT NULL, folded INTEGER NOT NULL, name INTEGER NOT NULL, size INTEGER,
        scene_id INTEGER NOT NULL
    );
    CREATE INDEX scene_file_path ON scene_file (path);
    CREATE INDEX scene_file_name ON scene_file (name);
    CREATE INDEX scene_file_scene ON scene_file (scene_id);
    """,
    "ALTER TABLE part ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;",
    """
    CREATE TABLE noticed (
        kind TEXT NOT NULL, id INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (kind, id)
    ) WITHOUT ROWID;
    CREATE TABLE stood (place INTEGER PRIMARY KEY CHECK (place = 0), overview TEXT NOT NULL);
    """,
    "ALTER TABLE part ADD COLUMN in_trash INTEGER NOT NULL DEFAULT 0;",
)


class ArtworkRecord(NamedTuple):
    """A cover that was brought to an item: Stash's ETag of it, its SHA-1, and the scene's version then.

    The version is the scene's updated_at in seconds since 1970: while it stands still, so does the cover.
    """

    etag: str
    sha1: str
    version: int


class SyncState:
    """The open state database, for one Plex server at a time.

    `lock` is for threads that share it.
    """

    def __init__(self, data_dir: str | Path, is_doubted: bool = False) -> None:
        """Open it, creating or setting aside as needed; look at all of it where its content is doubted.

        Raises OSError or sqlite3.Error.
        """
        self._data_dir = Path(data_dir)
        self._connection, losses = open_state_database(self._data_dir, MIGRATIONS, is_doubted)
        for loss in losses:
            log.warning(loss)
        self.lock = threading.Lock()
        self._server = ""
        self.index = FileIndex(self._connection)
        self.noticed = NoticedChanges(self._connection)

    def another(self) -> SyncState:
        """The same state over a connection of its own, for another thread."""
        return SyncState(self._data_dir)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def use_server(self, machine_identifier: str, path_map: str) -> None:
        """Speak of this Plex server from now on, with these paths.

        Rating keys mean nothing on another server: what is known of where files are is forgotten
        when the server or the path map changed. What was pushed is kept for each server.
        """
        self._server = machine_identifier
        place = f"{machine_identifier} {path_map}"
        if self.fact("index_place") != place:
            self.index.clear()
            self.set_fact("index_place", place)

    def fact(self, name: str) -> str | None:
        """A remembered fact; None where there is none."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def facts_beginning(self, start: str) -> dict[str, str]:
        """All remembered facts whose names begin like this, by name."""
        statement = "SELECT name, value FROM fact WHERE substr(name, 1, ?) = ?"
        return dict(self._connection.execute(statement, (len(start), start)))

    def set_fact(self, name: str, value: str) -> None:
        """Remember a fact."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def forget_fact(self, name: str) -> None:
        """Forget a fact."""
        with self._connection:
            self._connection.execute("DELETE FROM fact WHERE name = ?", (name,))

    @property
    def is_whole(self) -> bool:
        """Whether what was pushed is known as far as anything was pushed.

        False after a loss, until a full reconcile and a drain after it are through: a missing record
        does then not mean that nothing was pushed.
        """
        return self.fact(LOST) is None

    def mark_lost(self) -> None:
        """Remember that some of what was pushed may not be known."""
        self.set_fact(LOST, "")

    def mark_reconciled(self) -> None:
        """Remember that a full reconcile has queued whatever is not known to be in Plex."""
        if not self.is_whole:
            self.set_fact(LOST, RECONCILED)

    def mark_drained(self) -> None:
        """Remember that everything that was due is in Plex, which makes a reconciled state whole again."""
        if self.fact(LOST) == RECONCILED:
            self.forget_fact(LOST)
            log.info("What was written to Plex is known again; from now on values are replaced and removed.")

    def pushed_fingerprints(self, scene_ids: Iterable[int]) -> dict[tuple[int, int], bytes]:
        """The fingerprints of what was last pushed, by scene id and rating key."""
        rows = self._select_scenes("SELECT scene_id, rating_key, fingerprint FROM pushed", scene_ids)
        return {(scene_id, rating_key): fingerprint for scene_id, rating_key, fingerprint in rows}

    def _select_scenes(self, statement: str, scene_ids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        wanted = list(set(scene_ids))
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            marks = ",".join("?" * len(some))
            yield from self._connection.execute(
                f"{statement} WHERE server = ? AND scene_id IN ({marks})", (self._server, *some)
            )

    def known_scene_ids(self) -> set[int]:
        """The scenes of which anything is remembered, for whatever server."""
        tables = ("pushed", "begun", "artwork", "replaced", "scene_file")
        statement = " UNION ".join(f"SELECT scene_id FROM {table}" for table in tables)
        return {scene_id for (scene_id,) in self._connection.execute(statement)}

    def was_pushed(self, scene_id: int) -> bool:
        """Whether anything was ever brought to Plex for this scene."""
        return bool(self.pushed_fingerprints([scene_id]))

    def base(self, scene_id: int, rating_key: int) -> Base | None:
        """What Stash had when scene and item were last brought together; None before the first time."""
        row = self._connection.execute(
            "SELECT base FROM pushed WHERE server = ? AND scene_id = ? AND rating_key = ?",
            (self._server, scene_id, rating_key),
        ).fetchone()
        return self._base_of(row)

    def _base_of(self, row: tuple[str] | None) -> Base | None:
        """The base in this row; one that cannot be read counts as lost."""
        try:
            return None if row is None else Base.from_json(row[0])
        except (ValueError, TypeError):
            self.mark_lost()
            return None

    def begun(self, scene_id: int, rating_key: int) -> Base | None:
        """What a write was to bring that was begun and never recorded; None where there is none."""
        row = self._connection.execute(
            "SELECT base FROM begun WHERE server = ? AND scene_id = ? AND rating_key = ?",
            (self._server, scene_id, rating_key),
        ).fetchone()
        return self._base_of(row)

    def record_begun(self, writes: Iterable[tuple[int, int, PlexFields, Base | None]]) -> None:
        """Remember writes that are about to be sent: (scene id, rating key, values, recovered base).

        A base that was recovered from an earlier interruption takes its place first: a second
        interruption must not make it forgotten.
        """
        begun: list[tuple[object, ...]] = []
        recovered: list[tuple[object, ...]] = []
        for scene_id, rating_key, fields, base in writes:
            begun.append((self._server, scene_id, rating_key, Base.of(fields).to_json()))
            if base is not None:
                recovered.append((self._server, scene_id, rating_key, NO_FINGERPRINT, base.to_json()))
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO pushed VALUES (?,?,?,?,?)", recovered)
            self._connection.executemany("INSERT OR REPLACE INTO begun VALUES (?,?,?,?)", begun)

    def record_pushed(self, pushed: Iterable[tuple[int, int, PlexFields]]) -> None:
        """Remember that scenes and items were brought together: (scene id, rating key, values) of each."""
        rows = [
            (self._server, scene_id, rating_key, fields.fingerprint(), Base.of(fields).to_json())
            for scene_id, rating_key, fields in pushed
        ]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO pushed VALUES (?,?,?,?,?)", rows)
            self._connection.executemany(
                "DELETE FROM begun WHERE server = ? AND scene_id = ? AND rating_key = ?",
                [row[:3] for row in rows],
            )

    def artwork(self, scene_id: int, rating_key: int, kind: str) -> ArtworkRecord | None:
        """What is known of the cover that was last brought to this item; None before the first time."""
        row = self._connection.execute(
            "SELECT etag, sha1, version FROM artwork"
            " WHERE server = ? AND scene_id = ? AND rating_key = ? AND kind = ?",
            (self._server, scene_id, rating_key, kind),
        ).fetchone()
        return None if row is None else ArtworkRecord(*row)

    def record_artwork(self, scene_id: int, rating_key: int, kind: str, record: ArtworkRecord) -> None:
        """Remember that this cover was brought to this item."""
        row = (self._server, scene_id, rating_key, kind, *record)
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO artwork VALUES (?,?,?,?,?,?,?)", row)

    def cover_records(self, scene_ids: Iterable[int]) -> dict[int, dict[tuple[int, str], ArtworkRecord]]:
        """The records of the scenes' covers: by scene id, then by (rating key, kind)."""
        records: dict[int, dict[tuple[int, str], ArtworkRecord]] = {}
        columns = "scene_id, rating_key, kind, etag, sha1, version"
        for row in self._select_scenes(f"SELECT {columns} FROM artwork", scene_ids):
            records.setdefault(row[0], {})[row[1], row[2]] = ArtworkRecord(*row[3:])
        return records

    def set_cover_version(self, scene_id: int, version: int) -> None:
        """Remember that the cover was still the same when the scene had this version."""
        with self._connection:
            self._connection.execute(
                "UPDATE artwork SET version = ? WHERE server = ? AND scene_id = ?",
                (version, self._server, scene_id),
            )

    def keep_replaced(self, scene_id: int, rating_key: int, values: Mapping[str, Value]) -> None:
        """Keep values that are about to be replaced at the first contact; the first ones kept stay."""
        rows = [
            (self._server, rating_key, field, scene_id, json.dumps(value)) for field, value in values.items()
        ]
        with self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO replaced VALUES (?,?,?,?,?)", rows)

    def replaced(self) -> dict[tuple[int, int], dict[str, Value]]:
        """The kept values by (scene id, rating key), by field."""
        kept: dict[tuple[int, int], dict[str, Value]] = {}
        rows = self._connection.execute(
            "SELECT scene_id, rating_key, field, value FROM replaced WHERE server = ?", (self._server,)
        )
        for scene_id, rating_key, field, text in rows:
            try:
                value = json.loads(text)
            except ValueError:
                log.debug(f"Scene {scene_id}: the kept value of {field} cannot be read.")
                continue
            kept.setdefault((scene_id, rating_key), {})[field] = (
                tuple(value) if isinstance(value, list) else str(value)
            )
        return kept

    def drop_replaced(self, rating_key: int) -> None:
        """Forget the kept values of an item."""
        with self._connection:
            self._connection.execute(
                "DELETE FROM replaced WHERE server = ? AND rating_key = ?", (self._server, rating_key)
            )

    def forget_scene(self, scene_id: int) -> None:
        """Forget a scene that Stash does not have any more, for every server."""
        with self._connection:
            for table in ("pushed", "begun", "artwork", "replaced"):
                self._connection.execute(f"DELETE FROM {table} WHERE scene_id = ?", (scene_id,))
            self.index.forget_scenes([scene_id])
