"""Draining the queue into Plex.

Jobs are claimed before their scenes are read, so an edit that comes while a scene is being written
stays in the queue and is written next. A job leaves the queue last, after Plex took the write, the
item was read back and the state recorded it: whatever is interrupted is done again, and then
changes nothing.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TypeVar

from stashapi import log

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexError, PlexNotFound
from plex.fields import SceneMapping
from plex.finding import Found
from plex.library import LibrarySection, read_sections, scan_folder
from plex.matching import MatchLevel
from sync_queue.append import ALL_SCENES
from sync_queue.failure import Meaning, is_outage, meaning_of
from sync_queue.job import Job, is_due
from sync_queue.manager import JobQueue, QueuedJob
from sync_queue.planning import ItemPlan, Planner
from sync_queue.reading import Lane, OpenLane, ReadAhead, ReadBatch, Reader
from sync_queue.retry import BUSY_ATTEMPTS, busy_delay, not_in_plex_delay
from sync_queue.sending import Senders, problems_after
from sync_queue.state import SyncState
from sync_queue.witness import count_step
from validation.config import Stash2PlexConfig
from validation.exceptions import SceneMalformed, StashError
from validation.scene import Scene
from validation.stash import Stash
from validation.stash_changes import ENTITIES, SCENE, Changed, versions_of

T = TypeVar("T")
SCENES_PER_BATCH = 50
# Stash runs the hooks of a bulk edit one after another, some tens of milliseconds apart: without
# this, seconds, such an edit would end in a hundred drains.
LINGER = 1.0


class Outcome(Enum):
    """What became of a scene."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    NOT_IN_PLEX = "not in Plex"
    AMBIGUOUS = "ambiguous"
    OPTED_OUT = "opted out"
    BARE = "nothing to carry over"
    BUSY = "tried again later"
    FAILED = "failed"
    DELETED = "deleted in Stash"


@dataclass
class DrainSummary:
    """Scenes by outcome, the scenes still in the queue, and why the drain stopped before its end.

    `is_outage` is true where it stopped because a server did not answer.
    """

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    left: int = 0
    stopped: str = ""
    is_outage: bool = False

    @property
    def handled(self) -> int:
        """How many scenes were looked at."""
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class _Work:
    """One scene's rows in the queue, as a single job."""

    job: Job
    rows: tuple[int, ...]

    @property
    def scene_id(self) -> int:
        return self.job.scene_id


