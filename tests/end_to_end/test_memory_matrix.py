"""Whatever happens to a file of the data folder: no edit is lost, and a person's values in Plex stay."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.end_to_end.memory_matrix import TASKS, MemoryMatrix, a_matrix

# What is known to be broken, as words of a cell and its problem, and why.
KNOWN: dict[str, str] = {}


@pytest.fixture(scope="module")
def matrix() -> Iterator[MemoryMatrix]:
    with a_matrix() as matrix:
        yield matrix


def test_the_matrix_knows_the_files_of_a_used_folder(matrix: MemoryMatrix) -> None:
    assert {"queue.db", "state.db", "state.db-wal", "drain.requested", "worker.lock"} <= set(matrix.files)


def test_whatever_happens_to_a_file_no_edit_is_lost_and_all_is_right_in_the_end(matrix: MemoryMatrix) -> None:
    sample = matrix.sample()
    assert {cell.task for cell in sample} == set(TASKS)
    broken = [f"{cell}: {problem}" for cell, problems in matrix.play_rows(sample) for problem in problems]
    unknown = [one for one in broken if not any(re.search(known, one) for known in KNOWN)]
    assert not unknown, "\n".join(unknown)
