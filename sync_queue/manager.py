"""The queue of jobs on disk: persist-queue's SQLiteAckQueue, with what it lacks for many rows at once.

persist-queue is loaded without its other back ends, which take longer to load than all of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from sync_queue import data_folder
from sync_queue.append import ALL_SCENES
from sync_queue.data_folder import QUEUE_DATABASE, open_database
from sync_queue.job import Job, is_due
from sync_queue.take_in import take_in
from sync_queue.witness import QUEUE_STEPS, STATE_NAME, STATE_STEPS, read_facts, remember

# As persist-queue names it for its ack queue of the default name.
TABLE = "`ack_queue_default`"


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

# What a user does after the queue was set aside.
AFTER_A_LOSS = "Run Reconcile Library (All): it finds again what was waiting."
_READY, _CLAIMED, _FAILED = int(AckStatus.ready), int(AckStatus.unack), int(AckStatus.ack_failed)


class QueuedJob(NamedTuple):
    """A job and the number of its row; rows are numbered in the order they came."""

    row: int
    job: Job


_encode = json.JSONEncoder(separators=(",", ":")).encode


class _JsonSerializer:
    """What SQLiteAckQueue needs of a serializer, with JSON as it stands in the database."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        return _encode(value).encode()

    @staticmethod
    def loads(stored: bytes) -> Any:
        return json.loads(stored)


class JobQueue(SQLiteAckQueue):
    """The ack queue, and changes of many rows in one transaction each.

    A row is ready, claimed by the worker, or failed for good; a finished row is deleted.
    """

    def __del__(self) -> None:
        """The connection closes by itself; the garbage collector may run in another thread."""

    def write_through(self) -> None:
        """Let what was written outlast a power cut, whatever this system's SQLite does by itself."""
        for connection in {self._getter, self._putter}:
            connection.execute("PRAGMA synchronous=FULL")

    def examine(self) -> None:
        """Look at every page of the database. Raises Unusable or sqlite3.Error."""
        data_folder.examine(self._conn, {self._table_name: ("_id", "data", "timestamp", "status")})

    def index_by_status(self) -> None:
        """Make counting and taking jobs independent of how many others there are."""
        self._conn.execute(f"CREATE INDEX IF NOT EXISTS job_status ON {self._table_name} (status)")

    def put_jobs(self, jobs: Iterable[Job]) -> int:
        """Append jobs in one transaction; returns how many."""
        now = time.time()
        rows = ((self._serializer.dumps(job.to_stored()), now) for job in jobs)
        with self.tran_lock, self._putter as transaction:
            count = transaction.executemany(self._sql_insert, rows).rowcount
        self.total += count
        return int(count)

    def take_in_changes(self) -> None:
        """Put into the queue what hooks wrote down beside it. Raises OSError or sqlite3.Error."""
        take_in(self.path, self.put_jobs)

    def jobs(self, after_row: int = 0) -> Iterator[QueuedJob]:
        """The ready jobs that came after `after_row`, oldest first; a damaged row fails for good.

        What hooks wrote down until now is among them.
        """
        self.take_in_changes()
        return self._read(f"status < {_CLAIMED} AND {self._key_column} > ?", (after_row,))

    def failed_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that failed for good."""
        return self._read(f"status = {_FAILED}", ())

    def pending_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that wait or are being written, oldest first."""
        return self._read(f"status <= {_CLAIMED}", ())

    def count_ready(self) -> int:
        """How many rows wait, by a fresh look at the database (other processes append too)."""
        return int(self._count())

    def count_after(self, row: int) -> int:
        """How many rows wait that came after this one."""
        statement = f"SELECT COUNT(*) FROM {self._table_name} WHERE {self._key_column} > ? AND status < ?"
        return int(self._getter.execute(statement, (row, _CLAIMED)).fetchone()[0])

    def has_due_jobs(self) -> bool:
        """Whether a job may be taken now."""
        now = time.time()
        return any(is_due(queued.job, now) for queued in self.jobs())

    def retry_failed(self) -> int:
        """Make the failed jobs ready as if they were new; returns how many."""
        failed = list(self.failed_jobs())
        for queued in failed:
            job = queued.job._replace(attempts=0, due_at=0.0, problem="")
            self._replace([queued.row], job, _READY)
        return len(failed)

    def clear(self) -> tuple[int, int]:
        """Remove the jobs that wait and those that failed; returns how many of each."""
        statement = f"DELETE FROM {self._table_name} WHERE"
        with self.tran_lock, self._putter as transaction:
            waiting = transaction.execute(f"{statement} status < {_CLAIMED}").rowcount
            failed = transaction.execute(f"{statement} status = {_FAILED}").rowcount
        return int(waiting), int(failed)

    def count_step(self, state_name: str, state_steps: int) -> int:
        """Count a drain's begin or end, and keep what the state had counted; returns the queue's count."""
        with self.tran_lock, self._putter as transaction:
            steps = int(read_facts(transaction).get(QUEUE_STEPS, "0")) + 1
            facts = {STATE_NAME: state_name, STATE_STEPS: str(state_steps), QUEUE_STEPS: str(steps)}
            remember(transaction, facts)
        return steps

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

    def __init__(self, data_dir: str | os.PathLike[str], is_doubted: bool = False) -> None:
        """Open the queue, creating what is not there; look at all of it where its content is doubted.

        `notice` is a sentence for the log where a damaged database was set aside, else empty.
        Raises OSError or sqlite3.Error.
        """
        path = os.path.join(os.fspath(data_dir), QUEUE_DATABASE)
        self._queue, set_aside = open_database(path, partial(_open_queue, is_doubted=is_doubted))
        self.notice = set_aside and f"{set_aside}. {AFTER_A_LOSS}"
        if set_aside:
            # Of the scenes that were ever pushed, those that waited are found without a reconcile.
            everything = Job(0, "queue set aside", time.time(), entity=ALL_SCENES)
            readable = _readable_jobs(os.path.join(os.fspath(data_dir), set_aside.rpartition(" ")[2]))
            self._queue.put_jobs([everything, *readable])
        self._queue.take_in_changes()

    def get_queue(self) -> JobQueue:
        """The open queue."""
        return self._queue

    def append(self, job: Job) -> None:
        """Append a job, without looking whether there is one like it."""
        self._queue.put_jobs([job])

    def close(self) -> None:
        """Close the database."""
        self._queue.close()


def _readable_jobs(path: str) -> list[Job]:
    """What can still be read in a queue that was set aside."""
    jobs: list[Job] = []
    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as connection:
            for (data,) in connection.execute(f"SELECT data FROM {TABLE} WHERE status < {_FAILED}"):
                job = _parse(data)
                if job is not None:
                    jobs.append(job)
    except (sqlite3.Error, OSError):
        # As far as the damage lets it be read.
        pass
    return jobs


def _open_queue(path: str, is_doubted: bool = False) -> JobQueue:
    # Rows that are claimed belong to a worker that may be alive: only a worker releases them.
    queue = JobQueue(
        os.path.dirname(path),
        auto_resume=False,
        serializer=_JsonSerializer,
        db_file_name=os.path.basename(path),
        timeout=30.0,
    )
    try:
        if is_doubted:
            queue.examine()
        queue.write_through()
        queue.index_by_status()
    except BaseException:
        queue.close()
        raise
    return queue
