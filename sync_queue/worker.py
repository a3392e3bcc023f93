"""Draining the queue into Plex.

Jobs are claimed before their scenes are read, so an edit that comes while a scene is being written
stays in the queue and is written next. A job leaves the queue last, after Plex took the write, the
item was read back and the state recorded it: whatever is interrupted is done again, and then
changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from plex.artwork import ArtworkKind
from plex.client import Plex
from plex.exceptions import PlexError, PlexNotFound
from plex.library import LibrarySection, read_sections
from stash import log
from stash.changes import SCENE, Changed
from stash.client import Stash
from stash.exceptions import StashError
from sync_queue.claims import Claims, Doubts, DrainSummary, Outcome, mark_drained
from sync_queue.collection_updates import CollectionUpdates
from sync_queue.entities import Entities
from sync_queue.failure import Meaning, attempt, is_outage, meaning_of
from sync_queue.job_queue import Due, JobQueue, Work
from sync_queue.left_alone import leave_alone
from sync_queue.planning import Planner
from sync_queue.pushed import Pushed
from sync_queue.read_back import ReadBack
from sync_queue.reading import Lane, OpenLane, ReadAhead, ReadBatch, Reader
from sync_queue.renewal import Planned, Renewal
from sync_queue.sending import Senders, Sent, log_sent
from sync_queue.state import SyncState
from sync_queue.unmatched import Unmatched
from sync_queue.witness import count_step
from validation.config import Stash2PlexConfig

SCENES_PER_BATCH = 50
# Reads and plans the scenes of a batch; gives the versions of those in which nothing changes any more too.
Planning = tuple[list[tuple[Work, Planned]], Sequence[Changed]]
Plan = Callable[[], Planning]
# Stash runs the hooks of a bulk edit one after another, some tens of milliseconds apart: without
# this, seconds, such an edit would end in a hundred drains.
LINGER = 1.0
# Seconds in which more of them come, to be read together.
GATHERING = 0.5


class SyncWorker:
    """Takes jobs from the queue and brings their scenes to Plex; one at a time (stash.process_lock).

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
        renewal = Renewal(self._planner, state)
        self._senders = Senders(self._lane, open_lane, state, config, renewal)
        self._collections = CollectionUpdates(stash, plex, state, config, self._senders.pace)
        self._read_back = ReadBack(plex, self._senders.pace, renewal, open_lane)
        self._report_progress = report_progress
        self._clock = clock
        self._linger = LINGER if is_automatic else 0.0
        self._summary = DrainSummary()
        self._claims = Claims(queue, self._summary, clock)
        self._doubts = Doubts(self._claims.settle_failed)
        self._entities = Entities(queue, state, stash, config, self._claims, self._collections, clock)
        self._unmatched = Unmatched(plex, state, config, self._claims)
        self._sections: list[LibrarySection] = []
        # The last row that was looked at; scenes done, and all that are known of, for the progress.
        self._last_row = 0
        self._done, self._known = 0, 0

    def drain(self) -> DrainSummary:
        """Write all that is due, and what comes in meanwhile. Never raises for what a scene holds."""
        self._queue.release_claimed()
        count_step(self._state, self._queue)
        try:
            self._sections = read_sections(self._lane.plex, self._config.plex_library)
            self._use_server(self._state)
            self._collections.follow_names()
            self._drain_all()
            self._collections.update(self._sections)
        except (StashError, PlexError) as error:
            self._summary.stopped = str(error)
            self._summary.is_outage = is_outage(error)
        finally:
            self._senders.close()
            self._read_back.close()
            self._claims.release()
        self._summary.left = self._queue.count_ready()
        count_step(self._state, self._queue)
        if not self._summary.stopped:
            mark_drained(self._state, self._queue)
        return self._summary

    def _use_server(self, state: SyncState) -> None:
        state.use_server(self._lane.plex.machine_identifier, str(self._config.path_map))

    def _drain_all(self) -> None:
        while (due := self._next_due(self._last_row)).entities or due.scenes:
            self._last_row = due.last_row
            self._entities.expand(due.entities)
            starts = range(0, len(due.scenes), SCENES_PER_BATCH)
            batches = [due.scenes[start : start + SCENES_PER_BATCH] for start in starts]
            reader = self._open_reading(len(batches))
            try:
                self._drain_batches(batches, reader)
            finally:
                reader.close()
        self._doubts.end()
        if self._summary.handled:
            self._report_progress(1.0)

    def _open_reading(self, batches: int) -> Reader | ReadAhead:
        open_lane = self._open_lane
        if open_lane is None or batches < 2:
            return Reader(self._lane, self._state, self._sections, self._config)

        def open_reader() -> tuple[Reader, SyncState]:
            state = self._state.another()
            self._use_server(state)
            return Reader(open_lane(), state, self._sections, self._config), state

        return ReadAhead(open_reader)

    def _drain_batches(self, batches: Sequence[Sequence[Work]], reader: Reader | ReadAhead) -> None:
        """Write each batch while the next one is read and planned, and the one before it is confirmed."""
        plans = (self._claim_and_start(batch, reader) for batch in batches)
        following = next(plans, None)
        confirm: Callable[[], None] | None = None
        sent: list[tuple[Work, Sent]] = []
        for number in range(1, len(batches) + 1):
            assert following is not None
            plan, following = following, None
            self._done = self._summary.handled + len(sent)
            to_come = sum(map(len, batches[number - 1 :])) + self._queue.count_after(self._last_row)
            self._known = self._done + to_come
            finish: Callable[[], list[tuple[Work, Sent]]] = list
            try:
                planned, versions = plan()
                finish = self._start_sending(planned)
                following = next(plans, None) if isinstance(reader, ReadAhead) else None
            finally:
                try:
                    if confirm:
                        confirm()
                    if following and isinstance(reader, ReadAhead):
                        following = self._plan_beside(following, reader, planned)
                finally:
                    sent = finish()
            confirm = self._start_confirming(sent, versions, others_follow=number < len(batches))
            following = following or next(plans, None)
        if confirm:
            confirm()

    def _plan_beside(self, plan: Plan, reader: ReadAhead, sending: Sequence[tuple[Work, Planned]]) -> Plan:
        """The same plan, made while others are sent, where it is read by then and nothing else is to be done.

        Of a scene without an item a server may have to be asked, over the connections that the others
        use; and to plan an item that is just being written, what is recorded of that is needed.
        """
        if not self._senders.outlast(reader.latest) or reader.latest.exception():
            return plan
        keys = reader.latest.result().rating_keys
        busy = {item.item.rating_key for _, planned in sending for item in planned.plans}
        if keys is None or not keys.isdisjoint(busy):
            return plan
        planning = plan()
        self._senders.record_ahead([planned for _, planned in planning[0]])
        return lambda: planning

    def _scene_sent(self) -> None:
        """Report the share of what is known; what came meanwhile belongs to it, and the end is the end."""
        self._done += 1
        self._report_progress(min(self._done / self._known, 0.99))

    def _claim_and_start(self, batch: Sequence[Work], reader: Reader | ReadAhead) -> Plan:
        """Claim these scenes and begin to read them; returns a function that waits for them and plans."""
        claimed = self._doubts.without(self._claims.claim(batch))
        wait = reader.start([work.scene_id for work in claimed])

        def plan() -> Planning:
            read = wait()
            return self._planned(claimed, read), read.versions

        return plan

    def _next_due(self, last_row: int) -> Due:
        """What is due after this row; a drain that hooks asked for waits a moment for a bulk edit's next.

        Where they come it waits for some more: scenes cost least when they are read many at a time.
        """
        deadline = time.monotonic() + self._linger
        while True:
            due = self._queue.due(self._clock(), after_row=last_row)
            has_come = bool(due.entities or due.scenes)
            if has_come and last_row and self._linger:
                time.sleep(GATHERING)
                return self._queue.due(self._clock(), after_row=last_row)
            if has_come or not last_row or time.monotonic() >= deadline:
                return due
            time.sleep(0.05)

    def _planned(self, batch: Sequence[Work], read: ReadBatch) -> list[tuple[Work, Planned]]:
        """The scenes that have items in Plex; the others are settled, or doubted."""
        if len(batch) > 1 and not read.malformed and not any(read.scenes.values()):
            self._lane.check_that_stash_has_scenes()
        planned: list[tuple[Work, Planned]] = []
        left_out: list[tuple[Work, Planned]] = []
        unread: list[tuple[Work, Exception]] = []
        absent: list[tuple[Work, Exception]] = []
        left_alone = leave_alone(batch, read.left_out, self._state, self._claims)
        for work in batch:
            if work.scene_id in left_alone:
                continue
            plans = attempt(partial(self._plans, work, read))
            if isinstance(plans, Planned):
                (planned if plans.plans else left_out).append((work, plans))
            elif isinstance(plans, PlexNotFound):
                absent.append((work, plans))
            elif plans is not None:
                unread.append((work, plans))
        self._leave_out([work for work, _ in left_out])
        self._doubts.judge("reading", unread, len(batch) - len(absent) - len(left_alone))
        self._doubts.judge("finding", absent, len(absent) + len(planned))
        return planned

    def _start_sending(
        self, planned: Sequence[tuple[Work, Planned]]
    ) -> Callable[[], list[tuple[Work, Sent]]]:
        """Begin to write; returns a function that waits for it and settles, or doubts, what failed."""
        results = self._senders.start([plans for _, plans in planned], self._scene_sent)

        def finish() -> list[tuple[Work, Sent]]:
            failures: list[tuple[Work, Exception]] = []
            all_sent: list[tuple[Work, Sent]] = []
            for (work, _), result in zip(planned, results(), strict=True):
                if isinstance(result, Exception):
                    failures.append((work, result))
                else:
                    all_sent.append((work, result))
            asked = len(failures) + sum(sent.is_write for _, sent in all_sent)
            self._doubts.judge("writing", failures, asked)
            return all_sent

        return finish

    def _start_confirming(
        self, all_sent: Sequence[tuple[Work, Sent]], versions: Sequence[Changed], others_follow: bool
    ) -> Callable[[], None]:
        """Begin to read back; returns a function that settles the scenes that Plex shows as sent."""
        verdicts = self._read_back.start([sent for _, sent in all_sent], others_follow)

        def confirm() -> None:
            log_sent(sent for _, sent in all_sent)
            judged = list(zip(all_sent, verdicts(), strict=True))
            failures = [(work, verdict) for (work, _), verdict in judged if verdict]
            self._doubts.judge("reading back", failures, sum(any(sent.written) for _, sent in all_sent))
            self._record([one for one, verdict in judged if verdict is None], versions)

        return confirm

    def _record(self, confirmed: Sequence[tuple[Work, Sent]], versions: Sequence[Changed]) -> None:
        """Remember what was read and brought to Plex, and only then let the jobs go."""
        with self._state.lock, self._state.one_transaction():
            shown = self._read_back.shown
            plans = [plan for _, sent in confirmed for plan in sent.plans]
            pushed = [(plan, shown.get(plan.item.rating_key, plan.item)) for plan in plans]
            if "ratings" in self._config.back_to_stash:
                self._state.back.record_ratings(pushed)
            self._state.record_pushed(
                Pushed(plan.scene.id, item.rating_key, plan.ours, item) for plan, item in pushed
            )
            self._state.record_stamps(
                (item.rating_key, kind.value, item.images.get(kind.lock, ""))
                for item in shown.values()
                for kind in ArtworkKind
            )
            self._collections.note(plan.ours for plan, _ in pushed)
            self._state.noticed.notice(SCENE, versions)
        done: dict[Outcome, list[Work]] = {}
        for work, sent in confirmed:
            if sent.cover_failure and meaning_of(sent.cover_failure) is not Meaning.NEVER:
                problem = f"Its cover could not be carried over: {sent.cover_failure}"
                retry_after = getattr(sent.cover_failure, "retry_after", None)
                self._claims.postpone_busy(work, problem, retry_after)
                continue
            if sent.cover_failure:
                log.warning(f"Scene {work.scene_id}: its cover is not carried over: {sent.cover_failure}")
            outcome = Outcome.WRITTEN if sent.is_write else Outcome.UNCHANGED
            done.setdefault(outcome if sent.plans else Outcome.OPTED_OUT, []).append(work)
        self._leave_out(done.pop(Outcome.OPTED_OUT, []))
        for outcome, works in done.items():
            self._claims.finish(works, outcome)

    def _leave_out(self, works: Sequence[Work]) -> None:
        """Their items carry the opt-out label."""
        if works:
            with self._state.lock:
                self._state.findings.leave_out(work.scene_id for work in works)
            self._claims.finish(works, Outcome.OPTED_OUT)

    def _plans(self, work: Work, read: ReadBatch) -> Planned | None:
        """What is to be done for one scene, nothing where its items are opted out; None where it is settled.

        Raises PlexNotFound for a scene that was in Plex and is not.
        """
        scene, found = read.scenes.get(work.scene_id), read.found.get(work.scene_id)
        if isinstance(found, Exception):
            raise found
        if work.scene_id in read.malformed:
            raise read.malformed[work.scene_id]
        if scene is None or found is None:
            self._state.forget_scene(work.scene_id)
            self._claims.finish([work], Outcome.DELETED)
        elif (scene.is_bare or not scene.files) and not self._state.is_anything_pushed(scene.id, found.items):
            self._claims.finish([work], Outcome.BARE)
        elif not found.items:
            self._unmatched.settle(work, scene, found, self._sections)
        else:
            with self._state.lock:
                plans = [self._planner.plan(scene, item) for item in found.items]
            return Planned([plan for plan in plans if not plan.is_opted_out], read.read_at)
        return None
