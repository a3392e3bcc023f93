"""Promises about many processes, damage and other users of persist-queue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sync_queue.append import ALL_SCENES
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
