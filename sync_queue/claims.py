"""The rows of the queue that a worker holds, until each scene is settled, and what became of the scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from plex.exceptions import PlexNotFound
from stash import log
from sync_queue.failure import (
    Meaning,
    is_shared_by_all,
    meaning_for_the_only_one,
    meaning_of,
    of_the_server,
    problem_of,
)
from sync_queue.job import BUSY_ATTEMPTS, Job, busy_delay, not_in_plex_delay
from sync_queue.job_queue import JobQueue, QueuedJob, Work
from sync_queue.state import SyncState


class Outcome(Enum):
    """What became of a scene."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    NOT_IN_PLEX = "not in Plex"
    UNKNOWN = "not known to be in Plex"
    AMBIGUOUS = "ambiguous"
    OPTED_OUT = "opted out"
    BARE = "nothing to carry over"
    BUSY = "tried again later"
    FAILED = "failed"
    DELETED = "deleted in Stash"
    IGNORED = "ignored"
    LEFT_OUT = "not among the scenes to carry"


@dataclass
class DrainSummary:
    """Scenes by outcome, the scenes still in the queue, and why the drain stopped before its end.

    `is_outage` is true where it stopped because a server did not answer. `again` has those of the
    outcomes that are no news: older jobs that came due and ended as the time before.
    """

    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    again: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    left: int = 0
    stopped: str = ""
    is_outage: bool = False

    @property
    def handled(self) -> int:
        """How many scenes were looked at."""
        return sum(self.outcomes.values())


class Claims:
    """Scenes that were claimed and are not settled; whoever is left when the worker ends is released."""

    def __init__(self, queue: JobQueue, summary: DrainSummary, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._summary = summary
        self._clock = clock
        self._unsettled: dict[int, Work] = {}

    def claim(self, works: Sequence[Work]) -> list[Work]:
        """Take the rows of these scenes out of the others' reach; gives the works as they are to be settled.

        What is held already of a scene that was edited once more goes on as a part of its new work.
        """
        self._queue.claim([row for work in works for row in work.rows])
        claimed = []
        for work in works:
            held = self._unsettled.get(work.scene_id)
            claimed.append(work._replace(rows=(*held.rows, *work.rows)) if held else work)
        self._unsettled.update((work.scene_id, work) for work in claimed)
        return claimed

    def release(self) -> None:
        """Give back what is not settled, as it was: no try is counted."""
        self._queue.release([row for work in self._unsettled.values() for row in work.rows])
        self._unsettled.clear()

    def finish(self, works: Sequence[Work], outcome: Outcome) -> None:
        """These scenes are done: their jobs leave the queue."""
        self._queue.finish([row for work in works for row in work.rows])
        for work in works:
            self._settle(work, outcome)

    def postpone(self, work: Work, outcome: Outcome, problem: str, retry_after: float | None = None) -> None:
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
        self._settle(work, outcome)
        self._summary.again[outcome] += work.job.waits_for == outcome.name

    def postpone_busy(self, work: Work, problem: str, retry_after: float | None = None) -> None:
        """Try again later what cannot be done now, and not for ever."""
        attempts = _attempts(work.job, Outcome.BUSY)
        if attempts >= BUSY_ATTEMPTS:
            self.fail(work, f"{problem} Tried {attempts} times.", attempts)
        else:
            self.postpone(work, Outcome.BUSY, problem, retry_after)

    def fail(self, work: Work, problem: str, attempts: int = 1) -> None:
        """Keep the scene as failed, with what is wrong with it."""
        log.warning(f"Scene {work.scene_id} was not written: {problem}")
        self._queue.fail(work.rows, work.job._replace(attempts=attempts, problem=problem))
        self._settle(work, Outcome.FAILED)

    def put_off_entity(self, jobs: Sequence[QueuedJob], problem: Exception) -> None:
        """Try an entity's jobs again later, as one, where its scenes could not be asked for; not for ever."""
        job, rows = jobs[0].job, [one.row for one in jobs]
        attempts = _attempts(job, Outcome.BUSY)
        kept = job._replace(attempts=attempts, waits_for=Outcome.BUSY.name, problem=str(problem))
        if meaning_of(problem) is Meaning.NEVER or attempts >= BUSY_ATTEMPTS:
            log.warning(f"Scenes of {job.entity} {job.entity_id} were not queued: {problem}")
            self._queue.fail(rows, kept)
        else:
            self._queue.postpone(rows, kept._replace(due_at=self._clock() + busy_delay(attempts - 1, None)))

    def settle_failed(self, work: Work, error: Exception, meaning: Meaning) -> None:
        """Settle a scene for which something failed, as the failure means."""
        if meaning is Meaning.NEVER:
            self.fail(work, problem_of(error))
        elif isinstance(error, PlexNotFound):
            self.postpone(work, Outcome.NOT_IN_PLEX, str(error))
        else:
            self.postpone_busy(work, problem_of(error), getattr(error, "retry_after", None))

    def _settle(self, work: Work, outcome: Outcome) -> None:
        del self._unsettled[work.scene_id]
        self._summary.outcomes[outcome] += 1


class Doubts:
    """Failures of which it is not known yet whether they are the scenes' or the server's.

    Where all scenes of a batch fail alike, be it one, none is settled before another one has gone well:
    then it is theirs. Where the next ones fail in the same way too, or several did and none comes, the
    server is in trouble.
    """

    def __init__(self, settle: Callable[[Work, Exception, Meaning], None]) -> None:
        self._settle = settle
        self._held: dict[str, list[tuple[Work, Exception]]] = {}

    def judge(self, step: str, failures: Sequence[tuple[Work, Exception]], asked: int) -> None:
        """Settle the scenes that failed at this step of a batch, of so many that came to it, or hold them.

        Raises the trouble of a server.
        """
        if not asked:
            return
        held = self._held.pop(step, [])
        doubted = [*held, *failures]
        if is_shared_by_all([error for _, error in doubted], asked + len(held)):
            self._held[step] = doubted
            if held:
                self.end()
        else:
            for work, error in doubted:
                self._settle(work, error, meaning_of(error))

    def without(self, works: list[Work]) -> list[Work]:
        """Let go of what failed for these scenes before, since they are tried once more; gives the works."""
        scene_ids = {work.scene_id for work in works}
        for step, doubted in list(self._held.items()):
            self._held[step] = [one for one in doubted if one[0].scene_id not in scene_ids]
        return works

    def end(self) -> None:
        """Nobody else comes. Raises the trouble of a server where several failures are still held."""
        for doubted in self._held.values():
            if len(doubted) > 1:
                raise of_the_server([error for _, error in doubted])
        for ((work, error),) in filter(None, self._held.values()):
            self._settle(work, error, meaning_for_the_only_one(error))
        self._held.clear()


def _attempts(job: Job, outcome: Outcome) -> int:
    """How often the job has ended like this, this time included."""
    return job.attempts + 1 if job.waits_for == outcome.name else 1


def mark_drained(state: SyncState, queue: JobQueue) -> None:
    """Say of a state that was lost that it is whole again, unless a scene has yet to be written.

    Another process may have queued what a reconcile found after this drain took its last job.
    """
    unwritten = [Outcome.BUSY.name, Outcome.UNKNOWN.name]
    if state.is_reconciled and not queue.has_due_jobs() and not queue.is_waiting_for(unwritten):
        state.mark_drained()
