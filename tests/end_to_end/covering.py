"""Choosing few cells out of many, so that whatever two things can meet do meet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TypeVar

Cell = TypeVar("Cell", bound=tuple[str, ...])
Pair = tuple[tuple[int, str], ...]


def pairs(cell: tuple[str, ...]) -> set[Pair]:
    """Each two parts of a cell, with their places."""
    return set(combinations(enumerate(cell), 2))


def covering(cells: Sequence[Cell]) -> list[Cell]:
    """Few of these cells, in which each pair of parts occurs that occurs in all of them.

    The same cells give the same choice. The second and third part are those with the most pairs.
    """
    with_pair: dict[Pair, list[Cell]] = {}
    for cell in cells:
        with_pair.setdefault(((1, cell[1]), (2, cell[2])), []).append(cell)
    missing = {pair for cell in cells for pair in pairs(cell)}
    chosen: list[Cell] = []

    def choose(candidates: Sequence[Cell]) -> bool:
        best = max(candidates, key=lambda cell: len(missing & pairs(cell)))
        if not missing & pairs(best):
            return False
        missing.difference_update(pairs(best))
        chosen.append(best)
        return True

    for n, (pair, same) in enumerate(with_pair.items()):
        if pair in missing:
            # Where several would do as well, not always the first of them.
            choose(same[n % len(same) :] + same[: n % len(same)])
    while choose(cells):
        pass
    return chosen
