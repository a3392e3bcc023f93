"""What is remembered of ratings, plays and resume times that come from Plex: a journal, and what Stash had.

An intention is written down before Stash is asked to write, and is settled by looking at Stash, so
that a kill in between neither loses anything nor does it twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from plex.base import text_hash
from plex.index import VALUES_PER_STATEMENT
from sync_queue.ratings import RATING, InBoth, in_plex, is_shown

if TYPE_CHECKING:
    from plex.items import PlexItem
    from sync_queue.planning import ItemPlan

BROUGHT_BACK = """
CREATE TABLE rating_in_both (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, scene_id INTEGER NOT NULL,
    both TEXT NOT NULL, begun TEXT NOT NULL, PRIMARY KEY (server, rating_key)
) WITHOUT ROWID;
CREATE TABLE resume_seen (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, scene_id INTEGER NOT NULL,
    seen TEXT NOT NULL, PRIMARY KEY (server, rating_key)
) WITHOUT ROWID;
CREATE TABLE view (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, viewed_at INTEGER NOT NULL,
    scene_id INTEGER NOT NULL, step TEXT NOT NULL, PRIMARY KEY (server, rating_key, viewed_at)
) WITHOUT ROWID;
CREATE INDEX view_step ON view (step);
CREATE INDEX view_scene ON view (scene_id);
CREATE TABLE item_waiting (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, guess TEXT NOT NULL, PRIMARY KEY (server, rating_key)
) WITHOUT ROWID;
CREATE TABLE stash_had (
    scene_id INTEGER NOT NULL, kind TEXT NOT NULL, had TEXT NOT NULL, brought TEXT NOT NULL,
    PRIMARY KEY (scene_id, kind)
) WITHOUT ROWID;
CREATE TABLE looked_until (
    server TEXT NOT NULL, what TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (server, what)
) WITHOUT ROWID;
"""
TABLES = ("rating_in_both", "resume_seen", "view", "item_waiting", "stash_had", "looked_until")
# The tables that name scenes.
OF_SCENES = ("rating_in_both", "resume_seen", "view", "stash_had")
# Steps of a view: to be brought, about to be written, in Stash, of an item that brings nothing, taken back.
WAITING, BEGUN, DONE, LEFT, UNDONE = "waiting", "begun", "done", "left", "undone"
# The kinds whose watermarks are forgotten when they are switched off.
MARKS: Mapping[str, tuple[str, ...]] = {
    "ratings": ("rated",),
    "plays": ("plays since", "history"),
    "resume": ("viewed",),
}


class KnownRating(NamedTuple):
    """The rating that an item and its scene had in common, and the one that was about to be written."""

    scene_id: int
    both: InBoth | None
    begun: InBoth | None

    def in_common(self, stash: int | None) -> InBoth | None:
        """What both had in common, where Stash has this now: a write that was begun may be done."""
        return self.begun if self.begun is not None and self.begun.stash == stash else self.both


class SeenResume(NamedTuple):
    """Where to go on, as it was last looked at: seconds in Stash, milliseconds and time in Plex.

    `begun` has the seconds that were about to be written into Stash; `looked_at` is by Stash's clock.
    """

    stash: float
    offset: int
    viewed_at: int
    looked_at: int
    begun: float | None = None


class View(NamedTuple):
    """A view in the journal."""

    rating_key: int
    viewed_at: int
    scene_id: int
    step: str


class BroughtBack:
    """The tables, of one Plex server at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.server = ""
        self._is_at_once = False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block whose changes are committed together: each commit waits for the disk."""
        with self.connection:
            self._is_at_once = True
            try:
                yield
            finally:
                self._is_at_once = False

    def _transaction(self) -> AbstractContextManager[object]:
        return nullcontext() if self._is_at_once else self.connection

    def in_memory(self) -> BroughtBack:
        """A copy that nobody keeps."""
        other = BroughtBack(sqlite3.connect(":memory:"))
        other.server = self.server
        other.connection.executescript(BROUGHT_BACK)
        for table in TABLES:
            rows = self.connection.execute(f"SELECT * FROM {table}").fetchall()
            other._put(table, rows)
        return other

    def until(self, what: str) -> int | None:
        """Up to which time, in seconds since 1970, something was looked at; None where it was not."""
        row = self.connection.execute(
            "SELECT until FROM looked_until WHERE server = ? AND what = ?", (self.server, what)
        ).fetchone()
        return None if row is None else int(row[0])

    def set_until(self, what: str, until: int) -> None:
        """Remember up to which time something was looked at."""
        self._put("looked_until", [(self.server, what, until)])

    def forget_switched_off(self, kinds: Iterable[str]) -> None:
        """Forget where looking ended for what is not brought any more: it begins anew one day."""
        marks = [mark for kind, some in MARKS.items() if kind not in kinds for mark in some]
        row = self.connection.execute(
            f"SELECT 1 FROM looked_until WHERE what IN ({','.join('?' * len(marks))}) LIMIT 1", marks
        ).fetchone()
        if row is None:
            return
        with self._transaction():
            for mark in marks:
                self.connection.execute("DELETE FROM looked_until WHERE what = ?", (mark,))
            for kind, table in (("ratings", "rating_in_both"), ("resume", "resume_seen")):
                if kind not in kinds:
                    self.connection.execute(f"DELETE FROM {table}")

    def rating(self, rating_key: int) -> KnownRating | None:
        """What is known of an item's rating."""
        return self.ratings_of([rating_key]).get(rating_key)

    def ratings_of(self, rating_keys: Iterable[int]) -> dict[int, KnownRating]:
        """What is known of these items' ratings."""
        wanted = list(rating_keys)
        known = {}
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            rows = self.connection.execute(
                "SELECT rating_key, scene_id, both, begun FROM rating_in_both"
                f" WHERE server = ? AND rating_key IN ({','.join('?' * len(some))})",
                (self.server, *some),
            )
            for key, scene_id, both, begun in rows:
                known[key] = KnownRating(scene_id, in_both_of(both), in_both_of(begun))
        return known

    def is_of_another_item(self, scene_id: int, rating_key: int, stash: int | None) -> bool:
        """Whether this rating in Stash is what the scene has in common with another one of its items."""
        rows = self.connection.execute(
            "SELECT both FROM rating_in_both WHERE server = ? AND scene_id = ? AND rating_key != ?",
            (self.server, scene_id, rating_key),
        )
        known = [in_both_of(both) for (both,) in rows]
        return any(one is not None and one.stash == stash for one in known)

    def put_ratings(self, ratings: Iterable[tuple[int, KnownRating]]) -> None:
        """Remember what is known of these items' ratings."""
        rows = [
            (self.server, key, known.scene_id, json.dumps(known.both), json.dumps(known.begun))
            for key, known in ratings
        ]
        self._put("rating_in_both", rows)

    def record_ratings(self, pushed: Iterable[tuple[ItemPlan, PlexItem]]) -> None:
        """Remember the ratings of scenes and items that were brought together, the items as they are now.

        A rating that Plex shows in place of the one that was written came after it, from a person.
        """
        ratings = []
        for plan, item in pushed:
            if RATING not in plan.ours.values:
                continue
            stash, now = plan.scene.rating100 or None, item.use.rating
            is_same = is_shown(stash, now)
            is_written = any(change.field.name == RATING for change in plan.merged.changes)
            if is_same or is_written or self._was_written(plan, stash):
                both = InBoth(stash, now if is_same else in_plex(stash))
                ratings.append((item.rating_key, KnownRating(plan.scene.id, both, None)))
        self.put_ratings(ratings)

    def _was_written(self, plan: ItemPlan, stash: int | None) -> bool:
        """Whether an interrupted drain brought this rating, and somebody gave another one since."""
        if plan.recovered is None or plan.recovered.texts.get(RATING) != text_hash(in_plex(stash)):
            return False
        known = self.rating(plan.item.rating_key)
        return known is not None and (known.both is None or known.both.stash != stash)

    def resumes(self) -> dict[int, SeenResume]:
        """Where to go on with all items that were looked at."""
        rows = self.connection.execute(
            "SELECT rating_key, seen FROM resume_seen WHERE server = ?", (self.server,)
        )
        return {key: SeenResume(*json.loads(seen)) for key, seen in rows}

    def put_resumes(self, seen: Iterable[tuple[int, int, SeenResume]]) -> None:
        """Remember what was seen: (rating key, scene id, what)."""
        rows = [(self.server, key, scene_id, json.dumps(one)) for key, scene_id, one in seen]
        self._put("resume_seen", rows)

    def add_views(self, views: Iterable[tuple[int, int]]) -> None:
        """Take (rating key, time) into the journal, each once."""
        rows = [(self.server, key, viewed_at, 0, WAITING) for key, viewed_at in views]
        with self._transaction():
            self.connection.executemany("INSERT OR IGNORE INTO view VALUES (?,?,?,?,?)", rows)

    def has_view(self, rating_key: int, viewed_at: int) -> bool:
        """Whether a view is in the journal."""
        return bool(
            self.connection.execute(
                "SELECT 1 FROM view WHERE server = ? AND rating_key = ? AND viewed_at = ?",
                (self.server, rating_key, viewed_at),
            ).fetchone()
        )

    def open_views(self) -> list[View]:
        """The views that are not in Stash yet, as far as is known."""
        rows = self.connection.execute(
            "SELECT rating_key, viewed_at, scene_id, step FROM view WHERE server = ? AND step IN (?, ?)",
            (self.server, WAITING, BEGUN),
        )
        return [View(*row) for row in rows]

    def begun_for(self, scene_id: int) -> tuple[list[InBoth], list[float]]:
        """What was about to be written to a scene, from any server: ratings, and resume times in seconds."""
        ratings = self.connection.execute("SELECT begun FROM rating_in_both WHERE scene_id = ?", (scene_id,))
        resumes = self.connection.execute("SELECT seen FROM resume_seen WHERE scene_id = ?", (scene_id,))
        seen = [SeenResume(*json.loads(text)) for (text,) in resumes]
        return (
            [begun for (text,) in ratings if (begun := in_both_of(text)) is not None],
            [one.begun for one in seen if one.begun is not None],
        )

    def views_of_scene(self, scene_id: int) -> list[View]:
        """The views that were brought to a scene, or are about to be."""
        rows = self.connection.execute(
            "SELECT rating_key, viewed_at, scene_id, step FROM view WHERE server = ? AND scene_id = ?",
            (self.server, scene_id),
        )
        return [View(*row) for row in rows]

    def put_views(self, views: Iterable[View]) -> None:
        """Remember at which step these views are."""
        self._put("view", [(self.server, *view) for view in views])

    def look_again_at_left(self) -> None:
        """Take up the views again whose items brought nothing when last they were looked at."""
        with self._transaction():
            self.connection.execute(
                "UPDATE view SET step = ? WHERE server = ? AND step = ?", (WAITING, self.server, LEFT)
            )

    def waiting_items(self) -> dict[int, str]:
        """Items of which no scene was found, with the scenes that they might have belonged to then."""
        rows = self.connection.execute(
            "SELECT rating_key, guess FROM item_waiting WHERE server = ?", (self.server,)
        )
        return dict(rows)

    def put_waiting(self, items: Mapping[int, str]) -> None:
        """Remember items of which no scene was found."""
        self._put("item_waiting", [(self.server, key, guess) for key, guess in items.items()])

    def forget_waiting(self, rating_keys: Iterable[int]) -> None:
        """These items have their scenes."""
        rows = [(self.server, key) for key in rating_keys]
        with self._transaction():
            self.connection.executemany("DELETE FROM item_waiting WHERE server = ? AND rating_key = ?", rows)

    def keep_had(self, scene_id: int, kind: str, had: Any, brought: Any) -> None:
        """Keep what Stash had before the first write of a kind to a scene, and what is brought now."""
        with self._transaction():
            self.connection.execute(
                "INSERT INTO stash_had VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET brought = excluded.brought",
                (scene_id, kind, json.dumps(had), json.dumps(brought)),
            )

    def had(self) -> list[tuple[int, str, Any, Any]]:
        """What Stash had before: (scene id, kind, what it had, what was brought last)."""
        rows = self.connection.execute("SELECT scene_id, kind, had, brought FROM stash_had ORDER BY 1, 2")
        return [
            (scene_id, kind, json.loads(had), json.loads(brought)) for scene_id, kind, had, brought in rows
        ]

    def forget_had(self, scene_id: int, kind: str) -> None:
        """It was put back."""
        with self._transaction():
            self.connection.execute("DELETE FROM stash_had WHERE scene_id = ? AND kind = ?", (scene_id, kind))

    def forget_scene(self, scene_id: int) -> None:
        """Stash does not have it any more. Its views were brought: they are not brought to another scene."""
        self.connection.execute("UPDATE view SET scene_id = 0 WHERE scene_id = ?", (scene_id,))
        for table in OF_SCENES:
            if table != "view":
                self.connection.execute(f"DELETE FROM {table} WHERE scene_id = ?", (scene_id,))

    def _put(self, table: str, rows: list[Any]) -> None:
        if rows:
            marks = ",".join("?" * len(rows[0]))
            with self._transaction():
                self.connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)


def in_both_of(text: str) -> InBoth | None:
    """What both sides had, by the text that was kept of it; None for nothing, or nothing that can be read."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return InBoth(*values) if values else None
