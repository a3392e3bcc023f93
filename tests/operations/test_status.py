"""The page says how things stand, and the one thing to do next."""

from __future__ import annotations

import time
from typing import Any

from stash.process_lock import WORKER_LOCK, exclusive
from sync_queue.outage import FACT as OUTAGE
from sync_queue.state_database import RECONCILE_WANTED
from tests.builders.bench import Bench, a_job
from tests.builders.operation import Operations
from tests.builders.sync import films
from tests.servers.world import TOKEN, World


def next_step(operations: Operations) -> str:
    step = operations.result("status")["next_step"]
    assert step["text"].endswith(".")
    return str(step["kind"])


def test_the_next_step_leads_from_an_empty_set_up_to_a_library_in_sync(
    world: World, operations: Operations, bench: Bench
) -> None:
    settings = dict(world.settings)
    world.settings.clear()
    status = operations.result("status")
    assert (status["is_set_up"], status["next_step"]["kind"]) == (False, "set_up")
    assert {problem["setting"] for problem in status["problems"]} == {"plex_url", "plex_token"}
    world.settings.update(settings, path_map="nonsense")
    status = operations.result("status")
    assert (status["is_set_up"], status["next_step"]["kind"]) == (True, "fix_settings")
    assert [problem["setting"] for problem in status["problems"]] == ["path_map"]
    world.settings.update(settings)
    assert next_step(operations) == "reconcile"
    (scene_id,) = films(bench, 1)
    bench.reconcile()
    assert next_step(operations) == "process_queue"
    operations.result("sync_now", scenes=[scene_id])
    assert next_step(operations) == "wait"
    operations.here.drain()
    assert next_step(operations) == "nothing"
    status = operations.result("status")
    assert status["scenes"]["in_sync"] == status["scenes"]["total"] == 1
    assert status["last_drain"]["what"] == "1 scene written, 0 failed"
    assert status["last_reconcile"]["what"].startswith("all scenes")
    assert TOKEN not in str(status)


def test_what_failed_is_looked_at_once_nothing_waits(operations: Operations, bench: Bench) -> None:
    bench.reconcile()
    bench.save(1)
    (row,) = [one.row for one in bench.queue.pending_jobs()]
    bench.queue.fail([row], a_job(1, problem="No."))
    assert next_step(operations) == "look_at_failed"
    assert operations.result("status")["scenes"]["failed"] == 1


def test_a_running_drain_an_outage_and_a_loss_are_told(
    world: World, operations: Operations, bench: Bench
) -> None:
    bench.reconcile()
    bench.save(1)
    with exclusive(str(world.data_dir / WORKER_LOCK)):
        status = operations.result("status")
        assert (status["drain"], status["next_step"]["kind"]) == ("running", "wait")
    with bench.state() as state:
        state.set_fact(OUTAGE, str(time.time() - 60))
        state.mark_lost()
    status = operations.result("status")
    assert (status["next_step"]["kind"], status["is_memory_whole"]) == ("wait", False)
    assert "does not answer" in status["next_step"]["text"]
    assert 0 < time.time() - status["outage_since"] < 120
    with bench.state() as state:
        state.set_fact(RECONCILE_WANTED, "Stash was restored from a backup")
    assert operations.result("status")["next_step"] == {
        "kind": "reconcile",
        "text": "Stash was restored from a backup: run Reconcile Library (All), which finds what differs.",
    }


def test_the_next_scheduled_reconcile_is_told(world: World, operations: Operations, bench: Bench) -> None:
    assert operations.result("status")["next_reconcile"]["at"] is None
    world.settings["reconcile_every"] = "daily"
    bench.reconcile()
    operations.here.drain()
    following = operations.result("status")["next_reconcile"]
    assert 86_000 < following["at"] - time.time() < 86_500
    assert following["what"].startswith("All scenes")


def test_the_reports_are_led_to_where_stash_serves_them_and_else_named(
    world: World, operations: Operations
) -> None:
    def reports() -> Any:
        return operations.result("status")["reports"]

    assert reports() == {"preview": None, "orphans": None, "note": None}
    world.add_film("one", title="One", details="Text", plex={})
    operations.here.run({"mode": "preview"})
    assert reports()["preview"] == "/plugin/Stash2Plex/assets/reports/preview.html"
    (world.reports / "preview.html").unlink()
    world.reports.rmdir()
    world.reports.write_text("in the way")
    operations.here.run({"mode": "preview"})
    assert (reports()["preview"], str(world.data_dir) in reports()["note"]) == (None, True)


def test_the_status_asks_plex_nothing_and_stash_for_the_settings_alone(
    world: World, operations: Operations, bench: Bench
) -> None:
    films(bench, 3)
    bench.reconcile()
    for operation in ("status", "gaps", "preview", "orphans"):
        world.clear_requests()
        operations.result(operation)
        assert world.plex.requests == []
        asked = world.stash.request_counts()
        assert asked.get("findScenes", 0) == asked.get("findScene", 0) == 0
        if operation != "status":
            assert asked == {}


def test_a_fact_that_cannot_be_read_is_none(operations: Operations, bench: Bench) -> None:
    bench.reconcile()
    with bench.state() as state:
        state.set_fact("last reconcile", "[1")
        state.set_fact("scenes counted at", "yesterday")
    status = operations.result("status")
    assert (status["last_reconcile"], status["counted_at"], status["scenes"]["total"]) == (None, None, None)
