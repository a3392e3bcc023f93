"""The queue of jobs: persist-queue's ack queue, and what of a job the database itself is asked for.

A row of persist-queue holds the job as JSON. The scene, the entity, the time and the reason stand in columns
of their own beside it, so that what is due, and of which scenes, is found without reading all the rest.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from stash import log
from sync_queue import data_folder
from sync_queue.ack_queue import AckStatus, SQLiteAckQueue
from sync_queue.job import LONGEST_DELAY, Job
from sync_queue.stored_job import COLUMNS, columns_of, job_of, parse_job, recovered
from sync_queue.take_in import take_in
from sync_queue.witness import QUEUE_STEPS, STATE_NAME, STATE_STEPS, read_facts, remember

_CLAIMED, _FAILED = int(AckStatus.unack), int(AckStatus.ack_failed)
_READY = int(AckStatus.ready)
# New from a hook, or given back.
_WAITS = f"status IN ({AckStatus.inited}, {AckStatus.ready})"
_PENDING = f"status IN ({AckStatus.inited}, {AckStatus.ready}, {AckStatus.unack})"
# A time beyond all intervals comes from a clock that was set back.
_DUE = "(due_at <= :now OR due_at > :far)"
_NAMES = ", ".join(COLUMNS)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS job_due ON {table} (status, due_at, scene_id, entity)",
    "CREATE INDEX IF NOT EXISTS job_scene ON {table} (scene_id)",
    "CREATE INDEX IF NOT EXISTS job_entity ON {table} (_id) WHERE entity != ''",
    "DROP INDEX IF EXISTS job_status",
)
# SQLite before 3.32 takes no more than 999 values in one statement.
VALUES_PER_STATEMENT = 900
REASONS_SHOWN = 10


class QueuedJob(NamedTuple):
    """A job and the number of its row; rows are numbered in the order they came."""

    row: int
    job: Job


class Work(NamedTuple):
    """One scene's rows in the queue, as a single job."""

    job: Job
    rows: tuple[int, ...]

    @property
    def scene_id(self) -> int:
        """The scene that all the rows are about."""
        return self.job.scene_id


class Due(NamedTuple):
    """What may be taken now: jobs that name an entity, the work on each scene, and the last row so far."""

    entities: list[QueuedJob]
    scenes: list[Work]
    last_row: int


class Counts(NamedTuple):
    """How many scenes wait, are due later and failed; and the most frequent reasons of the last two.

    A job that names an entity, or that cannot be read, counts as a scene.
    """

    due: int
    later: int
    failed: int
    reasons_later: list[tuple[str, int]]
    reasons_failed: list[tuple[str, int]]


