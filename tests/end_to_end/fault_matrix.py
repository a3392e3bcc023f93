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

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import Stash2Plex as entry
from tests.builders.entry import hook
from tests.builders.operation import ASKED, arguments
from tests.end_to_end.copied_worlds import LONGEST_RUN, SHORT_TIMES, Copies, copies, recover
from tests.end_to_end.covering import Pair, covering, pairs
from tests.end_to_end.forked import in_children, set_limits
from tests.end_to_end.matrix_command import run_command
from tests.end_to_end.promises import broken_by_a_run, broken_in_the_end, kept_and_failed, rows_of
from tests.end_to_end.small_world import LONGEST, OLD, SmallWorld
from tests.servers.odd_answers import (
    DRIP,
    ENDLESS,
    HALF,
    HANGING,
    KINDS,
    NOTHING,
    NULL,
    PARTIAL,
    SHRINKING,
    Rule,
)
from tests.servers.odd_documents import SPOILT

ALWAYS, ONCE = "always", "once"
# A drain with settings that make it ask for more; only what it asks beside what a drain always asks is tried.
OTHERWISE = "process_queue with other settings"
OTHER_SETTINGS = {
    "preserve_plex_edits": True,
    "background_from_cover": True,
    "studio_logo": True,
}
UNDO = "undo_first_sync"
SLOW = (DRIP, ENDLESS, HANGING)
# What the answer holds is read by whoever asked; anything else is met where answers come in, alike for all
# that a server is asked in the same way.
OF_WHAT_IT_HOLDS = {*SPOILT, NOTHING, HALF, NULL, PARTIAL, SHRINKING}
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


def operations() -> dict[str, dict[str, Any]]:
    """What the page asks for of which a server has to be asked; the daily run plays these by themselves."""
    return {f"operation {name}": arguments(name, **told) for name, told in ASKED.items()}


def tasks() -> dict[str, dict[str, Any]]:
    """What the plugin can be asked for: every task, the drain that a hook asks for, hooks."""
    modes: dict[str, dict[str, Any]] = {mode: {"mode": mode} for mode in entry.TASKS}
    return {
        **modes,
        "process_queue automatic": {"mode": "process_queue", "automatic": True},
        OTHERWISE: {"mode": "process_queue"},
        "hook of a scene": hook(1),
        "hook of a tag": hook(1, "Tag.Update.Post"),
    }


def kind_of(task: str) -> str:
    """What a task does: hooks all ask for a drain, and a drain is one whoever asked for it."""
    return next((kind for kind in ("process_queue", "hook") if task.startswith(kind)), task)


def meetings(cell: Cell) -> set[Pair]:
    """What meets in a cell of the sample: each two of its parts, or the answer and the way of asking.

    Drains are of one kind, and so are hooks: of these, each is among the cells.
    """
    met = pairs(cell._replace(task=kind_of(cell.task))) | {((0, cell.task), (3, cell.times))}
    if cell.answer not in OF_WHAT_IT_HOLDS:
        is_image = cell.request.startswith("GET /scene")
        way = "an image" if is_image else cell.request.partition(" ")[0]
        met.discard(((1, cell.request), (2, cell.answer)))
        met.add(((1, way), (2, cell.answer)))
    return met


