"""What hooks wrote down comes into the queue: nothing is lost, whoever writes, takes or is killed."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stash import process_lock as exclusive
from sync_queue import hook, take_in
from sync_queue.hook import ALL_SCENES, WAITING, append_change, append_scene
from sync_queue.job import Job
from sync_queue.manager import QueueManager
from tests.servers.world import ROOT


def write_down(folder: Path, *scene_ids: int) -> None:
    for scene_id in scene_ids:
        append_scene(str(folder), "Scene.Update.Post", scene_id)


def taken_in(folder: Path) -> list[Job]:
    """What the next task finds in its queue."""
    manager = QueueManager(folder)
    jobs = [queued.job for queued in manager.get_queue().jobs()]
    manager.close()
    return jobs


def scenes(folder: Path) -> list[int]:
    return [job.scene_id for job in taken_in(folder)]


def files_of_hooks(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("hooks.*") if path.name != take_in.TAKING_LOCK)


def test_changes_come_in_the_order_in_which_they_were_made_and_their_file_goes(tmp_path: Path) -> None:
    write_down(tmp_path / "data", 3, 1, 2)
    assert scenes(tmp_path / "data") == [3, 1, 2]
    assert files_of_hooks(tmp_path / "data") == []
    assert scenes(tmp_path / "data") == [3, 1, 2]


def test_a_queue_that_is_open_already_sees_what_a_hook_writes_down(tmp_path: Path) -> None:
    manager = QueueManager(tmp_path)
    write_down(tmp_path, 7)
    assert manager.get_queue().has_due_jobs()
    assert [queued.job.scene_id for queued in manager.get_queue().jobs()] == [7]
    manager.close()


@pytest.mark.parametrize(
    ("hook_type", "expected"),
    [
        ("Scene.Create.Post", (9, "", 0)),
        ("Scene.Destroy.Post", (9, "", 0)),
        ("Performer.Update.Post", (0, "performer", 9)),
        ("Studio.Update.Post", (0, "studio", 9)),
        ("Tag.Merge.Post", (0, "tag", 9)),
        ("Group.Update.Post", (0, "group", 9)),
        ("Tag.Destroy.Post", (0, ALL_SCENES, 0)),
    ],
)
def test_each_kind_of_change_becomes_its_job(
    tmp_path: Path, hook_type: str, expected: tuple[int, str, int]
) -> None:
    before = time.time()
    assert append_change(str(tmp_path), hook_type, 9)
    (job,) = taken_in(tmp_path)
    assert (job.scene_id, job.entity, job.entity_id) == expected
    assert job.reason == hook_type
    assert before <= job.queued_at <= time.time()


def test_what_shows_in_no_scene_is_not_written_down(tmp_path: Path) -> None:
    assert not append_change(str(tmp_path / "data"), "Gallery.Update.Post", 9)
    assert not (tmp_path / "data").exists()


@given(st.text(max_size=30), st.integers(1, 2**63 - 1))
@settings(max_examples=30)
def test_whatever_stash_calls_the_hook_the_change_can_be_read_again(
    tmp_path_factory: pytest.TempPathFactory, reason: str, scene_id: int
) -> None:
    folder = tmp_path_factory.mktemp("data")
    append_scene(str(folder), reason, scene_id)
    (job,) = list(take_in._jobs_in(str(folder / hook.name_of_file())))
    assert (job.scene_id, job.reason) == (scene_id, reason)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter there")
def test_file_and_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    write_down(tmp_path / "data", 1)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data" / hook.name_of_file()).stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_no_file_elsewhere_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / WAITING).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        write_down(tmp_path / "data", 1)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("torn", [b'{"scene_id":5,"rea', b"\n\x00\x00\x00", b"\n[1]", b'\n{"scene_id":null}'])
def test_a_line_that_was_cut_short_costs_no_other_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], torn: bytes
) -> None:
    write_down(tmp_path, 1)
    with (tmp_path / hook.name_of_file()).open("ab") as file:
        file.write(torn)
    write_down(tmp_path, 2)
    assert scenes(tmp_path) == [1, 2]
    assert "1 of 3 changes that hooks wrote down cannot be read" in capsys.readouterr().err


def test_a_disk_that_takes_half_a_line_is_an_error_for_the_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:9]))
    with pytest.raises(OSError, match="space"):
        write_down(tmp_path, 1)


def test_what_could_not_be_put_into_the_queue_is_there_for_the_next_task(tmp_path: Path) -> None:
    write_down(tmp_path, 1, 2)

    def put(jobs: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        take_in.take_in(str(tmp_path), put)
    write_down(tmp_path, 3)
    assert scenes(tmp_path) == [1, 2, 3]


def test_a_task_that_was_killed_before_it_removed_the_file_costs_nothing_but_a_second_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_down(tmp_path, 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "remove", lambda path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            QueueManager(tmp_path)
    write_down(tmp_path, 2)
    assert set(scenes(tmp_path)) == {1, 2}
    assert files_of_hooks(tmp_path) == []


def test_a_file_of_its_own_for_each_hook_is_taken_in_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is on Windows, which does not append in one step."""
    for number in (1, 2):
        monkeypatch.setattr(hook, "name_of_file", lambda number=number: f"{WAITING}.{number}")
        write_down(tmp_path, number)
    assert files_of_hooks(tmp_path) == [f"{WAITING}.1", f"{WAITING}.2"]
    assert sorted(scenes(tmp_path)) == [1, 2]
    assert files_of_hooks(tmp_path) == []


