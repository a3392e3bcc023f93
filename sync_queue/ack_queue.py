"""persist-queue's ack queue as the jobs need it: loaded alone, with columns beside the job.

Its other back ends take longer to load than all of ours, and one of them asks for MySQL. A row of it holds
the job as JSON; what the database itself is asked for stands in columns of their own beside it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stash import log
from sync_queue import data_folder
from sync_queue.job import COLUMNS, Job, columns_of, parse_job, recovered


class _DeferredPackage(ModuleType):
    """persist-queue's package before its own start, which tries MySQL and asyncio.

    Whoever asks it for more than the submodules that are loaded gets all of it.
    """

    def __getattr__(self, name: str) -> Any:
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def _load_ack_queue() -> ModuleType:
    """Import persistqueue.sqlackqueue alone."""
    if "persistqueue" in sys.modules:
        return importlib.import_module("persistqueue.sqlackqueue")
    spec = importlib.util.find_spec("persistqueue")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'persistqueue'", name="persistqueue")
    package = ModuleType("persistqueue")
    package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations)
    sys.modules["persistqueue"] = package
    module = importlib.import_module("persistqueue.sqlackqueue")
    package.__class__ = _DeferredPackage
    return module


if TYPE_CHECKING:
    from persistqueue.sqlackqueue import AckStatus, SQLiteAckQueue
else:
    _module = _load_ack_queue()
    AckStatus, SQLiteAckQueue = _module.AckStatus, _module.SQLiteAckQueue

CLAIMED, FAILED = int(AckStatus.unack), int(AckStatus.ack_failed)
NEW, READY = int(AckStatus.inited), int(AckStatus.ready)
NAMES = ", ".join(COLUMNS)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS job_due ON {table} (status, due_at, scene_id, entity)",
    "CREATE INDEX IF NOT EXISTS job_scene ON {table} (scene_id)",
    "CREATE INDEX IF NOT EXISTS job_entity ON {table} (_id) WHERE entity != ''",
    "DROP INDEX IF EXISTS job_status",
)


class JobRows(SQLiteAckQueue):
    """Jobs in the rows of the ack queue, and changes of many rows in one transaction each.

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

    def put_jobs(self, jobs: Iterable[Job]) -> int:
        """Append jobs in one transaction; returns how many."""
        now = time.time()
        return self._put_rows((*self._values(job), now, AckStatus.inited) for job in jobs)

    def _put_rows(self, rows: Iterable[tuple[Any, ...]]) -> int:
        marks = ",".join("?" * (3 + len(COLUMNS)))
        statement = f"INSERT INTO {self._table_name} (data, {NAMES}, timestamp, status) VALUES ({marks})"
        with self.tran_lock, self._putter as transaction:
            count = transaction.executemany(statement, rows).rowcount
        self.total += count
        return int(count)

    def put_scenes(self, scene_ids: Iterable[int], reason: str) -> int:
        """Append a job for each of these scenes, alike but for the scene; returns how many."""
        now = time.time()
        model = Job(0, reason, now)
        # All that differs is the id, which is the first that a job's JSON has.
        rest = self._serializer.dumps(model._replace(scene_id=1).to_stored()).removeprefix(b'{"scene_id":1')
        _, *columns = columns_of(model)
        rows = (
            (b'{"scene_id":%d%b' % (scene_id, rest), scene_id, *columns, now, NEW) for scene_id in scene_ids
        )
        return self._put_rows(rows)

    def claim(self, rows: Sequence[int]) -> None:
        """Mark rows as taken by the worker; after a crash they are ready again."""
        self._set_status(rows, CLAIMED)

    def release_claimed(self) -> None:
        """Make the rows ready that a worker had claimed when it was killed; only for a worker."""
        self.resume_unack_tasks()

    def release(self, rows: Sequence[int]) -> None:
        """Give claimed rows back as they were."""
        self._set_status(rows, READY)

    def finish(self, rows: Sequence[int]) -> None:
        """Remove rows whose scene is in Plex, or gone."""
        with self.tran_lock, self._putter as transaction:
            self._delete_rows(transaction, rows)

    def postpone(self, rows: Sequence[int], job: Job) -> None:
        """Give rows of one scene back as a single job, which carries the retry record."""
        self._replace(rows, job, READY)

    def fail(self, rows: Sequence[int], job: Job) -> None:
        """Keep rows of one scene as a single failed job, with its problem."""
        self._replace(rows, job, FAILED)

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
                    self._rewrite(transaction, row, job, READY if job.scene_id else FAILED)

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
