"""Choosing few cells out of many, so that whatever two things can meet do meet."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TypeVar

Cell = TypeVar("Cell", bound=tuple[str, ...])
Pair = tuple[tuple[int, str], ...]


def pairs(cell: tuple[str, ...]) -> set[Pair]:
    """Each two parts of a cell, with their places."""
    return set(combinations(enumerate(cell), 2))


def covering(cells: Sequence[Cell], meetings: Callable[[Cell], set[Pair]] = pairs) -> list[Cell]:
    """Few of these cells, in which everything meets that meets in all of them.

    The same cells give the same choice: always the one with the most that is missing, of several the first.
    """
    of_each = list(map(meetings, cells))
    missing: set[Pair] = set().union(*of_each)
    # What was missing of a cell when it was last looked at is the most that can be missing now.
    waiting = [(-len(met), number) for number, met in enumerate(of_each)]
    heapq.heapify(waiting)
    chosen: list[Cell] = []
    while missing:
        most, number = heapq.heappop(waiting)
        left = len(missing & of_each[number])
        if left == -most:
            missing -= of_each[number]
            chosen.append(cells[number])
        elif left:
            heapq.heappush(waiting, (-left, number))
    return chosen
