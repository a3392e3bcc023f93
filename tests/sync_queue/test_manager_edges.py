"""Promises about many processes, damage and other users of persist-queue."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sync_queue import data_folder
from sync_queue.hook import ALL_SCENES, append_scene
from sync_queue.job import Job
from sync_queue.manager import JobQueue, QueueManager
from tests.servers.world import ROOT


def ids(queue: JobQueue) -> list[int]:
    return [queued.job.scene_id for queued in queue.jobs()]


def test_loading_the_queue_leaves_persistqueue_whole_for_others() -> None:
    code = (
        "import sys, sync_queue.manager;"
        "import persistqueue;"
        "from persistqueue import FILOSQLiteQueue, PDict, Queue, SQLiteAckQueue, SQLiteQueue"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


def set_aside_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.set-aside-*") if not path.name.endswith(("-wal", "-shm"))]


def test_of_two_processes_that_find_a_damaged_queue_the_slower_leaves_the_new_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queue.db").write_bytes(b"no database at all " * 500)
    setting_aside = data_folder.setting_aside

    @contextmanager
    def after_the_other(path: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr("sync_queue.data_folder.setting_aside", setting_aside)
            other = QueueManager(tmp_path)
            other.append(Job(7, "Scene.Update.Post", queued_at=0.0))
            other.close()
        with setting_aside(path):
            yield

    monkeypatch.setattr("sync_queue.data_folder.setting_aside", after_the_other)
    manager = QueueManager(tmp_path)
    assert 7 in ids(manager.get_queue())
    assert manager.notice == ""
    manager.close()
    assert len(set_aside_in(tmp_path)) == 1


def test_what_was_set_aside_twice_in_one_second_is_kept_twice(tmp_path: Path) -> None:
    for content in (b"first " * 500, b"second " * 500):
        for file in ("queue.db", "queue.db-wal", "queue.db-shm"):
            (tmp_path / file).unlink(missing_ok=True)
        (tmp_path / "queue.db").write_bytes(content)
        QueueManager(tmp_path).close()
    assert {path.read_bytes() for path in set_aside_in(tmp_path)} == {b"first " * 500, b"second " * 500}


def test_a_folder_where_the_queue_belongs_is_set_aside_and_costs_no_edit(tmp_path: Path) -> None:
    (tmp_path / "queue.db").mkdir()
    append_scene(str(tmp_path), "Scene.Update.Post", 7)
    manager = QueueManager(tmp_path)
    assert "there is a folder in its place" in manager.notice
    assert 7 in ids(manager.get_queue())
    manager.close()


def test_a_queue_whose_damage_shows_where_it_is_written_is_set_aside_with_what_hooks_wrote_down(
    tmp_path: Path,
) -> None:
    manager = QueueManager(tmp_path)
    manager.append(Job(1, "Scene.Update.Post", queued_at=0.0))
    manager.close()
    with closing(sqlite3.connect(tmp_path / "queue.db")) as connection:
        statement = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_sequence'"
        (page,) = connection.execute(statement).fetchone()
    with (tmp_path / "queue.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))
    append_scene(str(tmp_path), "Scene.Update.Post", 7)
    manager = QueueManager(tmp_path)
    assert {1, 7} <= set(ids(manager.get_queue()))
    assert "is damaged" in manager.notice
    manager.close()


def test_a_damaged_queue_is_set_aside_and_kept_and_the_event_is_queued(tmp_path: Path) -> None:
    damaged = b"this is no database, but it is long enough to look like one" * 40
    (tmp_path / "queue.db").write_bytes(damaged)
    manager = QueueManager(tmp_path)
    manager.append(Job(1, "Scene.Update.Post", queued_at=0.0))
    assert [(queued.job.entity, queued.job.scene_id) for queued in manager.get_queue().jobs()] == [
        (ALL_SCENES, 0),
        ("", 1),
    ]
    manager.close()
    kept = list(tmp_path.glob("*.set-aside-*"))
    assert [path.read_bytes() for path in kept] == [damaged]