class FaultMatrix:
    """The matrix, over copies of one small world."""

    def __init__(self, copies: Copies, tasks: Mapping[str, Mapping[str, Any]]) -> None:
        self._copies = copies
        self._tasks = tasks
        self.asked: dict[str, dict[str, Asked]] = {
            task: self._learn(task, args) for task, args in tasks.items()
        }
        for usual in self.asked["process_queue"]:
            self.asked[OTHERWISE].pop(usual, None)

    def cells(self) -> Iterator[Cell]:
        """All cells that can occur."""
        for task, requests in self.asked.items():
            for request, asked in sorted(requests.items()):
                for answer in KINDS:
                    if answer in asked.answers:
                        yield Cell(task, request, answer, ALWAYS)
                        yield Cell(task, request, answer, ONCE)

    def sample(self) -> list[Cell]:
        """Cells in which every pair occurs that can: of request, answer, kind of task and how often.

        An answer that is no document of its server, such as a status, need not meet each request, but each
        way of asking: to read, write or upload, by query or mutation.
        """
        return covering(list(self.cells()), meetings)

    def play(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[Cell, list[str]]]:
        """Try cells, each in a world of its own; what was broken in each."""
        yield from in_children(cells, self._play, at_a_time)

    def play_rows(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[str, list[str]]]:
        """Try cells, those of one task and request one after another in the same world; what was broken.

        A new world is taken where all is right already or the request is not made any more; only then is
        run what has to make everything right. That costs a third of trying each cell alone.
        """
        rows: dict[tuple[str, str], list[Cell]] = {}
        for cell in cells:
            rows.setdefault((cell.task, cell.request), []).append(cell)
        for _, played in in_children(rows.values(), self._play_row, at_a_time):
            yield from ((name, problems) for name, problems in played)

    def _learn(self, task: str, args: Mapping[str, Any]) -> dict[str, Asked]:
        """The requests of a task in which nothing fails."""

        def learn() -> list[tuple[str, list[str]]]:
            with self._world(f"learning {task}", task) as world:
                assert world.plex is not None
                assert world.stash is not None
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
    def _world(self, name: str, task: str) -> Iterator[SmallWorld]:
        """A world for this task."""
        with self._copies.world(name, **(OTHER_SETTINGS if task == OTHERWISE else {})) as world:
            yield world

    def _play(self, cell: Cell) -> list[str]:
        with self._world(f"cell {os.getpid()}", cell.task) as world:
            with self._fault(world, cell):
                problems = self._problems(world, cell)
            return problems + recover(world, was_undone=cell.task == UNDO)

    def _play_row(self, cells: list[Cell]) -> list[tuple[str, list[str]]]:
        played: list[tuple[str, list[str]]] = []
        while cells:
            # In a fork, because what is played in a world stays in it.
            ((_, some),) = in_children([cells], self._play_some, 1)
            played += some
            cells = cells[len(some) - 1 :]
        return played

    def _play_some(self, cells: list[Cell]) -> list[tuple[str, list[str]]]:
        """Try cells in one world for as long as their request is made; the last is how the world ends."""
        played: list[tuple[str, list[str]]] = []
        was_undone = cells[0].task == UNDO
        with self._world(f"cell {os.getpid()}", cells[0].task) as world:
            for cell in cells:
                with self._fault(world, cell) as rules:
                    problems = self._problems(world, cell)
                if played and not any(rule.used for rule in rules):
                    break
                played.append((str(cell), problems))
                if not broken_in_the_end(world, was_undone):
                    return [*played, (str(cell), [])]
            before = f" and {len(played) - 1} before it" if len(played) > 1 else ""
            return [*played, (f"after {played[-1][0]}{before}", recover(world, was_undone))]

    @contextmanager
    def _fault(self, world: SmallWorld, cell: Cell) -> Iterator[list[Rule]]:
        """Let both servers answer as the cell says."""
        assert world.plex is not None
        assert world.stash is not None
        answers = [server.odd_answers for server in (world.plex, world.stash)]
        first, times = 1, None
        if cell.times == ONCE:
            first, times = (self.asked[cell.task][cell.request].count + 1) // 2, 1
        for one in answers:
            one.pause = 0.05
        yield [one.add(cell.answer, cell.request, first, times) for one in answers if cell.answer]
        for one in answers:
            one.clear()

    def _problems(self, world: SmallWorld, cell: Cell) -> list[str]:
        is_hook = cell.task == "hook of a scene"
        rows = rows_of(world, OLD) if is_hook else 0
        failed_before = kept_and_failed(world)[1]
        if cell.task == "clear_queue":
            world.queued.clear()
        put_back = set_limits(SHORT_TIMES if cell.answer in SLOW else {})
        run = world.run(self._tasks[cell.task], LONGEST_RUN if cell.answer in SLOW else LONGEST)
        put_back()
        problems = broken_by_a_run(world, run)
        if is_hook and rows_of(world, OLD) != rows + 1:
            problems.append("the edit that the hook told of is not in the queue")
        failed = kept_and_failed(world)[1] - failed_before
        if len(failed) > (1 if cell.answer in ABOUT_ONE else 0) and cell.answer not in SPOILT:
            problems.append(f"{len(failed)} scenes failed for good by a server's fault")
        return problems


@contextmanager
def a_matrix(is_whole: bool = False) -> Iterator[FaultMatrix]:
    """The matrix, for as long as it is needed; the whole one has the operations, too."""
    with copies() as some:
        yield FaultMatrix(some, {**tasks(), **(operations() if is_whole else {})})


if __name__ == "__main__":
    with a_matrix(is_whole="--sample" not in sys.argv) as matrix:
        cells, sample = list(matrix.cells()), matrix.sample
        sys.exit(run_command(sys.argv[1:], cells, sample, matrix.play, __doc__, matrix.play_rows))
