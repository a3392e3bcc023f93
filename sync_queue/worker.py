"""Draining the queue into Plex.

Jobs are claimed before their scenes are read, so an edit that comes while a scene is being written
stays in the queue and is written next. A job leaves the queue last, after Plex took the write, the
item was read back and the state recorded it: whatever is interrupted is done again, and then
changes nothing.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from stashapi import log

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexError, PlexNotFound, PlexRefused, PlexRejected, PlexUnavailable
from plex.fields import fields_of_scene
from plex.finding import Found, ItemFinder
from plex.library import read_items, read_sections
from plex.matching import MatchLevel
from plex.merge import Change, Merge
from plex.writing import not_taken, write
from sync_queue.covers import Covers
from sync_queue.job import ALL_SCENES, Job, is_due
from sync_queue.manager import JobQueue, QueuedJob
from sync_queue.planning import ItemPlan, Planner, describe, shortened, titles
from sync_queue.retry import BUSY_ATTEMPTS, busy_delay, not_in_plex_delay
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import StashError, StashUnavailable
from validation.scene import Scene
from validation.stash import Stash

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


@dataclass
class _Sent:
    """A scene whose changes went out and wait to be read back."""

    work: _Work
    plans: Sequence[ItemPlan]
    uploads: int = 0
    cover_problem: str = ""


class SyncWorker:
    """Takes jobs from the queue and brings their scenes to Plex; one at a time (sync_queue.exclusive)."""

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
    ) -> None:
        self._queue = queue
        self._state = state
        self._stash = stash
        self._plex = plex
        self._config = config
        self._planner = Planner(state, config)
        self._covers = Covers(stash, plex, state, config)
        self._report_progress = report_progress
        self._clock = clock
        self._linger = LINGER if is_automatic else 0.0
        self._summary = DrainSummary()

    def drain(self) -> DrainSummary:
        """Write all that is due, and what comes in meanwhile. Never raises for what a scene holds."""
        self._queue.release_claimed()
        try:
            sections = read_sections(self._plex, self._config.plex_library)
            self._state.use_server(self._plex.machine_identifier, str(self._config.path_map))
            finder = ItemFinder(self._plex, sections, self._state.index, self._config.path_map)
            self._drain_all(finder)
        except (StashError, PlexError) as error:
            self._summary.stopped = str(error)
            self._summary.is_outage = isinstance(error, (StashUnavailable, PlexUnavailable))
        self._summary.left = len({queued.job.scene_id for queued in self._queue.jobs()})
        return self._summary

    def _drain_all(self, finder: ItemFinder) -> None:
        last_row = 0
        while True:
            queued = self._next_jobs(last_row)
            if not queued:
                return
            last_row = queued[-1].row
            self._expand([one for one in queued if one.job.entity])
            scenes = [one for one in queued if not one.job.entity]
            work = _coalesced(scenes, self._queue.failed_jobs(), self._clock())
            for start in range(0, len(work), SCENES_PER_BATCH):
                self._drain_batch(work[start : start + SCENES_PER_BATCH], finder)
                self._report_progress(min(1.0, (start + SCENES_PER_BATCH) / len(work)))

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
        for entity, entity_id in dict.fromkeys((one.job.entity, one.job.entity_id) for one in queued):
            if entity == ALL_SCENES:
                scene_ids = self._changed_scenes()
            else:
                scene_ids = self._stash.scene_ids_with(entity, entity_id)
            log.debug(f"{entity} {entity_id or ''} changed: {len(scene_ids)} scenes.")
            self._queue.put_jobs(Job(scene_id, f"{entity} changed", self._clock()) for scene_id in scene_ids)
        self._queue.finish([one.row for one in queued])

    def _changed_scenes(self) -> list[int]:
        """The scenes that were pushed and have other values now, found in Stash alone."""
        changed: set[int] = set()
        for page in self._stash.pages():
            now = {scene.id: fields_of_scene(scene, self._config).fingerprint() for scene in page.scenes}
            pushed = self._state.pushed_fingerprints(now)
            changed.update(scene_id for (scene_id, _), before in pushed.items() if now[scene_id] != before)
        return sorted(changed)

    def _drain_batch(self, batch: Sequence[_Work], finder: ItemFinder) -> None:
        self._queue.claim([row for work in batch for row in work.rows])
        unsettled = {work.scene_id: work for work in batch}
        try:
            scenes, malformed = self._stash.scenes_by_id([work.scene_id for work in batch])
            found = _find(finder, [scene for scene in scenes.values() if scene is not None])
            all_sent = []
            for work in batch:
                if work.scene_id in malformed:
                    self._fail(work, str(malformed[work.scene_id]))
                    sent = None
                else:
                    sent = self._send(work, scenes.get(work.scene_id), found.get(work.scene_id))
                if sent:
                    all_sent.append(sent)
                else:
                    del unsettled[work.scene_id]
            for sent, problem in self._verified(all_sent):
                self._settle(sent, problem)
                del unsettled[sent.work.scene_id]
        finally:
            self._queue.release([row for work in unsettled.values() for row in work.rows])

    def _send(self, work: _Work, scene: Scene | None, found: Found | PlexBusy | None) -> _Sent | None:
        """Bring one scene to Plex; None where its job is settled already.

        Raises only what stops the whole drain.
        """
        try:
            if isinstance(found, PlexBusy):
                raise found
            if scene is None or found is None:
                self._state.forget_scene(work.scene_id)
                self._finish(work, Outcome.DELETED)
            elif scene.is_bare and not self._state.was_pushed(scene.id):
                self._finish(work, Outcome.BARE)
            else:
                return self._send_to_items(work, scene, found)
        except PlexBusy as error:
            self._postpone_busy(work, str(error), error.retry_after)
        except PlexNotFound:
            self._postpone(
                work, Outcome.NOT_IN_PLEX, "Plex removed its item meanwhile.", not_in_plex_delay(0)
            )
        except PlexRejected as error:
            self._fail(work, str(error))
        except (StashError, PlexUnavailable, PlexRefused):
            raise
        except Exception as error:  # noqa: BLE001 - a bug on one scene must not stop the others
            log.debug(traceback.format_exc())
            problem = f"a fault in Stash2Plex ({type(error).__name__}); please report it with the debug log."
            self._fail(work, problem)
        return None

    def _send_to_items(self, work: _Work, scene: Scene, found: Found) -> _Sent | None:
        if not found.items:
            self._postpone_unmatched(work, found)
            return None
        plans = [self._planner.plan(scene, item) for item in found.items]
        if all(plan.is_opted_out for plan in plans):
            self._finish(work, Outcome.OPTED_OUT)
            return None
        plans = [plan for plan in plans if not plan.is_opted_out]
        for plan in plans:
            self._keep_replaced(plan)
            write(self._plex, plan.item, plan.merged, plan.pictures)
            self._log(plan)
        sent = _Sent(work, plans)
        try:
            sent.uploads = self._covers.bring(scene, [plan.item for plan in plans])
        except (PlexBusy, PlexRejected, PlexNotFound, StashError) as error:
            sent.cover_problem = f"Its cover could not be carried over: {error}"
        return sent

    def _log(self, plan: ItemPlan) -> None:
        for contested in plan.merged.contested:
            outcome = "Plex keeps its own" if self._config.preserve_plex_edits else "Stash wins"
            log.info(f"Scene {plan.scene.id}: {contested.title} changed in Plex and in Stash; {outcome}.")
        for change in plan.merged.changes:
            log.debug(f"Scene {plan.scene.id}: {describe(change)}")

    def _keep_replaced(self, plan: ItemPlan) -> None:
        """Keep what a person had locked in Plex, before the first contact replaces it."""
        if plan.is_first_contact:
            values = {
                change.field.name: change.old
                for change in plan.merged.changes
                if change.old and change.field.name in plan.item.locked
            }
            self._state.keep_replaced(plan.scene.id, plan.item.rating_key, values)

    def _verified(self, all_sent: Sequence[_Sent]) -> list[tuple[_Sent, str | PlexBusy]]:
        """Read back what was written, with what is wrong; what did not take is written once more."""
        try:
            problems: Mapping[int, str] = self._verify(all_sent)
        except PlexBusy as busy:
            # The next try finds nothing to change, or what did not take.
            return [(sent, busy) for sent in all_sent]
        return [(sent, problems.get(sent.work.scene_id, "")) for sent in all_sent]

    def _verify(self, all_sent: Sequence[_Sent]) -> dict[int, str]:
        plans = [plan for sent in all_sent for plan in sent.plans if plan.merged.changes]
        missed = self._missed(plans)
        for plan, changes in missed:
            log.debug(f"Scene {plan.scene.id}: Plex did not keep {titles(changes)}; written once more.")
            write(self._plex, plan.item, Merge(changes))
        return {
            plan.scene.id: (
                f"Plex did not keep its {titles(changes)}, written twice; the debug log has both values."
            )
            for plan, changes in self._missed([plan for plan, _ in missed])
        }

    def _missed(self, plans: Sequence[ItemPlan]) -> list[tuple[ItemPlan, tuple[Change, ...]]]:
        there = read_items(self._plex, [plan.item.rating_key for plan in plans])
        missed = []
        for plan in plans:
            item = there.get(plan.item.rating_key)
            changes = not_taken(plan.merged.changes, item.fields) if item else ()
            for change in changes:
                sent, kept = (
                    shortened(change.new),
                    shortened(item.fields.values[change.field.name] if item else ""),
                )
                log.debug(f"Scene {plan.scene.id}: {change.field.title}: sent “{sent}”, there is “{kept}”")
            if changes:
                missed.append((plan, changes))
        return missed

    def _settle(self, sent: _Sent, problem: str | PlexBusy) -> None:
        """Record what was written and let the job go, unless something did not take."""
        if isinstance(problem, PlexBusy):
            self._postpone_busy(sent.work, str(problem), problem.retry_after)
            return
        if problem:
            self._fail(sent.work, problem)
            return
        for plan in sent.plans:
            self._state.record_pushed(plan.scene.id, plan.item.rating_key, plan.ours)
        if sent.cover_problem:
            self._postpone_busy(sent.work, sent.cover_problem)
            return
        is_written = sent.uploads or any(plan.merged.changes for plan in sent.plans)
        self._finish(sent.work, Outcome.WRITTEN if is_written else Outcome.UNCHANGED)

    def _postpone_unmatched(self, work: _Work, found: Found) -> None:
        if found.match.level is MatchLevel.AMBIGUOUS:
            log.debug(f"Scene {work.scene_id}: not written, {found.match.reason}.")
            self._postpone(work, Outcome.AMBIGUOUS, found.match.reason)
        else:
            self._postpone(work, Outcome.NOT_IN_PLEX, "Plex has none of its files.")

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
        self._summary.outcomes[outcome] += 1

    def _fail(self, work: _Work, problem: str, attempts: int = 1) -> None:
        log.warning(f"Scene {work.scene_id} was not written: {problem}")
        self._queue.fail(work.rows, work.job._replace(attempts=attempts, problem=problem))
        self._summary.outcomes[Outcome.FAILED] += 1

    def _finish(self, work: _Work, outcome: Outcome) -> None:
        self._queue.finish(work.rows)
        self._summary.outcomes[outcome] += 1


def _find(finder: ItemFinder, scenes: Sequence[Scene]) -> Mapping[int, Found | PlexBusy]:
    """The items of the scenes; where Plex fails on one item, the others are found all the same."""
    try:
        return finder.find(scenes)
    except PlexBusy as busy:
        if len(scenes) == 1:
            return {scenes[0].id: busy}
    middle = len(scenes) // 2
    return {**_find(finder, scenes[:middle]), **_find(finder, scenes[middle:])}


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
