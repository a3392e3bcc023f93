"""Promises about the last lines of a task."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stash import last_lines
from stash.last_lines import let_be_read

LINES = b"\x01i\x02Written: 970\n" * 3

if sys.platform != "linux":
    pytest.skip("other systems do not tell what is unread", allow_module_level=True)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_a_task_ends_once_stash_has_read_its_last_line_and_no_sooner(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, LINES)
    read = bytearray()
    let_be_read(writing, lambda _: read.extend(os.read(reading, 7)))
    assert bytes(read) == LINES


def test_a_task_of_which_everything_was_read_waits_for_nothing(pipe: tuple[int, int], tmp_path: Path) -> None:
    waits: list[float] = []
    let_be_read(pipe[1], waits.append)
    with open(tmp_path / "log", "wb") as file:
        file.write(LINES)
        file.flush()
        let_be_read(file.fileno(), waits.append)
    assert waits == []


def test_a_stash_that_reads_nothing_holds_no_task_for_longer_than_half_a_second(
    pipe: tuple[int, int],
) -> None:
    os.write(pipe[1], LINES)
    waits: list[float] = []
    let_be_read(pipe[1], waits.append)
    assert sum(waits) == pytest.approx(0.5)


def test_where_nobody_can_tell_what_is_unread_a_task_waits_a_moment() -> None:
    waits: list[float] = []
    with open(os.devnull, "wb") as nowhere:
        let_be_read(nowhere.fileno(), waits.append)
    let_be_read(10_000, waits.append)
    assert waits == [last_lines.BLINDLY] * 2
