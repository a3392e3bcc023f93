"""Whether edits are written by themselves follows the setting; Queue Status says who writes what waits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stash.process_lock import WORKER_LOCK, exclusive
from sync_queue.drain_request import OFF_MARK, REQUESTED_MARK
from tests.builders.bench import Bench
from tests.builders.entry import Here
from tests.servers.world import World

BY_HAND = "“Only drain by hand” (manual_drain)"
NOBODY = "Process Queue is neither running nor requested"


@pytest.fixture
def waiting(world: World) -> World:
    """A film that was saved and is not in Plex's words yet; nobody has asked for a drain."""
    bench = Bench(world)
    bench.save(world.add_film("one", details="Text", plex={}))
    bench.manager.close()
    return world


def status(here: Here) -> str:
    return "\n".join(here.run({"mode": "queue_status"}).texts("info"))


def is_off(world: World) -> bool:
    return (world.data_dir / OFF_MARK).exists()


@pytest.mark.parametrize(
    "mode", ["check_setup", "reconcile_recent", "process_queue", "preview", "find_orphans"]
)
def test_every_task_that_reads_the_settings_follows_the_switch_both_ways(
    waiting: World, here: Here, mode: str
) -> None:
    for is_by_hand in (True, False, True):
        waiting.settings["manual_drain"] = is_by_hand
        here.run({"mode": mode})
        assert is_off(waiting) is is_by_hand


def test_a_switch_that_was_never_touched_is_off_for_check_setup_too(waiting: World, here: Here) -> None:
    waiting.settings["manual_drain"] = True
    here.run({"mode": "check_setup"})
    del waiting.settings["manual_drain"]
    here.run({"mode": "check_setup"})
    assert not is_off(waiting)


@pytest.mark.parametrize("before", [True, False])
def test_a_switch_that_cannot_be_read_changes_nothing(waiting: World, here: Here, before: bool) -> None:
    waiting.settings["manual_drain"] = before
    here.run({"mode": "check_setup"})
    waiting.settings["manual_drain"] = "perhaps"
    here.run({"mode": "check_setup"})
    assert is_off(waiting) is before


def test_check_setup_follows_the_switch_where_another_setting_is_wrong(waiting: World, here: Here) -> None:
    waiting.settings.update(manual_drain=True, path_map="/data")
    here.run({"mode": "check_setup"})
    assert is_off(waiting)


def test_queue_status_says_that_edits_wait_for_a_person(waiting: World, here: Here) -> None:
    waiting.settings["manual_drain"] = True
    here.run({"mode": "check_setup"})
    assert BY_HAND in status(here)
    waiting.settings["manual_drain"] = False
    here.run({"mode": "check_setup"})
    assert BY_HAND not in status(here)


def test_queue_status_says_that_nobody_is_going_to_write_what_waits(waiting: World, here: Here) -> None:
    """As after a task was cancelled, or Stash restarted in the middle of a drain."""
    assert NOBODY in status(here)
    here.drain()
    assert NOBODY not in status(here)


def test_queue_status_says_that_a_drain_runs(waiting: World, here: Here) -> None:
    with exclusive(os.path.join(waiting.data_dir, WORKER_LOCK)):
        assert "Process Queue is running now." in status(here)


def test_queue_status_says_that_a_drain_was_asked_for(
    waiting: World, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting.stash.plugins, "_run_job", lambda job: None)
    scene_id = waiting.add_film("two", details="Text", plex={})
    here.run({"hookContext": {"id": scene_id, "type": "Scene.Update.Post", "input": None}})
    assert Path(waiting.data_dir, REQUESTED_MARK).exists()
    assert "Stash was asked to run Process Queue" in status(here)


def test_retry_failed_advises_a_drain_only_where_it_queued_something(waiting: World, here: Here) -> None:
    told = here.run({"mode": "retry_failed"}).texts("info")
    assert told == ["Nothing has failed, so nothing was queued again."]
    bench = Bench(waiting)
    (queued,) = bench.queue.jobs()
    bench.queue.fail([queued.row], queued.job._replace(problem="Plex refused it"))
    bench.manager.close()
    (line,) = here.run({"mode": "retry_failed"}).texts("info")
    assert "Run the task Process Queue" in line
