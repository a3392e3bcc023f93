"""When Stash is written to: never, unless the setting says so; then after drains and reconciles."""

from __future__ import annotations

import pytest

from stash import process_lock
from tests.builders.entry import Here
from tests.builders.sync import a_picture
from tests.servers.world import World

KINDS = "ratings, plays, resume"
EVENING = 1_760_000_000


def a_watched_film(world: World) -> int:
    """A film that its owner has watched, begun again and rated in Plex."""
    scene_id = world.add_film("one", title="One", cover=a_picture("one"), plex={"duration": 3_000_000})
    world.stash.library.scene(scene_id).files[0].duration = 3_000.0
    watch_and_rate(world, 8.0, EVENING)
    return scene_id


def watch_and_rate(world: World, rating: float, at: int) -> None:
    """The owner watches it to its end, begins again and gives it so many stars."""
    library, key = world.plex.library, world.item("one").rating_key
    library.watch(key, at=at)
    library.stop_at(key, 600_000, at=at + 60)
    library.rate(key, rating, at=at + 61)


def in_stash(world: World, scene_id: int) -> tuple[int | None, int, float]:
    """The rating, the number of plays and the resume time."""
    scene = world.stash.library.scene(scene_id)
    return scene.rating100, len(scene.play_history), scene.resume_time


def test_a_reconcile_and_a_drain_bring_what_is_new_the_task_brings_all_and_undo_takes_it_back(
    world: World, here: Here
) -> None:
    world.settings["back_to_stash"] = KINDS
    scene_id = a_watched_film(world)
    here.reconcile()
    assert in_stash(world, scene_id) == (80, 0, 600)
    watch_and_rate(world, 9.0, EVENING + 3_600)
    assert "From Plex to Stash: 1 rating, 1 play." in here.drain().texts("info")
    assert in_stash(world, scene_id)[:2] == (90, 1)
    assert "From Plex to Stash: 1 play." in here.run({"mode": "bring_back"}).texts("info")
    assert "Nothing new in Plex for Stash." in here.run({"mode": "bring_back"}).texts("info")
    assert in_stash(world, scene_id)[:2] == (90, 2)
    told = here.run({"mode": "undo_first_sync"}).texts("info")
    assert "Put back in Stash what had come from Plex: 3 values." in told
    assert in_stash(world, scene_id) == (None, 0, 0)
    assert "Nothing new in Plex for Stash." in here.run({"mode": "bring_back"}).texts("info")


def test_what_stash_does_not_take_back_holds_up_nothing_that_goes_back_in_plex(
    world: World, here: Here
) -> None:
    world.settings["back_to_stash"] = "ratings"
    scene_id = a_watched_film(world)
    world.stash.library.update_scene(scene_id, details="Stash's words")
    world.plex.library.edit_by_hand(world.item("one").rating_key, summary="Her words")
    here.reconcile()
    here.drain()
    assert world.item("one").summary == "Stash's words"
    world.stash.faults.add("graphql_error", "sceneUpdate", times=1, message="no room")
    told = here.run({"mode": "undo_first_sync"})
    assert "Stash did not take some values back" in told.error
    assert world.item("one").summary == "Her words"
    assert here.run({"mode": "undo_first_sync"}).error == ""
    assert in_stash(world, scene_id)[0] is None


def test_the_preview_says_what_would_come_and_writes_nothing(world: World, here: Here) -> None:
    world.settings["back_to_stash"] = KINDS
    scene_id = a_watched_film(world)
    told = here.run({"mode": "preview"}).texts("info")
    assert "Bring Back From Plex would bring to Stash: 1 rating, 1 play, 1 resume time" in told
    report = (world.reports / "preview.html").read_text("utf-8")
    for words in ("What would come from Plex to Stash", "rating: 80 (was none)", "resume time: 600 s"):
        assert words in report
    assert in_stash(world, scene_id) == (None, 0, 0)
    here.run({"mode": "bring_back"})
    assert in_stash(world, scene_id) == (80, 1, 600)
    told = here.run({"mode": "preview"}).texts("info")
    assert "Bring Back From Plex would bring to Stash: nothing" in told


def test_the_preview_says_why_no_plays_would_come(world: World, here: Here) -> None:
    world.settings["back_to_stash"] = "plays"
    a_watched_film(world)
    world.plex.faults.add("status", "/accounts", code=403)
    told = here.run({"mode": "preview"}).texts("info")
    assert any("is not that of the server's owner" in line for line in told)


@pytest.mark.parametrize("mode", ["bring_back", "undo_first_sync"])
def test_beside_a_drain_nothing_is_brought_or_put_back(
    world: World, here: Here, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settings["back_to_stash"] = KINDS
    a_watched_film(world)
    world.data_dir.mkdir(exist_ok=True)
    monkeypatch.setattr(process_lock.exclusive, "__defaults__", (0.0,))
    with process_lock.exclusive(str(world.data_dir / process_lock.WORKER_LOCK)):
        assert "Process Queue is running now." in here.run({"mode": mode}).error
    assert here.run({"mode": mode}).error == ""


def test_the_task_without_the_setting_says_what_it_may_name(world: World, here: Here) -> None:
    (line,) = here.run({"mode": "bring_back"}).texts("info")
    assert "(back_to_stash) is empty" in line


def test_plex_in_trouble_after_a_drain_is_told_and_does_not_make_it_fail(world: World, here: Here) -> None:
    world.settings["back_to_stash"] = "plays"
    world.plex.faults.add("status", "/status/sessions/history")
    told = here.drain()
    assert told.error == ""
    assert "could not be looked at" in "".join(told.texts("warning"))


@pytest.mark.parametrize("setting", ["stars", "ratings, o-counter"])
def test_a_wrong_word_in_the_setting_stops_a_task(world: World, here: Here, setting: str) -> None:
    world.settings["back_to_stash"] = setting
    assert "It may name: ratings, plays, resume." in here.drain().error
