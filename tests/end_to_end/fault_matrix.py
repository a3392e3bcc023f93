"""Every request of the plugin, answered in every other way than the true one, in every task: the matrix.

    python -m tests.end_to_end.fault_matrix --all            all cells; takes an hour
    python -m tests.end_to_end.fault_matrix --sample         those that the daily run tries
    python -m tests.end_to_end.fault_matrix --draw 200       so many by chance; says how to draw them again
    python -m tests.end_to_end.fault_matrix --cell "preview" "query Page" "cut"

Requests are learned from a run of each task in which nothing fails, so that a new task or request is in
the matrix by itself. What cannot occur is left out: a request that the task does not make, half of an
answer that holds no list.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import Stash2Plex as entry
from tests.builders_entry import hook
from tests.end_to_end.forked import in_children, set_limits, warm_up
from tests.end_to_end.promises import broken_by_a_run, broken_in_the_end, kept_and_failed, rows_of
from tests.end_to_end.small_world import DRAIN, OLD, RECONCILE, SmallWorld, a_small_world, copy_of_folder
from tests.servers.odd_answers import KINDS, SHRINKING
from tests.servers.odd_documents import SPOILT
from tests.servers.world import install_plugin

ALWAYS, ONCE = "always", "once"
# So that a list of a few has several pages, a batch is not everything, and nobody waits for long.
LIMITS: Mapping[str, float] = {
    "PAGE_SIZE": 2,
    "ITEMS_PER_READ": 2,
    "SCENES_PER_REQUEST": 3,
    "SCENES_PER_BATCH": 3,
    "CONNECT_TIMEOUT": 1.0,
    "READ_TIMEOUT": 0.4,
    "LONGEST_ANSWER": 0.6,
    "LARGEST_ANSWER": 2_000_000,
    "TIMEOUT": 0.3,
    "LOCKED_RETRIES": 2,
    "LINGER": 0.05,
}
# A task may wait for a few answers that do not come, and then it has to end; a busy machine needs more.
LONGEST_RUN = 8.0
# A failed scene needs evidence about that one scene.
ABOUT_ONE = {*SPOILT, "status 400", "status 413", "status 414"}


class Cell(NamedTuple):
    """A task in which one kind of request gets one kind of answer, always or once in the middle."""

    task: str
    request: str
    answer: str
    times: str

    def __str__(self) -> str:
        return f"{self.task}: {self.request} answered by {self.answer} ({self.times})"


@dataclass(frozen=True)
class Asked:
    """How often a task makes a request, and the kinds of answer that are possible for it."""

    count: int
    answers: frozenset[str]


def tasks() -> dict[str, dict[str, Any]]:
    """What the plugin can be asked for: every task, the drain that a hook asks for, hooks."""
    modes: dict[str, dict[str, Any]] = {mode: {"mode": mode} for mode in entry.TASKS}
    return {
        **modes,
        "process_queue automatic": {"mode": "process_queue", "automatic": True},
        "hook of a scene": hook(1),
        "hook of a tag": hook(1, "Tag.Update.Post"),
    }


class FaultMatrix:
    """The matrix, over copies of one small world; to be closed."""

    def __init__(self, folder: Path) -> None:
        warm_up()
        self._put_back = set_limits(LIMITS)
        self._folder = folder
        self._plugins = install_plugin(folder / "plugins")
        self._config = folder / "config"
        self._config.mkdir()
        self._world = a_small_world(folder, self._plugins, self._config)
        self.asked: dict[str, dict[str, Asked]] = {
            task: self._learn(task, args) for task, args in tasks().items()
        }

    def close(self) -> None:
        """Give the constants back what they were."""
        self._put_back()

    def cells(self) -> Iterator[Cell]:
        """All cells that can occur."""
        for task, requests in self.asked.items():
            for request, asked in sorted(requests.items()):
                for answer in KINDS:
                    if answer in asked.answers:
                        yield Cell(task, request, answer, ALWAYS)
                        yield Cell(task, request, answer, ONCE)

    def sample(self) -> list[Cell]:
        """Cells in which every pair occurs that can: of request, answer, task and how often."""
        return covering(list(self.cells()))

    def play(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[Cell, list[str]]]:
        """Try cells, each in a process of its own; what was broken in each."""
        yield from in_children(cells, self._play, at_a_time)

    def _learn(self, task: str, args: Mapping[str, Any]) -> dict[str, Asked]:
        """The requests of a task in which nothing fails."""

        def learn() -> list[tuple[str, list[str]]]:
            with self._world_for(f"learning {task}") as world:
                servers = (world.plex, world.stash)
                for server in servers:
                    server.odd_answers.learning = True
                run = world.run(args)
                assert run.told is not None
                assert run.told.status == 0, run.log
                seen = [one for server in servers for one in server.odd_answers.seen]
            return [(one.name, sorted(one.kinds)) for one in seen]

        ((_, answer),) = in_children([task], lambda _: learn(), 1)
        counts = Counter(name for name, _ in answer)
        kinds: dict[str, set[str]] = {}
        for name, possible in answer:
            kinds.setdefault(name, set()).update(possible)
        return {
            name: Asked(counts[name], frozenset(kinds[name] - ({SHRINKING} if counts[name] < 2 else set())))
            for name in counts
        }

    @contextmanager
    def _world_for(self, name: str) -> Iterator[SmallWorld]:
        """The world with its servers, in a process that is there for this alone."""
        copy_of_folder(self._world, self._folder / name)
        try:
            with self._world.servers(self._plugins, self._config):
                yield self._world
        finally:
            shutil.rmtree(self._world.data_dir)

    def _play(self, cell: Cell) -> list[str]:
        with self._world_for(f"cell {os.getpid()}") as world:
            assert world.plex is not None
            assert world.stash is not None
            for server in (world.plex, world.stash):
                server.odd_answers.pause = 0.05
                if cell.times == ALWAYS:
                    server.odd_answers.add(cell.answer, cell.request)
                elif cell.times == ONCE:
                    middle = (self.asked[cell.task][cell.request].count + 1) // 2
                    server.odd_answers.add(cell.answer, cell.request, first=middle, times=1)
            problems = self._problems(world, cell)
            for server in (world.plex, world.stash):
                server.odd_answers.clear()
            return problems + _recover(world, was_undone=cell.task == "undo_first_sync")

    def _problems(self, world: SmallWorld, cell: Cell) -> list[str]:
        rows = rows_of(world, OLD)
        if cell.task == "clear_queue":
            world.queued.clear()
        run = world.run(tasks()[cell.task], LONGEST_RUN)
        problems = broken_by_a_run(world, run, LONGEST_RUN)
        if cell.task == "hook of a scene" and rows_of(world, OLD) != rows + 1:
            problems.append("the edit that the hook told of is not in the queue")
        failed = kept_and_failed(world)[1]
        if len(failed) > (1 if cell.answer in ABOUT_ONE else 0) and cell.answer not in SPOILT:
            problems.append(f"{len(failed)} scenes failed for good by a server's fault")
        return problems


def covering(cells: Sequence[Cell]) -> list[Cell]:
    """Few of these cells, in which each pair of their parts occurs that occurs in all of them.

    The same cells give the same choice.
    """
    of_pair: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        of_pair.setdefault((cell.request, cell.answer), []).append(cell)
    missing = {pair for cell in cells for pair in _pairs(cell)}
    chosen = []
    turned = [same[n % len(same) :] + same[: n % len(same)] for n, same in enumerate(of_pair.values())]
    for candidates in (*turned, cells):
        while True:
            best = max(candidates, key=lambda cell: len(missing & _pairs(cell)))
            if not missing & _pairs(best) or (candidates is not cells and _pair(best) not in missing):
                break
            chosen.append(best)
            missing -= _pairs(best)
    return chosen


def _pair(cell: Cell) -> tuple[tuple[int, str], tuple[int, str]]:
    return (1, cell.request), (2, cell.answer)


def _pairs(cell: Cell) -> set[tuple[tuple[int, str], tuple[int, str]]]:
    return set(combinations(enumerate(cell), 2))


def _recover(world: SmallWorld, was_undone: bool) -> list[str]:
    """Run what has to make everything right; what is not right then."""
    problems = []
    for args in (RECONCILE, DRAIN):
        run = world.run(args, LONGEST_RUN)
        if run.told is None or run.told.texts("error"):
            lines = run.told.texts("error") if run.told else ["it did not end"]
            problems.append(f"{args['mode']} after the fault: {lines}")
    return problems + broken_in_the_end(world, was_undone)


@contextmanager
def a_matrix() -> Iterator[FaultMatrix]:
    """The matrix, in a folder in memory where the system has one: the disk is not what is tested."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fault-matrix-", dir=place) as folder:
        matrix = FaultMatrix(Path(folder))
        try:
            yield matrix
        finally:
            matrix.close()


