"""What is remembered between runs: what was pushed, where files are in Plex, facts about last runs.

Losing this database costs a slower next run and what is known of whose edit is whose, never data
in Stash or Plex.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from plex.index import FileIndex
from stash import log
from sync_queue.begun import BEGUN_AND_LATE
from sync_queue.brought_back import BROUGHT_BACK, OF_SCENES, BroughtBack
from sync_queue.collection_records import COLLECTIONS, CollectionRecords
from sync_queue.cover_records import COVERS_BY_ITEM, SOURCE_OF_LOGOS, WHEN_BEGUN
from sync_queue.facts import COUNTED_AT, ORPHANS_AT, PREVIEW_SAID, PREVIEWED_AT
from sync_queue.findings import FINDINGS, Findings
from sync_queue.ignored import IGNORED, Ignored
from sync_queue.noticed import NoticedChanges
from sync_queue.orphan_records import ORPHANS, OrphanRecords
from sync_queue.pictures_before import PICTURES_BEFORE, PicturesBefore
from sync_queue.previewed import PREVIEWED, PREVIEWED_ELSEWHERE, Previewed
from sync_queue.pushed import BY_ITEM, NO_SCENE
from sync_queue.scene_texts import SCENE_TEXTS, SceneTexts
from sync_queue.state_database import open_state_database
from sync_queue.taken_back import TakenBack
from sync_queue.unanswered import UNANSWERED, Unanswered

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
    BY_ITEM + COVERS_BY_ITEM,
    "CREATE TABLE step (place INTEGER PRIMARY KEY CHECK (place = 0), counted TEXT NOT NULL);",
    SCENE_TEXTS + FINDINGS + PREVIEWED + ORPHANS + IGNORED,
    WHEN_BEGUN,
    PICTURES_BEFORE,
    SOURCE_OF_LOGOS,
    COLLECTIONS,
    BROUGHT_BACK,
    BEGUN_AND_LATE,
    PREVIEWED_ELSEWHERE,
    UNANSWERED,
)
# The tables of what was found of scenes, and with those that are ignored.
LISTED = ("scene_text", "finding", "previewed", "previewed_change", "previewed_back")
FOUND = (*LISTED, "ignored")
# The fact that names the Plex server that was used last, and the paths.
PLACE = "index_place"


class SyncState(PicturesBefore):
    """The open state database, for one Plex server at a time.

    `lock` is for threads that share it.
    """

    def __init__(self, data_dir: str | Path, is_doubted: bool = False) -> None:
        """Open it, creating or setting aside as needed; look at all of it where its content is doubted.

        Raises OSError or sqlite3.Error.
        """
        self._data_dir = Path(data_dir)
        connection, losses = open_state_database(self._data_dir, MIGRATIONS, is_doubted)
        super().__init__(connection)
        for loss in losses:
            log.warning(loss)
        self.lock = threading.Lock()
        self.index = FileIndex(self._connection)
        self.noticed = NoticedChanges(self._connection)
        self.texts = SceneTexts(self._connection)
        self.findings = Findings(self._connection)
        self.previewed = Previewed(self._connection)
        self.orphans = OrphanRecords(self._connection)
        self.collections = CollectionRecords(self._connection)
        self.back = BroughtBack(self._connection)
        self.taken_back = TakenBack(self._connection)
        self.unanswered = Unanswered(self._connection)
        self.ignored = Ignored(self._connection, self._data_dir)
        if losses or not self.ignored.scene_ids():
            self.ignored.restore()

    def one_transaction(self) -> AbstractContextManager[object]:
        """A block whose changes are committed together: each commit waits for the disk."""
        return self._connection

    def another(self) -> SyncState:
        """The same state over a connection of its own, for another thread."""
        return SyncState(self._data_dir)

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def use_server(self, machine_identifier: str, path_map: str) -> None:
        """Speak of this Plex server from now on, with these paths.

        Rating keys mean nothing on another server: what is known of where files are is forgotten
        when the server or the path map changed, and so is what was found there. What was pushed is kept
        for each server, and scenes that are ignored are ignored for all.
        """
        self._server = self.collections.server = self.back.server = machine_identifier
        place = f"{machine_identifier} {path_map}"
        if self.fact(PLACE) != place:
            self._leave_place(is_server_left=self.machine_identifier not in ("", machine_identifier))
            self.set_fact(PLACE, place)

    @property
    def machine_identifier(self) -> str:
        """The Plex server that was used last; empty where none was."""
        return (self.fact(PLACE) or "").partition(" ")[0]

    def _leave_place(self, is_server_left: bool) -> None:
        self.index.clear()
        with self._connection:
            self.findings.clear()
            self.previewed.clear()
            self.orphans.clear()
            for fact in (COUNTED_AT, PREVIEWED_AT, PREVIEW_SAID, ORPHANS_AT):
                self._connection.execute("DELETE FROM fact WHERE name = ?", (fact,))
            if is_server_left:
                self.ignored.clear_items()

    def known_scene_ids(self) -> set[int]:
        """The scenes of which anything is remembered, for whatever server."""
        tables = ("synced", "item", "cover", "picture_before", "replaced", "scene_file", "unanswered")
        statement = " UNION ".join(
            f"SELECT scene_id FROM {table} WHERE scene_id <> {NO_SCENE}"
            for table in (*tables, *FOUND, *OF_SCENES)
        )
        return {scene_id for (scene_id,) in self._connection.execute(statement)}

    def take_from_lists(self, scene_ids: Iterable[int]) -> None:
        """Show these scenes in no list of the page; what was pushed for them stays known."""
        rows = [(scene_id,) for scene_id in scene_ids]
        with self._connection:
            for table in LISTED:
                self._connection.executemany(f"DELETE FROM {table} WHERE scene_id = ?", rows)

    def forget_scene(self, scene_id: int) -> None:
        """Forget a scene that Stash does not have any more, for every server.

        What we wrote to its items stays known as ours: its file may come back as another scene.
        """
        with self._connection:
            self._forget_pushed_for(scene_id)
            self._forget_covers_of(scene_id)
            self._forget_pictures_for(scene_id)
            self.back.forget_scene(scene_id)
            self.unanswered.end([scene_id])
            self.index.forget_scenes([scene_id])
            for table in FOUND:
                self._connection.execute(f"DELETE FROM {table} WHERE scene_id = ?", (scene_id,))
