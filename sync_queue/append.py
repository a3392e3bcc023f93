"""Appending a job from a hook: one INSERT into persist-queue's table, which the first hook makes.

Stash waits for every hook, and loading persist-queue takes longer than all the rest of one; before the
first task it may not even be installed. The hook path imports this module, so it needs nothing but the
standard library, and little of that.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing

DATABASE = "queue.db"
# As persist-queue names it for its ack queue of the default name; a row of status 0 is new.
TABLE = "`ack_queue_default`"
# Word for word as persist-queue would; a test holds both together.
_CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} ("
    "_id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB, timestamp FLOAT, status INTEGER)"
)
LOCK_TIMEOUT = 30.0
# What shows in the metadata of scenes, by the first word of a hook's type.
ENTITIES = {"Performer": "performer", "Studio": "studio", "Tag": "tag", "Group": "group"}
# After an entity is gone nothing in Stash tells which scenes had it.
ALL_SCENES = "scenes"


def append_change(data_dir: str, hook_type: str, changed_id: int) -> tuple[bool, str]:
    """Append what a hook such as `Scene.Update.Post` announces of the entity with this id.

    Returns whether there was something to append, and a sentence for the log where a damaged queue was
    set aside, else nothing. Raises OSError or sqlite3.Error.
    """
    kind, _, event = hook_type.partition(".")
    if kind == "Scene":
        return True, append_scene(data_dir, hook_type, changed_id)
    if kind not in ENTITIES:
        return False, ""
    if event.startswith("Destroy"):
        # The links to its scenes are gone with it: what was pushed tells which scenes changed.
        job: dict[str, object] = {"entity": ALL_SCENES, "entity_id": 0}
    else:
        job = {"entity": ENTITIES[kind], "entity_id": changed_id}
    return True, _append(data_dir, {**job, "reason": hook_type})


def append_scene(data_dir: str, reason: str, scene_id: int) -> str:
    """Append “bring this scene to Plex”; the same notice and errors as append_change."""
    return _append(data_dir, {"scene_id": scene_id, "reason": reason})


def _append(data_dir: str, job: dict[str, object]) -> str:
    now = time.time()
    data = json.dumps({**job, "queued_at": now}, separators=(",", ":")).encode()
    path = os.path.join(data_dir, DATABASE)
    if os.path.exists(path):
        try:
            _insert(path, data, now)
            return ""
        except sqlite3.Error as error:
            # No table yet, or a file that cannot be used: opening it knows what to do.
            if "locked" in str(error):
                raise
    from sync_queue.data_folder import open_database

    def make_and_insert(path: str) -> None:
        _make_table(path)
        _insert(path, data, now)

    set_aside = open_database(path, make_and_insert)[1]
    if not set_aside:
        return ""
    # Of the scenes that were ever pushed, those that waited are found without a reconcile.
    _append(data_dir, {"entity": ALL_SCENES, "reason": "queue set aside"})
    return f"{set_aside}. Run Reconcile Library (All): it finds again what was waiting."


def _make_table(path: str) -> None:
    with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_CREATE)


def _insert(path: str, data: bytes, now: float) -> None:
    # The connection is not closed: the last one to close a database tidies its log, which takes longer
    # than the INSERT. A task does that.
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None)
    # Some systems' SQLite does without: what was saved in Stash must outlast a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"INSERT INTO {TABLE} (data, timestamp, status) VALUES (?, ?, 0)", (data, now))
