"""What a person does on the page: sync now, retry, remove from the queue, ignore and take back."""

from __future__ import annotations

from typing import Any

import pytest

from sync_queue.claims import Outcome
from sync_queue.drain_request import switch_automatic
from sync_queue.summary import summary_lines
from tests.builders.bench import Bench, a_job
from tests.builders.operation import Operations
from tests.builders.page import rows_of
from tests.builders.sync import films
from tests.servers.world import World


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The same, with a task that runs: what is asked for waits behind it."""
    bench.world.stash.plugins.queue_task("Stash2Plex", "Queue Status", None, {})
    return bench


def asked_for(world: World) -> list[dict[str, Any]]:
    """The arguments of the tasks that Stash was asked for."""
    return [job.arguments for job in world.stash.plugins._waiting if job.task.name != "Queue Status"]


def the_states(bench: Bench, *scene_ids: int) -> dict[int, str]:
    return bench.queue.states_of(scene_ids)


def test_an_ignored_scene_is_no_gap_is_not_queued_and_is_shown_as_ignored(
    world: World, operations: Operations, bench: Bench
) -> None:
    one, two = films(bench, 2)
    bench.reconcile()
    assert operations.result("ignore", scenes=[one], is_ignored=True) == {"changed": 1}
    assert [job.scene_id for job in bench.waiting() if job.scene_id == one] == []
    found = bench.reconcile()
    assert (found.total_gaps, found.ignored_count) == (1, 1)
    assert [row["scene_id"] for row in rows_of(operations, "gaps")] == [two]
    (row,) = rows_of(operations, "gaps", kind="ignored")
    assert (row["scene_id"], row["is_ignored"], row["kind"]) == (one, True, "ignored")
    assert operations.result("status")["scenes"]["ignored"] == 1


def test_what_a_hook_tells_of_an_ignored_scene_leaves_the_queue_without_a_write(bench: Bench) -> None:
    one, _ = films(bench, 2)
    with bench.state() as state:
        state.ignored.add([one])
    summary = bench.drain()
    assert (summary.outcomes[Outcome.IGNORED], summary.outcomes[Outcome.WRITTEN], summary.left) == (1, 1, 0)
    assert (bench.world.item("film 0").summary, bench.world.item("film 1").summary) == ("", "Text 1")
    assert any(line.startswith("Ignored: 1 ") for line in summary_lines(summary))


def test_a_scene_that_is_ignored_during_a_drain_is_not_written_by_its_next_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = films(bench, 60)
    with bench.state() as state:

        def ignore_the_last(_: object) -> None:
            state.ignored.add(ids[-1:])

        monkeypatch.setattr("sync_queue.worker.SyncWorker._scene_sent", ignore_the_last)
        summary = bench.drain()
    assert summary.outcomes[Outcome.IGNORED] == 1
    assert bench.world.item("film 59").summary == ""


def test_a_preview_shows_nothing_of_an_ignored_scene(
    world: World, operations: Operations, bench: Bench
) -> None:
    one, two = films(bench, 2)
    operations.here.run({"mode": "preview"})
    operations.result("ignore", scenes=[one])
    assert [row["scene_id"] for row in rows_of(operations, "preview")] == [two]
    assert operations.result("preview")["items"] == 1
    bench.save(one)
    told = operations.here.run({"mode": "preview"}).texts("info")
    assert "Items that would be written: 1" in told


@pytest.mark.parametrize("act", ["ignore", "sync_now"])
def test_an_edit_made_while_a_scene_was_ignored_is_carried_over_once_it_is_taken_back(
    operations: Operations, bench: Bench, act: str
) -> None:
    (one,) = films(bench, 1)
    operations.result("ignore", scenes=[one])
    bench.save(one)
    bench.drain()
    assert bench.waiting() == []
    if act == "ignore":
        assert operations.result("ignore", scenes=[one], is_ignored=False) == {"changed": 1}
    else:
        assert operations.result("sync_now", scenes=[one])["queued"] == 1
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert bench.world.item("film 0").summary == "Text 0"
    assert rows_of(operations, "gaps", kind="ignored") == []


def test_sync_now_makes_a_scene_due_whatever_it_waits_for_and_asks_for_a_drain(
    world: World, operations: Operations, bench: Bench
) -> None:
    scene_id = world.add_film("one", title="One", details="Text")
    bench.save(scene_id)
    bench.drain()
    assert the_states(bench, scene_id) == {scene_id: "later"}
    answer = operations.result("sync_now", scenes=[scene_id])
    assert (answer["queued"], answer["drain"]) == (1, "requested")
    assert the_states(bench, scene_id) == {scene_id: "waiting"}
    assert [args["mode"] for args in asked_for(world)] == ["process_queue"]
    # Once is enough.
    assert operations.result("sync_now", scenes=[scene_id])["queued"] == 1
    assert len(bench.waiting()) == 2
    assert len(asked_for(world)) == 1


def test_a_person_is_obeyed_where_nothing_is_written_automatically(
    world: World, operations: Operations, bench: Bench
) -> None:
    (scene_id,) = films(bench, 1)
    switch_automatic(str(world.data_dir), is_on=False)
    assert operations.result("status")["drain"] == "by hand"
    operations.result("sync_now", scenes=[scene_id])
    (args,) = asked_for(world)
    assert "automatic" not in args


def test_a_stash_that_cannot_be_asked_for_a_drain_keeps_what_was_queued(
    world: World, operations: Operations, bench: Bench
) -> None:
    (scene_id,) = films(bench, 1)
    world.stash.faults.add("status", "runPluginTask", code=500)
    answer = operations.result("sync_now", scenes=[scene_id])
    assert (answer["queued"], answer["drain"]) == (1, "idle")
    assert "run Process Queue" in answer["drain_words"]
    assert the_states(bench, scene_id) == {scene_id: "waiting"}


def failed(bench: Bench, *scene_ids: int) -> None:
    for scene_id in scene_ids:
        bench.save(scene_id)
        (row,) = [one.row for one in bench.queue.pending_jobs() if one.job.scene_id == scene_id]
        bench.queue.fail([row], a_job(scene_id, problem="Plex refused it.", attempts=1))


def test_what_failed_is_retried_alone_or_all_of_it(operations: Operations, bench: Bench) -> None:
    failed(bench, 1, 2, 3)
    bench.queue.put_jobs([a_job(0, entity="performer", entity_id=5)])
    (row,) = [one.row for one in bench.queue.pending_jobs()]
    bench.queue.fail([row], a_job(0, entity="performer", entity_id=5, problem="Stash refused it."))
    (first, _, _, entity) = rows_of(operations, "queue", state="failed")
    assert (first["reason"], first["attempts"], first["key"]) == ("Plex refused it.", 1, 1)
    assert entity["key"] < 0
    assert operations.result("retry", scenes=[2, 99])["queued"] == 1
    assert the_states(bench, 1, 2, 3) == {1: "failed", 2: "waiting", 3: "failed"}
    assert operations.result("retry", scenes=[entity["key"]])["queued"] == 1
    assert operations.result("retry", scenes="all", list="failed")["queued"] == 2
    assert bench.failed() == []
    assert len(bench.waiting()) == 4


def test_rows_are_removed_from_the_queue_by_their_state(operations: Operations, bench: Bench) -> None:
    failed(bench, 1, 2)
    bench.save(2, 3, 4)
    assert operations.result("clear", scenes=[1, 2], state="failed") == {"removed": 2}
    assert the_states(bench, 1, 2, 3, 4) == {2: "waiting", 3: "waiting", 4: "waiting"}
    assert operations.result("clear", scenes=[3]) == {"removed": 1}
    assert operations.result("clear", scenes="all", list="waiting", state="waiting") == {"removed": 2}
    assert operations.result("queue")["counts"] == {"waiting": 0, "later": 0, "failed": 0}


def test_what_is_being_written_is_not_taken_away_under_the_drain(
    operations: Operations, bench: Bench
) -> None:
    bench.save(1)
    bench.queue.claim([one.row for one in bench.queue.pending_jobs()])
    assert operations.result("clear", scenes=[1]) == {"removed": 0}
    operations.result("ignore", scenes=[1])
    assert [job.scene_id for job in bench.waiting()] == [1]


def test_all_of_a_list_means_those_that_fit_its_filter(
    world: World, operations: Operations, bench: Bench
) -> None:
    red = world.add_film("red", title="Red Film", details="Text", plex={})
    blue = world.add_film("blue", title="Blue Film", details="Text")
    bench.reconcile()
    operations.here.run({"mode": "preview"})
    bench.queue.clear()
    for choice in (
        {"list": "gaps", "kind": "empty"},
        {"list": "gaps", "kind": "all", "search": "RED"},
        {"list": "preview", "field": "title"},
    ):
        assert operations.result("sync_now", scenes="all", **choice)["queued"] == 1
        assert the_states(bench, red, blue) == {red: "waiting"}
        bench.queue.clear()
    assert operations.result("sync_now", scenes="all", list="gaps")["queued"] == 2


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"scenes": "all"},
        {"scenes": "all", "list": "orphans"},
        {"scenes": "all", "list": "gaps", "kind": "nonsense"},
        {"scenes": [0]},
        {"scenes": [2**63]},
        {"scenes": "some"},
        {"scenes": ["a"]},
        {"scenes": [1], "list": "nonsense"},
    ],
)
def test_a_choice_that_is_not_clear_changes_nothing(
    operations: Operations, bench: Bench, choice: dict[str, Any]
) -> None:
    bench.save(1)
    for operation in ("sync_now", "retry", "clear", "ignore"):
        if operation == "retry" and choice == {"scenes": "all"}:
            continue
        assert operations.problem(operation, **choice)["text"].endswith("Reload this page, and try again.")
    assert [job.scene_id for job in bench.waiting()] == [1]


@pytest.mark.parametrize("choice", [{"rating_keys": "all"}, {"rating_keys": [0]}])
def test_orphans_are_ignored_by_key_or_as_a_list(operations: Operations, choice: dict[str, Any]) -> None:
    assert "which rows are meant" in operations.problem("ignore", **choice)["text"]
