"""A reconcile by schedule: asked for once when it is due, seen in Stash's list, and followed by a drain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import Stash2Plex as entry
from reconciliation import engine
from sync_queue.state_database import RECONCILE_WANTED
from tests.builders.bench import Bench
from tests.builders.entry import ALL, DRAIN, RECENT, Here, Told, assert_plain
from tests.builders.sync import AClock
from tests.servers.world import World, a_world, log_text

HOUR, DAY = 3_600.0, 86_400.0
STATUS = "Queue Status"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> AClock:
    """The clock of the entry and of the reconcile in this process."""
    clock = AClock(time.time())
    for module in (entry, engine):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def held(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A Stash whose job queue is held up: what is asked for waits."""
    held = threading.Event()
    monkeypatch.setattr(world.stash.plugins, "_run_job", lambda job: held.wait(60))
    world.stash.start_task(STATUS)
    yield world
    held.set()


@pytest.fixture
def daily(held: World) -> World:
    """The same with a daily reconcile of all scenes."""
    held.settings["reconcile_every"] = "daily"
    return held


def waiting(world: World) -> list[str]:
    """The tasks that wait in Stash, in their order."""
    queue = world.stash.plugins.job_queue() or []
    return [str(job["description"]).rpartition(": ")[2] for job in queue if job["status"] == "READY"]


def cancel_waiting(world: World) -> None:
    for job in world.stash.plugins.job_queue() or []:
        if job["status"] == "READY":
            world.stash.plugins.stop_job(job["id"])


def asked(world: World) -> int:
    """How often the plugin asked Stash to run a task."""
    return world.stash.request_counts().get("runPluginTask", 0)


def run(here: Here, mode: str, **args: Any) -> Told:
    told = here.run({"mode": mode, **args})
    assert_plain(told)
    assert told.status == 0
    return told


def a_film(world: World, name: str, **fields: Any) -> int:
    return world.add_film(name, details=f"Text of {name}", plex={}, **fields)


def save(world: World, scene_id: int) -> None:
    assert world.stash.fire_hook("Scene.Update.Post", scene_id).exit_status == 0


def test_after_an_edit_a_due_reconcile_finds_what_no_edit_told_and_a_drain_writes_it(world: World) -> None:
    """All of it as Stash does it: a hook and three tasks, each a process."""
    del world.settings["reconcile_every"]
    a_film(world, "never saved")
    save(world, a_film(world, "saved"))
    jobs = drain, reconcile, second_drain = world.stash.wait_for_jobs()
    assert [job.description.rpartition(": ")[2] for job in jobs] == [DRAIN, ALL, DRAIN]
    assert f"No reconcile has run yet: Stash was asked to run {ALL}." in log_text(drain, "info")
    assert "=== Reconciliation Summary ===" in log_text(reconcile, "info")
    assert "Gaps found: 1" in log_text(reconcile, "info")
    assert log_text(second_drain, "info") == "Changes in Stash carried to Plex, scenes: 1 written."
    assert world.item("never saved").summary == "Text of never saved"


def test_with_only_drain_by_hand_a_scheduled_reconcile_queues_and_writes_nothing(
    world: World, here: Here
) -> None:
    world.settings.update(reconcile_every="daily", manual_drain=True)
    scene_id = a_film(world, "one")
    world.stash.start_task(DRAIN)
    _, reconcile = world.stash.wait_for_jobs()
    assert "Enqueued: 1" in log_text(reconcile, "info")
    assert (here.kept(), world.item("one").summary) == ({scene_id}, "")


def test_while_one_waits_none_is_asked_for_however_many_tasks_run(
    daily: World, here: Here, clock: AClock
) -> None:
    for _ in range(3):
        run(here, "process_queue")
    assert waiting(daily) == [ALL]
    clock.now += HOUR + 1
    run(here, "process_queue")
    assert (waiting(daily), asked(daily)) == ([ALL], 1)


@pytest.mark.parametrize("mode", ["preview", "find_orphans", "check_setup"])
def test_who_only_looks_starts_no_sync(daily: World, here: Here, mode: str) -> None:
    a_film(daily, "one")
    run(here, mode)
    assert waiting(daily) == []
    run(here, "queue_status")
    assert waiting(daily) == []


