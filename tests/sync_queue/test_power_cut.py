"""What was recorded outlasts a power cut, and what a released database looks like never changes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sync_queue.hook import WAITING, append_scene
from sync_queue.manager import QueueManager
from sync_queue.state import MIGRATIONS, SyncState

FULL = 2


class Careless(sqlite3.Connection):
    """A connection of an SQLite that some systems ship: without being told, it does not wait for the disk."""

    made: ClassVar[list[Careless]] = []

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        super().execute("PRAGMA synchronous=NORMAL")
        self.made.append(self)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Careless]:
    """The connections that were opened, each by an SQLite that does not wait for the disk by itself."""
    opened = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: Careless = opened(*arguments, **{**options, "factory": Careless})
        return connection

    monkeypatch.setattr(Careless, "made", [])
    monkeypatch.setattr("sqlite3.connect", connect)
    return Careless.made


def open_state(folder: Path) -> None:
    SyncState(folder)


def open_queue(folder: Path) -> None:
    QueueManager(folder)


@pytest.mark.parametrize("open_it", [open_state, open_queue])
def test_state_and_queue_wait_for_the_disk_whatever_the_system_does_by_itself(
    tmp_path: Path, made: list[Careless], open_it: Callable[[Path], None]
) -> None:
    open_it(tmp_path)
    assert made[-1].execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_an_edit_that_a_hook_wrote_down_is_on_the_disk_when_the_save_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda file: on_disk.append((tmp_path / WAITING).read_bytes()))
    append_scene(str(tmp_path), "Scene.Update.Post", 7)
    assert [(tmp_path / WAITING).read_bytes()] == on_disk


def test_the_first_version_of_the_state_stays_as_it_was_released() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(MIGRATIONS[0])
    columns = [row[1] for row in connection.execute("PRAGMA table_info(part)")]
    assert columns == ["path", "folded", "name", "size", "rating_key", "section_key", "has_metadata"]
