"""What the last reconcile found of each scene that is not simply in sync, until it is synced."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import NamedTuple

from sync_queue.ignored import NOT_IGNORED
from sync_queue.listing import Page, Replacement, as_text, page_of, replacing
from sync_queue.scene_texts import MATCHES

FINDINGS = """
CREATE TABLE finding (
    scene_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, rating_key INTEGER NOT NULL,
    is_for_path_map INTEGER NOT NULL
);
"""


class FindingKind(Enum):
    """What a scene was found to be, if it was not in sync; the values are the page's words."""

    MISSING = "missing"
    EMPTY = "empty"
    STALE = "stale"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    LEFT_OUT = "left_out"
    WITHOUT_FILE = "without_file"


# Those of which somebody may want to do something, and those of them that are gaps.
GAPS = (FindingKind.MISSING, FindingKind.EMPTY, FindingKind.STALE)
SHOWN = (*GAPS, FindingKind.AMBIGUOUS, FindingKind.UNKNOWN)
# The list of what is ignored, whatever it was found to be.
IGNORED_KIND = "ignored"
# Why a scene is left out, where it is not because nothing was entered for it.
HELD_IN_PART = "held in part"
OPTED_OUT = "opted out"
COLUMNS = (
    "finding.scene_id, finding.kind, finding.reason, finding.rating_key, finding.is_for_path_map,"
    " coalesce(scene_text.title, ''), coalesce(scene_text.file, '')"
)


class Finding(NamedTuple):
    """A scene and what it was found to be; `reason` says more where there is more to say.

    `rating_key` is one of its items, 0 where it has none. `is_for_path_map` tells of an ambiguous one
    that another path map could make its match exact.
    """

    scene_id: int
    kind: FindingKind
    reason: str = ""
    rating_key: int = 0
    is_for_path_map: bool = False


class ListedFinding(NamedTuple):
    """A finding as a list shows it, with the scene's title and file; `kind` is empty where there is none."""

    scene_id: int
    kind: str
    reason: str
    rating_key: int
    is_for_path_map: bool
    title: str
    file: str


class Standing(NamedTuple):
    """Every scene that is known, once: ignored, found to be of some kind, or in sync."""

    total: int
    ignored: int
    kinds: Mapping[FindingKind, int]

    @property
    def in_sync(self) -> int:
        """How many scenes are in Plex as they are in Stash."""
        return self.total - self.ignored - sum(self.kinds.values())


class Findings:
    """The table of findings."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def replacing(self, scene_ids: Collection[int] | None = None) -> Iterator[FindingsReplacement]:
        """Collect new findings; they replace the known ones of these scenes, or all, when it ends well."""
        take = None if scene_ids is None else partial(self._take, scene_ids)
        with replacing(self._connection, "finding", take=take) as (rows,):
            yield FindingsReplacement(rows)

    def _take(self, scene_ids: Iterable[int], table: str, new: str) -> None:
        """Take the new findings of these scenes in place of the old ones."""
        forgotten = [(scene_id,) for scene_id in scene_ids]
        self._connection.executemany(f"DELETE FROM {table} WHERE scene_id = ?", forgotten)
        self._connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {new}")

    def leave_out(self, scene_ids: Iterable[int]) -> None:
        """Scenes that were found, and to whose items nothing may be written, are left out."""
        rows = [(FindingKind.LEFT_OUT.value, OPTED_OUT, scene_id) for scene_id in scene_ids]
        with self._connection:
            self._connection.executemany("UPDATE finding SET kind = ?, reason = ? WHERE scene_id = ?", rows)

    def clear(self) -> None:
        """Forget all findings: they were of another Plex."""
        self._connection.execute("DELETE FROM finding")

    def standing(self) -> Standing:
        """How many scenes there are of each kind, of those whose title is known."""
        total, ignored = self._connection.execute(
            "SELECT (SELECT COUNT(*) FROM scene_text),"
            " (SELECT COUNT(*) FROM ignored WHERE scene_id IN (SELECT scene_id FROM scene_text))"
        ).fetchone()
        known = "EXISTS (SELECT 1 FROM scene_text WHERE scene_text.scene_id = finding.scene_id)"
        return Standing(total, ignored, self._counts(known))

    def counts(self) -> dict[FindingKind, int]:
        """How many scenes that are not ignored were found to be of each kind."""
        return self._counts("1")

    def _counts(self, condition: str) -> dict[FindingKind, int]:
        statement = (
            "SELECT kind, COUNT(*) FROM finding"
            f" WHERE {NOT_IGNORED.format(table='finding')} AND {condition} GROUP BY kind"
        )
        counted = dict(self._connection.execute(statement).fetchall())
        return {kind: counted.get(kind.value, 0) for kind in FindingKind}

    def items_in_sync(self, server: str) -> dict[int, int]:
        """How many items of each library are as their scenes are in Stash, by the library's key."""
        statement = (
            "SELECT section_key, COUNT(*) FROM (SELECT DISTINCT part.section_key, item.rating_key"
            " FROM item JOIN part USING (rating_key) JOIN scene_text USING (scene_id) WHERE server = ?"
            " AND NOT EXISTS (SELECT 1 FROM finding WHERE finding.scene_id = item.scene_id))"
            " GROUP BY section_key"
        )
        return dict(self._connection.execute(statement, (server,)).fetchall())

    def page(self, kind: str, search: str, page: int) -> Page[ListedFinding]:
        """A page of findings, by scene; `kind` is a kind's value, `all` or `ignored`."""
        columns, source = _columns_of(kind), _source(kind, search)
        order = columns.partition(",")[0]
        values = {"kind": kind, "search": search}
        return page_of(self._connection, columns, source, order, values, page, ListedFinding)

    def scene_ids(self, kind: str, search: str) -> list[int]:
        """All the scenes of this list."""
        statement = f"SELECT {_columns_of(kind).partition(',')[0]} {_source(kind, search)}"
        rows = self._connection.execute(statement, {"kind": kind, "search": search})
        return [scene_id for (scene_id,) in rows]


class FindingsReplacement:
    """Findings, as they are made."""

    def __init__(self, rows: Replacement) -> None:
        self._rows = rows

    def add(self, findings: Iterable[Finding]) -> None:
        """Add some findings."""
        self._rows.add(
            (one.scene_id, one.kind.value, as_text(one.reason), one.rating_key, int(one.is_for_path_map))
            for one in findings
        )


def _columns_of(kind: str) -> str:
    if kind == IGNORED_KIND:
        return (
            "ignored.scene_id, coalesce(finding.kind, ''), coalesce(finding.reason, ''),"
            " coalesce(finding.rating_key, 0), coalesce(finding.is_for_path_map, 0),"
            " coalesce(scene_text.title, ''), coalesce(scene_text.file, '')"
        )
    return COLUMNS


def _source(kind: str, search: str) -> str:
    titles = "LEFT JOIN scene_text USING (scene_id)"
    matches = MATCHES if search else "1"
    if kind == IGNORED_KIND:
        return f"FROM ignored LEFT JOIN finding USING (scene_id) {titles} WHERE {matches}"
    kinds = ",".join(f"'{one.value}'" for one in SHOWN)
    is_of_kind = f"finding.kind IN ({kinds})" if kind == "all" else "finding.kind = :kind"
    not_ignored = NOT_IGNORED.format(table="finding")
    return f"FROM finding {titles} WHERE {is_of_kind} AND {not_ignored} AND {matches}"
