"""Scenes that no path map can tell apart are named with what they share, and with what helps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciliation.summary import advice_lines
from tests.builders.bench import Bench
from tests.builders.entry import Here
from tests.builders.setup import add_films, check, the_warning
from tests.servers.world import World


def two_in_one_item(world: World) -> list[int]:
    """Two scenes whose files are in one item of Plex, under the right paths."""
    scenes = [
        int(world.stash.library.add_scene(details="x", files=((f"/data/Films/{name}.mp4", 9),)).id)
        for name in ("one", "two")
    ]
    world.plex.library.add_item(1, (("/media/Films/one.mp4", 9), ("/media/Films/two.mp4", 9)))
    return scenes


def a_namesake(world: World) -> tuple[int, int]:
    """A scene that is in Plex, and one whose file, of the same name and size, is not."""
    owner = world.stash.library.add_scene(details="x", files=(("/data/Films/a/clip.mp4", 9),))
    other = world.stash.library.add_scene(details="x", files=(("/data/Films/b/clip.mp4", 9),))
    world.plex.library.add_item(1, (("/media/Films/a/clip.mp4", 9),))
    return int(owner.id), int(other.id)


def test_files_of_two_scenes_in_one_item_are_told_with_scenes_and_item(bench: Bench) -> None:
    first, second = two_in_one_item(bench.world)
    (item,) = bench.world.plex.library.items()
    lines = "\n".join(advice_lines(bench.reconcile()))
    assert f"scene {first}, its item {item.rating_key} in Plex also holds a file of scene {second}" in lines
    assert "split an item" in lines
    assert "path_map" not in lines


def test_a_namesake_that_another_scene_owns_by_its_path_is_told_with_scene_and_item(bench: Bench) -> None:
    owner, other = a_namesake(bench.world)
    (item,) = bench.world.plex.library.items()
    result = bench.reconcile()
    assert (result.ambiguous_count, result.empty_metadata_count) == (1, 1)
    (line,) = [line for line in advice_lines(result) if "share" in line]
    assert f"scene {other}, its file is not in Plex" in line
    assert f"of item {item.rating_key}, is that of scene {owner} by its path" in line
    assert "path_map" not in line


def test_a_drain_leaves_the_namesake_alone_and_says_why(bench: Bench) -> None:
    owner, other = a_namesake(bench.world)
    bench.save(other)
    bench.drain()
    assert bench.world.plex.library.items()[0].summary == ""
    (job,) = bench.waiting()
    assert f"is that of scene {owner} by its path" in job.problem


def test_only_some_of_many_are_named(bench: Bench) -> None:
    for n in range(5):
        files = tuple((f"/media/Films/{n} {name}.mp4", 9) for name in ("one", "two"))
        bench.world.plex.library.add_item(1, files)
        for name in ("one", "two"):
            bench.world.stash.library.add_scene(details="x", files=((f"/data/Films/{n} {name}.mp4", 9),))
    (line,) = [line for line in advice_lines(bench.reconcile()) if "share" in line]
    assert "with another scene: 10 (scene " in line
    assert line.count("also holds a file of scene") == 3


def test_files_that_another_path_map_tells_apart_still_lead_to_it(bench: Bench) -> None:
    for folder in ("one", "two"):
        bench.world.stash.library.add_scene(details="x", files=((f"/elsewhere/{folder}/same.mp4", 5),))
    bench.world.plex.library.add_item(1, (("/media/Films/same.mp4", 5),))
    lines = "\n".join(advice_lines(bench.reconcile()))
    assert "they fit several files: 2;" in lines
    assert "path_map" in lines
    assert "share" not in lines


@pytest.mark.parametrize("make", [two_in_one_item, a_namesake])
def test_check_setup_names_them_too(world: World, here: Here, make: Callable[[World], object]) -> None:
    add_films(world)
    world.settings["plex_library"] = "Films"
    make(world)
    warning = the_warning(check(here))
    assert "share a file or an item of Plex with another scene: " in warning
    assert "path_map" not in warning
