"""Queueing what changed in Stash and no hook told, before a drain takes its first job.

One small question tells whether anything changed since the last time; only then more is asked. What
hooks did tell is in the queue already or was read since, and is not queued again. Where Stash's
timestamps cannot be believed, a full reconcile is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from stash.changes import (
    ENTITIES,
    SCENE,
    Ask,
    Changed,
    Overview,
    all_scene_ids,
    entities_changed_since,
    offset_of,
    read_overview,
    scenes_changed_since,
    scenes_made_after,
    settled,
)
from stash.exceptions import GraphQLRefusal, StashAnswerInvalid
from sync_queue.hook import ALL_SCENES
from sync_queue.job import Job
from sync_queue.manager import JobQueue
from sync_queue.state import SyncState
from sync_queue.state_database import RECONCILE_WANTED

if TYPE_CHECKING:
    from stash.client import Stash

REASON = "changed in Stash"
GONE = "gone from Stash"


class CatchUp:
    """Compares how Stash stands with how it stood, and queues the difference."""

    def __init__(
        self, stash: Stash, state: SyncState, queue: JobQueue, clock: Callable[[], float] = time.time
    ) -> None:
        self._stash = stash
        self._ask: Ask = stash.ask
        self._state = state
        self._noticed = state.noticed
        self._queue = queue
        self._clock = clock

    def run(self) -> tuple[int, int]:
        """Queue what no hook told; returns how many scenes, and how many that scenes show.

        Raises StashError; what was not queued then is found the next time.
        """
        before = self._noticed.overview()
        now = read_overview(self._ask, before.scenes.latest_id if before else 0).held_back(self._stash.now)
        if before is None:
            self._begin(now)
            return 0, 0
        if now.same_as(before):
            return 0, 0
        now = now.after(before)
        told = _Told(self._queue, self._clock())
        scenes = self._changed_scenes(before, now)
        chosen = set(self._stash.chosen_of([change.id for change in scenes]))
        gone = self._gone_scenes(before, now, told)
        entities = {
            kind: self._changed_entities(kind, before) for kind in ENTITIES if _moved(kind, before, now)
        }
        jobs = [
            *self._scene_jobs((change for change in scenes if change.id in chosen), told),
            *(self._job(scene_id, GONE) for scene_id in gone),
            *self._entity_jobs(entities, before, now, told),
        ]
        self._queue.put_jobs(jobs)
        for kind, changes in {SCENE: scenes, **entities}.items():
            self._notice(kind, changes)
        reason = _why_reconcile(before, now, bool(scenes or gone))
        if reason:
            self._state.set_fact(RECONCILE_WANTED, reason)
        self._noticed.stand(now)
        others = sum(bool(job.entity) for job in jobs)
        return len(jobs) - others, others

    def begin(self) -> None:
        """Where nothing was ever looked for, look for what is later than now.

        For a full reconcile, which is about to read what there is, and names a record that Stash cannot
        tell of. Raises StashError.
        """
        if self._noticed.overview() is None:
            with suppress(GraphQLRefusal, StashAnswerInvalid):
                self._begin(read_overview(self._ask).held_back(self._stash.now))

    def _begin(self, now: Overview) -> None:
        """Look for what is later than this; what was before is for a reconcile to find."""
        pages = scenes_changed_since(self._ask, now.scenes.newest)
        changes = {SCENE: [change for page in pages for change in page]}
        for kind in ENTITIES:
            changes[kind] = entities_changed_since(self._ask, kind, now.standings[kind].newest)
        for kind, some in changes.items():
            # What was saved while these lists were read is not in any reconcile yet.
            self._notice(kind, now.standings[kind].without_later(some))
        self._noticed.stand(now)

    def _notice(self, kind: str, changes: Iterable[Changed]) -> None:
        self._noticed.notice(kind, settled(changes, self._stash.now))

    def _changed_scenes(self, before: Overview, now: Overview) -> list[Changed]:
        """The scenes saved or made since, but for those that were read as they are now."""
        found: dict[int, Changed] = {}
        pages = []
        if now.scenes.newest != before.scenes.newest:
            pages.append(scenes_changed_since(self._ask, before.scenes.newest))
        if now.new_scenes:
            pages.append(scenes_made_after(self._ask, before.scenes.latest_id))
        for page in (page for listing in pages for page in listing):
            found.update((change.id, change) for change in page)
        return self._noticed.unnoticed(SCENE, found.values())

    def _gone_scenes(self, before: Overview, now: Overview, told: _Told) -> list[int]:
        """The scenes that Stash does not have any more, where hooks did not tell of all of them."""
        missing = before.scenes.count + now.new_scenes - now.scenes.count
        if missing <= len(told.destroyed_scenes):
            return []
        known = self._state.known_scene_ids()
        for page in all_scene_ids(self._ask):
            known.difference_update(page)
        return sorted(known - told.scenes)

    def _changed_entities(self, kind: str, before: Overview) -> list[Changed]:
        return entities_changed_since(self._ask, kind, before.standings[kind].newest)

    def _scene_jobs(self, scenes: Iterable[Changed], told: _Told) -> Iterable[Job]:
        return [self._job(change.id, REASON) for change in scenes if change.id not in told.scenes]

    def _entity_jobs(
        self, changed: Mapping[str, Sequence[Changed]], before: Overview, now: Overview, told: _Told
    ) -> Iterable[Job]:
        jobs = []
        for kind, changes in changed.items():
            jobs += [
                self._job(0, REASON, kind, change.id)
                for change in self._noticed.unnoticed(kind, changes)
                if (kind, change.id) not in told.entities
            ]
            made = sum(change.id > before.standings[kind].latest_id for change in changes)
            is_gone = before.standings[kind].count + made > now.standings[kind].count
            if is_gone and not told.explains_loss_of(kind):
                jobs.append(self._job(0, GONE, ALL_SCENES))
        return {(job.entity, job.entity_id): job for job in jobs}.values()

    def _job(self, scene_id: int, reason: str, entity: str = "", entity_id: int = 0) -> Job:
        return Job(scene_id, reason, self._clock(), entity=entity, entity_id=entity_id)


class _Told:
    """What hooks told and nobody has taken yet."""

    def __init__(self, queue: JobQueue, now: float) -> None:
        jobs = queue.entity_jobs()
        # One that waits for its time was looked at before this change, which may be what it waits for.
        self.scenes = queue.due_scene_ids(now)
        self.destroyed_scenes = queue.untried_scene_ids("Scene.Destroy")
        self.entities = {(job.entity, job.entity_id) for job in jobs}
        self._merged_tags = any(job.reason.startswith("Tag.Merge") for job in jobs)

    def explains_loss_of(self, kind: str) -> bool:
        """Whether a waiting job will look at the scenes of whatever of this kind is gone."""
        return (ALL_SCENES, 0) in self.entities or (kind == "tag" and self._merged_tags)


def _moved(kind: str, before: Overview, now: Overview) -> bool:
    return before.standings[kind] != now.standings[kind]


def _why_reconcile(before: Overview, now: Overview, is_explained: bool) -> str:
    """Why changes may have been missed, in words; empty where they cannot."""
    offsets = {offset_of(overview.scenes.newest) for overview in (before, now)} - {None}
    if len(offsets) > 1:
        return "Stash's time zone changed"
    if (now.is_ahead and not before.is_ahead) or (
        not is_explained and now.scenes.newest < before.scenes.newest
    ):
        return "Stash's clock was set back"
    files = (before.without_file, before.with_several_files), (now.without_file, now.with_several_files)
    if files[0] != files[1] and not is_explained:
        return "files moved between scenes in Stash"
    return ""
