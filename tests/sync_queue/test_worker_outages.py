"""What a drain does when Plex or Stash fails: nothing is lost, and the user reads why."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sync_queue.claims import Outcome
from tests.builders.bench import Bench
from tests.builders.sync import films, logged
from tests.servers.plex.behaviour import error_page

pytestmark = pytest.mark.unmeasured

EDIT = "/library/sections/1/all"


def edit_of(bench: Bench, name: str) -> Any:
    """A pattern for the write of one film."""
    return re.compile(rf"{EDIT}\?.*\bid={bench.world.item(name).rating_key}\b")


@pytest.mark.parametrize("path", ["/library/sections", "/library/metadata", EDIT])
@pytest.mark.parametrize(
    "options", [{"kind": "status", "code": 503}, {"kind": "status", "code": 401}, {"kind": "refuse"}]
)
def test_a_plex_that_fails_for_all_stops_the_drain_with_every_job_kept_and_no_try_counted(
    bench: Bench, path: str, options: dict[str, Any]
) -> None:
    ids = films(bench, 3)
    bench.reconcile()
    before = bench.waiting()
    bench.world.plex.faults.add(path=path, **options)
    summary = bench.drain()
    assert summary.stopped
    assert (summary.handled, summary.left) == (0, 3)
    assert bench.waiting() == before
    assert bench.failed() == []
    bench.world.plex.faults.clear()
    assert bench.drain().outcomes[Outcome.WRITTEN] == len(ids)


def test_a_plex_that_goes_down_in_the_middle_keeps_the_jobs_that_were_not_written(bench: Bench) -> None:
    films(bench, 5)
    bench.world.plex.faults.add("status", EDIT, method="PUT", after=2, code=503)
    summary = bench.drain()
    assert "database migrations" in summary.stopped
    assert summary.left >= 3
    assert {job.attempts for job in bench.waiting()} == {0}
    bench.world.plex.faults.clear()
    assert bench.drain().left == 0
    assert [bench.world.item(f"film {n}").summary for n in range(5)] == [f"Text {n}" for n in range(5)]
    assert len(bench.world.plex.writes) == 5


def test_a_stash_that_fails_stops_the_drain_with_every_job_kept(bench: Bench) -> None:
    ids = films(bench, 2)
    bench.world.stash.faults.add("status", "findScene", code=500)
    summary = bench.drain()
    assert "Stash answered 500" in summary.stopped
    assert [(job.scene_id, job.attempts) for job in bench.waiting()] == [(one, 0) for one in ids]


def test_a_misspelt_library_stops_the_drain_and_names_those_that_exist(bench: Bench) -> None:
    films(bench, 1)
    summary = bench.drain(plex_library="Flims")
    assert "“Flims”" in summary.stopped
    assert "“Films”" in summary.stopped
    assert [job.attempts for job in bench.waiting()] == [0]


@pytest.mark.parametrize("code", [500, 429])
def test_an_item_that_plex_cannot_write_now_is_tried_again_later_and_the_others_go_on(
    bench: Bench, code: int
) -> None:
    ids = films(bench, 3)
    fault = bench.world.plex.faults.add("status", edit_of(bench, "film 1"), method="PUT", code=code)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.BUSY], summary.left) == (2, 1, 1)
    (job,) = bench.waiting()
    assert (job.scene_id, job.attempts) == (ids[1], 1)
    assert job.due_at > bench.clock()
    assert bench.drain().handled == 0
    bench.world.plex.faults.remove(fault)
    bench.later = 300
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1


def test_an_item_that_plex_cannot_write_eight_times_fails_for_good(bench: Bench) -> None:
    (scene_id,) = films(bench, 1)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=500)
    for attempt in range(1, 8):
        assert bench.drain().outcomes[Outcome.BUSY] == 1
        assert [job.attempts for job in bench.waiting()] == [attempt]
        bench.later += 2 * 3600
    assert bench.drain().outcomes[Outcome.FAILED] == 1
    assert bench.waiting() == []
    (job,) = bench.failed()
    assert (job.scene_id, job.attempts) == (scene_id, 8)
    assert "500" in job.problem


def test_plex_is_not_asked_again_before_the_time_that_it_names(bench: Bench) -> None:
    films(bench, 1)
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=429, headers={"Retry-After": "1800"})
    bench.drain()
    (job,) = bench.waiting()
    assert job.due_at - bench.clock() > 1700


def test_an_item_that_plex_refuses_fails_for_good_in_plexs_words_and_the_others_go_on(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    ids = films(bench, 3)
    bench.world.plex.faults.add(
        "status",
        edit_of(bench, "film 1"),
        method="PUT",
        code=400,
        body=error_page(400).replace(b"Bad", b"Odd"),
    )
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED], summary.left) == (2, 1, 0)
    (job,) = bench.failed()
    assert job.scene_id == ids[1]
    assert "Odd Request" in job.problem
    assert any(f"Scene {ids[1]} " in text and "Odd Request" in text for text in logged(caplog, "WARNING"))
