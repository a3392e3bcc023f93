"""Promises about items on which Plex fails again and again."""

from __future__ import annotations

import re

from sync_queue.claims import Outcome
from tests.builders.bench import Bench

EDIT = "/library/sections/1/all"


def test_looking_for_a_file_often_does_not_use_up_the_tries_of_its_first_write(bench: Bench) -> None:
    bench.save(bench.world.add_film("late", details="Late"))
    for _ in range(9):
        bench.drain()
        bench.later += 2 * 86_400
    bench.world.plex.library.add_item(1, (("/media/Films/late.mp4", 1000),))
    bench.world.plex.faults.add("status", EDIT, method="PUT", code=500, times=1)
    assert bench.drain().outcomes[Outcome.BUSY] == 1
    assert bench.failed() == []


def test_one_item_that_plex_cannot_read_does_not_hold_up_the_others(bench: Bench) -> None:
    ids = [bench.world.add_film(f"film {n}", details="Text", plex={}) for n in range(3)]
    bench.reconcile()
    key = bench.world.item("film 1").rating_key
    bench.world.plex.faults.add("status", re.compile(rf"/library/metadata/(\d+,)*{key}[,?]"), code=500)
    summary = bench.drain()
    assert summary.outcomes[Outcome.WRITTEN] == 2
    assert [job.scene_id for job in bench.waiting()] == [ids[1]]
