"""Sending plans to Plex: text and tags in one request an item, then the cover; and reading back what took."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from stashapi import log

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexNotFound, PlexRejected
from plex.library import read_items
from plex.merge import Change, Merge
from plex.writing import not_taken, write
from sync_queue.covers import Covers
from sync_queue.pace import Pace
from sync_queue.planning import ItemPlan, describe, shortened, titles
from sync_queue.reading import Lane, OpenLane
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import StashError


@dataclass
class Sent:
    """The plans of one scene, carried out; `cover_problem` says why its cover could not be."""

    plans: Sequence[ItemPlan]
    uploads: int = 0
    cover_problem: str = ""


class Sender:
    """Sends the plans of one scene after the other, over one lane."""

    def __init__(self, lane: Lane, state: SyncState, config: Stash2PlexConfig, pace: Pace) -> None:
        self._plex = lane.plex
        self._covers = Covers(lane.stash, lane.plex, state, config)
        self._preserve = config.preserve_plex_edits
        self._pace = pace

    def send(self, plans: Sequence[ItemPlan]) -> Sent:
        """Carry out the plans of one scene; a failed cover does not hold up its texts. Raises PlexError."""
        for plan in plans:
            if plan.merged.changes:
                with self._pace.writing():
                    write(self._plex, plan.item, plan.merged, plan.pictures)
            self._log(plan)
        sent = Sent(plans)
        if plans:
            try:
                sent.uploads = self._covers.bring(plans[0].scene, [plan.item for plan in plans])
            except (PlexBusy, PlexRejected, PlexNotFound, StashError) as error:
                sent.cover_problem = f"Its cover could not be carried over: {error}"
        return sent

    def _log(self, plan: ItemPlan) -> None:
        for contested in plan.merged.contested:
            outcome = "Plex keeps its own" if self._preserve else "Stash wins"
            log.info(f"Scene {plan.scene.id}: {contested.title} changed in Plex and in Stash; {outcome}.")
        if plan.merged.kept:
            kept = ", ".join(field.title for field in plan.merged.kept)
            log.info(
                f"Scene {plan.scene.id}: {kept} differ in Plex and stay as they are: after the loss of "
                "state.db nobody knows whose edit that is. What changes in Stash from now on is carried."
            )
        if plan.merged.changes:
            log.debug(f"Scene {plan.scene.id}: {'; '.join(map(describe, plan.merged.changes))}")


class Senders:
    """As many senders as the settings allow, each in a thread with connections of its own."""

    def __init__(
        self, lane: Lane, open_lane: OpenLane | None, state: SyncState, config: Stash2PlexConfig
    ) -> None:
        self._pace = Pace()
        self._state = state
        self._config = config
        self._open_lane = open_lane
        self._first = Sender(lane, state, config, self._pace)
        self._own = threading.local()
        count = config.parallel_writes if open_lane else 1
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="writing") if count > 1 else None

    def start(self, plans: Sequence[ItemPlan]) -> Callable[[], Sent]:
        """Begin to send the plans of one scene; returns a function that waits until it is done.

        With a single sender that function does the sending: order and pace are those of its calls.
        """
        if self._threads is None:
            return partial(self._first.send, plans)
        return self._threads.submit(self._send, plans).result

    def close(self) -> None:
        """End the threads, after what they are sending; what has not begun is not sent."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _send(self, plans: Sequence[ItemPlan]) -> Sent:
        if not hasattr(self._own, "sender"):
            assert self._open_lane is not None
            self._own.sender = Sender(self._open_lane(), self._state, self._config, self._pace)
        sent: Sent = self._own.sender.send(plans)
        return sent


def problems_after(plex: Plex, all_sent: Sequence[Sent]) -> dict[int, str]:
    """Read back what was sent, and write once more what did not take; problems that stay, by scene id.

    Raises PlexError.
    """
    plans = [plan for sent in all_sent for plan in sent.plans if plan.merged.changes]
    missed = _missed(plex, plans)
    for plan, changes in missed:
        log.debug(f"Scene {plan.scene.id}: Plex did not keep {titles(changes)}; written once more.")
        write(plex, plan.item, Merge(changes), plan.pictures)
    return {
        plan.scene.id: (
            f"Plex did not keep its {titles(changes)}, written twice; the debug log has both values."
        )
        for plan, changes in _missed(plex, [plan for plan, _ in missed])
    }


def _missed(plex: Plex, plans: Sequence[ItemPlan]) -> list[tuple[ItemPlan, tuple[Change, ...]]]:
    there = read_items(plex, [plan.item.rating_key for plan in plans])
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
