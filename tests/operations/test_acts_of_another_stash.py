"""What a person does on the page of one Stash is never done to what was kept for another."""

from __future__ import annotations

from typing import Any

import pytest

from sync_queue.one_stash import FACT, StashIdentity
from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.builders.sync import films
from tests.end_to_end.test_one_stash import another_database
from tests.servers.stash.library import StashLibrary

ACTS: dict[str, dict[str, Any]] = {
    "sync_now": {"scenes": [1]},
    "retry": {"scenes": "all"},
    "clear": {"scenes": [1]},
    "ignore": {"scenes": [2], "is_ignored": True},
}
EVERY_ACT = pytest.mark.parametrize("act", ACTS)


@pytest.fixture(autouse=True)
def five_films(operations: Operations, bench: Bench) -> None:
    """Films that were saved, in a folder that knows whose it is."""
    films(bench, 5)
    assert operations.here.reconcile().status == 0


def kept(bench: Bench) -> tuple[list[int], set[int]]:
    """The scenes that wait, and those that are ignored."""
    with bench.state() as state:
        return sorted(job.scene_id for job in bench.waiting()), state.ignored.scene_ids()


@EVERY_ACT
@pytest.mark.parametrize("other", [3, 8])
def test_an_act_of_another_stash_is_refused_with_what_to_do(
    operations: Operations, bench: Bench, act: str, other: int
) -> None:
    before = kept(bench)
    bench.world.stash.library = another_database(bench.world, other)
    text = operations.problem(act, **ACTS[act])["text"]
    assert "different database" in text
    assert "STASH2PLEX_DATA_DIR" in text
    assert kept(bench) == before


@EVERY_ACT
def test_an_act_of_a_stash_that_has_no_scenes_any_more_is_refused(
    operations: Operations, bench: Bench, act: str
) -> None:
    before = kept(bench)
    bench.world.stash.library = StashLibrary()
    assert "no scenes" in operations.problem(act, **ACTS[act])["text"]
    assert kept(bench) == before


@EVERY_ACT
def test_where_one_file_alone_is_a_strangers_the_act_waits_for_a_task_that_sets_it_aside(
    operations: Operations, bench: Bench, act: str
) -> None:
    with bench.state() as state:
        state.set_fact(FACT, StashIdentity({1: 5, 2: 6, 3: 7}, 9, 1).to_stored())
    before = kept(bench)
    text = operations.problem(act, **ACTS[act])["text"]
    assert "state.db belongs to another Stash" in text
    assert "Run Process Queue" in text
    assert kept(bench) == before
    assert operations.here.drain().status == 0
    operations.result(act, **ACTS[act])


@EVERY_ACT
def test_an_act_of_the_same_stash_costs_it_one_question_more(
    operations: Operations, bench: Bench, act: str
) -> None:
    bench.world.clear_requests()
    operations.result(act, **ACTS[act])
    asked = [one for one in bench.world.stash.requests if "query Whose" in one.query]
    assert len(asked) == 1
