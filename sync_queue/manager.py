"""The queue of jobs on disk: persist-queue's SQLiteAckQueue, with what it lacks for many rows at once.

The hook path imports this module, so persist-queue is loaded without its other back ends.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sync_queue.job import Job


def _load_ack_queue() -> Any:
    """Import persistqueue.sqlackqueue without the package's own start, which tries MySQL and asyncio."""
    if "persistqueue" in sys.modules:
        from persistqueue import sqlackqueue

        return sqlackqueue
    spec = importlib.util.find_spec("persistqueue")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'persistqueue'", name="persistqueue")
    package = ModuleType("persistqueue")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["persistqueue"] = package
    try:
        from persistqueue import sqlackqueue
    finally:
        # Whoever imports the package itself later gets all of it.
        del sys.modules["persistqueue"]
    return sqlackqueue


if TYPE_CHECKING:
    from persistqueue.sqlackqueue import AckStatus, SQLiteAckQueue
else:
    _module = _load_ack_queue()
    AckStatus, SQLiteAckQueue = _module.AckStatus, _module.SQLiteAckQueue

_READY, _CLAIMED, _FAILED = int(AckStatus.ready), int(AckStatus.unack), int(AckStatus.ack_failed)
DATABASE = "queue.db"


@dataclass(frozen=True)
class QueuedJob:
    """A job and the number of its row; rows are numbered in the order they came."""

    row: int
    job: Job


class _JsonSerializer:
    """What SQLiteAckQueue needs of a serializer, with JSON as it stands in the database."""

    @staticmethod
    def dumps(value: Any, sort_keys: bool = False) -> bytes:
        return json.dumps(value, sort_keys=sort_keys, separators=(",", ":")).encode()

    @staticmethod
    def loads(stored: bytes) -> Any:
        return json.loads(stored)


class JobQueue(SQLiteAckQueue):
    """The ack queue, and changes of many rows in one transaction each.

    A row is ready, claimed by the worker, or failed for good; a finished row is deleted.
    """

    def put_jobs(self, jobs: Iterable[Job]) -> int:
        """Append jobs in one transaction; returns how many."""
        now = time.time()
        rows = [(self._serializer.dumps(job.to_stored()), now) for job in jobs]
        with self.tran_lock, self._putter as transaction:
            transaction.executemany(self._sql_insert, rows)
        self.total += len(rows)
        return len(rows)

    def jobs(self, after_row: int = 0) -> Iterator[QueuedJob]:
        """The ready jobs that came after `after_row`, oldest first; a damaged row fails for good."""
        return self._read(f"status < {_CLAIMED} AND {self._key_column} > ?", (after_row,))

    def failed_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that failed for good."""
        return self._read(f"status = {_FAILED}", ())

    def pending_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that wait or are being written, oldest first."""
        return self._read(f"status <= {_CLAIMED}", ())

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

    def _replace(self, rows: Sequence[int], job: Job, status: int) -> None:
        statement = f"UPDATE {self._table_name} SET data = ?, status = ? WHERE {self._key_column} = ?"
        with self.tran_lock, self._putter as transaction:
            transaction.execute(statement, (self._serializer.dumps(job.to_stored()), status, rows[0]))
            self._delete_rows(transaction, rows[1:])

    def _set_status(self, rows: Sequence[int], status: int) -> None:
        with self.tran_lock, self._putter as transaction:
            transaction.executemany(self._sql_mark_ack_status, [(status, row) for row in rows])

    def _delete_rows(self, transaction: sqlite3.Connection, rows: Sequence[int]) -> None:
        statement = f"DELETE FROM {self._table_name} WHERE {self._key_column} = ?"
        transaction.executemany(statement, [(row,) for row in rows])

    def _read(self, condition: str, values: tuple[int, ...]) -> Iterator[QueuedJob]:
        key = self._key_column
        statement = f"SELECT {key}, data FROM {self._table_name} WHERE {condition} ORDER BY {key}"
        for row, data in self._getter.execute(statement, values).fetchall():
            job = _parse(data)
            if job is not None:
                yield QueuedJob(row, job)
            elif condition.startswith("status <"):
                self._set_status([row], _FAILED)


def _parse(data: bytes) -> Job | None:
    try:
        return Job.from_stored(_JsonSerializer.loads(data))
    except (ValueError, KeyError, TypeError):
        return None


class QueueManager:
    """Owner of the queue's database in the data directory."""

    def __init__(self, data_dir: str | Path) -> None:
        """Open the queue, creating what is not there. Raises OSError or sqlite3.Error."""
        self.data_dir = Path(data_dir)
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Rows that are claimed belong to a worker that may be alive: only a worker releases them.
        self._queue = JobQueue(
            str(self.data_dir),
            auto_resume=False,
            serializer=_JsonSerializer,
            db_file_name=DATABASE,
            timeout=30.0,
        )

    def get_queue(self) -> JobQueue:
        """The open queue."""
        return self._queue

    def append(self, job: Job) -> None:
        """Append a job, without looking whether there is one like it."""
        self._queue.put(job.to_stored())

    def close(self) -> None:
        """Close the database."""
        self._queue.close()
