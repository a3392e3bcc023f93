"""What is remembered between runs: what was pushed, where files are in Plex, facts about last runs.

Losing this database costs a slower next run and what is known of whose edit is whose, never data
in Stash or Plex.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from stashapi import log

from plex.fields import PlexFields
from plex.index import SCHEMA as INDEX_SCHEMA
from plex.index import VALUES_PER_STATEMENT, FileIndex
from plex.merge import Base

DATABASE = "state.db"
# One script for each version of the database; a released script never changes.
MIGRATIONS = (
    """
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE pushed (
        server TEXT NOT NULL, scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL,
        fingerprint BLOB NOT NULL, base TEXT NOT NULL,
        PRIMARY KEY (server, scene_id, rating_key)
    ) WITHOUT ROWID;
    """
    + INDEX_SCHEMA,
)


class SyncState:
    """The open state database, for one Plex server at a time."""

    def __init__(self, data_dir: Path) -> None:
        """Open it, creating or setting aside as needed. Raises OSError or sqlite3.Error."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = _open(data_dir / DATABASE)
        self._server = ""
        self.index = FileIndex(self._connection)

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

    def set_fact(self, name: str, value: str) -> None:
        """Remember a fact."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def pushed_fingerprints(self, scene_ids: Iterable[int]) -> dict[tuple[int, int], bytes]:
        """The fingerprints of what was last pushed, by scene id and rating key."""
        wanted = list(set(scene_ids))
        found: dict[tuple[int, int], bytes] = {}
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            rows = self._connection.execute(
                "SELECT scene_id, rating_key, fingerprint FROM pushed"
                f" WHERE server = ? AND scene_id IN ({','.join('?' * len(some))})",
                (self._server, *some),
            )
            found.update({(scene_id, rating_key): fingerprint for scene_id, rating_key, fingerprint in rows})
        return found

    def base(self, scene_id: int, rating_key: int) -> Base | None:
        """What Stash had when scene and item were last brought together; None before the first time."""
        row = self._connection.execute(
            "SELECT base FROM pushed WHERE server = ? AND scene_id = ? AND rating_key = ?",
            (self._server, scene_id, rating_key),
        ).fetchone()
        return None if row is None else Base.from_json(row[0])

    def record_pushed(self, scene_id: int, rating_key: int, fields: PlexFields) -> None:
        """Remember that scene and item were brought together with these values."""
        row = (self._server, scene_id, rating_key, fields.fingerprint(), Base.of(fields).to_json())
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO pushed VALUES (?,?,?,?,?)", row)

    def forget_scene(self, scene_id: int) -> None:
        """Forget a scene that Stash does not have any more, for every server."""
        with self._connection:
            self._connection.execute("DELETE FROM pushed WHERE scene_id = ?", (scene_id,))
            self.index.forget_scenes([scene_id])


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except _SetAside as reason:
        _set_aside(path, str(reason))
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        _set_aside(path, f"it is damaged ({error})")
    return _connect(path)


class _SetAside(Exception):
    """The database cannot be used by this version; the text says why."""


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=30.0)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # A crash of the machine may lose the last records, which costs a repeated write; never the file.
        connection.execute("PRAGMA synchronous=NORMAL")
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise _SetAside("it was written by a newer version of Stash2Plex")
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(f"BEGIN;{MIGRATIONS[number]};PRAGMA user_version = {number + 1};COMMIT;")


def _set_aside(path: Path, reason: str) -> None:
    """Rename a database that cannot be used, with its write-ahead log, so that nothing is deleted."""
    name = f"{path.name}.set-aside-{time.strftime('%Y%m%d-%H%M%S')}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(name + suffix))
    log.warning(
        f"{path.name} cannot be used: {reason}. It is kept as {name}; the next run starts a new one and "
        "takes longer. Nothing in Stash or Plex is lost."
    )
