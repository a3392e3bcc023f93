"""A job: what the queue keeps about one change, which is an id and never metadata.

As an object, as its row has it (JSON, and the columns that the database is asked for), and when it is tried
again.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from stash import log

# Plex finds new files within minutes, or at its next scan: from five minutes to a day.
NOT_IN_PLEX_FIRST, NOT_IN_PLEX_LONGEST = 300.0, 86_400.0
BUSY_FIRST, BUSY_LONGEST = 30.0, 3_600.0
BUSY_ATTEMPTS = 8
# Longer than any interval after which a job is tried again, in seconds.
LONGEST_DELAY = 2 * 86_400.0

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


class Job(NamedTuple):
    """“Bring this scene to Plex”, or the scenes of an entity.

    `entity` is empty for a scene. For a performer, studio, tag or group it is its name in Stash's
    filters, `entity_id` says which one, and `scene_id` is 0; the worker expands it to its scenes.
    sync_queue.hook.ALL_SCENES stands for every scene whose values are not those that were pushed.

    `reason` is a hook's type or a gap's name. `queued_at` and `due_at` are seconds since 1970 by
    this machine's clock; a job is not taken before `due_at`. `attempts` counts the tries that ended
    for the reason in `waits_for`, and `problem` is a sentence about the last one.
    """

    scene_id: int
    reason: str
    queued_at: float
    attempts: int = 0
    due_at: float = 0.0
    waits_for: str = ""
    problem: str = ""
    entity: str = ""
    entity_id: int = 0

    def to_stored(self) -> dict[str, Any]:
        """The JSON object that the queue keeps."""
        return {name: value for name, value in zip(self._fields, self, strict=True) if value}

    @classmethod
    def from_stored(cls, stored: object) -> Job:
        """Read a kept job. Raises ValueError, KeyError or TypeError for anything else."""
        if not isinstance(stored, Mapping):
            raise TypeError("a job is an object")
        return cls(
            scene_id=int(stored["scene_id"] if not stored.get("entity") else 0),
            reason=str(stored.get("reason", "")),
            queued_at=float(stored.get("queued_at", 0.0)),
            attempts=int(stored.get("attempts", 0)),
            due_at=float(stored.get("due_at", 0.0)),
            waits_for=str(stored.get("waits_for", "")),
            problem=str(stored.get("problem", "")),
            entity=str(stored.get("entity", "")),
            entity_id=int(stored.get("entity_id", 0)),
        )


def is_due(job: Job, now: float) -> bool:
    """Whether the job may be taken; a due time beyond all intervals comes from a clock that was set back."""
    return job.due_at <= now or job.due_at > now + LONGEST_DELAY


def not_in_plex_delay(attempts: int) -> float:
    """Seconds until a scene that Plex does not have is looked for again."""
    return _grown(NOT_IN_PLEX_FIRST, NOT_IN_PLEX_LONGEST, attempts)


def busy_delay(attempts: int, retry_after: float | None) -> float:
    """Seconds until a write that Plex could not do is tried again."""
    return max(_grown(BUSY_FIRST, BUSY_LONGEST, attempts), min(retry_after or 0.0, BUSY_LONGEST))


def _grown(first: float, longest: float, attempts: int) -> float:
    return min(first * 3.0 ** min(attempts, 20), longest) * random.uniform(0.9, 1.1)


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
