"""A state that was lost, in whatever form, is known not to be whole until it has been made up for."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from plex.writing import write
from sync_queue.claims import mark_drained
from sync_queue.manager import JobQueue, QueueManager
from sync_queue.state import SyncState
from sync_queue.state_database import DATABASE
from tests.builders.bench import Bench, read_log, texts
from tests.builders.killed import Killed
from tests.servers.world import ROOT

pytestmark = pytest.mark.unmeasured

SUFFIXES = ("", "-wal", "-shm")


@pytest.fixture(autouse=True)
def no_covers(bench: Bench) -> None:
    bench.world.settings["leave_fields"] = "poster, background"


def synced(bench: Bench) -> None:
    """A film that was brought to Plex, by a reconcile and a drain."""
    bench.world.add_film("one", details="Text", plex={})
    bench.reconcile()
    bench.drain()


def is_whole(bench: Bench) -> bool:
    with bench.state() as state:
        return state.is_whole


def files_of(bench: Bench, name: str) -> list[Path]:
    return [bench.world.data_dir / f"{name}{suffix}" for suffix in SUFFIXES]


def delete(bench: Bench) -> None:
    for file in files_of(bench, DATABASE):
        file.unlink(missing_ok=True)


def empty(bench: Bench) -> None:
    delete(bench)
    (bench.world.data_dir / DATABASE).touch()


def cut(bench: Bench) -> None:
    delete(bench)
    (bench.world.data_dir / DATABASE).write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


def make_newer(bench: Bench) -> None:
    with closing(sqlite3.connect(bench.world.data_dir / DATABASE)) as connection:
        connection.execute("PRAGMA user_version = 999")


def put_a_folder_in_its_place(bench: Bench) -> None:
    delete(bench)
    (bench.world.data_dir / DATABASE).mkdir()


def bring_anothers(bench: Bench) -> None:
    delete(bench)
    SyncState(bench.world.data_dir.parent / "another").close()
    shutil.copy(bench.world.data_dir.parent / "another" / DATABASE, bench.world.data_dir)


LOSSES = [delete, empty, cut, make_newer, put_a_folder_in_its_place, bring_anothers]


def test_a_first_installation_is_whole_and_nothing_is_said_of_it(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    log = read_log(capsys)
    assert is_whole(bench)
    synced(bench)
    assert is_whole(bench)
    assert texts(log(), "warning") == []


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_state_that_was_lost_is_not_whole_and_is_told_once(
    bench: Bench, capsys: pytest.CaptureFixture[str], lose: Callable[[Bench], None]
) -> None:
    log = read_log(capsys)
    synced(bench)
    log()
    lose(bench)
    assert not is_whole(bench)
    (line,) = texts(log(), "warning")
    assert "state.db" in line
    assert "Reconcile Library (All)" in line
    assert not is_whole(bench)
    bench.drain()
    assert texts(log(), "warning") == []


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_full_reconcile_and_a_drain_after_it_make_it_whole_again(
    bench: Bench, capsys: pytest.CaptureFixture[str], lose: Callable[[Bench], None]
) -> None:
    log = read_log(capsys)
    synced(bench)
    lose(bench)
    bench.reconcile("recent")
    bench.drain()
    assert not is_whole(bench)
    bench.reconcile()
    assert not is_whole(bench)
    log()
    bench.drain()
    assert is_whole(bench)
    assert any("is known again" in line for line in texts(log(), "info"))


def test_a_drain_that_stopped_early_makes_nothing_whole(bench: Bench) -> None:
    synced(bench)
    delete(bench)
    bench.reconcile()
    bench.world.plex.faults.add("status", "/library/metadata", code=503)
    assert bench.drain().stopped
    assert not is_whole(bench)
    bench.world.plex.faults.clear()
    bench.drain()
    assert is_whole(bench)


def test_a_scene_that_plex_was_too_busy_for_has_to_be_written_first(bench: Bench) -> None:
    synced(bench)
    bench.world.add_film("two", details="Text", plex={})
    delete(bench)
    bench.reconcile()
    bench.world.plex.faults.add("status", method="PUT", code=500, times=1)
    bench.drain()
    assert bench.waiting()
    assert not is_whole(bench)
    bench.later = 100_000.0
    bench.drain()
    assert is_whole(bench)


def test_a_reconcile_that_could_not_read_a_library_makes_nothing_whole(bench: Bench) -> None:
    synced(bench)
    delete(bench)
    bench.world.plex.faults.add("status", "/library/sections/1/all", code=500)
    bench.reconcile()
    bench.world.plex.faults.clear()
    bench.drain()
    assert not is_whole(bench)


@pytest.mark.parametrize("is_amid", [False, True], ids=["before a drain", "amid a drain"])
def test_an_older_copy_of_the_state_is_recognised(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_amid: bool
) -> None:
    log = read_log(capsys)
    synced(bench)
    copied = bench.world.data_dir.parent / "copied.db"

    def copy() -> None:
        with (
            closing(sqlite3.connect(bench.world.data_dir / DATABASE)) as source,
            closing(sqlite3.connect(copied)) as target,
        ):
            source.backup(target)

    def copy_and_write(*arguments: Any) -> None:
        copy()
        write(*arguments)

    bench.world.add_film("two", details="Text", plex={})
    bench.reconcile()
    if is_amid:
        monkeypatch.setattr("sync_queue.sending.write", copy_and_write)
    else:
        copy()
    bench.drain()
    delete(bench)
    copied.rename(bench.world.data_dir / DATABASE)
    log()
    assert not is_whole(bench)
    assert "older copy" in texts(log(), "warning")[0]


def test_an_older_copy_beside_the_log_of_a_later_one_is_recognised(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    log = read_log(capsys)
    synced(bench)
    older = (bench.world.data_dir / DATABASE).read_bytes()
    bench.save(1)
    bench.drain()
    with bench.state() as state:
        state.set_fact("left", "in the log")
        left = [file.read_bytes() for file in files_of(bench, DATABASE)[1:]]
    for file, content in zip(files_of(bench, DATABASE), (older, *left), strict=True):
        file.write_bytes(content)
    log()
    assert not is_whole(bench)
    assert "older copy" in texts(log(), "warning")[0]


def test_an_older_copy_of_the_queue_is_told_with_what_to_do(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    log = read_log(capsys)
    synced(bench)
    bench.manager.close()
    backup = (bench.world.data_dir / "queue.db").read_bytes()
    bench.manager = QueueManager(bench.world.data_dir)
    bench.save(1)
    bench.drain()
    bench.manager.close()
    for file in files_of(bench, "queue.db"):
        file.unlink(missing_ok=True)
    (bench.world.data_dir / "queue.db").write_bytes(backup)
    bench.manager = QueueManager(bench.world.data_dir)
    log()
    assert is_whole(bench)
    (line,) = texts(log(), "warning")
    assert "queue.db is missing or is an older copy" in line
    assert "Reconcile Library (All)" in line
    assert is_whole(bench)
    assert log() == []


def test_what_waited_in_a_queue_that_was_deleted_is_not_forgotten_in_silence(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    log = read_log(capsys)
    synced(bench)
    bench.manager.close()
    for file in files_of(bench, "queue.db"):
        file.unlink(missing_ok=True)
    bench.manager = QueueManager(bench.world.data_dir)
    log()
    assert is_whole(bench)
    assert "queue.db is missing" in texts(log(), "warning")[0]


@pytest.mark.parametrize(("owner", "name"), [(JobQueue, "count_step"), (SyncState, "set_fact")])
@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_a_kill_between_the_counts_of_queue_and_state_looks_like_no_loss(
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    calls: int,
) -> None:
    log = read_log(capsys)
    synced(bench)
    bench.save(1)
    log()
    real, left = getattr(owner, name), [calls]

    def real_for_a_while(*arguments: object) -> object:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return real(*arguments)

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(owner, name, real_for_a_while)
        bench.drain()
    assert is_whole(bench)
    bench.drain()
    assert texts(log(), "warning") == []


OPEN_WHEN_TOLD = """
import sys
from sync_queue.state import SyncState
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    SyncState(f"{sys.argv[1]}/{number}").close()
"""


def test_of_many_processes_that_open_a_new_state_at_once_none_fails(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_WHEN_TOLD, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert told == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4


def test_a_drain_that_ends_just_before_a_reconcile_queues_what_it_found_makes_nothing_whole(
    bench: Bench,
) -> None:
    synced(bench)
    delete(bench)
    with bench.state() as state:
        assert not state.is_whole
        bench.reconcile()
        mark_drained(state, bench.queue)
        assert not state.is_whole
    bench.drain()
    assert is_whole(bench)


def test_while_it_is_not_known_where_a_scene_is_nothing_is_whole_and_a_persons_text_stays(
    bench: Bench,
) -> None:
    synced(bench)
    item = bench.world.item("one")
    bench.world.plex.library.edit_by_hand(item.rating_key, summary="By hand")
    delete(bench)
    bench.world.plex.library.trash_item(item.rating_key)
    bench.reconcile()
    bench.drain()
    item.deleted_at = None
    bench.world.stash.library.update_scene(1, details="Other text")
    bench.save(1)
    bench.drain()
    assert bench.world.item("one").summary == "By hand"
    assert not is_whole(bench)
    bench.reconcile()
    bench.drain()
    assert is_whole(bench)


def test_a_scene_that_the_drain_could_not_find_for_certain_has_to_be_written_first(bench: Bench) -> None:
    synced(bench)
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, summary="By hand")
    delete(bench)
    bench.reconcile()
    bench.world.plex.library.trash_item(bench.world.item("one").rating_key)
    bench.drain()
    assert not is_whole(bench)
    bench.world.item("one").deleted_at = None
    bench.save(1)
    bench.drain()
    assert bench.world.item("one").summary == "By hand"
    assert is_whole(bench)
