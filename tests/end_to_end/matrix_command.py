"""Playing the cells of a matrix from the command line."""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Cell = TypeVar("Cell", bound=tuple[str, ...])
# Tries cells, so many at a time; what was broken, by what names a cell.
Play = Callable[[Iterable[Cell], int], Iterator[tuple[object, list[str]]]]


def run_command(
    arguments: Sequence[str],
    cells: list[Cell],
    sample: Callable[[], list[Cell]],
    play: Play[Cell],
    description: str | None,
    play_many: Play[Cell] | None = None,
) -> int:
    """Play the cells that the command line names and say what was broken; returns 1 where anything was.

    `play_many` is how the sample and the whole are played, where that is in a way of its own.
    """
    chosen = _read(arguments, description)
    if chosen.sample or chosen.all:
        cells, play = sample() if chosen.sample else cells, play_many or play
    elif chosen.cell:
        cells = [cell for cell in cells if set(chosen.cell) <= set(cell)]
        if not cells:
            print("No cell has all these words, each as it stands in the matrix.")
            return 1
    elif chosen.draw:
        seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
        print(f"Drawn by --draw {chosen.draw} --seed {seed}", flush=True)
        cells = random.Random(seed).sample(cells, min(chosen.draw, len(cells)))
    began, broken, before = time.monotonic(), 0, sum(os.times()[:4])
    for cell, problems in play(cells, chosen.at_a_time):
        broken += bool(problems)
        for problem in problems:
            print(f"{cell}\n    {problem}", flush=True)
    seconds, processor = time.monotonic() - began, sum(os.times()[:4]) - before
    print(
        f"{len(cells)} cells in {seconds:.0f} s ({processor:.0f} s of processor); "
        f"a promise is broken in {broken} of them"
    )
    return 1 if broken else 0


def _read(arguments: Sequence[str], description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="all cells")
    which.add_argument("--sample", action="store_true", help="those that the daily run plays")
    which.add_argument("--draw", type=int, metavar="N", help="so many by chance")
    which.add_argument("--cell", nargs="+", metavar="WORD", help="the cells that have all these words")
    parser.add_argument("--seed", type=int, help="draw these again")
    parser.add_argument("--at-a-time", type=int, default=3, help="how many at the same time")
    return parser.parse_args(arguments)
