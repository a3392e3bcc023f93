"""Promises about writing several items at a time and reading ahead."""

from __future__ import annotations

import pytest

from plex.client import connect
from sync_queue.claims import DrainSummary, Outcome
from sync_queue.reading import Lane
from sync_queue.worker import SyncWorker
from tests.builders.bench import Bench

pytestmark = pytest.mark.unmeasured

FILMS = 130


def films(bench: Bench) -> list[int]:
    return [
        bench.world.add_film(f"film {n}", size=n, title=f"Film {n}", plex={}) for n in range(1, FILMS + 1)
    ]


def drain(bench: Bench, parallel_writes: int) -> DrainSummary:
    config = bench.config({"parallel_writes": parallel_writes})
    stash = bench.stash()

    def open_lane() -> Lane:
        return Lane(stash.another(), connect(config, bench.world.data_dir))

    with bench.state() as state:
        plex = connect(config, bench.world.data_dir)
        return SyncWorker(bench.queue, state, stash, plex, config, open_lane=open_lane).drain()


@pytest.mark.parametrize("parallel_writes", [1, 4])
def test_every_scene_is_written_once_however_many_are_written_at_a_time(
    bench: Bench, parallel_writes: int
) -> None:
    bench.save(*films(bench))
    summary = drain(bench, parallel_writes)
    assert (summary.outcomes[Outcome.WRITTEN], summary.left, summary.stopped) == (FILMS, 0, "")
    written = [key for write in bench.world.plex.writes for key in write.rating_keys]
    assert len(written) == len(set(written)) == FILMS
    assert [bench.world.item(f"film {n}").title for n in (1, FILMS)] == ["Film 1", f"Film {FILMS}"]


@pytest.mark.parametrize("parallel_writes", [1, 4])
def test_an_outage_in_the_middle_keeps_every_job_that_was_not_finished(
    bench: Bench, parallel_writes: int
) -> None:
    ids = films(bench)
    bench.save(*ids)
    fault = bench.world.plex.faults.add("status", "/library/sections", method="PUT", code=503, after=70)
    summary = drain(bench, parallel_writes)
    assert summary.is_outage
    assert summary.outcomes[Outcome.WRITTEN] + summary.left == FILMS
    assert all(job.attempts == 0 for job in bench.waiting())
    bench.world.plex.faults.remove(fault)
    assert drain(bench, parallel_writes).left == 0
    assert {bench.world.item(f"film {n}").title for n in range(1, FILMS + 1)} == {
        f"Film {n}" for n in range(1, FILMS + 1)
    }


def test_one_refused_item_does_not_hold_up_those_that_are_written_beside_it(bench: Bench) -> None:
    bench.save(*films(bench))
    bench.world.plex.faults.add("status", "/library/sections", method="PUT", code=400, times=1, after=20)
    summary = drain(bench, 4)
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED]) == (FILMS - 1, 1)


@pytest.mark.parametrize("parallel_writes", [1, 4])
def test_scenes_that_are_gone_or_in_no_library_change_nothing_for_those_among_which_they_are(
    bench: Bench, parallel_writes: int
) -> None:
    """Every batch has such scenes but the second one, which is planned while the first is written."""
    ids = films(bench)
    for n in (5, 120):
        bench.world.stash.library.destroy_scene(ids[n])
    absent = [bench.world.add_film(f"absent {n}", size=n, title=f"Absent {n}") for n in (201, 202)]
    bench.save(*ids[:50], absent[0], *ids[50:], absent[1])
    summary = drain(bench, parallel_writes)
    outcomes = summary.outcomes
    assert (outcomes[Outcome.WRITTEN], outcomes[Outcome.DELETED]) == (FILMS - 2, 2)
    assert (outcomes[Outcome.NOT_IN_PLEX], summary.left, summary.stopped) == (2, 2, "")
    bench.save(*ids)
    writes = len(bench.world.plex.writes)
    assert drain(bench, parallel_writes).outcomes[Outcome.UNCHANGED] == FILMS - 2
    assert len(bench.world.plex.writes) == writes
