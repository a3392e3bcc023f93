"""What the last preview found that would be written, in three lists, until it is written."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from plex.fields import Value
from plex.merge import Change
from sync_queue.ignored import NOT_IGNORED
from sync_queue.listing import Page, Replacement, cut, folded, page_of, replacing
from sync_queue.scene_texts import MATCHES
from validation.amounts import number

PREVIEWED = """
CREATE TABLE previewed (
    scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (scene_id, rating_key)
) WITHOUT ROWID;
CREATE TABLE previewed_change (
    scene_id INTEGER NOT NULL, rating_key INTEGER NOT NULL, changes BLOB NOT NULL,
    PRIMARY KEY (scene_id, rating_key)
) WITHOUT ROWID;
"""
# Of a collection `key` is its title in the form in which titles are compared, and `place` says where it is.
PREVIEWED_ELSEWHERE = """
CREATE TABLE previewed_collection (
    section_key INTEGER NOT NULL, key TEXT NOT NULL, title TEXT NOT NULL, place TEXT NOT NULL,
    folded TEXT NOT NULL, fields TEXT NOT NULL, changes BLOB NOT NULL, PRIMARY KEY (section_key, key)
) WITHOUT ROWID;
CREATE TABLE previewed_back (
    scene_id INTEGER PRIMARY KEY, fields TEXT NOT NULL, changes BLOB NOT NULL
);
"""
# The lists: items in Plex, collections in Plex, and scenes in Stash that would get something from Plex.
ITEMS, COLLECTIONS, BACK = KINDS = ("items", "collections", "back")
# What a collection gets, by the name that it is kept under, and what that is called.
NAME, SUMMARY, POSTER, ORDER = "name", "summary", "poster", "order"
COLLECTION_TITLES = {NAME: "name", SUMMARY: "summary", POSTER: "poster", ORDER: "order"}
TABLES = ("previewed", "previewed_change", "previewed_collection", "previewed_back")
# Nobody reads more of a value in a list, and it would be kept for every item of a library.
LONGEST_VALUE, MOST_NAMES = 300, 100


class PreviewedChange(NamedTuple):
    """A field that would be written: its name, its value now and the one wanted.

    Of an item the name is that in Plex's edits. `old` is None where there is no value to tell: a picture
    has none.
    """

    field: str
    old: Value | None
    new: Value


class PreviewedRow(NamedTuple):
    """An item that would be written for a scene, a collection (of no scene), or a scene (without an item).

    `file` is the scene's, or says where the collection is.
    """

    scene_id: int
    rating_key: int
    title: str
    file: str
    changes: Sequence[PreviewedChange]


class PreviewedCollection(NamedTuple):
    """What a collection of a library would get."""

    section_key: int
    key: str
    title: str
    place: str
    changes: Sequence[PreviewedChange]


class _List(NamedTuple):
    """How a list is read, in SQL: what is shown of its rows, where they are, and what a search looks at."""

    table: str
    columns: str
    rows: str
    order: str
    matches: str = MATCHES


_TEXTS = "coalesce(scene_text.title, ''), coalesce(scene_text.file, '')"
_LISTS = {
    ITEMS: _List(
        "previewed",
        f"previewed.scene_id, previewed.rating_key, {_TEXTS}, (SELECT changes FROM previewed_change AS one"
        " WHERE one.scene_id = previewed.scene_id AND one.rating_key = previewed.rating_key)",
        # Where search is empty the titles are not needed to find the rows.
        f"previewed LEFT JOIN scene_text USING (scene_id) WHERE {NOT_IGNORED.format(table='previewed')}",
        "previewed.scene_id, previewed.rating_key",
    ),
    COLLECTIONS: _List(
        "previewed_collection",
        "0, 0, title, place, changes",
        "previewed_collection WHERE 1",
        "key, section_key",
        "instr(previewed_collection.folded, :search)",
    ),
    BACK: _List(
        "previewed_back",
        f"previewed_back.scene_id, 0, {_TEXTS}, changes",
        "previewed_back LEFT JOIN scene_text USING (scene_id)"
        f" WHERE {NOT_IGNORED.format(table='previewed_back')}",
        "previewed_back.scene_id",
    ),
}


class Previewed:
    """The tables of previewed changes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def replacing(self) -> Iterator[PreviewReplacement]:
        """Collect a new preview; it takes the place of the last one when the block ends well."""
        with replacing(self._connection, *TABLES) as tables:
            yield PreviewReplacement(*tables)

    def clear(self) -> None:
        """Forget all: it was of another Plex."""
        for table in TABLES:
            self._connection.execute(f"DELETE FROM {table}")

    def collections_done(self, keys: Iterable[str]) -> None:
        """Collections of these titles, as keys, were looked at by a drain."""
        statement = "DELETE FROM previewed_collection WHERE key = ?"
        with self._connection:
            self._connection.executemany(statement, [(key,) for key in keys])

    def came_back(self, scene_id: int, came: Iterable[PreviewedChange]) -> None:
        """This came from Plex to a scene; part of the transaction that is open."""
        statement = "SELECT changes FROM previewed_back WHERE scene_id = ?"
        row = self._connection.execute(statement, (scene_id,)).fetchone()
        if row is None:
            return
        by_field = {one.field: one.new for one in came}
        left = [still for one in _unpacked(row[0]) if (still := _left_of(one, by_field.get(one.field)))]
        self._connection.execute("DELETE FROM previewed_back WHERE scene_id = ?", (scene_id,))
        if left:
            row = (scene_id, *_packed(left))
            self._connection.execute("INSERT INTO previewed_back VALUES (?,?,?)", row)

    def all_came_back(self, but: Iterable[int]) -> None:
        """Everything in Plex was looked at, and came to Stash, but to these scenes."""
        others = set(but)
        rows = self._connection.execute("SELECT scene_id FROM previewed_back").fetchall()
        with self._connection:
            statement = "DELETE FROM previewed_back WHERE scene_id = ?"
            self._connection.executemany(statement, [row for row in rows if row[0] not in others])

    def counts(self, kind: str = ITEMS) -> tuple[int, Counter[str]]:
        """How many rows a list has, those of ignored scenes aside; and how many for each field."""
        rows, fields = 0, Counter[str]()
        statement = f"SELECT fields, COUNT(*) {_source(kind, '', '')} GROUP BY fields"
        for names, count in self._connection.execute(statement):
            rows += count
            for name in filter(None, names.split(",")):
                fields[name] += count
        return rows, fields

    def page(self, kind: str, field: str, search: str, page: int) -> Page[PreviewedRow]:
        """A page of a list, by scene or title; `field` is a field's name, or empty for all."""
        a_list, values = _LISTS[kind], _values(field, search)
        source = _source(kind, field, search)
        return page_of(self._connection, a_list.columns, source, a_list.order, values, page, _row)

    def scene_ids(self, field: str, search: str) -> list[int]:
        """All the scenes of the list of items, each once."""
        statement = f"SELECT DISTINCT previewed.scene_id {_source(ITEMS, field, search)}"
        return [one for (one,) in self._connection.execute(statement, _values(field, search))]


