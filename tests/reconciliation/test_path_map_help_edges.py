"""Promises about suggesting a path map for unusual folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_bench
from tests.reconciliation.test_path_map_help import add_films
from validation.path_map import PathMap, path_key, suggest_path_map


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        bench.world.settings["path_map"] = ""
        yield bench


def test_folders_of_one_root_in_stash_that_lie_in_two_roots_of_plex_give_a_map_that_can_be_entered() -> None:
    """Suggests “/data=>/vol1; /data=>/vol2”, which the setting refuses: “/data” is mapped twice."""
    pairs = [
        (f"/data/{folder}/{n}.mp4", f"/vol{disk}/{folder}/{n}.mp4")
        for disk, folder in ((1, "Films"), (2, "Clips"))
        for n in range(5)
    ]
    path_map = PathMap.parse(suggest_path_map(pairs))
    assert [path_map.to_plex(source) for source, _ in pairs] == [path_key(target) for _, target in pairs]


def test_a_second_root_whose_scenes_come_after_the_first_fifty_is_in_the_map(bench: Bench) -> None:
    """The engine keeps only the first 50 inexact scenes by id, all of the first root."""
    add_films(bench, "/data/", "/media/", 60)
    add_films(bench, "/mnt/b/", "/plex b/", 60, start=60)
    first = bench.reconcile().suggested_path_map
    assert PathMap.parse(first) == PathMap.parse("/data=>/media; /mnt/b=>/plex b")


def test_the_second_root_is_at_least_told_after_the_first_was_entered(bench: Bench) -> None:
    """Half of the scenes inexact is not “most”: the help falls silent with 60 scenes still inexact."""
    add_films(bench, "/data/", "/media/", 60)
    add_films(bench, "/mnt/b/", "/plex b/", 60, start=60)
    bench.world.settings["path_map"] = bench.reconcile().suggested_path_map
    second = bench.reconcile()
    assert second.inexact_count == 0 or second.suggested_path_map
