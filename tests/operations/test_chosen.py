"""What the page tells of the scenes that the settings choose, and of the filters to choose from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.servers.world import World

SEA = "Sea only"


@pytest.fixture(autouse=True)
def filters(world: World) -> None:
    filters = world.stash.library.saved_filters
    filters.save(SEA, {"title": {"modifier": "INCLUDES", "value": "sea"}})
    filters.save("Another", {"new_in_stash": {"modifier": "EQUALS", "value": "x"}})
    filters.save("People", {}, mode="PERFORMERS")


def setting(operations: Operations) -> dict[str, Any]:
    groups = operations.result("settings")["groups"]
    (found,) = (one for group in groups for one in group["settings"] if one["key"] == "scene_filter")
    return dict(found)


def test_the_setting_is_a_choice_of_the_filters_of_scenes_that_stash_has(
    world: World, operations: Operations
) -> None:
    world.settings["scene_filter"] = SEA
    found = setting(operations)
    assert (found["kind"], found["choices"]) == ("choice", ["", "Another", SEA])
    assert (found["value"], found["problem"]) == (SEA, None)


def test_a_filter_that_is_gone_or_not_understood_is_named_beside_the_setting(
    world: World, operations: Operations
) -> None:
    wrong = {"Gone": "Stash has no saved filter “Gone”", "Another": "“new_in_stash” is not known"}
    for name, words in wrong.items():
        world.settings["scene_filter"] = name
        assert words in setting(operations)["problem"]
        del world.settings["scene_filter"]
        problems = operations.result("check_settings", settings={"scene_filter": name})["problems"]
        assert words in problems["scene_filter"]
        assert operations.result("save_settings", settings={"scene_filter": name})["is_saved"] is False


def test_a_filter_is_saved_and_its_absence_as_well(world: World, operations: Operations) -> None:
    assert operations.result("save_settings", settings={"scene_filter": SEA})["is_saved"] is True
    assert world.settings["scene_filter"] == SEA
    assert operations.result("save_settings", settings={"scene_filter": ""})["is_saved"] is True
    assert "scene_filter" not in world.settings


def test_a_scene_that_is_not_chosen_says_so_and_nothing_would_be_written(
    world: World, operations: Operations
) -> None:
    at_sea = world.add_film("one", title="At sea", plex={})
    ashore = world.add_film("two", title="Ashore", plex={})
    world.settings["scene_filter"] = SEA
    told = operations.result("scene", scene_id=ashore)
    assert told["is_left_out"] is True
    assert told["reason"] == (
        "Only scenes of the filter “Sea only” are carried to Plex, and this scene is not one of them: what "
        "Plex has of it stays."
    )
    assert "“Saved filter of scenes” (scene_filter)" in told["cure"]
    assert not any(field["will_write"] for field in told["items"][0]["fields"])
    told = operations.result("scene", scene_id=at_sea)
    assert (told["is_left_out"], told["reason"]) == (False, None)
    assert any(field["will_write"] for field in told["items"][0]["fields"])


def test_the_lists_and_counts_have_the_chosen_scenes_alone(
    world: World, operations: Operations, bench: Bench
) -> None:
    world.add_film("one", title="At sea")
    world.add_film("two", title="Ashore")
    world.settings["scene_filter"] = SEA
    bench.reconcile()
    assert [row["title"] for row in operations.result("gaps")["rows"]] == ["At sea"]
    assert operations.result("status")["scenes"]["total"] == 1
    world.stash.library.update_scene(1, title="Ashore too")
    bench.save(1)
    bench.drain()
    assert operations.result("gaps")["rows"] == []


def test_check_setup_says_how_many_scenes_are_to_be_carried_or_what_is_wrong(
    world: World, operations: Operations
) -> None:
    world.add_film("one", title="At sea", plex={})
    world.add_film("two", title="Ashore", plex={})

    def found(**settings: Any) -> list[tuple[str, str]]:
        world.settings.update(settings)
        findings = operations.result("check_setup", settings={})["findings"]
        texts = [(one["level"], one["text"]) for one in findings]
        return [one for one in texts if "To be carried" in one[1] or "scene_filter" in one[1]]

    line = "To be carried: {} of 2 scenes ({} of the filter “Sea only”)."
    assert found(scene_filter=SEA) == [("info", line.format(1, "scenes"))]
    assert found(organized_only=True) == [("warning", line.format(0, "organized scenes"))]
    ((level, text),) = found(scene_filter="Gone")
    assert level == "error"
    assert "Stash has no saved filter “Gone”" in text


def test_the_overview_says_of_which_scenes_the_last_reconcile_was(
    world: World, operations: Operations, bench: Bench
) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    bench.reconcile(organized_only=True)
    what = operations.result("status")["last_reconcile"]["what"]
    assert what == "all organized scenes, 0 gaps in 0"


def test_the_overview_says_that_the_filter_is_gone_before_any_task_fails(
    world: World, operations: Operations
) -> None:
    world.settings["scene_filter"] = "Gone"
    status = operations.result("status")
    assert "Stash has no saved filter “Gone”" in status["problems"][0]["text"]
    assert status["problems"][0]["setting"] == "scene_filter"
    assert status["next_step"]["kind"] == "fix_settings"
    world.settings["scene_filter"] = SEA
    assert operations.result("status")["problems"] == []
