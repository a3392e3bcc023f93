"""Bringing the items of a collection into an order with the fewest moves; pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple


class Move(NamedTuple):
    """An item that goes right behind another one, or before all others where that is None."""

    item: int
    after: int | None


def in_common(order: Sequence[int], others: Sequence[int]) -> list[int]:
    """What of an order is among the others too."""
    there = set(others)
    return [one for one in order if one in there]


def is_in_order(shown: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether what both have comes in the same order; whatever stands in between does not matter."""
    return in_common(shown, wanted) == in_common(wanted, shown)


def fewest_moves(shown: Sequence[int], wanted: Sequence[int]) -> list[Move]:
    """The moves, one after the other, after which `shown` has the items of `wanted` in that order.

    Items of which only one of the two knows stay where they are.
    """
    place = {item: number for number, item in enumerate(shown)}
    items = in_common(wanted, shown)
    staying = {items[number] for number in _longest_rising([place[item] for item in items])}
    before = dict(zip(items[1:], items, strict=False))
    return [Move(item, before.get(item)) for item in items if item not in staying]


def moved(shown: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The order that these moves come to."""
    order = list(shown)
    for move in fewest_moves(shown, wanted):
        order.remove(move.item)
        order.insert(0 if move.after is None else order.index(move.after) + 1, move.item)
    return order


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """The places of a longest rising sequence among distinct numbers."""
    ends: list[int] = []
    end_places: list[int] = []
    earlier: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(ends, number)
        earlier.append(end_places[length - 1] if length else -1)
        if length == len(ends):
            ends.append(number)
            end_places.append(place)
        else:
            ends[length], end_places[length] = number, place
    found = []
    place = end_places[-1] if end_places else -1
    while place >= 0:
        found.append(place)
        place = earlier[place]
    return found[::-1]
