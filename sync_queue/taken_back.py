"""What is remembered once what came from Plex, from whatever server, is taken back in Stash."""

from __future__ import annotations

import json
import sqlite3

from sync_queue.brought_back import UNDONE, SeenResume, View, in_both_of
from sync_queue.ratings import InBoth


class TakenBack:
    """The journal of what came from Plex, of all servers at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def views_of_scene(self, scene_id: int) -> list[View]:
        """The views that were brought to a scene, or are about to be."""
        rows = self._connection.execute(
            "SELECT rating_key, viewed_at, scene_id, step FROM view WHERE scene_id = ?", (scene_id,)
        )
        return [View(*row) for row in rows]

    def end_views(self, scene_id: int) -> None:
        """None of a scene's views comes again."""
        with self._connection:
            self._connection.execute("UPDATE view SET step = ? WHERE scene_id = ?", (UNDONE, scene_id))

    def let_ratings_rest(self, scene_id: int, rating100: int | None) -> None:
        """Let a scene's items and this rating of it count as the same, whatever Plex shows of it now."""
        rows = self._connection.execute(
            "SELECT server, rating_key, both FROM rating_in_both WHERE scene_id = ?", (scene_id,)
        ).fetchall()
        known = [(server, key, in_both_of(text)) for server, key, text in rows]
        with self._connection:
            self._connection.executemany(
                "UPDATE rating_in_both SET both = ?, begun = 'null' WHERE server = ? AND rating_key = ?",
                [
                    (json.dumps(InBoth(rating100, both.plex if both else "")), server, key)
                    for server, key, both in known
                ],
            )

    def let_resume_rest(self, scene_id: int, seconds: float) -> None:
        """Let this resume time of a scene count as the one that was seen in Stash when its items were."""
        rows = self._connection.execute(
            "SELECT server, rating_key, seen FROM resume_seen WHERE scene_id = ?", (scene_id,)
        ).fetchall()
        with self._connection:
            self._connection.executemany(
                "UPDATE resume_seen SET seen = ? WHERE server = ? AND rating_key = ?",
                [
                    (json.dumps(SeenResume(*json.loads(seen))._replace(begun=seconds)), server, key)
                    for server, key, seen in rows
                ],
            )
