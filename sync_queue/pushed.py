"""What was pushed: by item what Stash had and Plex showed, by scene and item a fingerprint.

What we wrote to an item is ours, whichever scene it was for: a file may change its owner. So the
values are kept by item, and the fingerprint tells for which scene they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from plex.base import Base, tag_hash
from plex.fields import PlexFields, Value
from plex.index import VALUES_PER_STATEMENT
from plex.items import PlexItem
from stash import log
from sync_queue.begun import Beginning, BegunWrites
from sync_queue.state_database import DOUBTFUL

# Plex's clock is another machine's; one that is a day ahead is wrong.
CLOCKS_DIFFER = 86_400.0
# Differs from every fingerprint: never in sync by itself.
NO_FINGERPRINT = b""
# The owner of an item's record whose scene Stash does not have any more.
NO_SCENE = 0
# The tables of what was found of scenes, until they are brought together with their items.
FOUND_UNTIL_PUSHED = ("finding", "previewed", "previewed_change")

# From one row for scene and item, values included, to one for the item and one for both. What was in
# sync is compared once more: whose value is whose is decided by other rules since.
BY_ITEM = """
CREATE TABLE item (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, scene_id INTEGER NOT NULL, base TEXT NOT NULL,
    shown TEXT NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (server, rating_key)
) WITHOUT ROWID;
INSERT OR REPLACE INTO item SELECT server, rating_key, scene_id, base, '', 0 FROM pushed ORDER BY scene_id;
CREATE TABLE synced (
    server TEXT NOT NULL, scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL, fingerprint BLOB NOT NULL,
    PRIMARY KEY (scene_id, server, rating_key)
) WITHOUT ROWID;
INSERT INTO synced SELECT server, scene_id, rating_key, x'' FROM pushed;
CREATE TABLE item_begun (
    server TEXT NOT NULL, rating_key INTEGER NOT NULL, base TEXT NOT NULL, PRIMARY KEY (server, rating_key)
) WITHOUT ROWID;
INSERT OR REPLACE INTO item_begun SELECT server, rating_key, base FROM begun ORDER BY scene_id;
DROP TABLE pushed;
DROP TABLE begun;
"""


class Pushed(NamedTuple):
    """A scene and an item that were brought together, with the scene's values in Plex's terms.

    `item` is the item as it was read afterwards, where it was.
    """

    scene_id: int
    rating_key: int
    fields: PlexFields
    item: PlexItem | None = None


class ItemRecord(NamedTuple):
    """What is known of an item to which something was pushed.

    `scene_id` is the scene for which that was, `base` what it had. `shown` is what Plex showed when
    the item was last read and found right, `updated_at` Plex's own time of that state, 0 if unknown.
    It is DOUBTFUL where all of this may be older than what was pushed last.
    """

    scene_id: int
    base: Base
    shown: Base
    updated_at: int

    @property
    def is_doubtful(self) -> bool:
        """Whether more may have been pushed since: the record comes from an older copy of the state."""
        return self.updated_at == DOUBTFUL

    def was_rolled_back(self, updated_at: int, now: float) -> bool:
        """Whether an item changed at this time is older than our record: a restored database has such.

        A record from a time that is still to come tells that Plex's clock was wrong then, and nothing else.
        """
        return 0 < updated_at < self.updated_at <= now + CLOCKS_DIFFER


class PushedRecords(BegunWrites):
    """The tables of what was pushed, of one Plex server at a time, beside those of what was begun."""

    def pushed_fingerprints(self, scene_ids: Iterable[int]) -> dict[tuple[int, int], bytes]:
        """The fingerprints of what was last pushed, by scene id and rating key."""
        rows = self._select("SELECT scene_id, rating_key, fingerprint FROM synced", "scene_id", scene_ids)
        return {(scene_id, rating_key): fingerprint for scene_id, rating_key, fingerprint in rows}

    def _select(self, statement: str, column: str, values: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        wanted = list(set(values))
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            marks = ",".join("?" * len(some))
            yield from self._connection.execute(
                f"{statement} WHERE server = ? AND {column} IN ({marks})", (self._server, *some)
            )

    def keys_of(self, scene_ids: Iterable[int]) -> dict[int, list[int]]:
        """The rating keys of the items to which these scenes were pushed, by scene id."""
        keys: dict[int, list[int]] = {}
        for scene_id, rating_key in sorted(self.pushed_fingerprints(scene_ids)):
            keys.setdefault(scene_id, []).append(rating_key)
        return keys

    def was_pushed(self, scene_id: int) -> bool:
        """Whether anything was ever brought to Plex for this scene."""
        return bool(self.pushed_fingerprints([scene_id]))

    def count_carried_beside(self, scene_ids: Iterable[int]) -> int:
        """How many scenes were brought to this Plex that are not among these."""
        rows = self._connection.execute("SELECT scene_id FROM synced WHERE server = ?", (self._server,))
        return len({scene_id for (scene_id,) in rows}.difference(scene_ids))

    def is_anything_pushed(self, scene_id: int, items: Iterable[PlexItem]) -> bool:
        """Whether anything was ever brought to Plex for this scene, or for any scene to these items."""
        return self.was_pushed(scene_id) or bool(self.items_pushed(item.rating_key for item in items))

    def item_record(self, rating_key: int) -> ItemRecord | None:
        """What is known of an item; None where nothing was ever pushed to it."""
        return self.item_records([rating_key]).get(rating_key)

    def item_records(self, rating_keys: Iterable[int]) -> dict[int, ItemRecord]:
        """What is known of these items, by rating key."""
        statement = "SELECT rating_key, scene_id, base, shown, updated_at FROM item"
        records = {}
        for rating_key, scene_id, text, shown, updated_at in self._select(
            statement, "rating_key", rating_keys
        ):
            base = self._base_of(text)
            if base is not None:
                differing = self._base_of(shown) if shown else None
                shows = base.with_changes(differing) if differing else base
                records[rating_key] = ItemRecord(scene_id, base, shows, updated_at)
        return records

    def items_pushed(self, rating_keys: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Of these items, those to which something was pushed: (for which scene, Plex's time then)."""
        rows = self._select("SELECT rating_key, scene_id, updated_at FROM item", "rating_key", rating_keys)
        return {rating_key: (scene_id, updated_at) for rating_key, scene_id, updated_at in rows}

    def record_begun(self, writes: Iterable[Beginning]) -> None:
        """Remember writes that are about to be sent.

        A base that was recovered from an earlier interruption takes its place first: a second
        interruption must not make it forgotten.
        """
        writes = list(writes)
        with self._connection:
            for one in writes:
                if one.recovered is not None:
                    self._put_recovered(one.scene_id, one.rating_key, one.recovered)
            self._put_begun(writes)

    def record_recovered(self, scene_id: int, rating_key: int, base: Base) -> None:
        """Remember what an interrupted write brought to an item, which is about to be taken back."""
        with self._connection:
            self._put_recovered(scene_id, rating_key, base)

    def _put_recovered(self, scene_id: int, rating_key: int, base: Base) -> None:
        """Part of the transaction that is open; how the item was left is not known."""
        self._put("item", [(self._server, rating_key, scene_id, base.to_json(), "", 0)])
        if scene_id != NO_SCENE:
            self._put("synced", [(self._server, scene_id, rating_key, NO_FINGERPRINT)])

    def record_pushed(self, pushed: Iterable[Pushed]) -> None:
        """Remember that scenes and items were brought together. What other scenes had there is over."""
        rows = [self._item_row(one) for one in pushed]
        owners = self.items_pushed(row[1] for row in rows)
        with self._connection:
            self._put("item", [row[:-1] for row in rows])
            self._connection.executemany(
                "DELETE FROM synced WHERE scene_id = ? AND server = ? AND rating_key = ?",
                [(owner, self._server, rating_key) for rating_key, (owner, _) in owners.items()],
            )
            self._put("synced", [(row[0], row[2], row[1], row[-1]) for row in rows])
            self._forget_found({row[2] for row in rows})
            self._end_begun(row[1] for row in rows)

    def _forget_found(self, scene_ids: Iterable[int]) -> None:
        """What the last reconcile and the last preview found of these scenes holds no longer."""
        ids = [(scene_id,) for scene_id in scene_ids]
        for table in FOUND_UNTIL_PUSHED:
            self._connection.executemany(f"DELETE FROM {table} WHERE scene_id = ?", ids)

    def _item_row(self, one: Pushed) -> tuple[Any, ...]:
        base = Base.of(one.fields)
        shown = _shown(base, one.item)
        updated_at = one.item.updated_at if one.item else 0
        fingerprint = one.fields.fingerprint()
        return (self._server, one.rating_key, one.scene_id, base.to_json(), shown, updated_at, fingerprint)

    def rename_tag(self, section_key: int, field: str, old: str, new: str) -> None:
        """Remember that a tag that we brought to a library's items has another name in Plex by now."""
        keys = self._connection.execute(
            "SELECT DISTINCT item.rating_key FROM item JOIN part USING (rating_key)"
            " WHERE server = ? AND section_key = ? AND instr(base, ?)",
            (self._server, section_key, tag_hash(old)),
        )
        rows = []
        for key, record in self.item_records(key for (key,) in keys).items():
            base = record.base.with_tag_renamed(field, old, new)
            shown = _differing(base, record.shown.with_tag_renamed(field, old, new))
            rows.append((base.to_json(), shown, self._server, key))
        with self._connection:
            self._connection.executemany(
                "UPDATE item SET base = ?, shown = ? WHERE server = ? AND rating_key = ?", rows
            )

    def record_seen(self, items: Iterable[PlexItem]) -> None:
        """Remember that items were read and nothing is to be written to them as they are now."""
        by_key = {item.rating_key: item for item in items}
        records = self.item_records(by_key)
        with self._connection:
            self._connection.executemany(
                "UPDATE item SET shown = ?, updated_at = ? WHERE server = ? AND rating_key = ?",
                [
                    (_shown(record.base, by_key[key]), by_key[key].updated_at, self._server, key)
                    for key, record in records.items()
                ],
            )
            self._end_begun(by_key, is_written=False)

    def keep_replaced(
        self, scene_id: int, rating_key: int, values: Mapping[str, Value], again: Collection[str] = ()
    ) -> set[str]:
        """Keep values that are about to be replaced at the first contact; those that were kept before stay.

        Gives the fields that are kept now. Those that are kept `again` take the place of their older values.
        """
        place = (self._server, rating_key)
        rows = self._connection.execute(
            "SELECT field FROM replaced WHERE server = ? AND rating_key = ?", place
        )
        before = {field for (field,) in rows}.difference(again)
        kept = {field: value for field, value in values.items() if field not in before}
        with self._connection:
            self._put(
                "replaced", [(*place, field, scene_id, json.dumps(value)) for field, value in kept.items()]
            )
        return set(kept)

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

    def _forget_pushed_for(self, scene_id: int) -> None:
        """Forget a scene. That what we wrote to its items is ours stays known: a new scene may get them."""
        items = self._connection.execute(
            "SELECT server, rating_key FROM synced WHERE scene_id = ?", (scene_id,)
        ).fetchall()
        for table in ("item", "replaced"):
            self._connection.executemany(
                f"UPDATE {table} SET scene_id = {NO_SCENE} WHERE server = ? AND rating_key = ?", items
            )
        self._connection.execute("DELETE FROM synced WHERE scene_id = ?", (scene_id,))


def _shown(base: Base, item: PlexItem | None) -> str:
    """What of an item differs from the base, for the disk."""
    return _differing(base, Base.of(item.fields)) if item else ""


def _differing(base: Base, shown: Base) -> str:
    """What is shown in place of the base, for the disk; empty where nothing differs."""
    changes = base.changes_to(shown)
    return changes.to_json() if changes.texts or changes.tags else ""
