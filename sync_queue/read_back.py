"""Reading back what was sent: only what Plex shows counts as written.

What did not take is written once more. Where Plex shows neither the old value nor the new one,
somebody changed it after the write, or Plex does not take it as it is: it is left, and the log says so.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from sync_queue.renewal import tell_of_edits_beside
from sync_queue.sending import Sent

_Missed = list[tuple[ItemPlan, tuple[Change, ...]]]


class ReadBack:
    """Looks at what was sent, over a connection that nobody else uses meanwhile."""

    def __init__(self, plex: Plex, pace: Pace) -> None:
        self._plex = plex
        self._pace = pace

    def verdicts(self, all_sent: Sequence[Sent]) -> list[Exception | None]:
        """For each scene None where Plex shows what was sent, else why it does not count as written.

        Raises what means that a server is in trouble.
        """
        sent = [
            [(plan, changes) for plan, changes in zip(one.plans, one.written, strict=True) if changes]
            for one in all_sent
        ]
        missed = self._missed(sent, is_first=True)
        again = [
            one if isinstance(one, Exception) else attempt(partial(self._write_again, one)) for one in missed
        ]
        pairs = [[] if isinstance(one, Exception) else one for one in again]
        return list(map(_verdict, again, self._missed(pairs, is_first=False)))

    def _missed(self, sent: Sequence[_Missed], is_first: bool) -> list[_Missed | Exception]:
        """What Plex does not show of what was sent to the items of each scene."""
        keys = [plan.item.rating_key for pairs in sent for plan, _ in pairs]
        read = read_each(self._plex, keys)
        return [attempt(partial(_missed_of_scene, pairs, read, is_first)) for pairs in sent]

    def _write_again(self, missed: _Missed) -> _Missed:
        for plan, changes in missed:
            log.debug(f"Scene {plan.scene.id}: Plex did not keep {titles(changes)}; written once more.")
            with self._pace.writing():
                write(self._plex, plan.item, Merge(changes), plan.pictures)
        return missed


def _missed_of_scene(sent: _Missed, read: EachRead, is_first: bool) -> _Missed:
    missed: _Missed = []
    for plan, changes in sent:
        key = plan.item.rating_key
        if key in read.failures:
            raise read.failures[key]
        item = read.items.get(key)
        if item is None:
            raise PlexNotFound("Plex does not show the item any more that it was just written to.")
        if is_first:
            tell_of_edits_beside(plan, item)
        _tell_of_edits_since(plan, changes, item)
        lacking = not_taken(changes, item.fields)
        _log_values(plan, lacking, item)
        if lacking:
            missed.append((plan, lacking))
    return missed


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


def _verdict(written_again: _Missed | Exception, missed: _Missed | Exception) -> Exception | None:
    for one in (written_again, missed):
        if isinstance(one, Exception):
            return one
    assert isinstance(missed, list)
    if not missed:
        return None
    fields = dict.fromkeys(titles([change]) for _, changes in missed for change in changes)
    names = ", ".join(fields)
    return PlexRejected(f"Plex did not keep its {names}, written twice; the debug log has both values.")
