"""Every file of the data folder, damaged in every way, before a hook, a reconcile or a drain: the matrix.

    python -m tests.end_to_end.memory_matrix --all                    all cells
    python -m tests.end_to_end.memory_matrix --sample                 those that the daily run plays
    python -m tests.end_to_end.memory_matrix --cell state.db "empty"  the cells that have these words

The files are learned from a used folder, so that a new one is in the matrix by itself.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sync_queue.state import SyncState
from tests.builders.entry import hook
from tests.end_to_end.copied_worlds import Copies, copies, recover
from tests.end_to_end.covering import covering
from tests.end_to_end.forked import in_children
from tests.end_to_end.matrix_command import run_command
from tests.end_to_end.promises import broken_by_a_run, in_queue
from tests.end_to_end.small_world import DRAIN, OLD, RECONCILE, SmallWorld

PAGE = 4096
# The pages of which the daily run zeroes one, and what it leaves of a file that is cut.
SOME_PAGES, SOME_CUTS = {0, 1, 3, 16}, {"cut at 2/4"}
# So many cells are played in one process, each in a world of its own.
LONGEST_ROW = 20
TASKS: dict[str, dict[str, Any]] = {"hook": hook(1), "reconcile": RECONCILE, "drain": DRAIN}
DELETED, EMPTY, GARBAGE = "deleted", "empty", "garbage"
OLDER, NEWER, READ_ONLY = "an older copy", "a newer version", "read-only"
FOLDER, ANOTHERS, AND_ITS_LOG = "a directory in its place", "another Stash's", "deleted with its log"


class Cell(NamedTuple):
    """What is done to a file of the data folder before which task."""

    task: str
    file: str
    damage: str

    def __str__(self) -> str:
        return f"{self.task} after {self.file} was damaged: {self.damage}"


class MemoryMatrix:
    """The matrix, over copies of one small world."""

    def __init__(self, some: Copies) -> None:
        self._copies = some
        self._use(some.original)
        self._older = some.original.older
        self._anothers = some.new_world("another", first_id=4).data_dir
        self.files = sorted(path.name for path in some.original.data_dir.iterdir() if path.is_file())

    def cells(self) -> Iterator[Cell]:
        """All cells."""
        for task in TASKS:
            for file in self.files:
                for damage in self._damages(file):
                    yield Cell(task, file, damage)

    def sample(self) -> list[Cell]:
        """Cells in which every pair occurs of file, damage and task, but for most of the pages and cuts."""
        return covering([cell for cell in self.cells() if _is_in_sample(cell.damage)])

    def play(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[Cell, list[str]]]:
        """Try cells, each in a world of its own; what was broken in each."""
        for row, problems in in_children(_in_parts(list(cells)), self._play_each, at_a_time):
            yield from zip(row, problems, strict=True)

    def play_rows(self, cells: Iterable[Cell], at_a_time: int = 3) -> Iterator[tuple[str, list[str]]]:
        """The same, but those of a mark, a lock, a list or an index one after another in the same world.

        What has to make everything right is run once, after the last: that is most of what a cell costs.
        """
        of_databases: list[Cell] = []
        of_files: dict[str, list[Cell]] = {}
        for cell in cells:
            if cell.file.endswith((".db", ".db-wal")):
                of_databases.append(cell)
            else:
                of_files.setdefault(cell.file, []).append(cell)
        for cell, problems in self.play(of_databases, at_a_time):
            yield str(cell), problems
        for cells, problems in in_children(of_files.values(), self._play_row, at_a_time):
            yield f"{cells[-1]} and {len(cells) - 1} before it", problems

    def _play_each(self, cells: list[Cell]) -> list[list[str]]:
        return [self._play_row([cell]) for cell in cells]

    def _use(self, world: SmallWorld) -> None:
        """Leave what a used folder has: reports, marks, and logs of databases that nobody closed."""

        def leave_a_log(_: object) -> None:
            state = SyncState(world.data_dir)
            state.set_fact("left", "in the log")

        with self._copies.servers():
            for mode in ("preview", "find_orphans", "check_setup"):
                world.run({"mode": mode})
            world.run(hook(1))
        list(in_children([None], leave_a_log, 1))

    def _damages(self, file: str) -> Iterator[str]:
        size = (self._copies.original.data_dir / file).stat().st_size
        yield from (DELETED, GARBAGE, READ_ONLY, FOLDER)
        if size:
            yield EMPTY
            yield from (f"cut at {part}/4" for part in (1, 2, 3))
            yield "cut by a byte"
        if file.partition(".db")[1]:
            yield from (f"page {n} zeroed" for n in range(-(-size // PAGE)))
        if file.endswith(".db"):
            yield from (NEWER, AND_ITS_LOG)
        if (self._older / file).exists():
            yield OLDER
        if (self._anothers / file).exists():
            yield ANOTHERS

    def _play_row(self, cells: list[Cell]) -> list[str]:
        problems = []
        with self._copies.world() as world:
            for cell in cells:
                path = world.data_dir / cell.file
                if not path.exists():
                    # A drain removes the marks that ask for it.
                    shutil.copyfile(self._copies.original.data_dir / cell.file, path)
                self._damage(path, cell.damage)
                world.obeys_rights = cell.damage == READ_ONLY
                problems += [f"{cell.damage}, {cell.task}: {one}" for one in self._problems(world, cell)]
            return problems + recover(world, is_state_lost=cells[0].file.startswith("state.db"))

    def _problems(self, world: SmallWorld, cell: Cell) -> list[str]:
        # What the damage took is not lost: the reconcile finds it again.
        world.queued.clear()
        run = world.run(TASKS[cell.task], in_fork=False)
        world.obeys_rights = False
        _put_right(world.data_dir / cell.file, cell.damage)
        queue = in_queue(world)
        problems = broken_by_a_run(world, run, queue)
        is_kept = run.told is not None and not run.told.error
        if cell.task == "hook" and is_kept and world.scene_ids[OLD] not in queue.waiting:
            problems.append("the edit that the hook took is not in the queue")
        return problems

    def _damage(self, path: Path, damage: str) -> None:
        content = path.read_bytes()
        if damage == READ_ONLY:
            path.chmod(0o400)
        elif damage == FOLDER:
            path.unlink()
            path.mkdir()
        elif damage == NEWER:
            _make_newer(path)
        elif damage == AND_ITS_LOG:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        elif damage in (OLDER, ANOTHERS):
            shutil.copyfile((self._older if damage == OLDER else self._anothers) / path.name, path)
        elif damage == DELETED:
            path.unlink()
        else:
            path.write_bytes(_spoilt(content, damage))


def _in_parts(cells: list[Cell]) -> list[list[Cell]]:
    return [cells[at : at + LONGEST_ROW] for at in range(0, len(cells), LONGEST_ROW)]


def _is_in_sample(damage: str) -> bool:
    if damage.startswith("cut at"):
        return damage in SOME_CUTS
    words = damage.split()
    return words[0] != "page" or int(words[1]) in SOME_PAGES


def _spoilt(content: bytes, damage: str) -> bytes:
    size = len(content)
    if damage == EMPTY:
        return b""
    if damage == GARBAGE:
        return random.Random(size).randbytes(max(size, 100))
    if damage == "cut by a byte":
        return content[:-1]
    if damage.startswith("cut at "):
        return content[: size * int(damage[7]) // 4]
    start = int(damage.split()[1]) * PAGE
    return content[:start] + b"\0" * len(content[start : start + PAGE]) + content[start + PAGE :]


def _make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def _put_right(path: Path, damage: str) -> None:
    """What the owner does who reads what the log says."""
    if damage == READ_ONLY and path.exists():
        path.chmod(0o600)
    elif damage == FOLDER and path.is_dir():
        path.rmdir()


@contextmanager
def a_matrix() -> Iterator[MemoryMatrix]:
    """The matrix, for as long as it is needed."""
    with copies() as some:
        yield MemoryMatrix(some)


if __name__ == "__main__":
    with a_matrix() as matrix:
        sys.exit(
            run_command(
                sys.argv[1:], list(matrix.cells()), matrix.sample, matrix.play, __doc__, matrix.play_rows
            )
        )
