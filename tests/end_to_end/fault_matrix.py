"""Every request of the plugin, answered in every other way than the true one, in every task: the matrix.

    python -m tests.end_to_end.fault_matrix --all            all cells; takes long
    python -m tests.end_to_end.fault_matrix --sample         those that the daily run tries
    python -m tests.end_to_end.fault_matrix --draw 200       so many by chance; says how to draw them again
    python -m tests.end_to_end.fault_matrix --cell "preview" "query Page" "cut"

Requests are learned from a run of each task in which nothing fails, so that a new task or request is in
the matrix by itself. What cannot occur is left out: a request that the task does not make, half of an
answer that holds no list.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import Stash2Plex as entry
from sync_queue.drain_request import forget_request
from tests.builders.entry import hook
from tests.builders.operation import ASKED, arguments
from tests.end_to_end.copied_worlds import LONGEST_RUN, SHORT_TIMES, SMALL_PAGES, Copies, copies, recover
from tests.end_to_end.covering import Pair, covering, pairs
from tests.end_to_end.forked import in_children, set_limits
from tests.end_to_end.matrix_command import run_command
from tests.end_to_end.promises import InQueue, broken_by_a_run, broken_in_the_end, in_queue
from tests.end_to_end.situations import SITUATIONS, USUAL
from tests.end_to_end.small_world import LONGEST, OLD, SmallWorld
from tests.servers.odd_answers import (
    CUT,
    DRIP,
    EMPTY,
    ENDLESS,
    GARBLED,
    HALF,
    HANGING,
    KINDS,
    NOTHING,
    NULL,
    PAGE,
    PARTIAL,
    SHRINKING,
    Rule,
)
from tests.servers.odd_documents import SPOILT
from tests.servers.stash.server import DOCUMENTS

# The name of a request, and what kinds of answer it could have had.
Seen = tuple[str, list[str]]
ALWAYS, ONCE = "always", "once"
UNDO = "undo_first_sync"
WRITING = {"process_queue", "process_queue automatic", UNDO}
SLOW = (DRIP, ENDLESS, HANGING)
# What the answer holds is read by whoever asked; anything else is met where answers come in, alike for all
# that a server is asked in the same way.
OF_WHAT_IT_HOLDS = {*SPOILT, NOTHING, HALF, NULL, PARTIAL, SHRINKING}
LESS = {NOTHING, HALF, SHRINKING}
# Answers that are no document of their server, by what they say; each task meets one of each.
SAYING = {
    "whoever asks may not": {"status 401", "status 403", "status 498"},
    "that this cannot be had": {"status 400", "status 404", "status 413", "status 414"},
    "not now": {"status 408", "status 429", "status 500", "status 502", "status 503", "status 504"},
    "nothing": {EMPTY, PAGE, "status 204", "status 301"},
    "a part": {CUT, GARBLED},
    "something some time": set(SLOW),
}
WHAT_IT_SAYS = {answer: saying for saying, answers in SAYING.items() for answer in answers}
# When all is right again it is long ago that Stash was asked for what it did not answer.
LATER = {"STILL_WRITING": 0}
# So many cells are played in one process.
LONGEST_ROW = 40
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
        **{name: {"mode": plain(name)} for name in SITUATIONS},
        "hook of a scene": hook(1),
        "hook of a tag": hook(1, "Tag.Update.Post"),
    }


def plain(task: str) -> str:
    """The task without what its situation adds to it."""
    return task.partition(" with ")[0]


def kind_of(task: str) -> str:
    """What a task does: hooks all ask for a drain, and a drain is one whoever asked for it."""
    return next((kind for kind in ("process_queue", "hook") if task.startswith(kind)), plain(task))


def is_writing(request: str) -> bool:
    """Whether a request writes into Plex."""
    return request.startswith(("PUT", "POST", "DELETE"))


def meetings(cell: Cell) -> set[Pair]:
    """What meets in a cell of the sample: each two of its parts, or the answer and the way of asking.

    Drains are of one kind, and so are hooks: of these, each is among the cells. Answers that say the same
    are of one kind for a task; each of them is met in each way of asking. What a drain asks in some
    situation only meets one answer that holds less, and one that holds what it must not.
    """
    says = WHAT_IT_SAYS.get(cell.answer)
    met = pairs(cell._replace(task=kind_of(cell.task), answer=says or cell.answer))
    met.add(((0, cell.task), (3, cell.times)))
    if says:
        way = "write" if is_writing(cell.request) else cell.request.partition(" ")[0]
        met.discard(((1, cell.request), (2, says)))
        met.add(((1, way), (2, cell.answer)))
    elif cell.task in SITUATIONS and kind_of(cell.task) == "process_queue":
        met.discard(((1, cell.request), (2, cell.answer)))
        met.add(
            ((1, cell.request), (2, "less than there is" if cell.answer in LESS else "what is no answer"))
        )
    return met


def _asked(seen: list[Seen]) -> dict[str, Asked]:
    counts = Counter(name for name, _ in seen)
    kinds: dict[str, set[str]] = {}
    for name, possible in seen:
        kinds.setdefault(name, set()).update(possible)
    return {
        name: Asked(counts[name], frozenset(kinds[name] - ({SHRINKING} if counts[name] < 2 else set())))
        for name in counts
    }


class FaultMatrix:
    """The matrix, over copies of one small world."""

    def __init__(self, copies: Copies, tasks: Mapping[str, Mapping[str, Any]]) -> None:
        self._copies = copies
        self._tasks = tasks
        for name, situation in SITUATIONS.items():
            copies.prepare(name, situation.prepare, **situation.settings)
        ((_, (found, documents)),) = in_children([None], lambda _: self._without_faults(), 1)
        # Each fork has them then, and need not hold them to Stash's schema again.
        for text in documents:
            DOCUMENTS.get(text)
        # What is broken in each task where nothing fails: it would be the matrix's own fault.
        self.without_faults: dict[str, list[str]] = {task: problems for task, (_, problems) in found.items()}
        self.asked: dict[str, dict[str, Asked]] = {task: _asked(seen) for task, (seen, _) in found.items()}
        for name in SITUATIONS:
            for request, usual in self.asked[plain(name)].items():
                asked = self.asked[name].get(request)
                if asked and not (is_writing(request) and asked.count > usual.count):
                    del self.asked[name][request]

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
        way of asking: to read or write, by query or mutation. A task meets one of those that say the same.
        """
        # Of two that are as good, the one that does not write: to read takes a third of the time.
        cells = sorted(self.cells(), key=lambda cell: plain(cell.task) in WRITING)
        return covering(cells, meetings)

    def play(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[Cell, list[str]]]:
        """Try cells, each in a world of its own; what was broken in each."""
        yield from in_children(cells, self._play, at_a_time)

    def play_rows(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[str, list[str]]]:
        """Try cells, those of one task one after another in the same world; what was broken.

        A new world is taken where all is right already or the request is not made any more; only then is
        run what has to make everything right. That costs a fifth of trying each cell alone.
        """
        of_tasks: dict[str, list[Cell]] = {}
        for cell in cells:
            of_tasks.setdefault(cell.task, []).append(cell)
        rows = [
            some[at : at + LONGEST_ROW]
            for some in of_tasks.values()
            for at in range(0, len(some), LONGEST_ROW)
        ]
        for _, played in in_children(rows, self._play_row, at_a_time):
            yield from ((name, problems) for name, problems in played)

    def _without_faults(self) -> tuple[dict[str, tuple[list[Seen], list[str]]], list[str]]:
        """For each task the requests that it makes and what it breaks, and the documents that were asked."""
        found = {}
        for task in self._tasks:
            with self._world(task) as world:
                assert world.plex is not None
                assert world.stash is not None
                answers = [server.odd_answers for server in (world.plex, world.stash)]
                for one in answers:
                    one.learning = True
                problems, _ = self._problems(world, Cell(task, "", "", ""), in_queue(world))
                seen = [(one.name, sorted(one.kinds)) for server in answers for one in server.seen]
                for one in answers:
                    one.learning = False
                found[task] = (seen, problems + self._recover(world, task))
        return found, DOCUMENTS.texts()

    @contextmanager
    def _world(self, task: str) -> Iterator[SmallWorld]:
        """A world for this task."""
        with self._copies.world(task) as world:
            yield world

    def _recover(self, world: SmallWorld, task: str) -> list[str]:
        """Run what has to make everything right; what is not right then."""
        situation = SITUATIONS.get(task, USUAL)
        put_back = set_limits(LATER)
        problems = recover(world, was_undone=plain(task) == UNDO, further=situation.further)
        put_back()
        return problems + list(situation.broken_in_the_end(world))

    def _is_all_right(self, world: SmallWorld, task: str) -> bool:
        broken = broken_in_the_end(world, plain(task) == UNDO)
        return not broken and not list(SITUATIONS.get(task, USUAL).broken_in_the_end(world))

    def _play(self, cell: Cell) -> list[str]:
        with self._world(cell.task) as world:
            with self._fault(world, cell):
                problems, _ = self._problems(world, cell, in_queue(world))
            return problems + self._recover(world, cell.task)

    def _play_row(self, cells: list[Cell]) -> list[tuple[str, list[str]]]:
        played: list[tuple[str, list[str]]] = []
        while cells:
            some = self._play_some(cells)
            played += some
            cells = cells[len(some) - 1 :]
        return played

    def _play_some(self, cells: list[Cell]) -> list[tuple[str, list[str]]]:
        """Try cells in one world for as long as their request is made; the last is how the world ends."""
        played: list[tuple[str, list[str]]] = []
        task = cells[0].task
        with self._world(task) as world:
            queue = in_queue(world)
            for cell in cells:
                with self._fault(world, cell) as rules:
                    problems, queue = self._problems(world, cell, queue)
                if played and not any(rule.used for rule in rules):
                    break
                played.append((str(cell), problems))
                if self._is_all_right(world, task):
                    return [*played, (str(cell), [])]
            before = f" and {len(played) - 1} before it" if len(played) > 1 else ""
            return [*played, (f"after {played[-1][0]}{before}", self._recover(world, task))]

    @contextmanager
    def _fault(self, world: SmallWorld, cell: Cell) -> Iterator[list[Rule]]:
        """Let both servers answer as the cell says."""
        assert world.plex is not None
        assert world.stash is not None
        answers = [server.odd_answers for server in (world.plex, world.stash)]
        first, times = 1, None
        if cell.times == ONCE:
            count = self.asked[cell.task][cell.request].count
            # What a situation adds comes after the usual.
            first, times = count if cell.task in SITUATIONS else (count + 1) // 2, 1
        for one in answers:
            one.pause = 0.05
        yield [one.add(cell.answer, cell.request, first, times) for one in answers if cell.answer]
        for one in answers:
            one.clear()

    def _problems(self, world: SmallWorld, cell: Cell, before: InQueue) -> tuple[list[str], InQueue]:
        """What a run breaks, and what it leaves in the queue."""
        if cell.task == "clear_queue":
            world.queued.clear()
        forget_request(str(world.data_dir))
        is_slow = cell.answer in SLOW
        put_back = set_limits({**SMALL_PAGES, **(SHORT_TIMES if is_slow else {})})
        run = world.run(self._tasks[cell.task], LONGEST_RUN if is_slow else LONGEST, in_fork=is_slow)
        put_back()
        after = in_queue(world)
        problems = broken_by_a_run(world, run, after)
        problems += SITUATIONS.get(cell.task, USUAL).broken(world)
        if not cell.answer and run.told is not None and run.told.status:
            problems.append(f"it fails although nothing else does: {run.told.error}")
        old = world.scene_ids[OLD]
        if cell.task == "hook of a scene" and after.waiting[old] != before.waiting[old] + 1:
            problems.append("the edit that the hook told of is not in the queue")
        failed = after.failed - before.failed
        if len(failed) > (1 if cell.answer in ABOUT_ONE else 0) and cell.answer not in SPOILT:
            problems.append(f"{len(failed)} scenes failed for good by a server's fault")
        return problems, after


@contextmanager
def a_matrix(is_whole: bool = False) -> Iterator[FaultMatrix]:
    """The matrix, for as long as it is needed; the whole one has the operations, too."""
    with copies() as some:
        yield FaultMatrix(some, {**tasks(), **(operations() if is_whole else {})})


if __name__ == "__main__":
    with a_matrix(is_whole="--sample" not in sys.argv) as matrix:
        cells, sample = list(matrix.cells()), matrix.sample
        sys.exit(run_command(sys.argv[1:], cells, sample, matrix.play, __doc__, matrix.play_rows))
