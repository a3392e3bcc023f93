"""Sending plans to Plex: text and tags in one request an item, then the cover.

`Senders.start` takes the scenes of a batch in small groups: while one is being written, the items
of the next are read once more (sync_queue.renewal), and recorded as begun before they are sent.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from plex.exceptions import PlexBusy, PlexNotFound, PlexRejected
from plex.items import PlexItem
from plex.merge import Change
from plex.writing import write
from stash import log
from stash.exceptions import StashError
from sync_queue.covers import Covers
from sync_queue.failure import attempt
from sync_queue.logos import Logos, StudioPictures, carries_logos
from sync_queue.pace import Pace
from sync_queue.pictures import Pictures
from sync_queue.planning import ItemPlan, describe
from sync_queue.reading import Lane, OpenLane, ReadBatch
from sync_queue.renewal import (
    AIM,
    FRESH_ENOUGH,
    LARGEST_GROUP,
    TOO_OLD,
    Planned,
    Ready,
    Renewal,
    RenewalAhead,
)
from sync_queue.state import SyncState
from validation.amounts import number
from validation.config import Stash2PlexConfig


@dataclass
class Sent:
    """The plans of one scene, carried out.

    `written` has, for each plan, the changes as they were sent. `cover_failure` says why its cover
    could not be brought. `seen` has items, by rating key, as they were while they were being written.
    """

    plans: Sequence[ItemPlan]
    written: Sequence[tuple[Change, ...]]
    uploads: int = 0
    cover_failure: Exception | None = None
    seen: Mapping[int, PlexItem] = field(default_factory=dict)

    @property
    def is_write(self) -> bool:
        """Whether anything was sent."""
        return bool(self.uploads) or any(self.written)


class Sender:
    """Sends the plans of one scene after the other, over one lane."""

    def __init__(
        self,
        lane: Lane,
        state: SyncState,
        config: Stash2PlexConfig,
        pace: Pace,
        renewal: Renewal,
        studios: StudioPictures,
    ) -> None:
        self._plex = lane.plex
        pictures = Pictures(lane.plex, state, pace, config.preserve_plex_edits)
        self._bringing: list[Covers | Logos] = [Covers(lane.stash, pictures, config)]
        if carries_logos(config):
            self._bringing.append(Logos(lane, state, pace, pictures, studios))
        self._preserve = config.preserve_plex_edits
        self._pace = pace
        self._renewal = renewal

    def send(self, planned: Planned) -> Sent:
        """Carry out the plans of one scene; a failed picture holds up nothing else. Raises PlexError."""
        sent = self._write(planned)
        items = [plan.item for plan in sent.plans]
        rolled_back = [plan.item.rating_key for plan in sent.plans if plan.was_rolled_back]
        for pictures in self._bringing if items else ():
            try:
                sent.uploads += pictures.bring(sent.plans[0].scene, items, rolled_back)
            except (PlexBusy, PlexRejected, PlexNotFound, StashError) as error:
                sent.cover_failure = sent.cover_failure or error
        return sent

    def _write(self, planned: Planned) -> Sent:
        """Write the items of one scene, each in a turn of its own, from what was read just before."""
        plans: list[ItemPlan] = []
        written: list[tuple[Change, ...]] = []
        for place, plan in enumerate(planned.plans):
            changes: tuple[Change, ...] = ()
            if plan.merged.changes:
                with self._pace.turn():
                    now = self._as_now(Planned(planned.plans[place : place + 1], planned.read_at))
                    if now is None:
                        continue
                    plan = now
                    with self._pace.one_write():
                        changes = write(self._plex, plan.item, plan.merged, plan.pictures)
            plans.append(plan)
            written.append(changes)
            self._tell_of_edits(plan)
            _tell_of_cuts(plan, changes)
        return Sent(plans, written)

    def _as_now(self, planned: Planned) -> ItemPlan | None:
        """The one plan in here, made anew where it is too old; None where its item is opted out now."""
        if planned.age > TOO_OLD:
            (renewed,) = self._renewal.renew(self._plex, [planned])
            if isinstance(renewed, Exception):
                raise renewed
            planned = renewed
        return planned.plans[0] if planned.plans else None

    def _tell_of_edits(self, plan: ItemPlan) -> None:
        for contested in plan.merged.contested:
            outcome = "Plex keeps its own" if self._preserve else "Stash wins"
            log.info(f"Scene {plan.scene.id}: {contested.title} changed in Plex and in Stash; {outcome}.")
        if plan.merged.kept:
            kept = ", ".join(field.title for field in plan.merged.kept)
            log.info(
                f"Scene {plan.scene.id}: {kept} differ in Plex and stay as they are: after the loss of "
                "state.db nobody knows whose edit that is. What changes in Stash from now on is carried over."
            )


def log_sent(all_sent: Iterable[Sent]) -> None:
    """Write the details of what was sent, when there is time: a line takes as long as a quick write."""
    log.lines(
        "debug",
        (
            f"Scene {plan.scene.id}: {'; '.join(map(describe, plan.merged.changes))}"
            for sent in all_sent
            for plan in sent.plans
            if plan.merged.changes
        ),
    )


def _tell_of_cuts(plan: ItemPlan, written: Sequence[Change]) -> None:
    if written is plan.merged.changes:
        return
    wanted = {change.field: change.new for change in plan.merged.changes}
    for change in written:
        full = wanted[change.field]
        if full != change.new:
            log.warning(
                f"Scene {plan.scene.id}: its {change.field.title} is too long for the proxy between Stash "
                f"and Plex: {number(len(change.new))} of {number(len(full))} characters were written."
            )


class Senders:
    """As many senders as the settings allow, each in a thread with connections of its own."""

    def __init__(
        self,
        lane: Lane,
        open_lane: OpenLane | None,
        state: SyncState,
        config: Stash2PlexConfig,
        renewal: Renewal,
    ) -> None:
        self.pace = Pace()
        self._lane = lane
        self._state = state
        self._config = config
        self._renewal = renewal
        self._studios = StudioPictures()
        self._open_lane = open_lane
        self._own = threading.local()
        self._only: Sender | None = None
        self._count = config.parallel_writes if open_lane else 1
        self._sending: Future[list[Sent | Exception]] | None = None
        # What is recorded as begun and not yet sent, by its identity.
        self._recorded: Mapping[int, Planned] = {}
        # Seconds that a scene takes, by those that were sent last.
        self._seconds: float | None = None
        threads = ThreadPoolExecutor(self._count, thread_name_prefix="writing") if open_lane else None
        self._threads = threads
        self._conductor = ThreadPoolExecutor(1, thread_name_prefix="conducting") if open_lane else None
        self._ahead = RenewalAhead(renewal, open_lane) if open_lane else None

    def start(
        self, batch: Sequence[Planned], on_sent: Callable[[], None]
    ) -> Callable[[], list[Sent | Exception]]:
        """Begin to send what was planned, in this order; returns a function that waits until it is done.

        That gives for each scene what was sent, or why it could not be, and raises what means that a
        server is in trouble. `on_sent` is called after each scene. Without threads it does the sending.
        """
        if self._conductor is None:
            return partial(self._carry_out, batch, on_sent)
        self._sending = self._conductor.submit(self._carry_out, batch, on_sent)
        return self._sending.result

    def outlast(self, reading: Future[ReadBatch]) -> bool:
        """Wait until something was read, or all that was started is sent; whether it was read first."""
        ends: list[Future[Any]] = [reading, *([self._sending] if self._sending else [])]
        wait(ends, return_when=FIRST_COMPLETED)
        return reading.done()

    def record_ahead(self, batch: Sequence[Planned]) -> None:
        """Remember what is about to be sent after the batch that is being sent, unless it will be too old.

        The disk is waited for meanwhile.
        """
        writes = [planned for planned in batch if planned.is_write]
        if not self._is_slow and self._are_fresh(writes, len(writes)):
            self._renewal.record(writes)
            self._recorded = {id(planned): planned for planned in writes}

    def _carry_out(self, batch: Sequence[Planned], on_sent: Callable[[], None]) -> list[Sent | Exception]:
        results: list[Sent | Exception] = []
        sending: deque[Callable[[], Sent | Exception]] = deque()
        seen: dict[int, PlexItem] = {}

        def let_finish() -> None:
            while sending:
                results.append(sending.popleft()())
                on_sent()

        groups = self._groups(batch)
        group = next(groups, ())
        renewed = self._renew(group, (), seen)
        while group:
            ready = renewed()
            watched = ready[-self._count :] if self._is_slow else ()
            sending.extend(map(self._start, ready[: len(ready) - len(watched)]))
            if watched:
                let_finish()
            group = next(groups, ())
            renewed = self._renew(group, watched, seen)
            sending.extend(map(self._start, watched))
            if not watched:
                let_finish()
        let_finish()
        renewed()
        for result in results:
            if isinstance(result, Sent):
                result.seen = seen
        return results

    def close(self) -> None:
        """End the threads, after what they are sending; what has not begun is not sent."""
        for threads in (self._threads, self._conductor):
            if threads is not None:
                threads.shutdown(cancel_futures=True)
        if self._ahead is not None:
            self._ahead.close()

    @property
    def _is_slow(self) -> bool:
        """Whether Plex takes so long for a write that a person may edit the item in that time."""
        return self._seconds is not None and 2 * self._seconds > AIM

    def _groups(self, batch: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
        """Parts of the batch that are written in about the time for which what was read may be old."""
        start = 0
        while start < len(batch):
            fitting = int(AIM * self._count / self._seconds) if self._seconds else 0
            room = max(self._count, min(LARGEST_GROUP, fitting))
            end = start
            while end < len(batch) and (room or not batch[end].is_write):
                room -= batch[end].is_write
                end += 1
            yield batch[start:end]
            start = end

    def _renew(
        self, group: Sequence[Planned], watched: Sequence[Ready], seen: dict[int, PlexItem]
    ) -> Callable[[], Sequence[Ready]]:
        """Begin to read what the group is about to write, where that was read too long ago.

        What is `watched` is about to be sent: it is read along, and put into `seen`, by rating key.
        """
        writes = [planned for planned in group if planned.is_write]
        if self._are_fresh(writes) and not watched:
            self._renewal.record(planned for planned in writes if id(planned) not in self._recorded)
            return lambda: group
        if self._ahead is not None:
            return self._ahead.start(group, [one for one in watched if isinstance(one, Planned)], seen)
        return partial(self._renewal.renew, self._lane.plex, group)

    def _are_fresh(self, writes: Sequence[Planned], after: int = 0) -> bool:
        """Whether what was read for these is good enough until they are written, after so many others."""
        duration = (len(writes) + after + self._count) * (self._seconds or 0.0) / self._count
        return all(planned.age + duration <= FRESH_ENOUGH for planned in writes)

    def _start(self, ready: Ready) -> Callable[[], Sent | Exception]:
        """Begin to send the plans of one scene; returns a function that waits until it is done.

        Without threads that function does the sending: order and pace are those of its calls. So it is
        where a single one would only be waited for: to hand over a scene takes as long as a quick write.
        """
        if isinstance(ready, Exception):
            return lambda: ready
        if self._threads is None or (self._count == 1 and not self._is_slow):
            return partial(attempt, partial(self._send, ready))
        return partial(attempt, self._threads.submit(self._send, ready).result)

    def _send(self, planned: Planned) -> Sent:
        started = time.monotonic()
        sent = self._sender().send(planned)
        if sent.is_write:
            seconds = time.monotonic() - started
            before = self._seconds
            self._seconds = seconds if before is None else before + (seconds - before) / 4
        return sent

    def _sender(self) -> Sender:
        """The sender of this thread; one for all where only one scene is sent at a time."""
        if self._count == 1:
            # It may use the worker's connections, which nobody else uses while it sends.
            self._only = self._only or self._new_sender(self._lane)
            return self._only
        if not hasattr(self._own, "sender"):
            assert self._open_lane is not None
            self._own.sender = self._new_sender(self._open_lane())
        sender: Sender = self._own.sender
        return sender

    def _new_sender(self, lane: Lane) -> Sender:
        return Sender(lane, self._state, self._config, self.pace, self._renewal, self._studios)
