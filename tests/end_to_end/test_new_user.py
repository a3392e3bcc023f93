"""The way of a new user, from empty settings to titles in Plex, led by Check Setup; and what is left over."""

from __future__ import annotations

from stash.log import IN_THE_LOG
from tests.builders.entry import ALL, DRAIN
from tests.servers.stash.jobs import JobResult
from tests.servers.world import TOKEN, World, log_text


def press(world: World, task: str) -> JobResult:
    result = world.stash.run_task(task)
    assert TOKEN not in log_text(result)
    assert result.exit_status == (1 if result.error else 0)
    return result


def test_check_setup_leads_from_empty_settings_to_items_in_plex(world: World) -> None:
    for n in range(5):
        world.add_film(f"film {n}", 1000 + n, title=f"Title {n}", details="Text", plex={})
    world.stash.plugin_settings.clear()

    looked = press(world, "Check Setup")
    assert (looked.error, log_text(looked, "error")) == (None, "")
    assert "(plex_url)" in log_text(looked, "warning")
    assert "(plex_token)" in log_text(looked, "warning")

    settings = {"plex_url": world.plex.url, "plex_token": TOKEN}
    world.stash.plugin_settings["Stash2Plex"] = settings
    checked = press(world, "Check Setup")
    assert (checked.error, log_text(checked, "error")) == (None, "")
    settings["path_map"] = log_text(checked, "warning").rpartition(": ")[2]

    checked = press(world, "Check Setup")
    assert log_text(checked, "warning", "error") == ""
    assert "by path: 5" in log_text(checked)
    assert "Everything is right. Run Reconcile Library (All), then Process Queue." in log_text(checked)
    assert (world.plex.writes, world.plex.uploads) == ([], [])
    assert {request.method for request in world.plex.requests} == {"GET"}
    assert list(world.data_dir.iterdir()) == []

    press(world, ALL)
    press(world, DRAIN)
    assert [world.item(f"film {n}").title for n in range(5)] == [f"Title {n}" for n in range(5)]


def test_a_problem_is_what_the_task_ends_with(world: World) -> None:
    world.settings["plex_library"] = "Flims"
    result = press(world, "Check Setup")
    assert result.error == IN_THE_LOG
    assert "1 problem found." in log_text(result, "info")
    assert "Movie libraries in Plex: “Films”, “Clips”." in log_text(result, "error")


def test_orphans_are_told_and_nothing_is_queued_or_written(world: World) -> None:
    world.add_film("film", details="Text", plex={})
    world.plex.library.add_item(world.section_keys["Films"], (("/media/Films/left over.mp4", 1),))
    result = press(world, "Find Orphans")
    assert result.error is None
    assert "Without a scene in “Films”: 1 of 2 items, uncertain: 0" in log_text(result, "info")
    assert "left over.mp4" in (world.reports / "orphans.html").read_text(encoding="utf-8")
    assert {request.method for request in world.plex.requests} == {"GET"}
    assert "Waiting: 0" in log_text(press(world, "Queue Status"))
