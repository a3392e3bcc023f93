"""Bringing the items of a group's collection into the group's order, where nobody ordered them in Plex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from plex.client import Plex
from plex.collections import (
    CUSTOM_ORDER,
    UNCHOSEN_ORDER,
    choose_order,
    items_in_order,
    move_item,
    titles_in_order,
)
from plex.exceptions import PlexBusy
from stash.collection_sources import GROUP
from sync_queue.collection_order import fewest_moves, is_in_order, moved
from sync_queue.collection_plans import Target
from sync_queue.pace import Pace
from sync_queue.state import SyncState

# Plex may put the items of a collection that gets its own order elsewhere than it showed them.
ATTEMPTS = 2


class Placing:
    """Orders the items of collections; `orders` has the rating keys that each group wants, by its id."""

    def __init__(self, plex: Plex, state: SyncState, pace: Pace, orders: Mapping[int, Sequence[int]]) -> None:
        self._plex = plex
        self._state = state
        self._pace = pace
        self._orders = orders
        keys = {key for order in orders.values() for key in order}
        self._sections = state.collections.sections_of(keys) if keys else {}

    def may_place(self, target: Target) -> bool:
        """Whether the order has to be looked at; one that a person chose, or moved, stays."""
        record, order = target.record, target.collection.order
        wanted = self._wanted(target)
        if target.source.kind != GROUP or len(wanted) < 2:
            return False
        if record.is_moving and order in (UNCHOSEN_ORDER, CUSTOM_ORDER):
            return True
        if order != (CUSTOM_ORDER if record.is_ordered else UNCHOSEN_ORDER):
            return False
        if record.is_ordered or record.is_undone:
            # Where some only went, the others stand as they were placed.
            return not set(wanted) <= set(record.placed) or not is_in_order(record.placed, wanted)
        return True

    def _wanted(self, target: Target) -> tuple[int, ...]:
        """The items of the group in the collection's library, in the group's order."""
        here = target.collection.section_key
        order = self._orders.get(target.source.id, ())
        return tuple(key for key in order if self._sections.get(key, here) == here)

    def would_place(self, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The titles of the items now, and as they would be placed; None where none would be moved.

        Raises PlexError.
        """
        if not self.may_place(target):
            return None
        titles, wanted = titles_in_order(self._plex, target.collection.rating_key), self._wanted(target)
        shown = list(titles)
        if self._is_a_persons(target, shown) or is_in_order(shown, wanted):
            return None
        return tuple(titles.values()), tuple(titles[key] for key in moved(shown, wanted))

    @staticmethod
    def _is_a_persons(target: Target, shown: Sequence[int]) -> bool:
        """Whether somebody moved items since they were placed."""
        record = target.record
        return record.is_ordered and not record.is_moving and not is_in_order(shown, record.placed)

    def place(self, target: Target) -> tuple[Target, int]:
        """Move what is not in its place; the target as it is known then, and how many requests that took.

        Raises PlexError.
        """
        key, wanted = target.collection.rating_key, self._wanted(target)
        shown = items_in_order(self._plex, key)
        if self._is_a_persons(target, shown):
            return target, 0
        if is_in_order(shown, wanted):
            return self._placed(target, target.collection.order == CUSTOM_ORDER), 0
        target = self._remember(target, is_moving=True, placed=wanted)
        sent = 0
        if target.collection.order != CUSTOM_ORDER:
            with self._pace.writing():
                choose_order(self._plex, key, CUSTOM_ORDER)
            sent += 1
        for _ in range(ATTEMPTS):
            for move in fewest_moves(shown, wanted):
                with self._pace.writing():
                    move_item(self._plex, key, move.item, move.after)
                sent += 1
            shown = items_in_order(self._plex, key)
            if is_in_order(shown, wanted):
                return self._placed(target, is_ordered=True), sent
        raise PlexBusy("Plex took the moves of its items and does not show them.")

    def _placed(self, target: Target, is_ordered: bool) -> Target:
        placed = self._wanted(target) if is_ordered else ()
        return self._remember(target, placed=placed, is_ordered=is_ordered, is_moving=False)

    def _remember(self, target: Target, **values: object) -> Target:
        record = target.record._replace(**values)  # type: ignore[arg-type]
        with self._state.lock:
            self._state.collections.record(record)
        return replace(target, record=record)


def keys_in_order(
    scenes: Mapping[int, Sequence[int]], keys_of: Mapping[int, Sequence[int]]
) -> dict[int, list[int]]:
    """The rating keys of each group's items, from its scenes in order and the items of each scene."""
    return {
        group_id: list(dict.fromkeys(key for scene_id in scene_ids for key in keys_of.get(scene_id, ())))
        for group_id, scene_ids in scenes.items()
    }
