"""A wrong setting is named with its cure; it stops a task only where it decides what is written, or where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders.bench import Bench
from tests.builders.entry import DRAIN, Here, Told, assert_plain
from tests.servers.world import World, a_world
from validation.config import DISPLAY_NAMES

# A wrong value of each, and the words that say what would be right.
STOPPING: dict[str, tuple[Any, str]] = {
    "plex_url": ("ftp://plex", "Give one such as http://192.168.1.10:32400."),
    "plex_token": ("to ken", "Copy it again, without spaces around it."),
    "plex_library": ("Filme", "Movie libraries in Plex: “Films”, “Clips”."),
    "path_map": ("/data", "is not a pair such as /data=>/media"),
    "scene_filter": ("Gone", "Stash has no saved filter “Gone”. Stash has no filter of scenes."),
    "organized_only": ("maybe", "Switch it in the plugin's settings."),
    "leave_fields": ("titel", "The fields are: title, sort title, "),
    "opt_out_label": (True, "enter it again"),
    "title_template": ("{titel}", "names “titel”. The names are: {title}, {code}, "),
    "summary_template": ("[{details}", "has a “[” without a “]” behind it."),
    "date_added": ("today", "It is one of: none, created, date."),
    "actor_order": ("age", "It is one of: name, stash."),
    "namesakes_everywhere": ("maybe", "Switch it in the plugin's settings."),
    "performer_tags": ("maybe", "Switch it in the plugin's settings."),
    "back_to_stash": ("stars", "names “stars”. It may name: ratings, plays, resume."),
    "content_rating": ([], "enter it again"),
    "collection_prefix": ({}, "enter it again"),
    "parent_studio_collection": ("maybe", "Switch it in the plugin's settings."),
    "collection_details": ("maybe", "Switch it in the plugin's settings."),
    "background_from_cover": ("maybe", "Switch it in the plugin's settings."),
    "studio_logo": ("maybe", "Switch it in the plugin's settings."),
    "performer_image_address": ("ftp://stash", "Give one such as http://192.168.1.10:9999."),
    "tags_as": ("tags", "It is one of: genres, labels, collections."),
    "tags_include": (True, "enter it again"),
    "tags_exclude": (False, "enter it again"),
    "tags_rename": ("Sea", "is not a pair such as old name=>new name."),
    "preserve_plex_edits": ("maybe", "Switch it in the plugin's settings."),
    "manual_drain": ("maybe", "Switch it in the plugin's settings."),
}
FALLING_BACK: dict[str, tuple[Any, str]] = {
    "plex_accept_any_certificate": ("maybe", "Switch it in the plugin's settings. Its default is used: off."),
    "plex_holds_a_part": ("maybe", "Switch it in the plugin's settings. Its default is used: off."),
    "plex_scan_missing": ("maybe", "Switch it in the plugin's settings. Its default is used: off."),
    "parallel_writes": (9, "It is a whole number from 1 to 4. Its default is used: 1."),
    "recent_days": (-1, "It is a whole number from 1 to 365. Its default is used: 1."),
    "reconcile_every": ("often", "It is one of: never, hourly, daily, weekly. Its default is used: weekly."),
    "reconcile_scope": ("some", "It is one of: all, recent. Its default is used: all."),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as world:
        yield world
        assert not world.plex.failures
        assert not world.stash.crashes


def a_queued_film(world: World, name: str) -> int:
    """A film that the next drain would write."""
    scene_id = world.add_film(name, details=f"Text of {name}", plex={})
    bench = Bench(world)
    bench.save(scene_id)
    bench.manager.close()
    return scene_id


def drain_with(here: Here, **wrong: Any) -> Told:
    """Run Process Queue under these settings, which are put right again afterwards."""
    right = dict(here.world.settings)
    here.world.settings.update(wrong)
    try:
        here.world.clear_requests()
        told = here.drain()
    finally:
        here.world.stash.plugin_settings["Stash2Plex"] = right
    assert_plain(told)
    return told


def test_no_setting_is_forgotten_here() -> None:
    assert STOPPING.keys() | FALLING_BACK.keys() == DISPLAY_NAMES.keys()
    assert not STOPPING.keys() & FALLING_BACK.keys()


@pytest.mark.parametrize("key", STOPPING)
def test_a_wrong_setting_that_decides_what_is_written_stops_the_task_and_keeps_the_queue(
    here: Here, key: str
) -> None:
    value, cure = STOPPING[key]
    scene_id = a_queued_film(here.world, key)
    told = drain_with(here, **{key: value})
    assert told.status == 1
    (line,) = told.texts("error")
    assert told.error == line
    for words in (DISPLAY_NAMES[key], f"({key})", cure):
        assert words in line
    assert scene_id in here.kept()
    assert here.world.plex.writes == []
    assert here.world.item(key).summary == ""


@pytest.mark.parametrize("key", FALLING_BACK)
def test_another_wrong_setting_is_a_warning_that_says_what_is_used_and_the_task_goes_on(
    here: Here, key: str
) -> None:
    value, cure = FALLING_BACK[key]
    a_queued_film(here.world, key)
    told = drain_with(here, **{key: value})
    assert told.status == 0
    (line,) = told.texts("warning")
    for words in (f"“{DISPLAY_NAMES[key]}” ({key})", cure):
        assert words in line
    assert here.world.item(key).summary == f"Text of {key}"
    assert here.kept() == set()


def test_all_that_is_wrong_is_told_in_one_run(here: Here) -> None:
    wrong = {key: value for key, (value, _) in {**STOPPING, **FALLING_BACK}.items()}
    # Whether they name something that is there is asked once all settings can be read.
    wrong |= {"plex_library": True, "scene_filter": True}
    told = drain_with(here, **wrong, plex_colour="blue")
    assert told.status == 1
    for keys, level in ((STOPPING, "error"), ({*FALLING_BACK, "plex_colour"}, "warning")):
        lines = told.texts(level)
        assert len(lines) == len(keys)
        assert all(sum(key in line for line in lines) >= 1 for key in keys)


def test_hooks_queue_whatever_is_wrong(here: Here) -> None:
    scene_id = here.world.add_film("saved", details="Text", plex={})
    right = dict(here.world.settings)
    # What other tests had asked Stash for is none of this one's.
    here.world.stash.wait_for_jobs()
    here.world.settings.update({key: value for key, (value, _) in {**STOPPING, **FALLING_BACK}.items()})
    result = here.world.stash.fire_hook("Scene.Update.Post", scene_id)
    *_, drain = here.world.stash.wait_for_jobs()
    here.world.stash.plugin_settings["Stash2Plex"] = right
    assert (result.exit_status, drain.exit_status) == (0, 1)
    assert scene_id in here.kept()
    assert here.world.stash.run_task(DRAIN).exit_status == 0
    assert here.world.item("saved").summary == "Text"