def main(arguments: Sequence[str]) -> int:
    """Try the cells that the command line names; returns 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true")
    which.add_argument("--sample", action="store_true")
    which.add_argument("--draw", type=int, metavar="N")
    which.add_argument("--cell", nargs="+", metavar="WORD", help="the cells that have all these words")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--at-a-time", type=int, default=3)
    chosen = parser.parse_args(arguments)
    with a_matrix() as matrix:
        cells = _chosen(matrix, chosen)
        began, broken = time.monotonic(), 0
        for cell, problems in matrix.play(cells, chosen.at_a_time):
            broken += bool(problems)
            for problem in problems:
                print(f"{cell}\n    {problem}", flush=True)
        seconds = time.monotonic() - began
    print(f"{len(cells)} cells in {seconds:.0f} s; a promise is broken in {broken} of them")
    return 1 if broken else 0


def _chosen(matrix: FaultMatrix, chosen: argparse.Namespace) -> list[Cell]:
    if chosen.sample:
        return matrix.sample()
    cells = list(matrix.cells())
    if chosen.cell:
        return [cell for cell in cells if set(chosen.cell) <= set(cell)]
    if chosen.draw:
        seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
        print(f"Drawn by --draw {chosen.draw} --seed {seed}", flush=True)
        return random.Random(seed).sample(cells, min(chosen.draw, len(cells)))
    return cells


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
