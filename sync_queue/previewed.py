"""What the last preview found that would be written, item by item, until it is written."""

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
from sync_queue.listing import Page, Replacement, cut, page_of, replacing
from sync_queue.scene_texts import MATCHES

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
# Nobody reads more of a value in a list, and it would be kept for every item of a library.
LONGEST_VALUE, MOST_NAMES = 300, 100


class PreviewedChange(NamedTuple):
    """A field that would be written: its name in Plex's edits, its value in Plex and the one wanted."""

    field: str
    old: Value
    new: Value


class PreviewedItem(NamedTuple):
    """An item that would be written for a scene."""

    scene_id: int
    rating_key: int
    title: str
    file: str
    changes: Sequence[PreviewedChange]


class Previewed:
    """The tables of previewed changes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def replacing(self) -> Iterator[PreviewReplacement]:
        """Collect a new preview; it takes the place of the last one when the block ends well."""
        with replacing(self._connection, "previewed", "previewed_change") as (items, changes):
            yield PreviewReplacement(items, changes)

    def clear(self) -> None:
        """Forget all: it was of another Plex."""
        self._connection.execute("DELETE FROM previewed")
        self._connection.execute("DELETE FROM previewed_change")

    def counts(self) -> tuple[int, Counter[str]]:
        """How many items would be written, those of ignored scenes aside; and of how many each field."""
        items, fields = 0, Counter[str]()
        statement = f"SELECT fields, COUNT(*) {_source('', '')} GROUP BY fields"
        for names, count in self._connection.execute(statement):
            items += count
            for name in filter(None, names.split(",")):
                fields[name] += count
        return items, fields

    def page(self, field: str, search: str, page: int) -> Page[PreviewedItem]:
        """A page of items, by scene; `field` is a field's name, or empty for all."""
        columns = (
            "previewed.scene_id, previewed.rating_key, coalesce(scene_text.title, ''),"
            " coalesce(scene_text.file, ''), (SELECT changes FROM previewed_change AS one"
            " WHERE one.scene_id = previewed.scene_id AND one.rating_key = previewed.rating_key)"
        )
        order, values = "previewed.scene_id, previewed.rating_key", _values(field, search)
        source = _source(field, search)
        return page_of(self._connection, columns, source, order, values, page, _item)

    def scene_ids(self, field: str, search: str) -> list[int]:
        """All the scenes of this list, each once."""
        statement = f"SELECT DISTINCT previewed.scene_id {_source(field, search)}"
        return [one for (one,) in self._connection.execute(statement, _values(field, search))]


class PreviewReplacement:
    """A preview, as it is made."""

    def __init__(self, items: Replacement, changes: Replacement) -> None:
        self._items = items
        self._changes = changes

    def add(self, scene_id: int, rating_key: int, changes: Iterable[Change]) -> None:
        """Add what would be written to one item for one scene."""
        kept = [(change.field.name, _cut(change.old), _cut(change.new)) for change in changes]
        names = "".join(f"{name}," for name, _, _ in kept)
        self._items.add([(scene_id, rating_key, f",{names}")])
        packed = zlib.compress(json.dumps(kept, separators=(",", ":")).encode(), 1)
        self._changes.add([(scene_id, rating_key, packed)])


def _source(field: str, search: str) -> str:
    """Where search is empty the titles are not needed to find the rows."""
    has_field = "instr(previewed.fields, :field)" if field else "1"
    return (
        "FROM previewed LEFT JOIN scene_text USING (scene_id)"
        f" WHERE {has_field} AND {NOT_IGNORED.format(table='previewed')} AND {MATCHES if search else '1'}"
    )


def _values(field: str, search: str) -> dict[str, str]:
    return {"field": f",{field},", "search": search}


def _cut(value: Value) -> str | list[str]:
    if isinstance(value, str):
        return cut(value, LONGEST_VALUE)
    left_out = len(value) - MOST_NAMES
    names = [str(_cut(name)) for name in value[:MOST_NAMES]]
    return [*names, f"… and {left_out:,} more"] if left_out > 0 else names


def _item(scene_id: int, rating_key: int, title: str, file: str, packed: bytes | None) -> PreviewedItem:
    return PreviewedItem(scene_id, rating_key, title, file, _unpacked(packed))


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
