"""The owner of the queue's database: opened, or set aside with what can still be read taken over."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from stash import log
from sync_queue.data_folder import (
    FOLDER_ERRORS,
    QUEUE_DATABASE,
    is_damage,
    open_database,
    problem_text,
    usual_patience,
)
from sync_queue.hook import ALL_SCENES
from sync_queue.job import Job, JsonSerializer, parse_job
from sync_queue.job_queue import JobQueue, QueuedJob
from sync_queue.state import SyncState

T = TypeVar("T")

__all__ = ["JobQueue", "QueueManager", "QueuedJob"]

# As persist-queue names it for its ack queue of the default name.
TABLE = "`ack_queue_default`"
# What a user does after the queue was set aside.
AFTER_A_LOSS = "Run Reconcile Library (All): it finds what was waiting."


class QueueManager:
    """Owner of the queue's database in the data directory."""

    def __init__(self, data_dir: str | os.PathLike[str], is_doubted: bool = False) -> None:
        """Open the queue, creating what is not there; look at all of it where its content is doubted.

        `notice` is a sentence for the log where a damaged database was set aside, else empty.
        Raises OSError or sqlite3.Error.
        """
        self._path = os.path.join(os.fspath(data_dir), QUEUE_DATABASE)
        self.notice = ""
        self._queue = self._open(is_doubted)
        try:
            self._queue.take_in_changes()
        except sqlite3.Error as error:
            if is_doubted or not is_damage(error):
                raise
            # The damage shows only where something is written.
            self._queue.close()
            self._queue = self._open(is_doubted=True)
            self._queue.take_in_changes()

    def _open(self, is_doubted: bool) -> JobQueue:
        queue, set_aside = open_database(self._path, partial(_open_queue, is_doubted=is_doubted))
        if set_aside:
            self.notice = f"{set_aside}. {AFTER_A_LOSS}"
            kept = os.path.join(os.path.dirname(self._path), set_aside.rpartition(" ")[2])
            queue.put_jobs([_look_at_all(), *_readable_jobs(kept)])
        return queue

    def look_for_changes(self) -> None:
        """Queue a look at all scenes: of those that were ever pushed, those that waited are found."""
        self._queue.put_jobs([_look_at_all()])

    def get_queue(self) -> JobQueue:
        """The open queue."""
        return self._queue

    def append(self, job: Job) -> None:
        """Append a job, without looking whether there is one like it."""
        self._queue.put_jobs([job])

    def close(self) -> None:
        """Close the database."""
        self._queue.close()


def open_queue(data_dir: str, is_needed: bool) -> QueueManager | None:
    """The open queue; None, told as an error, where there can be none and a task can do without.

    Raises OSError or sqlite3.Error where it is needed, or damaged.
    """
    try:
        manager = QueueManager(data_dir)
    except FOLDER_ERRORS as problem:
        if is_needed or is_damage(problem):
            raise
        log.error(problem_text(data_dir, problem))
        return None
    if manager.notice:
        log.warning(manager.notice)
    return manager


def run_repairing(data_dir: str, run: Callable[[], T]) -> T:
    """Run what uses both databases; once more, with what is damaged set aside, where it meets damage.

    Raises what `run` does, OSError or sqlite3.Error.
    """
    try:
        return run()
    except FOLDER_ERRORS as problem:
        if not is_damage(problem):
            raise
        log.debug(f"A database is damaged ({problem}).")
    set_damaged_aside(data_dir)
    return run()


def set_damaged_aside(data_dir: str | Path) -> None:
    """Look at both databases from their first page to their last; a damaged one is set aside, and told.

    Nobody in this process may have them open. Raises OSError or sqlite3.Error.
    """
    manager = QueueManager(data_dir, is_doubted=True)
    manager.close()
    if manager.notice:
        log.warning(manager.notice)
    SyncState(data_dir, is_doubted=True).close()


def _look_at_all() -> Job:
    return Job(0, "queue set aside", time.time(), entity=ALL_SCENES)


def _readable_jobs(path: str) -> list[Job]:
    """What can still be read in a queue that was set aside."""
    jobs: list[Job] = []
    try:
        with closing(sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True)) as connection:
            for (data,) in connection.execute(f"SELECT data FROM {TABLE} WHERE status < 5"):
                job = parse_job(data)
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
        serializer=JsonSerializer,
        db_file_name=os.path.basename(path),
        timeout=usual_patience(),
    )
    try:
        queue.prepare(is_doubted)
    except BaseException:
        queue.close()
        raise
    return queue
