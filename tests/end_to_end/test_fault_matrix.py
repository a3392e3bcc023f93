"""Whatever either server answers to whatever it is asked: nothing is lost, and all is right in the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest

from tests.end_to_end.fault_matrix import WHAT_IT_SAYS, Cell, FaultMatrix, a_matrix, kind_of, meetings, tasks
from tests.servers.odd_answers import KINDS

# What is known to be broken, as words of a cell and its problem, and why.
KNOWN: dict[str, str] = {}


@pytest.fixture(scope="module")
def matrix() -> Iterator[FaultMatrix]:
    with a_matrix() as matrix:
        yield matrix


def unknown(played: Iterable[tuple[object, list[str]]]) -> list[str]:
    """What was broken and is not known to be."""
    broken = [f"{cell}: {problem}" for cell, problems in played for problem in problems]
    return [one for one in broken if not any(re.search(known, one) for known in KNOWN)]


@pytest.fixture(scope="module")
def sample(matrix: FaultMatrix) -> list[Cell]:
    return matrix.sample()


def test_the_sample_has_every_task_and_every_pair_of_what_it_does_request_and_what_is_said(
    matrix: FaultMatrix, sample: list[Cell]
) -> None:
    cells = list(matrix.cells())
    assert set().union(*map(meetings, cells)) == set().union(*map(meetings, sample))
    whole, some = ({(kind_of(cell.task), *cell[1:3]) for cell in these} for these in (cells, sample))
    assert {(task, request) for task, request, _ in whole} == {(task, request) for task, request, _ in some}
    said = [
        {(task, WHAT_IT_SAYS.get(answer, answer)) for task, _, answer in these} for these in (whole, some)
    ]
    assert said[0] == said[1]
    assert {cell.task for cell in cells} == {cell.task for cell in sample}
    assert {cell.answer for cell in cells} == set(KINDS)
    assert len(sample) < len(cells) / 10
    assert sample == matrix.sample()


def test_tasks_that_need_no_server_ask_none(matrix: FaultMatrix) -> None:
    silent = {task for task, requests in matrix.asked.items() if not requests}
    assert silent == {"queue_status", "retry_failed", "clear_queue"}


def test_what_is_promised_holds_where_nothing_fails(matrix: FaultMatrix) -> None:
    """Otherwise the matrix would find faults that are its own."""
    assert list(matrix.without_faults) == list(tasks())
    assert not unknown(matrix.without_faults.items())


@pytest.mark.parametrize("task", list(tasks()))
def test_whatever_a_server_answers_nothing_is_lost_and_all_is_right_in_the_end(
    matrix: FaultMatrix, sample: list[Cell], task: str
) -> None:
    broken = unknown(matrix.play_rows(cell for cell in sample if cell.task == task))
    assert not broken, "\n".join(broken)