# Hooks start a Python each: none comes within a millisecond of the one before it.
WRITE_AND_BE_KILLED = """
import sys
import time
from sync_queue.hook import append_scene
first = int(sys.argv[2])
for scene_id in range(first, first + 100_000):
    append_scene(sys.argv[1], "Scene.Update.Post", scene_id)
    print(scene_id, flush=True)
    time.sleep(0.001)
"""


def test_of_changes_that_are_written_down_while_a_task_takes_them_none_is_lost_and_none_doubled(
    tmp_path: Path,
) -> None:
    """The writers are killed in the middle: what they had said to be kept is kept."""
    firsts = (1, 1_000_001)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE_AND_BE_KILLED, str(tmp_path), str(first)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for first in firsts
    ]
    said: list[list[int]] = [[], []]

    def listen(number: int) -> None:
        pipe = writers[number].stdout
        assert pipe is not None
        for line in pipe:
            if line.endswith(b"\n"):
                said[number].append(int(line))

    listeners = [threading.Thread(target=listen, args=(number,)) for number in range(2)]
    for listener in listeners:
        listener.start()
    manager = QueueManager(tmp_path)
    kept: list[int] = []
    queue, last_row, looks = manager.get_queue(), 0, 0
    deadline = time.monotonic() + 30
    while looks < 15 or not all(said):
        assert time.monotonic() < deadline, "a writer wrote nothing"
        jobs = list(queue.jobs(after_row=last_row))
        kept += [queued.job.scene_id for queued in jobs]
        last_row = jobs[-1].row if jobs else last_row
        looks += bool(jobs)
        # As the worker does: whoever looks without a pause leaves the lock to nobody.
        time.sleep(0.01)
    for writer in writers:
        writer.kill()
    for listener, writer in zip(listeners, writers, strict=True):
        listener.join(30)
        writer.wait(30)
    kept += [queued.job.scene_id for queued in queue.jobs(after_row=last_row)]
    manager.close()
    for number, first in enumerate(firsts):
        of_writer = [scene_id for scene_id in kept if (scene_id >= firsts[1]) == bool(number)]
        assert of_writer == list(range(first, first + len(of_writer)))
        assert len(of_writer) >= len(said[number]) > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no file that is open is renamed there")
def test_a_file_that_a_hook_is_writing_is_read_when_the_hook_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exclusive, "PATIENCE", 0.05)
    write_down(tmp_path, 1)
    with (tmp_path / WAITING).open("ab") as file:
        assert exclusive.try_to_share(file.fileno())
        assert scenes(tmp_path) == []
        file.write(b'\n{"scene_id":2}\n')
    assert scenes(tmp_path) == [1, 2]


def test_two_tasks_that_take_in_at_once_put_nothing_in_twice(tmp_path: Path) -> None:
    began, go = threading.Event(), threading.Event()
    write_down(tmp_path, 1)
    kept: list[int] = []

    def put(jobs: list[Job]) -> None:
        began.set()
        assert go.wait(30)
        kept.extend(job.scene_id for job in jobs)

    first = threading.Thread(target=take_in.take_in, args=(str(tmp_path), put))
    first.start()
    assert began.wait(30)
    second = threading.Thread(target=take_in.take_in, args=(str(tmp_path), put))
    second.start()
    go.set()
    first.join(30)
    second.join(30)
    assert kept == [1]


@pytest.mark.skipif(sys.platform == "win32", reason="no file that is open is renamed there")
def test_on_a_drive_without_locks_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is taken between the writing of a line and the look after it: the line is written again."""
    monkeypatch.setattr(hook, "try_to_share", lambda file: False)
    taken: list[int] = []
    fsync = os.fsync

    def fsync_as_a_task_comes(file: int) -> None:
        fsync(file)
        if not taken:
            taken.append(1)
            (tmp_path / WAITING).rename(tmp_path / f"{take_in.TAKEN}.1")

    monkeypatch.setattr(os, "fsync", fsync_as_a_task_comes)
    write_down(tmp_path, 5)
    assert set(scenes(tmp_path)) == {5}
    assert taken == [1]


def test_a_directory_of_that_name_stops_no_task(tmp_path: Path) -> None:
    (tmp_path / WAITING).mkdir()
    kept: list[Job] = []
    take_in.take_in(str(tmp_path), kept.extend)
    assert (kept, os.listdir(tmp_path)) == ([], [WAITING])