class JobQueue(SQLiteAckQueue):
    """The ack queue, and changes of many rows in one transaction each.

    A row is ready, claimed by the worker, or failed for good; a finished row is deleted.
    """

    def __del__(self) -> None:
        """The connection closes by itself; the garbage collector may run in another thread."""

    def prepare(self, is_doubted: bool) -> None:
        """Bring the database to this version; look at all of it first where its content is doubted.

        Raises Unusable or sqlite3.Error.
        """
        connection = self._conn
        if is_doubted:
            data_folder.examine(connection, {self._table_name: ("_id", "data", "timestamp", "status")})
        # Some systems' SQLite does without: what was queued must outlast a power cut.
        connection.execute("PRAGMA synchronous=FULL")
        if not set(COLUMNS) <= data_folder.columns_of(connection, self._table_name):
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                # Another process may have done it meanwhile.
                there = data_folder.columns_of(connection, self._table_name)
                for name, kind in COLUMNS.items():
                    if name not in there:
                        connection.execute(f"ALTER TABLE {self._table_name} ADD COLUMN {name} {kind}")
                for statement in _INDEXES:
                    connection.execute(statement.format(table=self._table_name))
        self._take_in()

    def take_in_changes(self) -> None:
        """Put into the queue what hooks wrote down beside it. Raises OSError or sqlite3.Error."""
        take_in(self.path, self.put_jobs)

    def put_jobs(self, jobs: Iterable[Job]) -> int:
        """Append jobs in one transaction; returns how many."""
        now = time.time()
        rows = ((*self._values(job), now, AckStatus.inited) for job in jobs)
        marks = ",".join("?" * (3 + len(COLUMNS)))
        statement = f"INSERT INTO {self._table_name} (data, {_NAMES}, timestamp, status) VALUES ({marks})"
        with self.tran_lock, self._putter as transaction:
            count = transaction.executemany(statement, rows).rowcount
        self.total += count
        return int(count)

    def due(self, now: float, after_row: int = 0) -> Due:
        """What came after a row and may be taken at `now`, in the order it came.

        With a scene come all its rows that wait or have failed: a fresh edit makes a scene due at once,
        whatever an older job of it is waiting for, and takes its failed jobs along.
        """
        self.take_in_changes()
        self._take_in()
        table, values = self._table_name, {"now": now, "far": now + LONGEST_DELAY, "after": after_row}
        last_row = self._getter.execute(f"SELECT MAX(_id) FROM {table}").fetchone()[0] or after_row
        condition = f"{_WAITS} AND {_DUE} AND _id > :after"
        entities = self._read(f"entity != '' AND {condition}", values)
        statement = (
            f"SELECT row._id, row.data, row.status, {_NAMES}"
            f" FROM (SELECT scene_id AS scene, MIN(_id) AS first FROM {table}"
            f" WHERE {condition} AND entity = '' GROUP BY scene_id) AS due"
            f" JOIN {table} AS row ON row.scene_id = due.scene AND row.entity = ''"
            f" AND (row.{_WAITS} OR row.status = {_FAILED}) ORDER BY due.first, row._id"
        )
        return Due(list(entities), _works(self._getter.execute(statement, values)), last_row)

    def has_due_jobs(self, now: float | None = None) -> bool:
        """Whether a job may be taken now."""
        self.take_in_changes()
        self._take_in()
        values = _times(now)
        statement = f"SELECT 1 FROM {self._table_name} WHERE {_WAITS} AND {_DUE} LIMIT 1"
        return self._getter.execute(statement, values).fetchone() is not None

    def jobs(self, after_row: int = 0) -> Iterator[QueuedJob]:
        """The ready jobs that came after `after_row`, oldest first."""
        self.take_in_changes()
        self._take_in()
        return self._read(f"{_WAITS} AND _id > :after", {"after": after_row})

    def failed_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that failed for good."""
        self._take_in()
        return self._read(f"status = {_FAILED}", {})

    def pending_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that wait or are being written, oldest first."""
        self.take_in_changes()
        self._take_in()
        return self._read(_PENDING, {})

    def scene_ids(self) -> set[int]:
        """The scenes that have a job that waits or is being written."""
        return self._scene_ids(_PENDING, {})

    def due_scene_ids(self, now: float | None = None) -> set[int]:
        """Those of them whose job may be taken now."""
        return self._scene_ids(f"{_PENDING} AND {_DUE}", _times(now))

    def untried_scene_ids(self, hook: str) -> set[int]:
        """The scenes that a hook of this kind told of, such as `Scene.Destroy`, and nobody has tried yet."""
        return self._scene_ids(f"{_PENDING} AND due_at = 0 AND reason LIKE :hook", {"hook": f"{hook}.%"})

    def entity_jobs(self) -> list[Job]:
        """The jobs that wait, or are being written, and name an entity."""
        self.take_in_changes()
        self._take_in()
        return [queued.job for queued in self._read(f"entity != '' AND {_PENDING}", {})]

    def ready_scenes(self, scene_ids: Iterable[int]) -> set[int]:
        """Those of these scenes that have a job that waits."""
        self._take_in()
        wanted, found = list(set(scene_ids)), set[int]()
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            statement = (
                f"SELECT scene_id FROM {self._table_name} WHERE entity = '' AND {_WAITS}"
                f" AND scene_id IN ({','.join('?' * len(some))})"
            )
            found.update(scene_id for (scene_id,) in self._getter.execute(statement, some))
        return found

    def is_waiting_for(self, reasons: Collection[str]) -> bool:
        """Whether a job waits that ended for one of these reasons, as `waits_for` has them."""
        self._take_in()
        marks = ",".join("?" * len(reasons))
        statement = f"SELECT 1 FROM {self._table_name} WHERE {_WAITS} AND waits_for IN ({marks}) LIMIT 1"
        return self._getter.execute(statement, list(reasons)).fetchone() is not None

    def count_ready(self) -> int:
        """How many scenes wait, by a fresh look at the database (other processes append too)."""
        self._take_in()
        return self._count_scenes(_WAITS, {})

    def count_after(self, row: int) -> int:
        """How many rows wait that came after this one."""
        self.take_in_changes()
        self._take_in()
        statement = f"SELECT COUNT(*) FROM {self._table_name} WHERE _id > ? AND {_WAITS}"
        return int(self._getter.execute(statement, (row,)).fetchone()[0])

    def counts(self, now: float | None = None) -> Counts:
        """What waits, what is due later, what failed, and why."""
        self.take_in_changes()
        self._take_in()
        values = _times(now)
        due = self._count_scenes(f"{_PENDING} AND {_DUE}", values)
        pending = self._count_scenes(_PENDING, {})
        return Counts(
            due,
            pending - due,
            self._count_scenes(f"status = {_FAILED}", {}),
            self._reasons(f"{_PENDING} AND NOT {_DUE}", values),
            self._reasons(f"status = {_FAILED}", {}),
        )

    def retry_failed(self) -> int:
        """Make the failed jobs ready as if they were new; returns of how many scenes."""
        failed: dict[tuple[int, str, int], list[QueuedJob]] = {}
        for queued in self.failed_jobs():
            job = queued.job
            if job.scene_id or job.entity:
                failed.setdefault((job.scene_id, job.entity, job.entity_id), []).append(queued)
        with self.tran_lock, self._putter as transaction:
            for first, *others in failed.values():
                fresh = first.job._replace(attempts=0, due_at=0.0, waits_for="", problem="")
                self._rewrite(transaction, first.row, fresh, _READY)
                self._delete_rows(transaction, [other.row for other in others])
        return len(failed)

    def clear(self) -> tuple[int, int]:
        """Remove the jobs that wait and those that failed; returns of how many scenes each."""
        waiting = self.count_ready()
        failed = self._count_scenes(f"status = {_FAILED}", {})
        table, condition = self._table_name, f"{_WAITS} OR status = {_FAILED}"
        with self.tran_lock, self._putter as transaction:
            transaction.execute("BEGIN IMMEDIATE")
            others = transaction.execute(f"SELECT 1 FROM {table} WHERE NOT ({condition}) LIMIT 1").fetchone()
            # Without a condition SQLite empties a table at once, however much there is in it.
            transaction.execute(f"DELETE FROM {table}" + (f" WHERE {condition}" if others else ""))
        return waiting, failed

    def count_step(self, state_name: str, state_steps: int) -> int:
        """Count a drain's begin or end, and keep what the state had counted; returns the queue's count."""
        with self.tran_lock, self._putter as transaction:
            steps = int(read_facts(transaction).get(QUEUE_STEPS, "0")) + 1
            facts = {STATE_NAME: state_name, STATE_STEPS: str(state_steps), QUEUE_STEPS: str(steps)}
            remember(transaction, facts)
        return steps

    def fact(self, name: str) -> str | None:
        """A fact that is kept with the queue; None where there is none."""
        return read_facts(self._getter).get(name)

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact with the queue."""
        with self.tran_lock, self._putter as transaction:
            remember(transaction, {name: value})

    def claim(self, rows: Sequence[int]) -> None:
        """Mark rows as taken by the worker; after a crash they are ready again."""
        self._set_status(rows, _CLAIMED)

    def release_claimed(self) -> None:
        """Make the rows ready that a worker had claimed when it was killed; only for a worker."""
        self.resume_unack_tasks()

    def release(self, rows: Sequence[int]) -> None:
        """Give claimed rows back as they were."""
        self._set_status(rows, _READY)

    def finish(self, rows: Sequence[int]) -> None:
        """Remove rows whose scene is in Plex, or gone."""
        with self.tran_lock, self._putter as transaction:
            self._delete_rows(transaction, rows)

    def postpone(self, rows: Sequence[int], job: Job) -> None:
        """Give rows of one scene back as a single job, which carries the retry record."""
        self._replace(rows, job, _READY)

    def fail(self, rows: Sequence[int], job: Job) -> None:
        """Keep rows of one scene as a single failed job, with its problem."""
        self._replace(rows, job, _FAILED)

    def _values(self, job: Job) -> tuple[Any, ...]:
        """The job as it is stored, without secrets, and the columns that say what it is about."""
        job = job._replace(problem=log.without_secrets(job.problem))
        return (self._serializer.dumps(job.to_stored()), *columns_of(job))

    def _replace(self, rows: Sequence[int], job: Job, status: int) -> None:
        with self.tran_lock, self._putter as transaction:
            self._rewrite(transaction, rows[0], job, status)
            self._delete_rows(transaction, rows[1:])

    def _rewrite(self, transaction: sqlite3.Connection, row: int, job: Job, status: int) -> None:
        names = ", ".join(f"{name} = ?" for name in ("data", *COLUMNS, "status"))
        statement = f"UPDATE {self._table_name} SET {names} WHERE _id = ?"
        transaction.execute(statement, (*self._values(job), status, row))

    def _set_status(self, rows: Sequence[int], status: int) -> None:
        with self.tran_lock, self._putter as transaction:
            transaction.executemany(self._sql_mark_ack_status, [(status, row) for row in rows])

    def _delete_rows(self, transaction: sqlite3.Connection, rows: Sequence[int]) -> None:
        statement = f"DELETE FROM {self._table_name} WHERE _id = ?"
        transaction.executemany(statement, [(row,) for row in rows])

    def _take_in(self) -> None:
        """Copy what rows that hooks wrote are about into their columns; tell of those that are damaged."""
        statement = f"SELECT _id, data FROM {self._table_name} WHERE scene_id IS NULL"
        rows = self._getter.execute(statement).fetchall()
        if not rows:
            return
        names = ", ".join(f"{name} = ?" for name in COLUMNS)
        # The worker of another process may have taken it in, and claimed it, meanwhile.
        statement = f"UPDATE {self._table_name} SET {names} WHERE _id = ? AND scene_id IS NULL"
        with self.tran_lock, self._putter as transaction:
            for row, data in rows:
                job = parse_job(data)
                if job is not None:
                    transaction.execute(statement, (*columns_of(job), row))
                else:
                    job = recovered(data)
                    self._rewrite(transaction, row, job, _READY if job.scene_id else _FAILED)

    def _read(self, condition: str, values: dict[str, Any]) -> Iterator[QueuedJob]:
        statement = f"SELECT _id, data, {_NAMES} FROM {self._table_name} WHERE {condition} ORDER BY _id"
        for row, data, *columns in self._getter.execute(statement, values).fetchall():
            yield QueuedJob(row, parse_job(data) or job_of(columns))

    def _scene_ids(self, condition: str, values: dict[str, Any]) -> set[int]:
        self.take_in_changes()
        self._take_in()
        statement = f"SELECT scene_id FROM {self._table_name} WHERE entity = '' AND {condition}"
        return {scene_id for (scene_id,) in self._getter.execute(statement, values)}

    def _count_scenes(self, condition: str, values: dict[str, Any]) -> int:
        """How many scenes have such rows; each row without a scene counts."""
        statement = (
            "SELECT COUNT(DISTINCT CASE scene_id WHEN 0 THEN -_id ELSE scene_id END)"
            f" FROM {self._table_name} WHERE {condition}"
        )
        return int(self._getter.execute(statement, values).fetchone()[0])

    def _reasons(self, condition: str, values: dict[str, Any]) -> list[tuple[str, int]]:
        statement = (
            "SELECT problem, COUNT(DISTINCT CASE scene_id WHEN 0 THEN -_id ELSE scene_id END) AS scenes"
            f" FROM {self._table_name} WHERE {condition}"
            f" GROUP BY problem ORDER BY scenes DESC, problem LIMIT {REASONS_SHOWN}"
        )
        return [(str(problem), scenes) for problem, scenes in self._getter.execute(statement, values)]


def _works(rows: Iterable[tuple[Any, ...]]) -> list[Work]:
    """The rows of each scene as one piece of work; the job that is due first stands for them."""
    found: dict[int, list[int]] = {}
    jobs: dict[int, Job] = {}
    for row, data, status, *columns in rows:
        job = parse_job(data) or job_of(columns)
        scene_id = job.scene_id
        found.setdefault(scene_id, []).append(row)
        if status != _FAILED and (scene_id not in jobs or job.due_at < jobs[scene_id].due_at):
            jobs[scene_id] = job
    return [Work(job, tuple(found[scene_id])) for scene_id, job in jobs.items()]


def _times(now: float | None) -> dict[str, float]:
    moment = time.time() if now is None else now
    return {"now": moment, "far": moment + LONGEST_DELAY}
