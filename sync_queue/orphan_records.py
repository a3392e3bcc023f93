"""The Plex items without a scene that were found last, by library, as a list shows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sync_queue.listing import Page, Replacement, as_text, cut, folded, page_of, replacing
from sync_queue.scene_texts import LONGEST_TITLE

ORPHANS = """
CREATE TABLE orphan (
    rating_key INTEGER PRIMARY KEY, section_key INTEGER NOT NULL, is_uncertain INTEGER NOT NULL,
    title TEXT NOT NULL, file TEXT NOT NULL, folded TEXT NOT NULL
);
CREATE TABLE orphan_library (
    section_key INTEGER PRIMARY KEY, title TEXT NOT NULL, items INTEGER NOT NULL
);
"""
_IS_IGNORED = "EXISTS (SELECT 1 FROM ignored_item AS one WHERE one.rating_key = orphan.rating_key)"
# What a list may be asked for, in SQL.
KINDS = {
    "all": f"NOT {_IS_IGNORED}",
    "orphans": f"NOT {_IS_IGNORED} AND NOT orphan.is_uncertain",
    "uncertain": f"NOT {_IS_IGNORED} AND orphan.is_uncertain",
    "ignored": _IS_IGNORED,
}


class FoundOrphan(NamedTuple):
    """An item without a scene; title and file are empty for those of which no more was read."""

    rating_key: int
    title: str
    file: str
    library: str
    is_uncertain: bool
    is_ignored: bool


class OrphansOfLibrary(NamedTuple):
    """How many items a library has, and how many of them surely and perhaps belong to no scene."""

    section_key: int
    title: str
    items: int
    orphans: int
    uncertain: int


class OrphanRecords:
    """The tables of orphans."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def replacing(self) -> Iterator[OrphansReplacement]:
        """Collect what a search finds; it replaces what the last one found when the block ends well."""
        with replacing(self._connection, "orphan", "orphan_library") as (orphans, libraries):
            yield OrphansReplacement(orphans, libraries)

    def clear(self) -> None:
        """Forget all: it was of another Plex."""
        self._connection.execute("DELETE FROM orphan")
        self._connection.execute("DELETE FROM orphan_library")

    def count(self) -> int:
        """How many were found, certain or not, those that are ignored aside."""
        statement = f"SELECT COUNT(*) FROM orphan WHERE {KINDS['all']}"
        return int(self._connection.execute(statement).fetchone()[0])

    def libraries(self) -> list[OrphansOfLibrary]:
        """What was found in each library, ignored items aside."""
        statement = (
            "SELECT library.section_key, library.title, library.items,"
            f" COUNT(CASE WHEN {KINDS['orphans']} THEN 1 END),"
            f" COUNT(CASE WHEN {KINDS['uncertain']} THEN 1 END)"
            " FROM orphan_library AS library LEFT JOIN orphan USING (section_key)"
            " GROUP BY library.section_key ORDER BY library.title, library.section_key"
        )
        return [OrphansOfLibrary(*row) for row in self._connection.execute(statement)]

    def page(self, kind: str, section_key: int | None, search: str, page: int) -> Page[FoundOrphan]:
        """A page of orphans, by rating key; `kind` is one of KINDS."""
        columns = (
            "orphan.rating_key, orphan.title, orphan.file, coalesce(library.title, ''),"
            f" orphan.is_uncertain, {_IS_IGNORED}"
        )
        values = {"section_key": section_key, "search": search}
        order = "orphan.rating_key"
        return page_of(self._connection, columns, _source(kind), order, values, page, _orphan)

    def rating_keys(self, kind: str, section_key: int | None, search: str) -> list[int]:
        """All the items of this list."""
        values = {"section_key": section_key, "search": search}
        rows = self._connection.execute(f"SELECT orphan.rating_key {_source(kind)}", values)
        return [rating_key for (rating_key,) in rows]


class OrphansReplacement:
    """Orphans, as they are found."""

    def __init__(self, orphans: Replacement, libraries: Replacement) -> None:
        self._orphans = orphans
        self._libraries = libraries

    def add_library(self, section_key: int, title: str, items: int) -> None:
        """Add a library that was searched, with so many items."""
        self._libraries.add([(section_key, as_text(title), items)])

    def add(
        self, rating_key: int, section_key: int, is_uncertain: bool, title: str = "", file: str = ""
    ) -> None:
        """Add an item without a scene; title and file of one that was read."""
        title, file = as_text(title), as_text(file)
        shown = cut(title, LONGEST_TITLE)
        row = (rating_key, section_key, int(is_uncertain), shown, file, folded(shown, file))
        self._orphans.add([row])


def _orphan(rating_key: int, title: str, file: str, library: str, *flags: int) -> FoundOrphan:
    is_uncertain, is_ignored = map(bool, flags)
    return FoundOrphan(rating_key, title, file, library, is_uncertain, is_ignored)


def _source(kind: str) -> str:
    return (
        "FROM orphan LEFT JOIN orphan_library AS library USING (section_key)"
        f" WHERE {KINDS[kind]} AND (:section_key IS NULL OR orphan.section_key = :section_key)"
        " AND (:search = '' OR instr(orphan.folded, :search))"
    )
