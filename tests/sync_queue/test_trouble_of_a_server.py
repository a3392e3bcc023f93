"""A server's trouble is never a scene's fault: all is kept, no try is counted, one line says why."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sync_queue import worker
from sync_queue.claims import Outcome
from sync_queue.job import BUSY_ATTEMPTS
from tests.builders.bench import Bench, a_job
from tests.builders.sync import films, logged, retried_until_it_fails
from tests.servers.plex import edits as plex_edits
from tests.servers.plex import routes as plex_routes

EDIT = "/library/sections/1/all"


def all_kept(bench: Bench, ids: list[int]) -> None:
    """Every scene waits as it did, and nothing failed."""
    assert sorted(job.scene_id for job in bench.waiting()) == sorted(ids)
    assert {(job.attempts, job.due_at) for job in bench.waiting()} == {(0, 0.0)}
    assert bench.failed() == []


def all_written(bench: Bench, count: int) -> None:
    """One more drain makes everything right."""
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.FAILED], summary.left) == ("", 0, 0)
    assert [bench.world.item(f"film {n}").summary for n in range(count)] == [
        f"Text {n}" for n in range(count)
    ]


@pytest.mark.parametrize("code", [400, 404, 413, 429, 500])
def test_a_plex_that_refuses_every_write_alike_fails_no_scene(bench: Bench, code: int) -> None:
    ids = films(bench, 4)
    fault = bench.world.plex.faults.add("status", EDIT, method="PUT", code=code)
    summary = bench.drain()
    assert "Each of 4 scenes failed in the same way" in summary.stopped
    assert (summary.handled, summary.left) == (0, 4)
    all_kept(bench, ids)
    bench.world.plex.faults.remove(fault)
    all_written(bench, 4)


@pytest.mark.parametrize("code", [405, 407, 411, 421, 451])
def test_a_refusal_that_would_meet_any_write_fails_not_even_a_single_scene(bench: Bench, code: int) -> None:
    ids = films(bench, 1)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=code)
    summary = bench.drain()
    assert f"({code}" in summary.stopped
    all_kept(bench, ids)
    bench.world.plex.faults.clear()
    all_written(bench, 1)


def test_a_stash_without_any_scene_has_not_deleted_those_that_wait(bench: Bench) -> None:
    ids = films(bench, 2)
    assert bench.drain().outcomes[Outcome.WRITTEN] == 2
    bench.save(*ids)
    library = bench.world.stash.library
    records = [library.scene(scene_id) for scene_id in ids]
    for scene_id in ids:
        library.destroy_scene(scene_id)
    assert "Stash has no scenes at all" in bench.drain().stopped
    all_kept(bench, ids)
    with bench.state() as state:
        state.use_server(bench.world.plex.library.machine_identifier, str(bench.config({}).path_map))
        assert all(state.was_pushed(record.id) for record in records)


def test_a_first_batch_that_fails_alike_is_judged_by_the_next_one(bench: Bench) -> None:
    ids = films(bench, 60)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=400, times=50)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED]) == (10, 50)
    assert [job.scene_id for job in bench.failed()] == ids[:50]


def films_by_batches(bench: Bench, monkeypatch: pytest.MonkeyPatch, count: int) -> list[int]:
    """Films that were saved, of which each is a batch's only one that is written."""
    monkeypatch.setattr(worker, "SCENES_PER_BATCH", 2)
    monkeypatch.setattr(worker, "LINGER", 0.0)
    as_it_is = [bench.world.add_film(f"done {n}", details=f"Done {n}", plex={}) for n in range(count)]
    bench.save(*as_it_is)
    assert bench.drain().outcomes[Outcome.WRITTEN] == count
    ids = [bench.world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(count)]
    for pair in zip(as_it_is, ids, strict=True):
        bench.save(*pair)
    return ids


