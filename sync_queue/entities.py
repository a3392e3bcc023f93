"""Jobs that name a performer, studio, tag or group, or every scene, and the scenes that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from stash import log
from stash.changes import ENTITIES, Changed, settled, versions_of
from stash.client import Stash
from stash.exceptions import EntityUnusable, GraphQLRefusal, StashAnswerInvalid
from sync_queue.claims import Claims
from sync_queue.collection_updates import CollectionUpdates
from sync_queue.entity_scenes import Affected, EntityScenes
from sync_queue.hook import ALL_SCENES
from sync_queue.job import Job
from sync_queue.job_queue import JobQueue, QueuedJob
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import Stash2PlexError

T = TypeVar("T")


class UnknownEntity(Stash2PlexError):
    """A job names a kind of entity that this version does not know; a newer one queued it."""


class Entities:
    """Replaces the jobs of entities by jobs of their scenes, each guarded against what is wrong with it."""

    def __init__(
        self,
        queue: JobQueue,
        state: SyncState,
        stash: Stash,
        config: Stash2PlexConfig,
        claims: Claims,
        collections: CollectionUpdates,
        clock: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._state = state
        self._stash = stash
        self._scenes = EntityScenes(stash, state, config)
        self._claims = claims
        self._collections = collections
        self._clock = clock

    def expand(self, queued: Sequence[QueuedJob]) -> None:
        """Replace jobs that name a performer, studio, tag or group by jobs for the scenes that it changes.

        These are in the queue, and its collection is to be looked at, before the entity's leave it. A scene
        that waits already, for Plex to find its file for instance, is read when its time comes: nothing is
        added for it.
        """
        named: dict[tuple[str, int], list[QueuedJob]] = {}
        for one in queued:
            named.setdefault((one.job.entity, one.job.entity_id), []).append(one)
        if not named:
            return
        asked = [name for name in named if name[0] in ENTITIES]
        versions = self._or_refusal(partial(versions_of, self._stash.ask, asked))
        # They may have changed since the drain began.
        self._collections.forget_sources()
        for (entity, entity_id), jobs in named.items():
            affected = self._or_refusal(partial(self._affected, entity, entity_id))
            if isinstance(affected, Exception):
                self._claims.put_off_entity(jobs, affected)
                continue
            log.debug(f"{entity} {entity_id or ''} changed: {len(affected.scene_ids)} scenes to look at.")
            waiting = self._queue.ready_scenes(affected.scene_ids)
            reason, now = f"{entity} changed", self._clock()
            self._queue.put_jobs(Job(one, reason, now) for one in affected.scene_ids if one not in waiting)
            note = partial(self._collections.note_changed, entity, entity_id)
            noted = self._or_refusal(note) if affected.has_scenes else None
            if isinstance(noted, Exception):
                self._claims.put_off_entity(jobs, noted)
                continue
            if not isinstance(versions, Exception) and (entity, entity_id) in versions:
                version = Changed(entity_id, versions[entity, entity_id])
                self._state.noticed.notice(entity, settled([version], self._stash.now))
            self._queue.finish([one.row for one in jobs])

    def _or_refusal(self, ask: Callable[[], T]) -> T | Exception:
        """What Stash answers about an entity, or what is wrong with this question alone.

        Raises StashError where Stash answers no other question either.
        """
        try:
            return ask()
        except (EntityUnusable, GraphQLRefusal, StashAnswerInvalid, UnknownEntity) as refusal:
            self._stash.count_scenes()
            return refusal

    def _affected(self, entity: str, entity_id: int) -> Affected:
        if entity == ALL_SCENES:
            return Affected(self._scenes.changed(), has_scenes=True)
        if entity not in ENTITIES:
            raise UnknownEntity(f"this version of Stash2Plex does not know what a “{entity}” is.")
        return self._scenes.affected_by(entity, entity_id)