class SyncWorker:
    """Takes jobs from the queue and brings their scenes to Plex; one at a time (sync_queue.exclusive).

    With `open_lane`, which opens connections for one more thread, the next scenes are read while
    these are written, and several are written at a time where the settings say so.
    """

    def __init__(
        self,
        queue: JobQueue,
        state: SyncState,
        stash: Stash,
        plex: Plex,
        config: Stash2PlexConfig,
        report_progress: Callable[[float], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        is_automatic: bool = False,
        open_lane: OpenLane | None = None,
    ) -> None:
        self._queue = queue
        self._state = state
        self._lane = Lane(stash, plex)
        self._open_lane = open_lane
        self._config = config
        self._planner = Planner(state, config)
        self._senders = Senders(self._lane, open_lane, state, config)
        self._report_progress = report_progress
        self._clock = clock
        self._linger = LINGER if is_automatic else 0.0
        self._summary = DrainSummary()
        self._sections: list[LibrarySection] = []
        # Claimed and not settled, by scene id.
        self._unsettled: dict[int, _Work] = {}
        self._scanned: set[str] = set()

    def drain(self) -> DrainSummary:
        """Write all that is due, and what comes in meanwhile. Never raises for what a scene holds."""
        self._queue.release_claimed()
        count_step(self._state, self._queue)
        try:
            self._sections = read_sections(self._lane.plex, self._config.plex_library)
            self._use_server(self._state)
            self._drain_all()
        except (StashError, PlexError) as error:
            self._summary.stopped = str(error)
            self._summary.is_outage = is_outage(error)
        finally:
            self._senders.close()
            self._queue.release([row for work in self._unsettled.values() for row in work.rows])
        self._summary.left = len({queued.job.scene_id for queued in self._queue.jobs()})
        count_step(self._state, self._queue)
        if not self._summary.stopped and not self._summary.outcomes[Outcome.BUSY]:
            self._state.mark_drained()
        return self._summary

    def _use_server(self, state: SyncState) -> None:
        state.use_server(self._lane.plex.machine_identifier, str(self._config.path_map))

    def _drain_all(self) -> None:
        last_row = 0
        while queued := self._next_jobs(last_row):
            last_row = queued[-1].row
            self._expand([one for one in queued if one.job.entity])
            scenes = [one for one in queued if not one.job.entity]
            work = _coalesced(scenes, self._queue.failed_jobs(), self._clock())
            batches = [work[n : n + SCENES_PER_BATCH] for n in range(0, len(work), SCENES_PER_BATCH)]
            reader = self._open_reading(len(batches))
            try:
                self._drain_batches(batches, reader)
            finally:
                reader.close()

    def _open_reading(self, batches: int) -> Reader | ReadAhead:
        open_lane = self._open_lane
        if open_lane is None or batches < 2:
            return Reader(self._lane, self._state, self._sections, self._config)

        def open_reader() -> tuple[Reader, SyncState]:
            state = self._state.another()
            self._use_server(state)
            return Reader(open_lane(), state, self._sections, self._config), state

        return ReadAhead(open_reader)

    def _drain_batches(self, batches: Sequence[Sequence[_Work]], reader: Reader | ReadAhead) -> None:
        """Write each batch while the next one is read."""
        waits = (self._claim_and_start(batch, reader) for batch in batches)
        following = next(waits, None)
        for number, batch in enumerate(batches, start=1):
            assert following is not None
            wait, following = following, None
            if isinstance(reader, ReadAhead):
                following = next(waits, None)
            self._write_batch(batch, wait())
            self._report_progress(number / len(batches))
            following = following or next(waits, None)

    def _claim_and_start(self, batch: Sequence[_Work], reader: Reader | ReadAhead) -> Callable[[], ReadBatch]:
        self._queue.claim([row for work in batch for row in work.rows])
        self._unsettled.update((work.scene_id, work) for work in batch)
        return reader.start([work.scene_id for work in batch])

    def _next_jobs(self, last_row: int) -> list[QueuedJob]:
        """The jobs after this row; a drain that hooks asked for waits a moment for a bulk edit's next."""
        deadline = time.monotonic() + self._linger
        while True:
            queued = list(self._queue.jobs(after_row=last_row))
            if queued or not last_row or time.monotonic() >= deadline:
                return queued
            time.sleep(0.05)

    def _expand(self, queued: Sequence[QueuedJob]) -> None:
        """Replace jobs that name a performer, studio, tag or group by jobs for their scenes.

        The scenes' jobs are in the queue before the entity's leave it.
        """
        entities = list(dict.fromkeys((one.job.entity, one.job.entity_id) for one in queued))
        versions = versions_of(self._lane.stash.ask, [one for one in entities if one[0] in ENTITIES])
        for entity, entity_id in entities:
            if entity == ALL_SCENES:
                scene_ids = self._changed_scenes()
            else:
                scene_ids = self._lane.stash.scene_ids_with(entity, entity_id)
            log.debug(f"{entity} {entity_id or ''} changed: {len(scene_ids)} scenes.")
            self._queue.put_jobs(Job(scene_id, f"{entity} changed", self._clock()) for scene_id in scene_ids)
        for (entity, entity_id), updated_at in versions.items():
            self._state.noticed.notice(entity, [Changed(entity_id, updated_at)])
        self._queue.finish([one.row for one in queued])

    def _changed_scenes(self) -> list[int]:
        """The scenes that were pushed and have other values now, found in Stash alone."""
        changed: set[int] = set()
        mapping = SceneMapping(self._config)
        for page in self._lane.stash.pages():
            now = {scene.id: mapping.fields(scene).fingerprint() for scene in page.scenes}
            pushed = self._state.pushed_fingerprints(now)
            changed.update(scene_id for (scene_id, _), before in pushed.items() if now[scene_id] != before)
        return sorted(changed)

    def _write_batch(self, batch: Sequence[_Work], read: ReadBatch) -> None:
        planned = [
            (work, plans)
            for work in batch
            if (plans := self._guarded(work, partial(self._plans, work, read)))
        ]
        self._state.record_begun(
            (plan.scene.id, plan.item.rating_key, plan.ours, plan.recovered)
            for _, plans in planned
            for plan in plans
            if plan.merged.changes
        )
        sending = [(work, self._senders.start(plans)) for work, plans in planned]
        all_sent = [(work, sent) for work, wait in sending if (sent := self._guarded(work, wait))]
        try:
            problems = problems_after(self._lane.plex, [sent for _, sent in all_sent])
        except PlexBusy as busy:
            # The next try finds nothing to change, or what did not take.
            for work, _ in all_sent:
                self._postpone_busy(work, str(busy), busy.retry_after)
            return
        taken = [sent for work, sent in all_sent if work.scene_id not in problems]
        self._state.record_pushed(
            (plan.scene.id, plan.item.rating_key, plan.ours) for sent in taken for plan in sent.plans
        )
        self._state.noticed.notice(SCENE, read.versions)
        done: dict[Outcome, list[_Work]] = {Outcome.WRITTEN: [], Outcome.UNCHANGED: []}
        for work, sent in all_sent:
            if work.scene_id in problems:
                self._fail(work, problems[work.scene_id])
            elif sent.cover_problem:
                self._postpone_busy(work, sent.cover_problem)
            else:
                is_written = sent.uploads or any(plan.merged.changes for plan in sent.plans)
                done[Outcome.WRITTEN if is_written else Outcome.UNCHANGED].append(work)
        for outcome, works in done.items():
            self._finish(works, outcome)

    def _guarded(self, work: _Work, act: Callable[[], T]) -> T | None:
        """Do something for one scene; None where it failed, and then its job is settled.

        Raises only what stops the whole drain.
        """
        try:
            return act()
        except Exception as error:
            meaning = meaning_of(error)
            if meaning is Meaning.SERVER_IN_TROUBLE:
                raise
            if meaning is Meaning.NEVER:
                self._fail(work, _problem_of(error))
            elif isinstance(error, PlexNotFound):
                self._postpone(work, Outcome.NOT_IN_PLEX, "Plex removed its item meanwhile.")
            else:
                self._postpone_busy(work, str(error), getattr(error, "retry_after", None))
        return None

    def _plans(self, work: _Work, read: ReadBatch) -> list[ItemPlan]:
        """What is to be done for one scene; none where its job is settled already."""
        scene, found = read.scenes.get(work.scene_id), read.found.get(work.scene_id)
        if isinstance(found, PlexBusy):
            raise found
        if work.scene_id in read.malformed:
            raise read.malformed[work.scene_id]
        if scene is None or found is None:
            self._state.forget_scene(work.scene_id)
            self._finish([work], Outcome.DELETED)
        elif (scene.is_bare or not scene.files) and not self._state.was_pushed(scene.id):
            self._finish([work], Outcome.BARE)
        elif not found.items:
            self._settle_unmatched(work, scene, found)
        else:
            plans = [self._planner.plan(scene, item) for item in found.items]
            wanted = [plan for plan in plans if not plan.is_opted_out]
            if not wanted:
                self._finish([work], Outcome.OPTED_OUT)
            for plan in wanted:
                self._keep_replaced(plan)
            return wanted
        return []

    def _keep_replaced(self, plan: ItemPlan) -> None:
        """Keep what a person had locked in Plex, before the first contact replaces it."""
        values = {
            change.field.name: change.old
            for change in plan.merged.changes
            if change.old and change.field.name in plan.item.locked & plan.first_contacts
        }
        if values:
            self._state.keep_replaced(plan.scene.id, plan.item.rating_key, values)

    def _settle_unmatched(self, work: _Work, scene: Scene, found: Found) -> None:
        if found.match.level is MatchLevel.AMBIGUOUS:
            log.debug(f"Scene {work.scene_id}: not written, {found.match.reason}.")
            self._postpone(work, Outcome.AMBIGUOUS, found.match.reason)
        elif self._config.plex_holds_a_part:
            self._finish([work], Outcome.NOT_IN_PLEX)
        else:
            if self._config.plex_scan_missing:
                self._ask_for_scans(scene)
            self._postpone(work, Outcome.NOT_IN_PLEX, "Plex has none of its files.")

    def _ask_for_scans(self, scene: Scene) -> None:
        """Ask Plex once a run for each folder in which a file is that it does not have."""
        paths = (self._config.path_map.to_plex(file.path) for file in scene.files)
        for folder in {path.rpartition("/")[0] for path in paths} - self._scanned:
            self._scanned.add(folder)
            if scan_folder(self._lane.plex, self._sections, folder):
                log.debug(f"Scene {scene.id}: asked Plex to scan {folder}.")

    def _postpone_busy(self, work: _Work, problem: str, retry_after: float | None = None) -> None:
        attempts = _attempts(work.job, Outcome.BUSY)
        if attempts >= BUSY_ATTEMPTS:
            self._fail(work, f"{problem} Tried {attempts} times.", attempts)
        else:
            self._postpone(work, Outcome.BUSY, problem, retry_after)

    def _postpone(
        self, work: _Work, outcome: Outcome, problem: str, retry_after: float | None = None
    ) -> None:
        """Try again later: the longer, the more often it has ended like this."""
        attempts = _attempts(work.job, outcome)
        if outcome is Outcome.BUSY:
            delay = busy_delay(attempts - 1, retry_after)
        else:
            delay = not_in_plex_delay(attempts - 1)
        job = work.job._replace(
            attempts=attempts, due_at=self._clock() + delay, waits_for=outcome.name, problem=problem
        )
        self._queue.postpone(work.rows, job)
        del self._unsettled[work.scene_id]
        self._summary.outcomes[outcome] += 1

    def _fail(self, work: _Work, problem: str, attempts: int = 1) -> None:
        log.warning(f"Scene {work.scene_id} was not written: {problem}")
        self._queue.fail(work.rows, work.job._replace(attempts=attempts, problem=problem))
        del self._unsettled[work.scene_id]
        self._summary.outcomes[Outcome.FAILED] += 1

    def _finish(self, works: Sequence[_Work], outcome: Outcome) -> None:
        self._queue.finish([row for work in works for row in work.rows])
        for work in works:
            del self._unsettled[work.scene_id]
        self._summary.outcomes[outcome] += len(works)


def _problem_of(error: Exception) -> str:
    """The failure of one scene in words for the user."""
    if isinstance(error, (PlexError, SceneMalformed)):
        return str(error)
    log.debug("".join(traceback.format_exception(error)))
    return f"a fault in Stash2Plex ({type(error).__name__}); please report it with the debug log."


def _attempts(job: Job, outcome: Outcome) -> int:
    """How often the job has ended like this, this time included."""
    return job.attempts + 1 if job.waits_for == outcome.name else 1


def _coalesced(queued: Iterable[QueuedJob], failed: Iterable[QueuedJob], now: float) -> list[_Work]:
    """One piece of work for each scene that has a due job, in the order in which the scenes came.

    A fresh edit makes a scene due at once, whatever an older job of it is waiting for, and takes
    its failed jobs along: they end as this work ends.
    """
    rows: dict[int, list[int]] = {}
    jobs: dict[int, Job] = {}
    for one in queued:
        scene_id = one.job.scene_id
        rows.setdefault(scene_id, []).append(one.row)
        if scene_id not in jobs or one.job.due_at < jobs[scene_id].due_at:
            jobs[scene_id] = one.job
    for one in failed:
        if one.job.scene_id in rows:
            rows[one.job.scene_id].append(one.row)
    return [_Work(job, tuple(rows[scene_id])) for scene_id, job in jobs.items() if is_due(job, now)]