@pytest.mark.parametrize("code", [204, 400, 413, 500])
def test_a_plex_that_refuses_each_batchs_only_write_fails_no_scene(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    ids = films_by_batches(bench, monkeypatch, 4)
    fault = bench.world.plex.faults.add("status", EDIT, method="PUT", code=code)
    summary = bench.drain()
    assert "Each of 2 scenes failed in the same way" in summary.stopped
    assert (summary.outcomes[Outcome.FAILED], summary.outcomes[Outcome.BUSY]) == (0, 0)
    waiting = {job.scene_id: (job.attempts, job.due_at) for job in bench.waiting()}
    assert {scene_id: waiting[scene_id] for scene_id in ids} == dict.fromkeys(ids, (0, 0.0))
    assert bench.failed() == []
    bench.world.plex.faults.remove(fault)
    all_written(bench, 4)


@pytest.mark.parametrize("code", [204, 400, 413])
def test_a_batchs_only_write_that_fails_is_its_own_matter_where_the_next_batch_is_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    ids = films_by_batches(bench, monkeypatch, 3)
    key = bench.world.item("film 1").rating_key
    bench.world.plex.faults.add("status", re.compile(rf"{EDIT}\?.*\bid={key}\b"), method="PUT", code=code)
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.WRITTEN]) == ("", 2)
    assert [job.scene_id for job in bench.failed()] == [ids[1]]


@pytest.mark.parametrize("code", [400, 422])
def test_the_only_write_of_a_drain_fails_where_plex_itself_refuses_it(bench: Bench, code: int) -> None:
    ids = films(bench, 1)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=code)
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.FAILED]) == ("", 1)
    (job,) = bench.failed()
    assert job.scene_id == ids[0]
    assert f"Plex refused it ({code}" in job.problem


@pytest.mark.parametrize("code", [204, 413, 414])
def test_the_only_write_of_a_drain_is_tried_again_where_it_may_be_a_proxy_that_stops_all_of_them(
    bench: Bench, code: int
) -> None:
    ids = films(bench, 1)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=code)
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.BUSY]) == ("", 1)
    (job,) = bench.waiting()
    assert (job.scene_id, job.attempts) == (ids[0], 1)
    bench.world.plex.faults.clear()
    bench.later += 3600
    all_written(bench, 1)


@pytest.mark.parametrize("code", [204, 413])
def test_the_only_write_of_all_drains_is_not_tried_for_ever(bench: Bench, code: int) -> None:
    (scene_id,) = films(bench, 1)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=code)
    assert retried_until_it_fails(bench) == BUSY_ATTEMPTS
    (job,) = bench.failed()
    assert job.scene_id == scene_id
    assert f"Tried {BUSY_ATTEMPTS} times." in job.problem


