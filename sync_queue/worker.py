"""Draining the queue into Plex.

Jobs are claimed before their scenes are read, so an edit that comes while a scene is being written
stays in the queue and is written next. A job leaves the queue last, after Plex took the write and
the state recorded it: whatever is interrupted is done again, and then changes nothing.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from stashapi import log

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexError, PlexNotFound, PlexRefused, PlexRejected, PlexUnavailable
from plex.fields import fields_of_scene
from plex.finding import Found, ItemFinder
from plex.library import PlexItem, read_sections
from plex.matching import MatchLevel
from plex.merge import Change, merge
from plex.writing import write
from sync_queue.job import Job
from sync_queue.manager import JobQueue, QueuedJob
from sync_queue.retry import BUSY_ATTEMPTS, busy_delay, is_due, not_in_plex_delay
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import StashError
from validation.scene import Scene
from validation.stash import Stash

SCENES_PER_BATCH = 50


class Outcome(Enum):
    """What became of a scene."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    NOT_IN_PLEX = "not in Plex"
    AMBIGUOUS = "ambiguous"
    BUSY = "tried again later"
    FAILED = "failed"
    DELETED = "deleted in Stash"


@dataclass
class DrainSummary:
    """Scenes by outcome, the scenes still in the queue, and why the drain stopped before its end."""

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    left: int = 0
    stopped: str = ""

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
    ) -> None:
        self._queue = queue
        self._state = state
        self._stash = stash
        self._plex = plex
        self._config = config
        self._report_progress = report_progress
        self._clock = clock
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
        self._summary.left = len({queued.job.scene_id for queued in self._queue.jobs()})
        return self._summary

    def _drain_all(self, finder: ItemFinder) -> None:
        last_row = 0
        while True:
            queued = list(self._queue.jobs(after_row=last_row))
            if not queued:
                return
            last_row = queued[-1].row
            work = _coalesced(queued, self._queue.failed_jobs(), self._clock())
            for start in range(0, len(work), SCENES_PER_BATCH):
                self._drain_batch(work[start : start + SCENES_PER_BATCH], finder)
                self._report_progress(min(1.0, (start + SCENES_PER_BATCH) / len(work)))

    def _drain_batch(self, batch: Sequence[_Work], finder: ItemFinder) -> None:
        rows = [row for work in batch for row in work.rows]
        self._queue.claim(rows)
        unfinished = {work.scene_id: work for work in batch}
        try:
            scenes, malformed = self._stash.scenes_by_id([work.scene_id for work in batch])
            there = [scene for scene in scenes.values() if scene is not None]
            found = finder.find(there)
            for work in batch:
                if work.scene_id in malformed:
                    self._fail(work, str(malformed[work.scene_id]))
                else:
                    self._sync_one(work, scenes.get(work.scene_id), found.get(work.scene_id))
                del unfinished[work.scene_id]
        finally:
            self._queue.release([row for work in unfinished.values() for row in work.rows])

    def _sync_one(self, work: _Work, scene: Scene | None, found: Found | None) -> None:
        """Bring one scene to Plex and settle its job; raises only what stops the whole drain."""
        try:
            if scene is None or found is None:
                self._state.forget_scene(work.scene_id)
                self._finish(work, Outcome.DELETED)
            elif not found.items:
                self._postpone_unmatched(work, found)
            else:
                written = [self._write_item(scene, item) for item in found.items]
                self._finish(work, Outcome.WRITTEN if any(written) else Outcome.UNCHANGED)
        except PlexBusy as error:
            self._postpone_busy(work, error)
        except PlexNotFound:
            self._postpone(
                work, Outcome.NOT_IN_PLEX, "Plex removed its item meanwhile.", not_in_plex_delay(0)
            )
        except PlexRejected as error:
            self._fail(work, str(error))
        except (PlexUnavailable, PlexRefused):
            raise
        except Exception as error:  # noqa: BLE001 - the one place where a bug on one scene must not stop the others
            log.debug(traceback.format_exc())
            self._fail(
                work, f"a fault in Stash2Plex ({type(error).__name__}); please report it with the debug log."
            )

    def _write_item(self, scene: Scene, item: PlexItem) -> bool:
        ours = fields_of_scene(scene)
        merged = merge(self._state.base(scene.id, item.rating_key), item.fields, ours)
        write(self._plex, item, merged)
        self._state.record_pushed(scene.id, item.rating_key, ours)
        for change in merged.changes:
            _log_change(scene.id, change)
        return bool(merged.changes)

    def _postpone_unmatched(self, work: _Work, found: Found) -> None:
        delay = not_in_plex_delay(work.job.attempts)
        if found.match.level is MatchLevel.AMBIGUOUS:
            log.debug(f"Scene {work.scene_id}: not written, {found.match.reason}.")
            self._postpone(work, Outcome.AMBIGUOUS, found.match.reason, delay)
        else:
            self._postpone(work, Outcome.NOT_IN_PLEX, "Plex has none of its files.", delay)

    def _postpone_busy(self, work: _Work, error: PlexBusy) -> None:
        if work.job.attempts + 1 >= BUSY_ATTEMPTS:
            self._fail(work, f"{error} Tried {work.job.attempts + 1} times.")
        else:
            self._postpone(work, Outcome.BUSY, str(error), busy_delay(work.job.attempts, error.retry_after))

    def _postpone(self, work: _Work, outcome: Outcome, problem: str, delay: float) -> None:
        job = replace(work.job, attempts=work.job.attempts + 1, due_at=self._clock() + delay, problem=problem)
        self._queue.postpone(work.rows, job)
        self._summary.outcomes[outcome] += 1

    def _fail(self, work: _Work, problem: str) -> None:
        log.warning(f"Scene {work.scene_id} was not written: {problem}")
        self._queue.fail(work.rows, replace(work.job, attempts=work.job.attempts + 1, problem=problem))
        self._summary.outcomes[Outcome.FAILED] += 1

    def _finish(self, work: _Work, outcome: Outcome) -> None:
        self._queue.finish(work.rows)
        self._summary.outcomes[outcome] += 1


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


def _log_change(scene_id: int, change: Change) -> None:
    if isinstance(change.new, tuple):
        marks = [f"+{name}" for name in change.added] + [f"-{name}" for name in change.removed]
        text = ", ".join(marks)
    else:
        text = f"“{_short(change.new)}” (was “{_short(change.old)}”)"
    log.debug(f"Scene {scene_id}: {change.field.name}: {text}")


def _short(value: object) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= 80 else text[:79] + "…"
