"""Whatever is wrong beside a hook, who saves a scene does not wait for it, and the edit is kept."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.builders.entry import Here, Told, assert_plain, hook, run, until
from tests.servers.world import World

# Seconds. What a person calls slow; a hook by itself takes some hundredths.
LONGEST_HOOK = 2.0


@pytest.fixture(autouse=True)
def without_pictures(world: World) -> None:
    """Images have requests of their own."""
    world.settings["leave_fields"] = "poster, background"


def save(world: World, name: str) -> float:
    """Save a film; the seconds that its hook took."""
    scene_id = world.add_film(name, details=f"Text of {name}", plex={})
    began = time.monotonic()
    told = Told.by(run(world, hook(scene_id)))
    took = time.monotonic() - began
    assert_plain(told)
    assert (told.status, told.texts()) == (0, [])
    return took


@contextmanager
def locked(queue: Path) -> Iterator[None]:
    with closing(sqlite3.connect(queue, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def damaged(queue: Path) -> Iterator[None]:
    queue.write_bytes(b"no database at all " * 100)
    for rest in queue.parent.glob("queue.db-*"):
        rest.unlink()
    yield


@contextmanager
def replaced_by_a_folder(queue: Path) -> Iterator[None]:
    queue.unlink()
    queue.mkdir()
    yield
    queue.rmdir()


@pytest.mark.parametrize("trouble", [locked, damaged, replaced_by_a_folder])
def test_a_queue_that_cannot_be_written_holds_no_save_and_loses_none(
    world: World, here: Here, trouble: Callable[[Path], AbstractContextManager[None]]
) -> None:
    world.settings["manual_drain"] = True
    assert here.drain().status == 0
    with trouble(world.data_dir / "queue.db"):
        assert save(world, "one") < LONGEST_HOOK
        assert save(world, "two") < LONGEST_HOOK
    assert here.drain().status == 0
    assert [world.item(name).summary for name in ("one", "two")] == ["Text of one", "Text of two"]
    assert here.kept() == set()


@pytest.mark.parametrize("field", ["jobQueue", "runPluginTask"])
def test_a_stash_that_does_not_answer_holds_one_save_of_a_bulk_edit_and_not_for_long(
    world: World, here: Here, field: str
) -> None:
    world.stash.faults.add("hang", field)
    names = [f"film {number}" for number in range(12)]
    took = [save(world, name) for name in names]
    assert max(took) < LONGEST_HOOK
    assert sum(seconds > LONGEST_HOOK / 2 for seconds in took) <= 1
    assert world.stash.request_counts() == {"jobQueue": 1} | ({field: 1} if field != "jobQueue" else {})
    world.stash.faults.clear()
    assert here.drain().status == 0
    assert {world.item(name).summary for name in names} == {f"Text of {name}" for name in names}


def test_an_edit_after_stash_answers_again_is_drained_by_itself(world: World) -> None:
    world.stash.faults.add("refuse", "jobQueue", times=1)
    save(world, "one")
    assert world.stash.plugins.job_queue() is None
    until(lambda: run(world, hook(1)) and world.stash.request_counts().get("runPluginTask"))
    world.stash.wait_for_jobs()
    assert world.item("one").summary == "Text of one"