@pytest.mark.parametrize("mode", ["process_queue", "undo_first_sync", "reconcile_recent"])
def test_a_task_that_has_ended_well_looks_at_the_schedule(daily: World, here: Here, mode: str) -> None:
    run(here, mode)
    assert waiting(daily) == [ALL]


def test_a_hook_does_not_look_at_the_schedule(daily: World) -> None:
    save(daily, a_film(daily, "one"))
    assert waiting(daily) == [DRAIN]


@pytest.mark.parametrize(
    ("every", "scope", "ran", "later", "expected"),
    [
        ("never", "all", "reconcile_all", 1000 * DAY, []),
        ("hourly", "all", "reconcile_all", HOUR - 60, []),
        ("hourly", "all", "reconcile_all", HOUR, [ALL]),
        ("daily", "all", "reconcile_all", DAY - 60, []),
        ("daily", "all", "reconcile_all", DAY, [ALL]),
        ("weekly", "all", "reconcile_all", 7 * DAY - 60, []),
        ("weekly", "all", "reconcile_all", 7 * DAY, [ALL]),
        ("daily", "recent", "reconcile_recent", DAY - 60, []),
        ("daily", "recent", "reconcile_recent", DAY, [RECENT]),
        ("daily", "recent", "reconcile_all", DAY - 60, []),
        ("daily", "all", "reconcile_recent", 60, [ALL]),
        ("daily", "all", "preview", 60, [ALL]),
        ("daily", "all", "reconcile_all", -30 * DAY, [ALL]),
    ],
)
def test_a_reconcile_is_asked_for_when_the_last_one_is_longer_ago_than_its_period(
    held: World,
    here: Here,
    clock: AClock,
    every: str,
    scope: str,
    ran: str,
    later: float,
    expected: list[str],
) -> None:
    run(here, ran)
    held.settings.update(reconcile_every=every, reconcile_scope=scope)
    clock.now += later
    run(here, "process_queue")
    assert waiting(held) == expected


@pytest.mark.parametrize(("later", "expected"), [(HOUR - 60, []), (HOUR, [ALL]), (-DAY, [ALL])])
def test_a_cancelled_one_is_asked_for_again_after_an_hour(
    daily: World, here: Here, clock: AClock, later: float, expected: list[str]
) -> None:
    run(here, "process_queue")
    cancel_waiting(daily)
    clock.now += later
    run(here, "process_queue")
    assert waiting(daily) == expected


def test_one_that_is_killed_while_it_runs_is_asked_for_again_later(
    world: World, here: Here, clock: AClock
) -> None:
    world.settings.update(reconcile_every="daily", manual_drain=True)
    fault = world.plex.faults.add("hang", "/library/sections/1/all", times=1)
    run(here, "process_queue")
    assert fault.arrived.wait(30)
    (job,) = world.stash.plugins.job_queue() or []
    world.stash.plugins.stop_job(job["id"])
    assert world.stash.wait_for_job(job["id"]).status == "CANCELLED"
    world.plex.faults.clear()
    run(here, "process_queue")
    assert asked(world) == 1
    clock.now += HOUR
    run(here, "process_queue")
    assert asked(world) == 2
    (reconcile,) = world.stash.wait_for_jobs()
    assert reconcile.exit_status == 0


def test_after_a_task_that_failed_no_reconcile_is_asked_for(daily: World, here: Here) -> None:
    bench = Bench(daily)
    bench.save(a_film(daily, "one"))
    bench.manager.close()
    daily.plex.faults.add("status", "/", code=503)
    assert here.drain().status == 1
    assert waiting(daily) == []
    daily.plex.faults.clear()
    run(here, "process_queue")
    assert waiting(daily) == [ALL]


def test_a_stash_that_refuses_is_one_warning_and_is_asked_again_by_the_next_task(
    daily: World, here: Here
) -> None:
    daily.stash.faults.add("graphql_error", "runPluginTask", times=1)
    told = run(here, "process_queue")
    (warning,) = told.texts("warning")
    assert warning.startswith(f"Stash could not be asked to run {ALL}")
    assert waiting(daily) == []
    run(here, "process_queue")
    assert waiting(daily) == [ALL]