def test_a_scene_that_is_edited_again_after_it_failed_is_written_and_not_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the failure was its own matter is not known yet when the next edit comes."""
    (scene_id,) = films(bench, 1)
    real = worker.SyncWorker._start_sending
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=400, times=1)

    def sending(*args: Any) -> Any:
        finish = real(*args)

        def saved_once_more() -> Any:
            if bench.puts() == 0:
                bench.save(scene_id)
            return finish()

        return saved_once_more

    monkeypatch.setattr(worker.SyncWorker, "_start_sending", sending)
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.WRITTEN], summary.handled) == ("", 1, 1)
    assert (bench.waiting(), bench.failed()) == ([], [])


def test_two_batches_that_fail_alike_end_the_drain_early(bench: Bench) -> None:
    ids = films(bench, 160)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=400)
    summary = bench.drain()
    assert "Each of 100 scenes failed in the same way" in summary.stopped
    assert bench.puts() == 100
    all_kept(bench, ids)


def test_a_plex_whose_reads_fail_each_time_ends_the_drain_after_a_few(bench: Bench) -> None:
    ids = films(bench, 40)
    bench.reconcile()
    bench.world.clear_requests()
    bench.world.plex.faults.add("status", "/library/metadata/", method="GET", code=500)
    summary = bench.drain()
    assert summary.is_outage
    assert len(bench.world.plex.requests) < 30
    all_kept(bench, ids)


def test_a_plex_that_answers_writes_with_nothing_done_fails_no_scene(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = films(bench, 3)
    with pytest.MonkeyPatch.context() as for_a_while:
        for_a_while.setattr(plex_routes, "apply_edit", lambda *_: None)
        summary = bench.drain()
    assert "Each of 3 scenes failed in the same way" in summary.stopped
    all_kept(bench, ids)
    all_written(bench, 3)


def test_a_fault_of_ours_that_meets_every_scene_fails_none(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = films(bench, 3)

    def with_a_bug(*_: Any) -> None:
        raise KeyError("oops")

    with pytest.MonkeyPatch.context() as for_a_while:
        for_a_while.setattr("plex.fields.SceneMapping.fields", with_a_bug)
        summary = bench.drain()
    assert "a fault in Stash2Plex (KeyError)" in summary.stopped
    all_kept(bench, ids)


@pytest.mark.parametrize("code", [400, 404])
def test_a_second_write_that_plex_refuses_is_that_scenes_matter_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    ids = films(bench, 3)
    key = bench.world.item("film 1").rating_key
    real = plex_edits.apply_edit

    def drops_one(library: Any, items: Any, edit: Any, behaviour: Any) -> None:
        if items[0].rating_key == key:
            edit.values.clear()
        real(library, items, edit, behaviour)

    monkeypatch.setattr(plex_routes, "apply_edit", drops_one)
    pattern = re.compile(rf"{EDIT}\?.*\bid={key}\b")
    bench.world.plex.faults.add("status", pattern, method="PUT", code=code, after=1)
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.WRITTEN]) == ("", 2)
    kept = [job for job in (*bench.failed(), *bench.waiting()) if job.problem]
    assert [job.scene_id for job in kept] == [ids[1]]
    if code == 400:
        assert any(f"Scene {ids[1]} " in text for text in logged(caplog, "WARNING"))


def test_one_item_that_cannot_be_read_back_is_asked_again_and_the_others_are_written(bench: Bench) -> None:
    ids = films(bench, 6)
    key = bench.world.item("film 2").rating_key
    pattern = re.compile(rf"^/library/metadata/(\d+,)*{key}[,?]")

    def break_after_the_writes() -> None:
        bench.world.plex.faults.add("status", pattern, method="GET", code=500)

    real = plex_edits.apply_edit
    seen: list[int] = []

    def counting(library: Any, items: Any, edit: Any, behaviour: Any) -> None:
        real(library, items, edit, behaviour)
        seen.append(items[0].rating_key)
        if len(seen) == 6:
            break_after_the_writes()

    with pytest.MonkeyPatch.context() as for_a_while:
        for_a_while.setattr(plex_routes, "apply_edit", counting)
        summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.BUSY]) == (5, 1)
    assert [job.scene_id for job in bench.waiting()] == [ids[2]]


def test_an_entity_for_which_stash_answers_an_error_holds_up_nobody_else(bench: Bench) -> None:
    ids = films(bench, 3)
    bench.queue.put_jobs([a_job(0, "Studio.Update.Post", entity="studio", entity_id=7)])
    bench.world.stash.faults.add(
        "graphql_error",
        "findScenes",
        message="sql: no rows in result set",
        when=lambda asked: "studios" in (asked.get("where") or {}),
    )
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.WRITTEN]) == ("", len(ids))
    (job,) = bench.waiting()
    assert (job.entity, job.entity_id, job.attempts) == ("studio", 7, 1)
    assert job.due_at > bench.clock()
    bench.world.stash.faults.clear()
    bench.later += 3600
    assert bench.drain().left == 0


def test_a_stash_that_answers_every_question_with_an_error_keeps_the_entitys_job_as_it_is(
    bench: Bench,
) -> None:
    bench.queue.put_jobs([a_job(0, "Studio.Update.Post", entity="studio", entity_id=7)])
    bench.world.stash.faults.add("graphql_error", "findScenes", message="sql: database is closed")
    summary = bench.drain()
    assert "sql: database is closed" in summary.stopped
    assert [(job.entity, job.attempts, job.due_at) for job in bench.waiting()] == [("studio", 0, 0.0)]


def test_an_entity_of_a_kind_that_this_version_does_not_know_fails_alone(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    films(bench, 2)
    bench.queue.put_jobs([a_job(0, "Gallery.Update.Post", entity="gallery", entity_id=7)])
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.WRITTEN]) == ("", 2)
    (job,) = bench.failed()
    assert job.entity == "gallery"
    assert any("gallery 7" in text for text in logged(caplog, "WARNING"))


def test_a_scan_that_plex_refuses_fails_no_scene(bench: Bench) -> None:
    bench.save(bench.world.add_film("away", details="Text"))
    bench.save(bench.world.add_film("there", details="Text", plex={}))
    bench.world.plex.faults.add("status", "/library/sections/1/refresh", code=400)
    summary = bench.drain(plex_scan_missing=True)
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.NOT_IN_PLEX]) == (1, 1)
    assert bench.failed() == []
