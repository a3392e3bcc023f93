"""However often something is edited, the queue holds one row for a scene, and counts are scenes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from stash import log as user_log
from sync_queue import job_queue
from sync_queue import summary as report
from sync_queue.hook import append_change, append_scene
from sync_queue.job import Job, parse_job
from sync_queue.status import status_lines
from tests.builders.bench import Bench, a_job

pytestmark = pytest.mark.unmeasured

SECRET = "a-token-that-nobody-may-read"


@pytest.fixture(autouse=True)
def no_covers(bench: Bench) -> None:
    bench.world.settings["leave_fields"] = "poster, background"


def stored_rows(bench: Bench) -> int:
    with closing(sqlite3.connect(bench.world.data_dir / "queue.db")) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM ack_queue_default").fetchone()[0])


def scenes_of_a_tag(bench: Bench, in_plex: int, not_in_plex: int) -> tuple[int, list[int]]:
    """A tag, and the scenes that have it; as many as said are in Plex."""
    (tag,) = bench.world.tag_ids("Sea")
    ids = [
        bench.world.add_film(f"film {n}", tags=[tag], plex={} if n < in_plex else None)
        for n in range(in_plex + not_in_plex)
    ]
    return tag, ids


def status(bench: Bench) -> list[str]:
    with bench.state() as state:
        return status_lines(bench.queue, state)


def test_a_tag_that_is_edited_twenty_times_adds_nothing_for_scenes_that_are_not_in_plex(bench: Bench) -> None:
    tag, ids = scenes_of_a_tag(bench, in_plex=2, not_in_plex=4)
    bench.reconcile()
    bench.save(*ids)
    bench.drain()
    before = bench.waiting()
    for _ in range(20):
        append_change(str(bench.world.data_dir), "Tag.Update.Post", tag)
        bench.drain()
    assert bench.waiting() == before
    assert stored_rows(bench) == 4


def test_a_tag_that_is_edited_reaches_the_scenes_that_are_in_plex(bench: Bench) -> None:
    tag, ids = scenes_of_a_tag(bench, in_plex=2, not_in_plex=1)
    bench.save(*ids)
    bench.drain()
    bench.world.stash.library.rename_tag(tag, "Ocean")
    append_change(str(bench.world.data_dir), "Tag.Update.Post", tag)
    bench.drain()
    assert [bench.world.item(f"film {n}").genres for n in range(2)] == [["Ocean"], ["Ocean"]]


def test_a_scene_that_is_edited_again_and_again_while_it_is_not_in_plex_is_one_row(bench: Bench) -> None:
    ids = [bench.world.add_film(f"film {n}", details="Text") for n in range(3)]
    for _ in range(5):
        bench.save(*ids)
        bench.drain()
    assert stored_rows(bench) == 3
    assert {"Waiting: 0", "Due later: 3"} <= set(status(bench))


def test_a_fresh_edit_is_written_at_once_whatever_an_older_job_of_its_scene_waits_for(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", details="Text", plex={})
    later = time.time() + 50_000
    bench.queue.put_jobs([a_job(scene_id, due_at=later, attempts=5, waits_for="NOT_IN_PLEX")])
    assert not bench.queue.has_due_jobs()
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").summary == "Text"
    assert stored_rows(bench) == 0


def test_a_drain_and_queue_status_tell_the_same_number_of_scenes(bench: Bench) -> None:
    ids = [bench.world.add_film(f"film {n}", details="Text") for n in range(3)]
    later = time.time() + 50_000
    bench.queue.put_jobs(a_job(scene_id, due_at=later) for scene_id in ids * 4)
    summary = bench.drain()
    assert summary.left == 3
    assert report.nothing_due_line(bench.queue.count_ready()).startswith("Nothing is due: 3 ")
    assert "Due later: 3" in status(bench)


def test_what_failed_several_times_is_one_scene_that_is_tried_again_once(bench: Bench) -> None:
    bench.queue.put_jobs([a_job(7), a_job(7), a_job(8)])
    for queued in list(bench.queue.jobs()):
        bench.queue.fail([queued.row], queued.job._replace(problem="no"))
    assert "Failed: 2" in status(bench)
    assert "  2 failed: no" in status(bench)
    assert bench.queue.retry_failed() == 2
    assert [job.scene_id for job in bench.waiting()] == [7, 8]


@pytest.mark.parametrize("later", [1_000, 5_000])
def test_what_a_drain_of_two_edits_reads_does_not_grow_with_what_is_due_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    read: list[object] = []
    parse = parse_job

    def counted(data: object) -> Job | None:
        read.append(data)
        return parse(data)

    ids = [bench.world.add_film(name, details="Text", plex={}) for name in ("one", "two")]
    due_at = time.time() + 50_000
    bench.queue.put_jobs(
        a_job(scene_id, due_at=due_at + scene_id, problem="no") for scene_id in range(1000, 1000 + later)
    )
    for scene_id in ids:
        append_scene(str(bench.world.data_dir), "Scene.Update.Post", scene_id)
    monkeypatch.setattr(job_queue, "parse_job", counted)
    bench.drain()
    assert [bench.world.item(name).summary for name in ("one", "two")] == ["Text", "Text"]
    assert f"Due later: {later:,}" in status(bench)
    assert len(read) < 10


def test_no_secret_is_kept_with_a_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_log, "_redactions", [])
    user_log.keep_secret(SECRET)
    bench.queue.put_jobs([a_job(7)])
    (queued,) = bench.queue.jobs()
    bench.queue.fail([queued.row], queued.job._replace(problem=f"Plex said: X-Plex-Token={SECRET}"))
    assert any("X-Plex-Token=***" in line for line in status(bench))
    bench.manager.close()
    for file in bench.world.data_dir.iterdir():
        assert SECRET.encode() not in file.read_bytes()
