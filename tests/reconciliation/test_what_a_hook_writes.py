"""What a hook would carry, a reconcile finds: somebody who installs the plugin later gets the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench, a_bench
from tests.servers.world import World

ONE_FIELD: dict[str, Callable[[World], dict[str, Any]]] = {
    "title": lambda world: {"title": "A title"},
    "rating": lambda world: {"rating100": 80},
    "director": lambda world: {"director": "Jane Doe"},
    "group": lambda world: {"groups": [(int(world.stash.library.add_group("A group").id), None)]},
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        yield bench


@pytest.mark.parametrize("field", ONE_FIELD)
def test_a_scene_with_a_single_field_is_found_and_written_and_then_no_gap(bench: Bench, field: str) -> None:
    scene_id = bench.world.add_film("one", plex={}, **ONE_FIELD[field](bench.world))
    found = bench.reconcile()
    assert (found.total_gaps, [job.scene_id for job in bench.waiting()]) == (1, [scene_id])
    bench.drain()
    item = bench.world.item("one")
    shown = {"title": item.title, "rating": item.user_rating, "director": item.directors}
    assert {**shown, "group": item.collections}[field] in ("A title", 8.0, ["Jane Doe"], ["A Group"])
    assert bench.reconcile().total_gaps == 0


def test_a_scene_as_a_scan_leaves_it_is_no_gap(bench: Bench) -> None:
    bench.world.add_film("one", plex={})
    assert bench.reconcile().total_gaps == 0
