"""A data folder that is full, read-only or damaged, and a clock that jumps: told plainly, nothing lost."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_job
from tests.builders.entry import Here, Told, assert_plain, hook, run
from tests.servers.world import World

PAGE = b"x" * 4096


@contextmanager
def a_small_disk(folder: Path, size: str = "512k") -> Iterator[None]:
    """A disk of its own for the data folder; only an administrator may make one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "stash2plex-test", str(folder)],
        capture_output=True,
        timeout=30,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], timeout=30, check=True)


def fill(folder: Path) -> Path:
    """Use up the disk to its last page."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for _ in range(10_000):
            try:
                file.write(PAGE)
            except OSError:
                return filler
    raise AssertionError("the disk is not small")


def told_by_hook(world: World, scene_id: int) -> Told:
    return Told.by(run(world, hook(scene_id)))


def told_by_task(world: World, mode: str) -> Told:
    return Told.by(run(world, {"mode": mode}))


@pytest.fixture(autouse=True)
def only_by_hand(world: World) -> None:
    """Each process is one that the test starts."""
    world.settings.update(manual_drain=True, leave_fields="poster, background")


def films(world: World, count: int) -> list[int]:
    return [
        world.add_film(f"film {n}", details=f"Text {n}", plex={"summary": "Before"}) for n in range(count)
    ]


def assert_all_written_at_last(world: World, here: Here, count: int) -> None:
    for told in (here.reconcile(), here.drain()):
        assert_plain(told)
        assert told.status == 0
    assert [world.item(f"film {n}").summary for n in range(count)] == [f"Text {n}" for n in range(count)]


def test_a_full_disk_is_told_plainly_and_everything_is_written_once_there_is_room(
    world: World, here: Here
) -> None:
    ids = films(world, 4)
    with a_small_disk(world.data_dir):
        assert told_by_task(world, "process_queue").status == 0
        assert told_by_hook(world, ids[0]).status == 0
        filler = fill(world.data_dir)
        # Some more lines fit beside that of the first hook.
        hooked = next(told for told in (here.run(hook(ids[1])) for _ in range(200)) if told.status)
        assert_plain(hooked, rough=("Traceback", "fault in Stash2Plex"))
        drained = told_by_task(world, "process_queue")
        assert_plain(drained, rough=("Traceback", "fault in Stash2Plex"))
        for told in (hooked, drained):
            assert told.status == 1
            assert str(world.data_dir) in told.error
        assert {world.item(f"film {n}").summary for n in range(4)} <= {"Before"}
        filler.unlink()
        assert_all_written_at_last(world, here, 4)


def test_a_data_folder_that_became_read_only_is_named_and_the_queue_survives(
    world: World, here: Here
) -> None:
    ids = films(world, 2)
    with a_small_disk(world.data_dir):
        told_by_task(world, "process_queue")
        assert told_by_hook(world, ids[0]).status == 0
        remount = ["mount", "-o", "remount,{}", "stash2plex-test", str(world.data_dir)]
        subprocess.run([part.format("ro") for part in remount], timeout=30, check=True)
        for told in (told_by_hook(world, ids[1]), told_by_task(world, "process_queue")):
            assert_plain(told)
            assert str(world.data_dir) in told.error
            assert "STASH2PLEX_DATA_DIR" in told.error
        subprocess.run([part.format("rw") for part in remount], timeout=30, check=True)
        assert_all_written_at_last(world, here, 2)


def test_a_file_where_the_data_folder_should_be_is_named_by_hook_and_task(world: World, here: Here) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    world.data_dir.write_text("a file")
    for told in (
        here.run(hook(scene_id)),
        here.reconcile(),
        here.drain(),
        here.run({"mode": "queue_status"}),
    ):
        assert_plain(told, rough=("Traceback", "fault in Stash2Plex"))
        assert told.status == 1
        assert any(str(world.data_dir) in line for line in told.texts("error"))
    assert world.data_dir.read_text() == "a file"


@pytest.mark.parametrize("damage", [b"no database at all " * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_queue_is_set_aside_and_a_reconcile_finds_again_what_waited(
    world: World, here: Here, damage: bytes
) -> None:
    films(world, 3)
    here.reconcile()
    for suffix in ("-wal", "-shm"):
        (world.data_dir / f"queue.db{suffix}").unlink(missing_ok=True)
    (world.data_dir / "queue.db").write_bytes(damage)
    told = here.drain()
    assert_plain(told)
    assert told.status == 0
    (line,) = told.texts("warning")
    assert "queue.db cannot be used: it is damaged" in line
    assert "Reconcile Library (All)" in line
    (kept,) = [path for path in world.data_dir.glob("queue.db.set-aside-*") if path.suffix != "-wal"]
    assert kept.read_bytes() == damage
    assert_all_written_at_last(world, here, 3)


@pytest.mark.parametrize("damage", [b"no database at all " * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_memory_is_set_aside_and_the_run_goes_on(world: World, here: Here, damage: bytes) -> None:
    films(world, 3)
    here.reconcile()
    for suffix in ("-wal", "-shm"):
        (world.data_dir / f"state.db{suffix}").unlink(missing_ok=True)
    (world.data_dir / "state.db").write_bytes(damage)
    told = here.drain()
    assert_plain(told)
    line, wish = told.texts("warning")
    assert "state.db cannot be used" in line
    assert "Run Reconcile Library (All)" in wish
    assert "Nothing in Stash or Plex is lost" in line
    assert told.status == 0
    assert [world.item(f"film {n}").summary for n in range(3)] == [f"Text {n}" for n in range(3)]


def test_a_clock_that_was_set_back_keeps_no_scene_waiting_for_years(world: World, here: Here) -> None:
    """The job was put off while the clock stood in another year."""
    (scene_id,) = films(world, 1)
    bench = Bench(world)
    bench.queue.put_jobs(
        [a_job(scene_id, due_at=time.time() + 365 * 86_400, waits_for="NOT_IN_PLEX", attempts=3)]
    )
    bench.manager.close()
    told = here.drain()
    assert_plain(told)
    assert world.item("film 0").summary == "Text 0"
    assert here.kept() == set()


def test_an_outage_that_began_in_the_future_ends_without_nonsense(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    films(world, 1)
    here.reconcile()
    world.plex.faults.add("status", code=503)
    with monkeypatch.context() as patch:
        ahead = time.time() + 86_400
        patch.setattr("sync_queue.outage.time.time", lambda: ahead)
        assert here.drain().status == 1
    world.plex.faults.clear()
    told = here.drain()
    assert_plain(told)
    assert "The outage is over, after less than a minute." in told.texts("info")
