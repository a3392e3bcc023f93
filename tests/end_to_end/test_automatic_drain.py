"""After an edit Process Queue runs by itself: asked for once, and asked for again where Stash forgot."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sync_queue.drain_request import MARK_LASTS, REQUESTED_MARK
from sync_queue.process_queue import ProcessQueue
from tests.builders.entry import Here, Told, assert_plain, hook, run, until
from tests.servers.stash.process_run import plugin_input
from tests.servers.world import ROOT, World

PUT: dict[str, Any] = {"path": "/library/sections/1/all", "method": "PUT"}


@contextmanager
def a_busy_stash(world: World) -> Iterator[None]:
    """Stash's job queue is held up by a reconcile, so what is asked for waits; it is emptied at the end."""
    fault = world.plex.faults.add("hang", "/library/sections", times=1)
    world.stash.start_task("Reconcile Library (All)")
    assert fault.arrived.wait(30)
    yield
    cancel_all(world)
    world.plex.faults.remove(fault)


def cancel_all(world: World) -> None:
    """Empty Stash's job queue; a running job is killed."""
    world.stash.plugins.stop_all_jobs()
    world.stash.wait_for_jobs()


def waiting(world: World) -> list[str]:
    """The ids of the jobs that wait in Stash."""
    return [job["id"] for job in world.stash.plugins.job_queue() or () if job["status"] == "READY"]


def asked(world: World) -> int:
    """How often the plugin asked Stash to run a task."""
    return world.stash.request_counts().get("runPluginTask", 0)


def save(world: World, name: str = "one", **changes: Any) -> Told:
    """Save a film in Stash; its hook runs."""
    scene_id = world.add_film(name, details=f"Text of {name}", plex={}, **changes)
    told = Told.by(world.stash.fire_hook("Scene.Update.Post", scene_id))
    assert_plain(told)
    assert told.status == 0
    return told


def mark(world: World) -> Path:
    return world.data_dir / REQUESTED_MARK


def test_an_edit_reaches_plex_without_anybody_running_a_task(world: World) -> None:
    save(world)
    (drain,) = world.stash.wait_for_jobs()
    assert world.item("one").summary == "Text of one"
    assert drain.messages("info") == ["Changes in Stash carried to Plex, scenes: 1 written."]
    assert not mark(world).exists()


def test_hooks_ask_for_one_drain_while_it_waits_and_it_writes_for_all(world: World) -> None:
    with a_busy_stash(world):
        for name in ("one", "two", "three"):
            save(world, name)
        assert (asked(world), len(waiting(world))) == (1, 1)
        world.plex.faults.clear()
        reconcile, drain = world.stash.wait_for_jobs()
        assert drain.messages("info") == ["Changes in Stash carried to Plex, scenes: 3 written."]
    assert (reconcile.exit_status, world.item("three").summary) == (0, "Text of three")


def test_a_scan_that_makes_scenes_asks_for_one_drain_and_a_clean_for_none(world: World) -> None:
    """Both hold Stash's job queue for as long as they run."""
    with a_busy_stash(world):
        for number in range(5):
            world.stash.fire_hook("Scene.Create.Post", world.add_film(f"film {number}", plex=None))
        assert (asked(world), len(waiting(world))) == (1, 1)
        cancel_all(world)
    mark(world).unlink()
    for number in range(5):
        world.stash.fire_hook("Scene.Destroy.Post", number + 1)
    assert (asked(world), waiting(world)) == (1, [])


def test_a_destroyed_scene_is_forgotten_by_the_next_drain(world: World, here: Here) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    world.stash.fire_hook("Scene.Destroy.Post", scene_id)
    assert here.kept() == {scene_id}
    world.stash.library.destroy_scene(scene_id)
    assert here.drain().status == 0
    assert here.kept() == set()


def test_a_hook_beside_a_running_drain_asks_for_none_and_that_drain_writes_its_scene(world: World) -> None:
    fault = world.plex.faults.add("hang", times=1, **PUT)
    save(world)
    assert fault.arrived.wait(30)
    save(world, "two")
    assert (asked(world), waiting(world)) == (1, [])
    world.plex.faults.clear()
    assert len(world.stash.wait_for_jobs()) == 1
    assert world.item("two").summary == "Text of two"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no niceness there")
@pytest.mark.whole_processes
def test_a_drain_that_hooks_asked_for_lets_other_hooks_go_first(world: World) -> None:
    fault = world.plex.faults.add("hang", times=1, **PUT)
    save(world)
    assert fault.arrived.wait(30)
    running = world.stash.plugins._running
    assert running is not None
    assert running.process is not None
    niceness = os.getpriority(os.PRIO_PROCESS, running.process.pid)
    assert niceness == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)
    world.plex.faults.clear()
    world.stash.wait_for_jobs()


