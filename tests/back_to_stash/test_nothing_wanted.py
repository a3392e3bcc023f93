"""Where nothing is wanted back, nothing in Stash is ever changed, whatever the plugin is asked to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import Stash2Plex as entry
from back_to_stash.run import AFTER
from operations.registry import OPERATIONS
from operations.sign_in import SERVICE_VARIABLE
from tests.builders.entry import Here, hook
from tests.builders.operation import ASKED, arguments
from tests.servers.world import World, a_world

MUTATION = re.compile(r"\s*mutation\b[^{]*\{\s*(?:\w+\s*:\s*)?(\w+)")
# It asks for a task, and the page saves the plugin's own settings.
ALLOWED = {"runPluginTask", "configurePlugin"}
LAST = {"lastViewedAt>>", "lastRatedAt>>"}
PARAMETERS: dict[str, dict[str, Any]] = {
    **ASKED,
    "sync_now": {"scenes": [1]},
    "retry": {"scenes": [1]},
    "clear": {"scenes": [1]},
    "ignore": {"scenes": [2], "is_ignored": True},
}


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Here]:
    monkeypatch.setenv(SERVICE_VARIABLE, "http://127.0.0.1:9")
    with a_world(tmp_path) as world:
        yield Here(world, monkeypatch, capsys)


def people_act(world: World) -> None:
    """Films that differ on both sides in all that could come back."""
    for number in range(3):
        scene_id = world.add_film(f"film {number}", title=f"Film {number}", plex={"duration": 1_000_000})
        world.stash.library.scene(scene_id).files[0].duration = 1000.0
        key = world.item(f"film {number}").rating_key
        world.plex.library.rate(key, 7.0)
        world.plex.library.watch(key)
        world.plex.library.stop_at(key, 300_000)


def changes(world: World) -> set[str]:
    """The mutations that Stash was sent."""
    found = (MUTATION.match(one.query) for one in list(world.stash.requests))
    return {one.group(1) for one in found if one}


def what_stash_has(world: World) -> list[tuple[Any, ...]]:
    scenes = world.stash.library.scenes.values()
    return [(one.rating100, one.play_history, one.resume_time, one.updated_at) for one in scenes]


def test_without_the_setting_no_task_and_no_operation_changes_anything_in_stash(here: Here) -> None:
    people_act(here.world)
    before = what_stash_has(here.world)
    here.run(hook(1))
    # No other task runs beside an undo.
    here.world.stash.wait_for_jobs()
    for mode in (*entry.TASKS, *AFTER):
        assert here.run({"mode": mode}).error == ""
    for operation in OPERATIONS:
        here.run(arguments(operation, **PARAMETERS.get(operation, {})))
    assert changes(here.world) <= ALLOWED
    assert what_stash_has(here.world) == before
    asked = [one for one in list(here.world.plex.requests) if "history" in one.path or LAST & set(one.query)]
    assert asked == []
    assert not [one for one in list(here.world.stash.requests) if "play_history" in one.query]


def test_a_setting_of_commas_alone_wants_nothing(here: Here) -> None:
    here.world.settings["back_to_stash"] = " , "
    people_act(here.world)
    before = what_stash_has(here.world)
    for mode in ("process_queue", "bring_back", "process_queue"):
        here.run({"mode": mode})
    assert changes(here.world) <= ALLOWED
    assert what_stash_has(here.world) == before


@pytest.mark.parametrize("kinds", ["ratings", "plays", "resume", "ratings, plays, resume"])
def test_only_what_the_setting_names_comes(here: Here, kinds: str) -> None:
    here.world.settings["back_to_stash"] = kinds
    people_act(here.world)
    for mode in ("reconcile_all", "process_queue", "bring_back"):
        here.run({"mode": mode})
    for scene in here.world.stash.library.scenes.values():
        assert scene.rating100 == (70 if "ratings" in kinds else None)
        assert scene.play_count == (1 if "plays" in kinds else 0)
        assert scene.resume_time == (300.0 if "resume" in kinds else 0.0)
