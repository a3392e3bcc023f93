"""The queue as a list for people: what waits, is due later or failed, a page at a time.

A scene is one row of it, however many jobs it has; a job that is about no scene is a row of its own. Such a
row's key is the scene's id, or the negative number of the job's row in the database.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sync_queue.ack_queue import CLAIMED, FAILED, NAMES, NEW, READY, JobRows
from sync_queue.job import LONGEST_DELAY, Job, job_of, parse_job
from sync_queue.listing import Page, page_of
from sync_queue.scene_texts import MATCHES

# New from a hook, or given back.
WAITS = f"status IN ({NEW}, {READY})"
PENDING = f"status IN ({NEW}, {READY}, {CLAIMED})"
# A time beyond all intervals comes from a clock that was set back.
DUE = "(due_at <= :now OR due_at > :far)"
_KEY = "CASE scene_id WHEN 0 THEN -_id ELSE scene_id END"
WAITING, LATER, FAILED_STATE = "waiting", "later", "failed"
STATES = (WAITING, LATER, FAILED_STATE)


class ListedJob(NamedTuple):
    """A row of the list: its key, a job of it, when it is due, and title and file of its scene if known."""

    key: int
    job: Job
    due_at: float
    title: str
    file: str

    @property
    def scene_id(self) -> int | None:
        """The scene that it is about, if it is about one."""
        return self.key if self.key > 0 else None


class QueueList(JobRows):
    """The jobs as a list, and what a person does to rows of it."""

    def page(
        self, state: str, search: str, page: int, titles: str, now: float | None = None
    ) -> Page[ListedJob]:
        """A page of what is in this state (one of STATES), oldest first; `titles` is the state's database.

        Only scenes with a known title or file fit a search. Raises sqlite3.Error.
        """
        columns = (
            f"job.key, (SELECT data FROM {self._table_name} WHERE _id = job.row), job.due_at,"
            " coalesce(scene_text.title, ''), coalesce(scene_text.file, '')"
        )
        with self._titles(titles):
            values = {**times(now), "search": search}
            source = self._source(state, search)
            return page_of(self._getter, columns, source, "job.row", values, page, _listed)

    def keys(self, state: str, search: str, titles: str, now: float | None = None) -> list[int]:
        """The keys of all rows of this list."""
        with self._titles(titles):
            values = {**times(now), "search": search}
            statement = f"SELECT job.key {self._source(state, search)}"
            return [key for (key,) in self._getter.execute(statement, values)]

    def states_of(self, scene_ids: Collection[int], now: float | None = None) -> dict[int, str]:
        """In which state these scenes are; those without a job are left out."""
        marks = ",".join(map(str, map(int, scene_ids)))
        statement = (
            f"SELECT scene_id, MAX(CASE WHEN {PENDING} AND {DUE} THEN 3 WHEN {PENDING} THEN 2 ELSE 1 END)"
            f" FROM {self._table_name} WHERE scene_id IN ({marks}) AND entity = ''"
            f" AND ({PENDING} OR status = {FAILED})"
            " GROUP BY scene_id"
        )
        names = {3: WAITING, 2: LATER, 1: FAILED_STATE}
        return {scene_id: names[state] for scene_id, state in self._getter.execute(statement, times(now))}

    def job_for(self, scene_id: int) -> Job | None:
        """The job that stands for a scene: of those that wait the one due first, else a failed one."""
        statement = (
            f"SELECT data, {NAMES} FROM {self._table_name} WHERE scene_id = :scene AND entity = ''"
            f" AND ({PENDING} OR status = {FAILED}) ORDER BY status = {FAILED}, due_at LIMIT 1"
        )
        row = self._getter.execute(statement, {"scene": scene_id}).fetchone()
        return None if row is None else parse_job(row[0]) or job_of(row[1:])

    def totals(self, now: float | None = None) -> dict[str, int]:
        """How many rows there are in each state; a failed scene that waits as well is in both."""
        values, table = times(now), self._table_name
        conditions = {WAITING: f"{PENDING} AND {DUE}", LATER: PENDING, FAILED_STATE: f"status = {FAILED}"}
        found = {
            state: int(
                self._getter.execute(
                    f"SELECT COUNT(DISTINCT {_KEY}) FROM {table} WHERE {condition}", values
                ).fetchone()[0]
            )
            for state, condition in conditions.items()
        }
        return {**found, LATER: found[LATER] - found[WAITING]}

    def remove(self, keys: Iterable[int], states: Collection[str] = STATES) -> int:
        """Remove rows from the list, but what is being written just now; returns how many were there.

        Of a scene go its failed jobs, or all of those that wait, or both.
        """
        wanted = [WAITS] if {WAITING, LATER} & set(states) else []
        wanted += [f"status = {FAILED}"] if FAILED_STATE in states else []
        is_meant = f"({_KEY}) IN (SELECT key FROM temp.meant) AND ({' OR '.join(wanted)})"
        table = self._table_name
        with self.tran_lock, self._putter as transaction:
            transaction.execute("CREATE TEMP TABLE meant (key INTEGER PRIMARY KEY)")
            try:
                transaction.executemany("INSERT OR IGNORE INTO meant VALUES (?)", [(key,) for key in keys])
                counted = f"SELECT COUNT(DISTINCT {_KEY}) FROM {table} WHERE {is_meant}"
                (count,) = transaction.execute(counted).fetchone()
                transaction.execute(f"DELETE FROM {table} WHERE {is_meant}")
            finally:
                transaction.execute("DROP TABLE temp.meant")
        return int(count)

    @contextmanager
    def _titles(self, path: str) -> Iterator[None]:
        """Have the titles at hand, which are in another database."""
        self._getter.execute("ATTACH DATABASE ? AS titles", (path,))
        try:
            yield
        finally:
            self._getter.execute("DETACH DATABASE titles")

    def _source(self, state: str, search: str) -> str:
        table = self._table_name
        condition = {
            WAITING: f"{PENDING} AND {DUE}",
            LATER: f"{PENDING} AND NOT {DUE} AND NOT EXISTS (SELECT 1 FROM {table} AS other"
            f" WHERE other.scene_id = {table}.scene_id AND other.scene_id != 0"
            f" AND other.{PENDING} AND (other.due_at <= :now OR other.due_at > :far))",
            FAILED_STATE: f"status = {FAILED}",
        }[state]
        return (
            f"FROM (SELECT {_KEY} AS key, MIN(_id) AS row, MIN(due_at) AS due_at FROM {table}"
            f" WHERE {condition} GROUP BY key) AS job"
            " LEFT JOIN titles.scene_text AS scene_text ON scene_text.scene_id = job.key"
            f" WHERE {MATCHES if search else '1'}"
        )


def times(now: float | None) -> dict[str, float]:
    """The values that DUE asks for, at this time or now, in seconds since 1970."""
    moment = time.time() if now is None else now
    return {"now": moment, "far": moment + LONGEST_DELAY}


def _listed(key: int, data: Any, due_at: float, title: str, file: str) -> ListedJob:
    job = parse_job(data) or Job(max(key, 0), "damaged job", 0.0)
    return ListedJob(key, job, due_at, title, file)
