"""Which pictures Plex showed before the first of ours came in their place, for who wants them back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sync_queue.cover_records import CoverRecords
from sync_queue.pushed import NO_SCENE

# What was kept among other values until then were pictures that a person had chosen.
PICTURES_BEFORE = """
CREATE TABLE picture_before (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, kind TEXT NOT NULL, scene_id INTEGER NOT NULL,
    name TEXT NOT NULL, was_locked INTEGER NOT NULL, is_going_back INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (server, rating_key, kind)
) WITHOUT ROWID;
INSERT INTO picture_before (server, rating_key, kind, scene_id, name, was_locked)
    SELECT server, rating_key, field, scene_id, trim(value, '"'), 1 FROM replaced
    WHERE field IN ('poster', 'art');
DELETE FROM replaced WHERE field IN ('poster', 'art');
"""
_WHERE = "WHERE server = ? AND rating_key = ? AND kind = ?"


class PictureBefore(NamedTuple):
    """What an item showed: for which scene ours came, its name in Plex, and whether somebody had chosen it.

    The name is empty where Plex showed none that it has a name for. `is_going_back` tells that it was about
    to be shown again when that was last heard of.
    """

    scene_id: int
    name: str
    was_locked: bool
    is_going_back: bool = False


class PicturesBefore(CoverRecords):
    """The table of these pictures, beside those of covers, of one Plex server at a time."""

    def keep_picture(self, rating_key: int, kind: str, before: PictureBefore) -> None:
        """Keep what is about to be replaced; the first one that was kept stays."""
        with self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO picture_before"
                " (server, rating_key, kind, scene_id, name, was_locked, is_going_back)"
                " VALUES (?,?,?,?,?,?,?)",
                (self._server, rating_key, kind, *before),
            )

    def items_with_picture(self) -> dict[int, int]:
        """The items of which a picture was kept: for which scene, by rating key."""
        rows = self._connection.execute(
            "SELECT rating_key, scene_id FROM picture_before WHERE server = ?", (self._server,)
        )
        return dict(rows)

    def pictures_before(self, rating_keys: Iterable[int]) -> dict[int, dict[str, PictureBefore]]:
        """What was kept of these items, by rating key, then by kind."""
        kept: dict[int, dict[str, PictureBefore]] = {}
        columns = "rating_key, kind, scene_id, name, was_locked, is_going_back"
        for rating_key, kind, scene_id, name, was_locked, is_going_back in self._select(
            f"SELECT {columns} FROM picture_before", "rating_key", rating_keys
        ):
            before = PictureBefore(scene_id, name, bool(was_locked), bool(is_going_back))
            kept.setdefault(rating_key, {})[kind] = before
        return kept

    def begin_to_give_back(self, rating_key: int, kind: str) -> None:
        """Remember that a picture is about to be shown again: whoever sees it then may go on."""
        with self._connection:
            self._connection.execute(
                f"UPDATE picture_before SET is_going_back = 1 {_WHERE}", (self._server, rating_key, kind)
            )

    def record_given_back(self, rating_key: int, kind: str, stays_away: bool) -> None:
        """Remember that a picture is shown again; ours may `stay away` then until it changes."""
        place = (self._server, rating_key, kind)
        with self._connection:
            self._connection.execute(
                "UPDATE cover SET refused = CASE WHEN ? THEN sha1 ELSE '' END, sha1 = '', stamp = '',"
                " etag = CASE WHEN ? THEN etag ELSE '' END, source = CASE WHEN ? THEN source ELSE '' END"
                f" {_WHERE} AND sha1 <> ''",
                (stays_away, stays_away, stays_away, *place),
            )
            self._connection.execute(f"DELETE FROM cover_begun {_WHERE}", place)
            self._drop(place)

    def drop_picture(self, rating_key: int, kind: str) -> None:
        """Forget what was kept: somebody chose another since."""
        with self._connection:
            self._drop((self._server, rating_key, kind))

    def _drop(self, place: tuple[str, int, str]) -> None:
        self._connection.execute(f"DELETE FROM picture_before {_WHERE}", place)

    def _forget_pictures_for(self, scene_id: int) -> None:
        """Forget a scene. What its items showed stays known."""
        statement = "UPDATE picture_before SET scene_id = ? WHERE scene_id = ?"
        self._connection.execute(statement, (NO_SCENE, scene_id))
