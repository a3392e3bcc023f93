"""Queue Status tells what waits, what failed and why; Retry Failed and Clear Queue do what they say."""

from __future__ import annotations

import json
import time

from sync_queue import outage
from sync_queue.job_queue import REASONS_SHOWN
from sync_queue.status import outlook_lines, status_lines
from tests.builders.bench import Bench, a_job


def status(bench: Bench) -> list[str]:
    with bench.state() as state:
        return status_lines(bench.queue, state)


def fail(bench: Bench, scene_id: int, problem: str) -> None:
    """A job of this scene that failed for good."""
    bench.queue.put_jobs([a_job(scene_id)])
    row = max(queued.row for queued in bench.queue.jobs())
    bench.queue.fail([row], a_job(scene_id, attempts=1, problem=problem))


def put_off(bench: Bench, scene_id: int, problem: str) -> None:
    """A job of this scene that is tried again in an hour."""
    bench.queue.put_jobs([a_job(scene_id, due_at=time.time() + 3600, attempts=1, problem=problem)])


def test_an_untouched_queue_has_nothing_to_tell(bench: Bench) -> None:
    told = status(bench)
    assert {"Waiting: 0", "Due later: 0", "Failed: 0"} <= set(told)
    assert {"Last reconcile: never", "Last drain: never"} <= set(told)
    assert not any("Run the task" in line or "Retry Failed" in line for line in told)


def test_what_waits_what_is_due_later_and_what_failed_are_counted_apart(bench: Bench) -> None:
    bench.save(1, 2, 3)
    put_off(bench, 4, "Plex has none of its files.")
    put_off(bench, 5, "Plex has none of its files.")
    fail(bench, 6, "Plex refused it.")
    assert {"Waiting: 3", "Due later: 2", "Failed: 1"} <= set(status(bench))


def test_a_renamed_tag_that_waits_is_not_counted_as_a_scene(bench: Bench) -> None:
    bench.save(1)
    for tag_id in (1, 2):
        bench.manager.append(a_job(0, "Tag.Update.Post", entity="tag", entity_id=tag_id))
    told = status(bench)
    assert "Waiting: 1" in told
    assert any("2 performers, studios, tags and groups" in line for line in told)
    assert bench.queue.count_waiting() == (1, 2)


def test_reasons_are_grouped_with_the_most_frequent_first(bench: Bench) -> None:
    fail(bench, 1, "seldom")
    for scene_id in (2, 3, 4):
        fail(bench, scene_id, "often")
    put_off(bench, 5, "not there yet")
    told = [line.strip() for line in status(bench)]
    assert told.index("3 failed: often") < told.index("1 failed: seldom")
    assert "1 due later: not there yet" in told


def test_a_thousand_different_reasons_do_not_flood_the_log(bench: Bench) -> None:
    for scene_id in range(1, 101):
        fail(bench, scene_id, f"reason {scene_id}")
    told = status(bench)
    assert "Failed: 100" in told
    assert sum(" failed: " in line for line in told) == REASONS_SHOWN


def test_a_job_that_is_being_written_is_still_told(bench: Bench) -> None:
    bench.save(1)
    bench.queue.claim([queued.row for queued in bench.queue.jobs()])
    assert "Waiting: 1" in status(bench)


def test_the_next_step_is_named_once(bench: Bench) -> None:
    bench.save(1)
    told = [*status(bench), *outlook_lines(str(bench.world.data_dir), has_due_jobs=True)]
    (step,) = [line for line in told if "Process Queue" in line]
    assert "run Process Queue" in step
    fail(bench, 2, "Plex refused it.")
    assert any("Retry Failed" in line for line in status(bench))


def test_the_last_reconcile_and_the_last_drain_are_told_with_what_they_did(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", plex={})
    before = outage.moment(time.time())
    bench.reconcile()
    after = outage.moment(time.time())
    (line,) = [line for line in status(bench) if line.startswith("Last reconcile: ")]
    assert line.endswith("all scenes, 1 gap in 1")
    assert before <= line.removeprefix("Last reconcile: ")[: len(before)] <= after
    with bench.state() as state:
        state.set_fact("last drain", json.dumps({"at": 0, "what": "5 scenes written, 1 failed"}))
    (line,) = [line for line in status(bench) if line.startswith("Last drain: ")]
    assert line == f"Last drain: {outage.moment(0)}, 5 scenes written, 1 failed"


def test_an_outage_is_told_as_long_as_it_lasts(bench: Bench) -> None:
    with bench.state() as state:
        outage.begin_or_go_on(state, 1)
        since = outage.moment(float(state.fact(outage.FACT) or 0))
    assert f"Plex or Stash has not answered since {since}." in status(bench)
    with bench.state() as state:
        outage.end(state)
    assert not any("has not answered" in line for line in status(bench))


def test_retry_failed_makes_failed_jobs_as_good_as_new(bench: Bench) -> None:
    for name in ("one", "two"):
        fail(bench, bench.world.add_film(name, details="Text", plex={}), "Plex refused it.")
    assert bench.queue.retry_failed() == 2
    assert bench.failed() == []
    assert {(job.attempts, job.due_at, job.problem) for job in bench.waiting()} == {(0, 0.0, "")}
    bench.drain()
    assert [bench.world.item(name).summary for name in ("one", "two")] == ["Text", "Text"]


def test_clear_queue_counts_what_it_removes_and_leaves_what_a_worker_is_writing(bench: Bench) -> None:
    bench.save(1, 2, 3)
    rows = [queued.row for queued in bench.queue.jobs()]
    bench.queue.claim(rows[:1])
    put_off(bench, 4, "not there yet")
    fail(bench, 5, "Plex refused it.")
    assert bench.queue.clear() == (3, 1)
    assert [job.scene_id for job in bench.waiting()] == [1]
    assert bench.failed() == []
    assert bench.queue.clear() == (0, 0)
