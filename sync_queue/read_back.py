"""Reading back what was sent: only what Plex shows counts as written.

What did not take will be written again. Where Plex shows neither the old value nor the new one,
somebody changed it after the write, or Plex does not take it as it is: it is left, and the log says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from plex.client import Plex
from plex.exceptions import PlexNotFound, PlexNotKept
from plex.items import PlexItem
from plex.merge import Change, Merge
from plex.writing import not_taken, replaced_since, write
from stash import log
from sync_queue.failure import attempt
from sync_queue.pace import Pace
from sync_queue.planning import ItemPlan, shortened, sort_title_left_behind, titles
from sync_queue.reading import EachRead, OpenLane, read_each
from sync_queue.renewal import Renewal, changed_meanwhile, tell_of_edits_beside, to_put_back
from sync_queue.sending import Sent

_Written = list[tuple[ItemPlan, tuple[Change, ...]]]


class ReadBack:
    """Looks at what was sent, over a connection that nobody else uses meanwhile.

    With `open_lane`, which opens one more, the look goes on while the next scenes are sent. `shown`
    has the items of the last batch to which anything was sent, as they were last read.
    """

    def __init__(self, plex: Plex, pace: Pace, renewal: Renewal, open_lane: OpenLane | None = None) -> None:
        self._plex = plex
        self._pace = pace
        self._renewal = renewal
        self._open_lane = open_lane
        self._beside: Plex | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reading back") if open_lane else None
        self.shown: dict[int, PlexItem] = {}

    def start(self, all_sent: Sequence[Sent], others_follow: bool) -> Callable[[], list[Exception | None]]:
        """Begin to look at what was sent, beside whatever is sent next where `others_follow`.

        Returns a function that gives for each scene None where Plex shows what was sent, else why it
        does not count as written. It raises what means that a server is in trouble. Where others follow,
        it uses a connection of its own, and may be called while they are sent.
        """
        keys = _keys_of(all_sent)
        if not keys or not others_follow or self._thread is None:
            return lambda: self._verdicts(self._plex, all_sent, read_each(self._plex, keys))
        reading = self._thread.submit(self._read, keys)

        def verdicts() -> list[Exception | None]:
            plex, read = reading.result()
            return self._verdicts(plex, all_sent, _again_where_unclear(plex, all_sent, read))

        return verdicts

    def close(self) -> None:
        """End the thread, after what it is reading."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def _read(self, rating_keys: Sequence[int]) -> tuple[Plex, EachRead]:
        if self._beside is None:
            assert self._open_lane is not None
            self._beside = self._open_lane().plex
        return self._beside, read_each(self._beside, rating_keys)

    def _verdicts(self, plex: Plex, all_sent: Sequence[Sent], read: EachRead) -> list[Exception | None]:
        self.shown = dict(read.items)
        first = _each(list(map(_pairs_of, all_sent)), self._first_look, read, all_sent)
        again = [
            one if isinstance(one, Exception) else attempt(partial(self._write_again, plex, one))
            for one in first
        ]
        written = [[] if isinstance(one, Exception) else one for one in again]
        read = read_each(plex, [plan.item.rating_key for pairs in written for plan, _ in pairs])
        self.shown.update(read.items)
        return list(map(_verdict, all_sent, again, _each(written, _second_look, read, all_sent)))

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
            behind = sort_title_left_behind(plan, changes, item)
            if lacking or back or behind:
                again.append((plan, (*lacking, *back, *behind)))
        return again

    def _to_put_back(
        self, plan: ItemPlan, changes: Sequence[Change], sent: Sent, now: PlexItem
    ) -> tuple[Change, ...]:
        meanwhile = sent.seen.get(plan.item.rating_key)
        if meanwhile is None or not changed_meanwhile(changes, meanwhile):
            return ()
        return to_put_back(plan, changes, self._renewal.plan_from(plan.scene, meanwhile), now)

    def _write_again(self, plex: Plex, missed: _Written) -> _Written:
        for plan, changes in missed:
            with self._pace.writing():
                write(plex, plan.item, Merge(changes), plan.pictures)
        return missed


def _keys_of(all_sent: Sequence[Sent]) -> list[int]:
    """The items to which anything was sent; an image moves an item's time as well."""
    return [
        plan.item.rating_key
        for sent in all_sent
        for plan, changes in zip(sent.plans, sent.written, strict=True)
        if changes or sent.uploads
    ]


def _again_where_unclear(plex: Plex, all_sent: Sequence[Sent], read: EachRead) -> EachRead:
    """What was read a while ago, with the items anew to which something would have to be written."""
    unclear = [sent for sent in all_sent if not _shows_all(sent, read)]
    if not unclear:
        return read
    keys = set(_keys_of(unclear))
    now = read_each(plex, keys)
    items = {key: item for key, item in read.items.items() if key not in keys}
    failures = {key: failure for key, failure in read.failures.items() if key not in keys}
    return EachRead({**items, **now.items}, {**failures, **now.failures})


def _shows_all(sent: Sent, read: EachRead) -> bool:
    """Whether the items of a scene show what was sent, and nobody's value in its place meanwhile."""
    for plan, changes in _pairs_of(sent):
        item = read.items.get(plan.item.rating_key)
        if item is None or not_taken(changes, item.fields) or replaced_since(changes, item.fields):
            return False
        meanwhile = sent.seen.get(plan.item.rating_key)
        if meanwhile is not None and changed_meanwhile(changes, meanwhile):
            return False
    return True


def _each(
    written: Sequence[_Written],
    look: Callable[[_Written, EachRead, Sent], _Written],
    read: EachRead,
    all_sent: Sequence[Sent],
) -> list[_Written | Exception]:
    """Look at the items of each scene, as they were read."""
    return [attempt(partial(look, pairs, read, sent)) for pairs, sent in zip(written, all_sent, strict=True)]


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
        raise PlexNotFound("Plex no longer shows the item that was just written to.")
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
            "Somebody changed it there, or Plex does not keep it as it is; it is left alone."
        )


def _log_values(plan: ItemPlan, changes: Sequence[Change], item: PlexItem) -> None:
    for change in changes:
        sent, kept = shortened(change.new), shortened(item.fields.values[change.field.name])
        log.debug(f"Scene {plan.scene.id}: {change.field.title}: sent “{sent}”, there is “{kept}”")


def _verdict(
    sent: Sent, written_again: _Written | Exception, missed: _Written | Exception
) -> Exception | None:
    for one in (written_again, missed):
        if isinstance(one, Exception):
            return one
    assert isinstance(missed, list)
    if not missed:
        return None
    fields = [titles([change]) for _, changes in missed for change in changes]
    names = ", ".join(dict.fromkeys(fields))
    return PlexNotKept(
        f"Plex did not keep its {names}, written twice; the debug log has both values.",
        is_nothing_kept=len(fields) == sum(map(len, sent.written)),
    )
