"""A job: what the queue keeps about one change, which is an id and never metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Job(NamedTuple):
    """“Bring this scene to Plex”, or the scenes of an entity.

    `entity` is empty for a scene. For a performer, studio, tag or group it is its name in Stash's
    filters, `entity_id` says which one, and `scene_id` is 0; the worker expands it to its scenes.
    sync_queue.append.ALL_SCENES stands for every scene whose values are not those that were pushed.

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


# Longer than any interval after which a job is tried again, in seconds.
LONGEST_DELAY = 2 * 86_400.0


def is_due(job: Job, now: float) -> bool:
    """Whether the job may be taken; a due time beyond all intervals comes from a clock that was set back."""
    return job.due_at <= now or job.due_at > now + LONGEST_DELAY