@pytest.mark.parametrize(
    ("manual", "scheduled", "expected"), [(False, True, [DRAIN]), (True, True, []), (False, False, [])]
)
def test_gaps_of_a_scheduled_reconcile_ask_for_a_drain_and_those_of_a_persons_do_not(
    held: World, here: Here, manual: bool, scheduled: bool, expected: list[str]
) -> None:
    held.settings["manual_drain"] = manual
    a_film(held, "one")
    told = run(here, "reconcile_all", **({"scheduled": True} if scheduled else {}))
    assert "Enqueued: 1" in told.texts("info")
    assert waiting(held) == expected


def test_a_scheduled_reconcile_without_gaps_asks_for_no_drain(held: World, here: Here) -> None:
    run(here, "reconcile_all", scheduled=True)
    assert waiting(held) == []


def test_a_scheduled_reconcile_tells_what_a_persons_tells_but_for_the_drain_that_follows(
    held: World, here: Here
) -> None:
    a_film(held, "one")
    by_hand = run(here, "reconcile_all")
    run(here, "clear_queue")
    scheduled = run(here, "reconcile_all", scheduled=True)
    assert scheduled.texts()[:-1] == by_hand.texts()[:-1]
    assert by_hand.texts()[-1] == "Run the task Process Queue to write what is queued to Plex."
    assert scheduled.texts()[-1] == "Process Queue runs next by itself and writes what is queued to Plex."


def test_with_only_drain_by_hand_a_scheduled_reconcile_says_that_the_drain_is_yours(
    held: World, here: Here
) -> None:
    held.settings["manual_drain"] = True
    a_film(held, "one")
    told = run(here, "reconcile_all", scheduled=True)
    assert told.texts()[-1] == "Run the task Process Queue to write what is queued to Plex."


def test_after_a_reconcile_longer_than_a_session_lasts_the_drain_is_still_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with a_world(tmp_path, credentials=True) as world:
        a_film(world, "one")
        moments = count()
        here = Here(world, monkeypatch, capsys)
        monkeypatch.setattr(world.stash.plugins, "_run_job", lambda job: None)
        world.stash.clock = lambda: next(moments) * 600.0
        told = run(here, "reconcile_all", scheduled=True)
        assert next(moments) * 600.0 > HOUR
        assert told.texts("warning") == []
        assert asked(world) == 1


def test_queue_status_tells_the_last_reconcile_and_when_the_next_is_due(
    daily: World, here: Here, clock: AClock
) -> None:
    told = run(here, "queue_status").texts("info")
    assert "Last reconcile: never" in told
    assert any(line.startswith("Next scheduled reconcile: planned once") for line in told)
    run(here, "reconcile_all")
    told = run(here, "queue_status").texts("info")
    (following,) = [line for line in told if line.startswith("Next scheduled reconcile: ")]
    due = time.strftime("%Y-%m-%d %H:%M", time.localtime(clock.now + DAY))
    assert following == f"Next scheduled reconcile: {due}, all scenes; it starts once another task has ended."
    assert told.index(following) == told.index("Last drain: never") + 1


def test_where_stashs_times_cannot_be_believed_a_full_reconcile_is_asked_for_and_the_log_says_why(
    held: World, here: Here
) -> None:
    """With a schedule that is not due for a long time, and of recent scenes."""
    held.settings.update(reconcile_every="weekly", reconcile_scope="recent")
    run(here, "reconcile_all")
    run(here, "process_queue")
    want_a_reconcile(held)
    told = run(here, "process_queue")
    assert f"Stash's time zone changed: Stash was asked to run {ALL}." in told.texts("info")
    assert waiting(held) == [ALL]
    run(here, "reconcile_all")
    cancel_waiting(held)
    run(here, "process_queue")
    assert waiting(held) == []


def test_without_a_schedule_the_log_says_that_a_full_reconcile_is_needed(held: World, here: Here) -> None:
    want_a_reconcile(held)
    told = run(here, "process_queue")
    assert told.texts("warning") == [f"Stash's time zone changed: some changes may not be known. Run {ALL}."]
    assert waiting(held) == []
    assert not run(here, "process_queue").texts("warning")


def want_a_reconcile(world: World) -> None:
    bench = Bench(world)
    with bench.state() as state:
        state.set_fact(RECONCILE_WANTED, "Stash's time zone changed")
    bench.manager.close()
