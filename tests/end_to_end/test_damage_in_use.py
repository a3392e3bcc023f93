"""Damage that shows only where a page is read: set aside and told in the same run; nothing fails for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders.bench import Bench
from tests.builders.entry import Here, Told, assert_plain
from tests.servers.world import World

PAGE = 4096


@pytest.fixture(autouse=True)
def only_by_hand(world: World) -> None:
    world.settings.update(manual_drain=True, leave_fields="poster, background")


def settled(file: Path) -> None:
    """Bring what is in the write-ahead log into the database itself."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def pages_of(file: Path, name: str) -> list[int]:
    """The numbers of the pages that a table or an index fills, its root first."""
    with closing(sqlite3.connect(file)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return [root]


def zero_root_of(name: str) -> Callable[[Path], None]:
    def zero(file: Path) -> None:
        (page,) = pages_of(file, name)
        with file.open("r+b") as database:
            database.seek((page - 1) * PAGE)
            database.write(bytes(PAGE))

    return zero


def newer_file_format(file: Path) -> None:
    """As SQLite says of it: unsupported file format."""
    with file.open("r+b") as database:
        database.seek(44)
        database.write((9).to_bytes(4, "big"))


def another_table(table: str, definition: str) -> Callable[[Path], None]:
    def replace(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(f"DROP TABLE {table}")
            connection.execute(f"CREATE TABLE {table} {definition}")

    return replace


STATE = {
    "the records": zero_root_of("item"),
    "the facts": zero_root_of("fact"),
    "the files": zero_root_of("part_path"),
    "format": newer_file_format,
    "columns": another_table("item", "(server TEXT, other TEXT)"),
}
QUEUE = {
    "the jobs": zero_root_of("ack_queue_default"),
    "by status": zero_root_of("job_due"),
    "numbers": zero_root_of("sqlite_sequence"),
    "format": newer_file_format,
    "columns": another_table("ack_queue_default", "(_id INTEGER PRIMARY KEY, other TEXT)"),
}


def filled(world: World, here: Here) -> list[int]:
    """Films that were brought to Plex and are edited since; both databases have pages of each kind."""
    ids = [world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(3)]
    here.reconcile()
    here.drain()
    for n, scene_id in enumerate(ids):
        world.stash.library.update_scene(scene_id, title=f"Later {n}")
    bench = Bench(world)
    bench.save(*ids)
    bench.manager.close()
    for name in ("state.db", "queue.db"):
        settled(world.data_dir / name)
    return ids


def told_plainly(told: Told, name: str) -> None:
    assert_plain(told)
    assert told.status == 0
    assert any(f"{name} cannot be used" in line for line in told.texts("warning")), told.texts()


def assert_all_right_at_last(world: World, here: Here, name: str) -> None:
    for told in (here.reconcile(), here.drain()):
        assert_plain(told)
        assert told.status == 0
        assert not any(name in line for line in told.texts("warning"))
    assert [world.item(f"film {n}").title for n in range(3)] == [f"Later {n}" for n in range(3)]
    bench = Bench(world)
    assert bench.failed() == []
    bench.manager.close()


@pytest.mark.parametrize("damage", STATE.values(), ids=STATE)
@pytest.mark.parametrize("mode", ["process_queue", "reconcile_all"])
def test_a_state_that_is_damaged_inside_is_set_aside_and_the_task_goes_on(
    world: World, here: Here, damage: Callable[[Path], None], mode: str
) -> None:
    filled(world, here)
    damage(world.data_dir / "state.db")
    told_plainly(here.run({"mode": mode}), "state.db")
    assert_all_right_at_last(world, here, "state.db")


@pytest.mark.parametrize("damage", QUEUE.values(), ids=QUEUE)
@pytest.mark.parametrize("mode", ["process_queue", "reconcile_all", "queue_status", "retry_failed"])
def test_a_queue_that_is_damaged_inside_is_set_aside_and_the_task_goes_on(
    world: World, here: Here, damage: Callable[[Path], None], mode: str
) -> None:
    filled(world, here)
    damage(world.data_dir / "queue.db")
    told = here.run({"mode": mode})
    assert_plain(told)
    assert told.status == 0
    assert_all_right_at_last_but_told(world, here)


def assert_all_right_at_last_but_told(world: World, here: Here) -> None:
    for told in (here.reconcile(), here.drain()):
        assert_plain(told)
        assert told.status == 0
    assert [world.item(f"film {n}").title for n in range(3)] == [f"Later {n}" for n in range(3)]


def test_jobs_that_can_still_be_read_are_taken_out_of_a_damaged_queue(world: World, here: Here) -> None:
    ids = filled(world, here)
    zero_root_of("job_due")(world.data_dir / "queue.db")
    told_plainly(here.drain(), "queue.db")
    assert [world.item(f"film {n}").title for n in range(3)] == [f"Later {n}" for n in range(len(ids))]