def test_a_hook_that_comes_as_a_drain_ends_is_written_by_that_drain(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has seen an empty queue and still holds its lock: the hook relies on it."""
    drain_once, late = ProcessQueue._drain, iter(["two"])

    def drain_with_a_hook_at_its_end(run: ProcessQueue) -> str | None:
        error = drain_once(run)
        for name in late:
            save(world, name)
        return error

    monkeypatch.setattr(ProcessQueue, "_drain", drain_with_a_hook_at_its_end)
    world.add_film("one", details="Text of one", plex={})
    here.reconcile()
    assert here.drain().status == 0
    assert asked(world) == 0
    assert world.item("two").summary == "Text of two"
    assert here.kept() == set()


def test_after_a_drain_was_cancelled_queue_status_says_so_and_the_next_edit_has_all_written(
    world: World,
) -> None:
    fault = world.plex.faults.add("hang", times=1, **PUT)
    save(world)
    assert fault.arrived.wait(30)
    cancel_all(world)
    world.plex.faults.clear()
    status = world.stash.run_task("Queue Status")
    assert "Waiting: 1" in status.messages("info")
    assert any(
        line.startswith("Process Queue is neither running nor requested") for line in status.messages("info")
    )
    save(world, "two")
    world.stash.wait_for_jobs()
    assert [world.item(name).summary for name in ("one", "two")] == ["Text of one", "Text of two"]


@pytest.mark.parametrize("age", [MARK_LASTS + 1, -3600.0], ids=["old", "from a clock that was set back"])
def test_after_stash_forgot_its_jobs_a_hook_asks_again(world: World, here: Here, age: float) -> None:
    with a_busy_stash(world):
        save(world, "one")
        for job_id in waiting(world):
            world.stash.plugins.stop_job(job_id)
        then = time.time() - age
        os.utime(mark(world), (then, then))
        save(world, "two")
        assert (asked(world), len(waiting(world))) == (2, 1)
    assert here.kept() == {1, 2}


def test_a_hook_of_a_restarted_stash_asks_again_at_once(world: World, here: Here) -> None:
    with a_busy_stash(world):
        save(world, "one")
        for job_id in waiting(world):
            world.stash.plugins.stop_job(job_id)
        scene_id = world.add_film("two", details="Text of two", plex={})
        # Another process starts the plugin, as a Stash that was started anew does.
        parent = "import subprocess, sys; sys.exit(subprocess.run([sys.executable, sys.argv[1]]).returncode)"
        subprocess.run(
            [sys.executable, "-c", parent, str(ROOT / "Stash2Plex.py")],
            input=plugin_input(world.stash.server_connection(), hook(scene_id)),
            env={**os.environ, "STASH2PLEX_DATA_DIR": str(world.data_dir)},
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert (asked(world), len(waiting(world))) == (2, 1)
    assert here.kept() == {1, 2}


def test_a_hook_that_does_not_believe_the_mark_finds_the_drain_that_waits(world: World) -> None:
    with a_busy_stash(world):
        save(world, "one")
        mark(world).unlink()
        save(world, "two")
        assert (asked(world), len(waiting(world))) == (1, 1)


def test_a_cancelled_drain_leaves_its_scenes_to_the_next_process_queue(world: World, here: Here) -> None:
    with a_busy_stash(world):
        save(world)
        for job_id in waiting(world):
            world.stash.plugins.stop_job(job_id)
        assert waiting(world) == []
    assert world.item("one").summary == ""
    assert here.drain().status == 0
    assert world.item("one").summary == "Text of one"


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        *((field, kind) for field in ("jobQueue", "runPluginTask") for kind in ("refuse", "status")),
        *(("jobQueue", kind) for kind in ("drop", "invalid_json", "graphql_error", "unauthorized")),
    ],
)
def test_where_stash_refuses_the_drain_the_job_stays_and_a_hook_soon_asks_again(
    world: World, here: Here, kind: Any, field: str
) -> None:
    world.stash.faults.add(kind, field, times=1)
    save(world, "one")
    assert world.stash.plugins.job_queue() is None
    assert here.kept() == {1}
    assert not mark(world).exists()
    save(world, "two")
    until(lambda: world.stash.request_counts()["jobQueue"] == 2 or not run(world, hook(2)))
    assert asked(world) == (2 if field == "runPluginTask" else 1)
    cancel_all(world)
    assert here.drain().status == 0
    assert [world.item(name).summary for name in ("one", "two")] == ["Text of one", "Text of two"]


def test_where_stash_hangs_the_hook_ends_within_seconds_and_its_job_stays(world: World, here: Here) -> None:
    world.stash.faults.add("hang", "runPluginTask")
    began = time.monotonic()
    save(world)
    assert time.monotonic() - began < 2
    assert here.kept() == {1}
    assert not mark(world).exists()
    world.stash.faults.clear()


def test_manual_drain_switches_it_off_from_the_next_task_on_and_on_again(world: World, here: Here) -> None:
    world.settings["manual_drain"] = True
    assert here.drain().status == 0
    save(world, "one")
    assert (asked(world), here.kept()) == (0, {1})
    world.settings["manual_drain"] = False
    assert here.drain().status == 0
    assert world.item("one").summary == "Text of one"
    save(world, "two")
    assert asked(world) == 1
    cancel_all(world)


def test_a_drain_that_was_asked_for_before_the_switch_writes_nothing(world: World, here: Here) -> None:
    with a_busy_stash(world):
        save(world)
        world.settings["manual_drain"] = True
        world.plex.faults.clear()
        world.stash.wait_for_jobs()
    assert world.item("one").summary == ""
    assert here.kept() == {1}
