"""Reading items once more right before they are written, so that a person's edit in Plex is seen.

A drain reads by the batch and ahead of its writes, so what it read may be seconds old when its turn
comes. Items that are to be written are therefore read again in small groups, just ahead of the
writing, and the plan is made anew from that: what changed in Plex meanwhile is merged as any other edit.

What is left is the time between that reading and the moment in which Plex carries out the write. The
same request that reads the next items also reads those that are being written, so that most edits in
this time are seen too (`changed_meanwhile`). What cannot be seen: a text that a person replaced
after that look and before Plex carried out the write, some milliseconds where Plex answers reads as
quickly as it writes, and the length of one write at most. Plex takes no condition with an edit, keeps
no history of values, and the lock is there after both. A list is only added to, so a person's tag
stays; and what a person changes after the write is seen at the read-back, and left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from plex.base import Base, text_hash
from plex.client import Plex
from plex.exceptions import PlexNotFound
from plex.fields import FIELDS, Value, same, tag_key
from plex.items import PlexItem
from plex.merge import Change
from stash import log
from sync_queue.begun import Beginning
from sync_queue.failure import attempt
from sync_queue.planning import ItemPlan, Planner
from sync_queue.reading import EachRead, OpenLane, read_each
from sync_queue.state import SyncState
from sync_queue.undo_unlocked import unlocked_values
from validation.scene import Scene

# Seconds from the reading of an item to its write: what is aimed at, and what makes a writer read again.
AIM, TOO_OLD = 0.1, 0.5
# What was read with its batch is good enough where it gets no older than this.
FRESH_ENOUGH = 0.25
LARGEST_GROUP = 50
# By so many seconds a look at what is being written goes before the write.
HEAD_START = 0.005


@dataclass(frozen=True)
class Planned:
    """What is to be done for one scene, and when its items were read, by the monotonic clock."""

    plans: Sequence[ItemPlan]
    read_at: float

    @property
    def is_write(self) -> bool:
        """Whether any of its items is to be written."""
        return any(plan.merged.changes for plan in self.plans)

    @property
    def age(self) -> float:
        """Seconds since its items were read."""
        return time.monotonic() - self.read_at


Ready = Planned | Exception


class Renewal:
    """Plans made anew from items as they are now, and recorded as begun: what it returns may be sent."""

    def __init__(self, planner: Planner, state: SyncState) -> None:
        self._planner = planner
        self._state = state
        # The fields whose values were kept in this run, by rating key.
        self._kept_here: dict[int, set[str]] = {}

    def renew(self, plex: Plex, group: Sequence[Planned]) -> list[Ready]:
        """Read the items of these scenes and plan again, a failure in place of what could not be.

        Raises PlexError.
        """
        read_at = time.monotonic()
        return self.from_items(group, read_each(plex, _keys_of(group)), read_at)

    def from_items(self, group: Sequence[Planned], items: EachRead, read_at: float) -> list[Ready]:
        """Plan again from items that were just read."""
        renewed = [
            attempt(partial(self._plan_again, planned, items, read_at)) if planned.is_write else planned
            for planned in group
        ]
        self.record([planned for planned in renewed if isinstance(planned, Planned)])
        return renewed

    def record(self, group: Iterable[Planned]) -> None:
        """Remember what is about to be sent, and keep what the first contact replaces."""
        plans = [plan for planned in group for plan in planned.plans if plan.merged.changes]
        if not plans:
            return
        with self._state.lock:
            for plan in plans:
                self._keep_replaced(plan)
            self._state.record_begun(map(_beginning, plans))

    def plan_from(self, scene: Scene, seen: PlexItem) -> ItemPlan:
        """What would have been planned for an item as it was seen while it was being written."""
        with self._state.lock:
            plan = self._planner.plan(scene, seen)
            self._keep_replaced(plan)
        return plan

    def _plan_again(self, planned: Planned, items: EachRead, read_at: float) -> Planned:
        plans = [self._plan_one(plan, items) for plan in planned.plans]
        return Planned([plan for plan in plans if not plan.is_opted_out], read_at)

    def _plan_one(self, before: ItemPlan, items: EachRead) -> ItemPlan:
        key = before.item.rating_key
        if key in items.failures:
            raise items.failures[key]
        item = items.items.get(key)
        if item is None or item.parts != before.item.parts:
            raise PlexNotFound("Plex took its item away, or gave it other files, during this run.")
        with self._state.lock:
            plan = self._planner.plan(before.scene, item)
        _tell_of_edits(before, plan)
        return plan

    def _keep_replaced(self, plan: ItemPlan) -> None:
        """Keep what a person had locked in Plex, before the first contact replaces it.

        So is what Plex has of itself and would not put back, with what takes its place.
        """
        values: dict[str, Value] = {
            change.field.name: change.old
            for change in plan.merged.changes
            if change.old and change.field.name in plan.item.locked & plan.first_contacts
        }
        values |= unlocked_values(plan.item, plan.merged, plan.first_contacts)
        if values:
            # Nothing of it is sent yet: what a person entered meanwhile is what is replaced.
            here = self._kept_here.setdefault(plan.item.rating_key, set())
            here |= self._state.keep_replaced(plan.scene.id, plan.item.rating_key, values, again=here)


def _beginning(plan: ItemPlan) -> Beginning:
    shown = {
        change.field.name: text_hash(change.old)
        for change in plan.merged.changes
        if isinstance(change.old, str)
    }
    return Beginning(plan.scene.id, plan.item.rating_key, plan.ours, Base(shown, {}), plan.recovered)


class RenewalAhead:
    """Renews in a thread and over a connection of its own, while others are being written."""

    def __init__(self, renewal: Renewal, open_lane: OpenLane) -> None:
        self._renewal = renewal
        self._open_lane = open_lane
        self._plex: Plex | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="renewing")

    def start(
        self, group: Sequence[Planned], watched: Sequence[Planned], seen: dict[int, PlexItem]
    ) -> Callable[[], list[Ready]]:
        """Begin to read the items of these scenes; returns a function that waits for them and plans.

        The items of those that are watched, and about to be sent, are put into `seen`.
        """
        watched_keys = _keys_of(watched)
        begun = threading.Event()
        reading = self._thread.submit(self._read, [*watched_keys, *_keys_of(group)], begun)
        if watched_keys:
            # The look is to reach Plex before the write.
            begun.wait()
            time.sleep(HEAD_START)

        def finish() -> list[Ready]:
            read, read_at = reading.result()
            seen.update((key, read.items[key]) for key in watched_keys if key in read.items)
            return self._renewal.from_items(group, read, read_at)

        return finish

    def close(self) -> None:
        """End the thread, after what it is reading."""
        self._thread.shutdown(cancel_futures=True)

    def _read(self, rating_keys: Sequence[int], begun: threading.Event) -> tuple[EachRead, float]:
        try:
            if self._plex is None:
                self._plex = self._open_lane().plex
        finally:
            begun.set()
        read_at = time.monotonic()
        return read_each(self._plex, rating_keys), read_at


def _keys_of(group: Iterable[Planned]) -> list[int]:
    return [plan.item.rating_key for planned in group if planned.is_write for plan in planned.plans]


def _tell_of_edits(before: ItemPlan, now: ItemPlan) -> None:
    """Say what a person changed during this run and the first contact is about to replace."""
    for change in now.merged.changes:
        name = change.field.name
        was = before.item.fields.values[name]
        if name in now.item.locked & now.first_contacts and not same(was, change.old):
            log.info(
                f"Scene {now.scene.id}: {change.field.title} changed in Plex during this run; Stash wins, "
                "as in every first sync. Undo First Sync puts it back."
            )


def tell_of_edits_beside(plan: ItemPlan, now: PlexItem) -> None:
    """Say, after a write, that a person changed other fields of the item while it was written."""
    written = {change.field for change in plan.merged.changes}
    for field in FIELDS:
        if field in written or field.name not in now.locked:
            continue
        if not same(plan.item.fields.values[field.name], now.fields.values[field.name]):
            log.info(
                f"Scene {plan.scene.id}: {field.title} changed in Plex at the very moment Stash's values "
                "were written; it is kept. Check whether other fields of the same edit are right."
            )


def changed_meanwhile(sent: Sequence[Change], meanwhile: PlexItem) -> tuple[Change, ...]:
    """The fields sent in whose place an item showed a person's value while it was being written."""
    return tuple(change for change in sent if _is_changed(change, meanwhile))


