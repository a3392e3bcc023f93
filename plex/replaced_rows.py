"""New rows in the place of all those of a table: nearly all are the same, and only the others are written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def beside(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    """A table for the new rows of this one, which goes with the block: its name in SQL.

    It is a temporary one, which is private: nobody waits for a lock while the servers are being read.
    """
    connection.execute(f"CREATE TEMP TABLE new_{table} AS SELECT * FROM {table} WHERE 0")
    try:
        yield f"temp.new_{table}"
    finally:
        connection.execute(f"DROP TABLE temp.new_{table}")


def replace_rows(connection: sqlite3.Connection, table: str, owner: str, kept: str = "0") -> None:
    """Leave in a table the rows that are beside it, and old ones for which `kept` holds, an SQL condition.

    `owner` is a column with an index, in which few rows have the same. Whoever is killed at this leaves
    the old rows or the new ones.
    """
    # The rows so far came in a transaction that may have seen an older state than another
    # connection has written since; SQLite lets such a one write no more.
    connection.commit()
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        _compare(connection, table, owner)
        connection.execute(
            f"DELETE FROM {table} WHERE rowid NOT IN (SELECT old FROM temp.same) AND NOT coalesce({kept}, 0)"
        )
        connection.execute(
            f"INSERT INTO {table} SELECT * FROM temp.new_{table}"
            " WHERE rowid NOT IN (SELECT new FROM temp.same)"
        )
        connection.execute("DROP TABLE temp.same")


def _compare(connection: sqlite3.Connection, table: str, owner: str) -> None:
    """Put into the table `same` where equal rows are, in the old table and in the new one."""
    names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    others = [f"old.{name} IS new.{name}" for name in names if name != owner]
    connection.execute(
        f"CREATE TEMP TABLE same AS SELECT old.rowid AS old, new.rowid AS new FROM temp.new_{table} AS new"
        # A CROSS JOIN is not turned around: each new row looks its old one up.
        f" CROSS JOIN {table} AS old ON old.{owner} = new.{owner} AND {' AND '.join(others)}"
    )
