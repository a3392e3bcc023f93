"""Lists that are shown a page at a time, and tables whose rows are replaced all at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")
ROWS_PER_PAGE = 50
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list: the page's number from 1, how many pages and rows there are in all."""

    total: int
    page: int
    pages: int
    rows: Sequence[Row]


def page_of(
    connection: sqlite3.Connection,
    columns: str,
    source: str,
    order: str,
    values: Mapping[str, Any],
    page: int,
    row: Callable[..., Row],
) -> Page[Row]:
    """A page of what a statement selects, as `row` makes them; the last one where there are not so many.

    `source` is all that follows SELECT but its columns and its order, in SQL with named places.
    """
    total = int(connection.execute(f"SELECT COUNT(*) {source}", values).fetchone()[0])
    pages = max(1, ceil(total / ROWS_PER_PAGE))
    number = min(max(1, page), pages)
    statement = f"SELECT {columns} {source} ORDER BY {order} LIMIT {ROWS_PER_PAGE} OFFSET :skipped"
    skipped = (number - 1) * ROWS_PER_PAGE
    rows = connection.execute(statement, {**values, "skipped": skipped}).fetchall()
    return Page(total, number, pages, [row(*columns) for columns in rows])


class Replacement:
    """The new rows of a table, collected beside it.

    They are written some hundred at a time, in a transaction of their own: the connection can be used for
    other writes in between.
    """

    def __init__(self, connection: sqlite3.Connection, table: str, width: int) -> None:
        self._connection = connection
        self._statement = f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * width)})"
        self._rows: list[tuple[Any, ...]] = []

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add some rows; one with the key of an earlier one takes its place."""
        self._rows.extend(rows)
        if len(self._rows) >= ROWS_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write what was added and is not written yet. It is in no file of the database then."""
        self._connection.executemany(self._statement, self._rows)
        self._connection.commit()
        self._rows.clear()


@contextmanager
def replacing(
    connection: sqlite3.Connection, *tables: str, take: Callable[[str, str], object] | None = None
) -> Iterator[list[Replacement]]:
    """Collect new rows for each of these tables; they take the old ones' place when the block ends well.

    `take` does that, for a table and the one that has its new rows; without it all old rows go. Nobody
    waits for a lock meanwhile: the new rows are in temporary tables, which are private.
    """
    widths = {table: len(connection.execute(f"PRAGMA table_info({table})").fetchall()) for table in tables}
    for table in tables:
        connection.execute(f"CREATE TEMP TABLE new_{table} AS SELECT * FROM {table} WHERE 0")
    try:
        collected = [Replacement(connection, f"temp.new_{table}", width) for table, width in widths.items()]
        yield collected
        for one in collected:
            one.write()
        with connection:
            for table in tables:
                (take or partial(_take_all, connection))(table, f"temp.new_{table}")
    finally:
        for table in tables:
            connection.execute(f"DROP TABLE temp.new_{table}")


def _take_all(connection: sqlite3.Connection, table: str, new: str) -> None:
    connection.execute(f"DELETE FROM {table}")
    connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {new}")


def as_text(text: str) -> str:
    """The text as SQLite takes it: half a character, as JSON can hold it, is none."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def cut(text: str, longest: int) -> str:
    """The text, or its beginning with a mark that there is more."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def folded(*texts: str) -> str:
    """Texts in the form in which they are searched, whatever their case."""
    return "\n".join(texts).casefold()