def _is_changed(change: Change, meanwhile: PlexItem) -> bool:
    name = change.field.name
    theirs = meanwhile.fields.values[name]
    is_a_persons = name in meanwhile.locked or not change.field.is_locked_by_people
    return is_a_persons and not same(theirs, change.old) and not same(theirs, change.new)


def to_put_back(plan: ItemPlan, sent: Sequence[Change], seen: ItemPlan, now: PlexItem) -> tuple[Change, ...]:
    """The changes that give an item back what a person entered while `sent` was on its way; says so.

    `seen` is the plan for the item as it was seen then, `now` the item as it is.
    """
    wanted = {change.field: change.new for change in seen.merged.changes}
    back = []
    for change in changed_meanwhile(sent, seen.item):
        name = change.field.name
        if not same(now.fields.values[name], change.new):
            # It was changed once more, after the write.
            continue
        one = _back(change, wanted.get(change.field, seen.item.fields.values[name]))
        if one:
            back.append(one)
        outcome = "Plex keeps its own" if one else "Stash wins"
        log.info(f"Scene {plan.scene.id}: {change.field.title} changed in Plex and in Stash; {outcome}.")
    return tuple(back)


def _back(sent: Change, wanted: Value) -> Change | None:
    """The change from what was sent to what is wanted; None where that is the same."""
    if isinstance(wanted, str):
        return None if same(wanted, sent.new) else Change(sent.field, sent.new, wanted)
    keys = set(map(tag_key, wanted))
    going = tuple(name for name in sent.new if tag_key(name) not in keys)
    return Change(sent.field, sent.new, wanted, going) if going else None