class PreviewReplacement:
    """A preview, as it is made."""

    def __init__(
        self, items: Replacement, changes: Replacement, collections: Replacement, back: Replacement
    ) -> None:
        self._items = items
        self._changes = changes
        self._collections = collections
        self._back = back

    def add(self, scene_id: int, rating_key: int, changes: Iterable[Change]) -> None:
        """Add what would be written to one item for one scene."""
        fields, packed = _packed(PreviewedChange(one.field.name, one.old, one.new) for one in changes)
        self._items.add([(scene_id, rating_key, fields)])
        self._changes.add([(scene_id, rating_key, packed)])

    def add_collection(self, one: PreviewedCollection) -> None:
        """Add what a collection would get."""
        words = folded(one.title, one.place)
        row = (one.section_key, one.key, cut(one.title, LONGEST_VALUE), one.place, words)
        self._collections.add([(*row, *_packed(one.changes))])

    def add_back(self, scene_id: int, changes: Iterable[PreviewedChange]) -> None:
        """Add what would come from Plex to a scene in Stash."""
        self._back.add([(scene_id, *_packed(changes))])


def _source(kind: str, field: str, search: str) -> str:
    a_list = _LISTS[kind]
    has_field = f"instr({a_list.table}.fields, :field)" if field else "1"
    return f"FROM {a_list.rows} AND {has_field} AND {a_list.matches if search else '1'}"


def _values(field: str, search: str) -> dict[str, str]:
    return {"field": f",{field},", "search": search}


def _packed(changes: Iterable[PreviewedChange]) -> tuple[str, bytes]:
    """The names of the fields, to be searched, and all of it, small."""
    kept = [(name, None if old is None else _cut(old), _cut(new)) for name, old, new in changes]
    names = "".join(f"{name}," for name, _, _ in kept)
    return f",{names}", zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 1)


def _left_of(change: PreviewedChange, came: Value | None) -> PreviewedChange | None:
    """What of a change is still to come; of several values those that did not."""
    if isinstance(change.new, tuple) and isinstance(came, tuple):
        new = tuple(one for one in change.new if one not in came)
        return change._replace(new=new) if new else None
    return change if came is None else None


def _cut(value: Value) -> str | list[str]:
    if isinstance(value, str):
        return cut(value, LONGEST_VALUE)
    left_out = len(value) - MOST_NAMES
    names = [str(_cut(name)) for name in value[:MOST_NAMES]]
    return [*names, f"… and {number(left_out)} more"] if left_out > 0 else names


def _row(scene_id: int, rating_key: int, title: str, file: str, packed: bytes | None) -> PreviewedRow:
    return PreviewedRow(scene_id, rating_key, title, file, _unpacked(packed))


def _unpacked(packed: bytes | None) -> list[PreviewedChange]:
    try:
        rows = json.loads(zlib.decompress(packed or b""))
    except (zlib.error, ValueError):
        # The row's other half is being replaced.
        return []
    return [
        PreviewedChange(name, *(tuple(one) if isinstance(one, list) else one for one in values))
        for name, *values in rows
    ]
