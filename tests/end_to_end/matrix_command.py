"""Playing the cells of a matrix from the command line."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Cell = TypeVar("Cell", bound=tuple[str, ...])


def run_command(
    arguments: Sequence[str],
    cells: list[Cell],
    sample: Callable[[], list[Cell]],
    play: Callable[[Iterable[Cell], int], Iterator[tuple[Cell, list[str]]]],
    description: str | None,
) -> int:
    """Play the cells that the command line names and say what was broken; returns 1 where anything was."""
    chosen = _read(arguments, description)
    if chosen.sample:
        cells = sample()
    elif chosen.cell:
        cells = [cell for cell in cells if set(chosen.cell) <= set(cell)]
    elif chosen.draw:
        seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
        print(f"Drawn by --draw {chosen.draw} --seed {seed}", flush=True)
        cells = random.Random(seed).sample(cells, min(chosen.draw, len(cells)))
    began, broken = time.monotonic(), 0
    for cell, problems in play(cells, chosen.at_a_time):
        broken += bool(problems)
        for problem in problems:
            print(f"{cell}\n    {problem}", flush=True)
    seconds = time.monotonic() - began
    print(f"{len(cells)} cells in {seconds:.0f} s; a promise is broken in {broken} of them")
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
