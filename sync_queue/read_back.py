"""Reading back what was sent: only what Plex shows counts as written.

What did not take is written once more. Where Plex shows neither the old value nor the new one,
somebody changed it after the write, or Plex does not take it as it is: it is left, and the log says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from stashapi import log

from plex.client import Plex
from plex.exceptions import PlexNotFound, PlexRejected
from plex.items import PlexItem
from plex.merge import Change, Merge
from plex.writing import not_taken, replaced_since, write
from sync_queue.failure import attempt
from sync_queue.pace import Pace
from sync_queue.planning import ItemPlan, shortened, titles
from sync_queue.reading import EachRead, read_each
from sync_queue.renewal import Renewal, tell_of_edits_beside
from sync_queue.seen_meanwhile import changed_meanwhile, to_put_back
from sync_queue.sending import Sent

_Written = list[tuple[ItemPlan, tuple[Change, ...]]]


class ReadBack:
    """Looks at what was sent, over a connection that nobody else uses meanwhile.

    `shown` has the items of the last batch to which anything was sent, as they were last read.
    """

    def __init__(self, plex: Plex, pace: Pace, renewal: Renewal) -> None:
        self._plex = plex
        self._pace = pace
        self._renewal = renewal
        self.shown: dict[int, PlexItem] = {}

    def verdicts(self, all_sent: Sequence[Sent]) -> list[Exception | None]:
        """For each scene None where Plex shows what was sent, else why it does not count as written.

        Raises what means that a server is in trouble.
        """
        self.shown = {}
        # An image moves an item's time as well.
        images = [plan.item.rating_key for one in all_sent if one.uploads for plan in one.plans]
        first = self._each(list(map(_pairs_of, all_sent)), self._first_look, all_sent, images)
        again = [
            one if isinstance(one, Exception) else attempt(partial(self._write_again, one)) for one in first
        ]
        written = [[] if isinstance(one, Exception) else one for one in again]
        return list(map(_verdict, again, self._each(written, _second_look, all_sent)))

    def _each(
        self,
        written: Sequence[_Written],
        look: Callable[[_Written, EachRead, Sent], _Written],
        all_sent: Sequence[Sent],
        beside: Sequence[int] = (),
    ) -> list[_Written | Exception]:
        """Look at the items of each scene, as they are now; reads others `beside`."""
        keys = [plan.item.rating_key for pairs in written for plan, _ in pairs]
        read = read_each(self._plex, [*keys, *beside])
        self.shown.update(read.items)
        return [
            attempt(partial(look, pairs, read, sent)) for pairs, sent in zip(written, all_sent, strict=True)
        ]

    def _first_look(self, written: _Written, read: EachRead, sent: Sent) -> _Written:
        """What is to be written once more to each item of a scene."""
        again = []
        for plan, changes in written:
            item = _item_of(plan, read)
            tell_of_edits_beside(plan, item)
            _tell_of_edits_since(plan, changes, item)
            lacking = not_taken(changes, item.fields)
            _log_lacking(plan, lacking, item)
            back = self._to_put_back(plan, changes, sent, item)
            if lacking or back:
                again.append((plan, (*lacking, *back)))
        return again

    def _to_put_back(
        self, plan: ItemPlan, changes: Sequence[Change], sent: Sent, now: PlexItem
    ) -> tuple[Change, ...]:
        meanwhile = sent.seen.get(plan.item.rating_key)
        if meanwhile is None or not changed_meanwhile(changes, meanwhile):
            return ()
        return to_put_back(plan, changes, self._renewal.plan_from(plan.scene, meanwhile), now)

    def _write_again(self, missed: _Written) -> _Written:
        for plan, changes in missed:
            with self._pace.writing():
                write(self._plex, plan.item, Merge(changes), plan.pictures)
        return missed


def _pairs_of(sent: Sent) -> _Written:
    return [(plan, changes) for plan, changes in zip(sent.plans, sent.written, strict=True) if changes]


def _second_look(written: _Written, read: EachRead, _: Sent) -> _Written:
    """What did not take at the second time either."""
    missed = []
    for plan, changes in written:
        item = _item_of(plan, read)
        lacking = not_taken(changes, item.fields)
        _log_values(plan, lacking, item)
        if lacking:
            missed.append((plan, lacking))
    return missed


def _item_of(plan: ItemPlan, read: EachRead) -> PlexItem:
    key = plan.item.rating_key
    if key in read.failures:
        raise read.failures[key]
    if key not in read.items:
        raise PlexNotFound("Plex does not show the item any more that it was just written to.")
    return read.items[key]


def _log_lacking(plan: ItemPlan, lacking: Sequence[Change], item: PlexItem) -> None:
    _log_values(plan, lacking, item)
    if lacking:
        log.debug(f"Scene {plan.scene.id}: Plex did not keep {titles(lacking)}; written once more.")


def _tell_of_edits_since(plan: ItemPlan, changes: Sequence[Change], item: PlexItem) -> None:
    replaced = replaced_since(changes, item.fields)
    _log_values(plan, replaced, item)
    if replaced:
        log.warning(
            f"Scene {plan.scene.id}: Plex shows another {titles(replaced)} than was written a moment ago. "
            "Somebody changed it there, or Plex does not take it as it is; it is left."
        )


def _log_values(plan: ItemPlan, changes: Sequence[Change], item: PlexItem) -> None:
    for change in changes:
        sent, kept = shortened(change.new), shortened(item.fields.values[change.field.name])
        log.debug(f"Scene {plan.scene.id}: {change.field.title}: sent “{sent}”, there is “{kept}”")


def _verdict(written_again: _Written | Exception, missed: _Written | Exception) -> Exception | None:
    for one in (written_again, missed):
        if isinstance(one, Exception):
            return one
    assert isinstance(missed, list)
    if not missed:
        return None
    fields = dict.fromkeys(titles([change]) for _, changes in missed for change in changes)
    names = ", ".join(fields)
    return PlexRejected(f"Plex did not keep its {names}, written twice; the debug log has both values.")
