"""Which covers were brought to which items, and which uploads were begun."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from sync_queue.pushed import NO_SCENE, PushedRecords

# Seconds within which Plex may still end an upload whose sender was killed.
MAY_STILL_END = 3600

# From records by scene and item to records by item: a cover that we brought is ours whichever scene
# it was for.
COVERS_BY_ITEM = """
CREATE TABLE cover (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, kind TEXT NOT NULL, scene_id INTEGER NOT NULL,
    etag TEXT NOT NULL, sha1 TEXT NOT NULL, version INTEGER NOT NULL, stamp TEXT NOT NULL,
    refused TEXT NOT NULL, PRIMARY KEY (server, rating_key, kind)
) WITHOUT ROWID;
CREATE INDEX cover_scene ON cover (scene_id);
INSERT OR REPLACE INTO cover
    SELECT server, rating_key, kind, scene_id, etag, sha1, version, '', '' FROM artwork ORDER BY scene_id;
CREATE TABLE cover_begun (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, kind TEXT NOT NULL, sha1 TEXT NOT NULL,
    PRIMARY KEY (server, rating_key, kind, sha1)
) WITHOUT ROWID;
DROP TABLE artwork;
"""
SOURCE_OF_LOGOS = "ALTER TABLE cover ADD COLUMN source TEXT NOT NULL DEFAULT '';"
# Before the address of a picture that is not ours and that somebody had locked when it was looked at.
CHOSEN = "chosen "
# In place of the address of a collection's poster that is about to be taken away.
GOING_BACK = "going back"
WHEN_BEGUN = "ALTER TABLE cover_begun ADD COLUMN begun_at INTEGER NOT NULL DEFAULT 0;"


class ArtworkRecord(NamedTuple):
    """A cover that was brought to an item: Stash's ETag of it, its SHA-1, and the scene's version then.

    The version is the updated_at of the scene (`scene_id`) in seconds since 1970: while it stands
    still, so does the cover. `stamp` is the address under which Plex showed the image when the item
    was last read; it moves when another image is chosen. It begins with CHOSEN while that is another's than
    ours and stays because somebody locked it. `refused` is the SHA-1 of a cover that Plex
    did not take. `source` is the address in Stash of a picture that is not the scene's own, of a logo: it
    takes the place of the version, and is another one when the picture's owner changes.
    """

    etag: str
    sha1: str
    version: int
    scene_id: int = NO_SCENE
    stamp: str = ""
    refused: str = ""
    source: str = ""


class CoverRecords(PushedRecords):
    """The tables of covers, beside those of what was pushed, of one Plex server at a time."""

    def artwork(self, rating_key: int, kind: str) -> ArtworkRecord | None:
        """What is known of the cover that was last brought to this item; None before the first time."""
        row = self._connection.execute(
            "SELECT etag, sha1, version, scene_id, stamp, refused, source FROM cover"
            " WHERE server = ? AND rating_key = ? AND kind = ?",
            (self._server, rating_key, kind),
        ).fetchone()
        return None if row is None else ArtworkRecord(*row)

    def begun_artwork(self, rating_key: int, kind: str) -> set[str]:
        """The SHA-1s of the uploads to this item that were begun and never recorded."""
        rows = self._connection.execute(
            "SELECT sha1 FROM cover_begun WHERE server = ? AND rating_key = ? AND kind = ?",
            (self._server, rating_key, kind),
        )
        return {sha1 for (sha1,) in rows}

    def record_begun_artwork(self, rating_key: int, kind: str, sha1: str) -> None:
        """Remember an upload that is about to be sent."""
        row = (self._server, rating_key, kind, sha1, int(time.time()))
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO cover_begun VALUES (?,?,?,?,?)", row)

    def record_artwork(self, rating_key: int, kind: str, record: ArtworkRecord) -> None:
        """Remember that this cover was brought to this item, or was refused there: its upload is over.

        An upload that was begun before and never recorded is ours for as long as nothing came after it,
        and for an hour more: Plex may end it after a later one.
        """
        place = (self._server, rating_key, kind)
        before = self.artwork(rating_key, kind)
        is_new = before is None or before.sha1 != record.sha1
        latest = int(time.time()) - MAY_STILL_END if is_new else -1
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO cover"
                " (server, rating_key, kind, etag, sha1, version, scene_id, stamp, refused, source)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)",
                (*place, *record),
            )
            self._connection.execute(
                "DELETE FROM cover_begun WHERE server = ? AND rating_key = ? AND kind = ?"
                " AND (sha1 IN (?, ?) OR begun_at <= ?)",
                (*place, record.sha1, record.refused, latest),
            )

    def cover_records(self, scene_ids: Iterable[int]) -> dict[int, dict[tuple[int, str], ArtworkRecord]]:
        """The records of the scenes' covers: by scene id, then by (rating key, kind)."""
        records: dict[int, dict[tuple[int, str], ArtworkRecord]] = {}
        columns = "scene_id, rating_key, kind, etag, sha1, version, stamp, refused, source"
        for scene_id, rating_key, kind, etag, sha1, version, *rest in self._select(
            f"SELECT {columns} FROM cover", "scene_id", scene_ids
        ):
            record = ArtworkRecord(etag, sha1, version, scene_id, *rest)
            records.setdefault(scene_id, {})[rating_key, kind] = record
        return records

    def set_cover_version(self, scene_id: int, version: int) -> None:
        """Remember that the cover was still the same when the scene had this version."""
        with self._connection:
            self._connection.execute(
                "UPDATE cover SET version = ? WHERE server = ? AND scene_id = ? AND source = ''",
                (version, self._server, scene_id),
            )

    def record_stamps(self, stamps: Iterable[tuple[int, str, str]]) -> None:
        """Remember the addresses under which Plex shows images: (rating key, kind, address) of each.

        Not where another upload may still end: what is shown then is looked at once more.
        """
        with self._connection:
            self._connection.executemany(
                "UPDATE cover SET stamp = CASE WHEN substr(stamp, 1, ?) = ? THEN ? ELSE '' END || ?"
                " WHERE server = ? AND rating_key = ? AND kind = ?"
                " AND NOT EXISTS (SELECT 1 FROM cover_begun AS begun WHERE begun.server = cover.server"
                " AND begun.rating_key = cover.rating_key AND begun.kind = cover.kind)",
                [
                    (len(CHOSEN), CHOSEN, CHOSEN, stamp, self._server, rating_key, kind)
                    for rating_key, kind, stamp in stamps
                ],
            )

    def _forget_covers_of(self, scene_id: int) -> None:
        """Forget a scene. That the images are ours stays known."""
        self._connection.execute(
            "UPDATE cover SET scene_id = ?, etag = '', version = 0, source = '' WHERE scene_id = ?",
            (NO_SCENE, scene_id),
        )
