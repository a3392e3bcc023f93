"""A job as its row has it: as JSON, and in the columns that the database is asked for."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from math import isfinite
from typing import Any

from stash import log
from sync_queue.job import Job

COLUMNS = {
    "scene_id": "INTEGER",
    "entity": "TEXT",
    "entity_id": "INTEGER",
    "due_at": "REAL",
    "waits_for": "TEXT",
    "reason": "TEXT",
    "problem": "TEXT",
}
# What stands in place of a job that cannot be read, not even which scene it is about.
UNREADABLE = "The job was damaged on the disk. Run Reconcile Library (All): it finds what differs."
_SCENE_ID = re.compile(rb'"scene_id":\s*(\d{1,18})\b')
# What SQLite can count to.
LARGEST_ID = 2**63 - 1

_encode = json.JSONEncoder(separators=(",", ":")).encode


class JsonSerializer:
    """What SQLiteAckQueue needs of a serializer, with JSON as it stands in the database."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """As it is stored."""
        return _encode(value).encode()

    @staticmethod
    def loads(stored: bytes) -> Any:
        """As it was. Raises ValueError."""
        return json.loads(stored)


def parse_job(data: Any) -> Job | None:
    """The job that a row holds; None where it cannot be read."""
    try:
        job = Job.from_stored(JsonSerializer.loads(data))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    if max(abs(job.scene_id), abs(job.entity_id)) > LARGEST_ID:
        return None
    return job if isfinite(job.due_at) else job._replace(due_at=0.0)


def columns_of(job: Job) -> list[Any]:
    """What the database is asked for, in the order of the columns."""
    values = (getattr(job, name) for name in COLUMNS)
    # Half a character, as JSON can hold it, is no text for SQLite.
    return [value.encode(errors="replace").decode() if isinstance(value, str) else value for value in values]


def recovered(data: Any) -> Job:
    """What can be made of a damaged row: a job for its scene, or one that says that it is damaged."""
    found = _SCENE_ID.search(data if isinstance(data, bytes) else str(data).encode())
    if found:
        log.info(f"A job in the queue was damaged on the disk: scene {int(found[1])} will be written again.")
        return Job(int(found[1]), "damaged job", time.time())
    log.warning(f"A job in the queue cannot be read. {UNREADABLE}")
    return Job(0, "damaged job", time.time(), problem=UNREADABLE)


def job_of(columns: Iterable[Any]) -> Job:
    """A job whose record is damaged, by what its columns say."""
    return Job(queued_at=time.time(), **dict(zip(COLUMNS, columns, strict=True)))
