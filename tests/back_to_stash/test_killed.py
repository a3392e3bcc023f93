"""A process that is killed in the middle of bringing something: the next one brings it, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.entry import run, start, until
from tests.servers.world import World, a_world

VIEWED = 1_760_000_000
PLAY = "2025-10-09T08:53:20Z"


@pytest.fixture
def world(tmp_path: Path, warm_python: Callable[[], str]) -> Iterator[World]:
    """A film that is known to the plugin, then watched, rated and left in Plex."""
    with a_world(tmp_path, python_of_tasks=warm_python) as world:
        world.settings["back_to_stash"] = "ratings, plays, resume"
        # The hook for the rating that comes starts no task of its own.
        world.settings["manual_drain"] = True
        scene_id = world.add_film("one", title="One", plex={"duration": 1_000_000})
        world.stash.library.scene(scene_id).files[0].duration = 1000.0
        run(world, {"mode": "reconcile_all"})
        key = world.item("one").rating_key
        world.plex.library.rate(key, 7.5)
        world.plex.library.watch(key, at=VIEWED)
        world.plex.library.stop_at(key, 300_000, at=VIEWED + 100)
        yield world
        assert not world.stash.crashes
        assert not world.plex.failures


def not_yet(world: World) -> None:
    """Stash has the request and has not carried it out."""
    world.stash.faults.add("hang", "sceneAddPlay", times=1)


def already(world: World) -> None:
    """Stash has carried it out, and its answer takes long."""
    world.stash.faults.add("drip", "sceneAddPlay", times=1, pieces=100, pause=0.3)


@pytest.mark.parametrize("moment", [not_yet, already])
def test_what_a_killed_process_was_writing_to_stash_is_there_once_in_the_end(
    world: World, moment: Callable[[World], Any]
) -> None:
    scene = world.stash.library.scene(1)
    moment(world)
    process = start(world, {"mode": "bring_back"})
    until(world.stash.faults.reached.is_set)
    if moment is already:
        until(lambda: scene.play_count)
    process.kill()
    process.wait(60)
    world.stash.faults.clear()
    for mode in ("process_queue", "bring_back", "process_queue"):
        run(world, {"mode": mode})
    assert (scene.rating100, scene.play_history, scene.resume_time) == (75, [PLAY], 300.0)
    world.clear_requests()
    run(world, {"mode": "bring_back"})
    assert not [one for one in list(world.stash.requests) if "BackToStash" in one.query]
