"""However Plex and Stash fail: the user reads one plain line, no job is lost, nothing in Plex cleared."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

import plex.session
from stash import session as stash_session
from tests.builders.entry import Here, Told, assert_one_plain_error, assert_plain
from tests.servers.plex.arrangement import a_library
from tests.servers.plex.library import PlexLibrary
from tests.servers.stash.library import current_time
from tests.servers.world import World

FILMS = 4
SLOW: dict[str, Any] = {"seconds": 1.0}
# How Plex fails: the fault, and where the whole run ends for it the words that the user reads.
PLEX_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "refused": ({"kind": "refuse"}, "Plex cannot be reached"),
    "hanging": ({"kind": "hang"}, "too slow"),
    "cut off": ({"kind": "drop"}, "Plex cannot be reached"),
    "token refused": ({"kind": "status", "code": 401}, "“Plex token” (plex_token)"),
    "forbidden": ({"kind": "status", "code": 403}, "“Plex token” (plex_token)"),
    "starting up": ({"kind": "status", "code": 503}, "database migrations"),
    "not XML": ({"kind": "invalid_xml"}, "not"),
    "redirecting": (
        {"kind": "status", "code": 302, "headers": {"Location": "http://127.0.0.1:9"}},
        "redirects",
    ),
}
# These concern one item or one library; others go on.
PLEX_PARTIAL_FAULTS: dict[str, dict[str, Any]] = {
    "library gone": {"kind": "status", "code": 404},
    "too many requests": {"kind": "status", "code": 429, "headers": {"Retry-After": "30"}},
    "broken": {"kind": "status", "code": 500},
    "half a page": {"kind": "half_page"},
    "written but not told": {"kind": "apply_then_drop", "method": "PUT", "times": 1},
    "cut off": {"kind": "drop", "times": 1},
    "not XML": {"kind": "invalid_xml", "times": 1},
}
STASH_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "refused": ({"kind": "refuse"}, "Stash cannot be reached"),
    "hanging": ({"kind": "hang"}, "too slow"),
    "cut off": ({"kind": "drop"}, "Stash"),
    "session refused": ({"kind": "unauthorized"}, "session (401)"),
    "too many requests": ({"kind": "status", "code": 429, "headers": {"Retry-After": "30"}}, "429"),
    "broken": ({"kind": "status", "code": 500}, "500"),
    "starting up": ({"kind": "status", "code": 503}, "503"),
    "not JSON": ({"kind": "invalid_json"}, "not JSON"),
}


@pytest.fixture(autouse=True)
def short_time_outs(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Only where a server hangs: a busy machine is no fault."""
    for client in (plex.session, stash_session):
        if "hanging" in request.node.name or "slowly" in request.node.name:
            monkeypatch.setattr(client, "READ_TIMEOUT", 0.7)
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 2)


@pytest.fixture(autouse=True)
def films(world: World) -> list[str]:
    """Films that Plex knows something of already, and a person has a tag of their own there."""
    world.settings["leave_fields"] = "poster, background"
    names = [f"film {n}" for n in range(FILMS)]
    for name in names:
        tags = world.tag_ids("Autumn")
        world.add_film(name, title=name.title(), details=f"Text of {name}", tags=tags, plex=dict(HERS))
    return names


HERS: dict[str, Any] = {
    "summary": "Her words",
    "studio": "Her studio",
    "genres": ("Hers",),
    "labels": ("Keep",),
}


def untouched(world: World, names: list[str]) -> bool:
    """Whether Plex still shows what it had, or what Stash has; nothing is emptied."""
    for name in names:
        item = world.item(name)
        assert item.summary in ("Her words", f"Text of {name}")
        assert (item.studio, list(item.labels)) == ("Her studio", ["Keep"])
        assert item.genres
        assert item.title
    return True


def assert_recovers(world: World, here: Here, names: list[str]) -> None:
    """Without the fault a reconcile and a drain bring everything over."""
    world.plex.faults.clear()
    world.stash.faults.clear()
    for told in (here.reconcile(), here.drain()):
        assert_plain(told)
        assert (told.status, told.texts("error")) == (0, [])
    assert [world.item(name).summary for name in names] == [f"Text of {name}" for name in names]
    assert here.kept() == set()


PLACES = ("/", "/library/sections", "/library/metadata")
ON_WRITING = ("refused", "hanging", "token refused", "forbidden", "starting up")


@pytest.mark.parametrize("fault", PLEX_FAULTS)
def test_a_plex_that_fails_is_one_plain_error_with_every_job_kept(
    world: World, here: Here, films: list[str], fault: str
) -> None:
    here.reconcile()
    options, words = PLEX_FAULTS[fault]
    for path in (*PLACES, *(["/library/sections/1/all"] if fault in ON_WRITING else [])):
        world.plex.faults.add(path=path, **options)
        drain = here.drain()
        assert_one_plain_error(drain, words)
        assert here.kept() == set(world.stash.library.scenes), path
        assert untouched(world, films)
        reconcile = here.reconcile()
        assert_plain(reconcile)
        assert reconcile.error or "  Missing from Plex: 0" in reconcile.texts("info"), path
        world.plex.faults.clear()
    assert_recovers(world, here, films)


@pytest.mark.parametrize("path", ["/library/sections/1/all", "/library/metadata"])
@pytest.mark.parametrize("fault", PLEX_PARTIAL_FAULTS)
def test_where_plex_fails_for_a_library_or_an_item_no_job_is_lost_and_no_scene_called_missing(
    world: World, here: Here, films: list[str], fault: str, path: str
) -> None:
    here.reconcile()
    world.plex.faults.add(path=path, **PLEX_PARTIAL_FAULTS[fault])
    for told in (here.drain(), here.reconcile()):
        assert_plain(told)
        assert len(told.texts("error")) <= 1
        assert not any("Missing from Plex" in line and not line.endswith(" 0") for line in told.texts())
    written = {f"Text of {name}" for name in films} & {world.item(name).summary for name in films}
    assert len(here.kept()) + len(written) >= FILMS
    assert untouched(world, films)
    assert_recovers(world, here, films)


@pytest.mark.parametrize("path", ["/library/sections", "/library/sections/1/all", "/library/metadata"])
def test_a_plex_that_answers_slowly_but_does_answer_is_waited_for(
    world: World, here: Here, films: list[str], path: str
) -> None:
    world.plex.faults.add("drip", path, times=1, **SLOW)
    assert_recovers_without_clearing(here)
    assert [world.item(name).summary for name in films] == [f"Text of {name}" for name in films]


def assert_recovers_without_clearing(here: Here) -> None:
    for told in (here.reconcile(), here.drain()):
        assert_plain(told)
        assert (told.status, told.texts("warning", "error")) == (0, [])


@pytest.mark.parametrize("fault", STASH_FAULTS)
def test_a_stash_that_fails_is_one_plain_error_with_every_job_kept(
    world: World, here: Here, films: list[str], fault: str
) -> None:
    here.reconcile()
    options, words = STASH_FAULTS[fault]
    for field in ("configuration", "findScenes", "findScene"):
        world.stash.faults.add(match=field, **options)
        failing = here.reconcile() if field == "findScenes" else here.drain()
        assert_one_plain_error(failing, words)
        assert here.kept() == set(world.stash.library.scenes), field
        assert untouched(world, films)
        world.stash.faults.clear()
    assert_recovers(world, here, films)


@pytest.mark.parametrize("field", ["configuration", "findScenes", "findScene"])
def test_a_stash_that_answers_slowly_but_does_answer_is_waited_for(
    world: World, here: Here, films: list[str], field: str
) -> None:
    world.stash.faults.add("drip", field, times=1, pause=0.04)
    assert_recovers_without_clearing(here)
    assert [world.item(name).summary for name in films] == [f"Text of {name}" for name in films]


def test_a_database_of_stash_that_is_locked_for_a_moment_is_not_noticed(world: World, here: Here) -> None:
    world.stash.faults.add("graphql_error", "findScenes", times=1)
    assert_recovers_without_clearing(here)
    assert world.item("film 0").summary == "Text of film 0"


def test_a_plex_that_was_replaced_by_another_gets_its_own_items_written(
    world: World, here: Here, films: list[str]
) -> None:
    """The other server gives the rating keys of the first to other films."""
    assert_recovers(world, here, films)
    other = PlexLibrary(machine_identifier="another-server")
    for title in ("Films", "Clips"):
        other.add_section(title, locations=(f"/media/{title}",))
    stranger = other.add_item(1, (("/media/Films/stranger.mp4", 5),), summary="A stranger")
    for name in reversed(films):
        other.add_item(1, ((f"/media/Films/{name}.mp4", 1000),), **HERS)
    world.plex.replaced_by(other)
    assert_recovers(world, here, films)
    assert stranger.summary == "A stranger"


def test_an_empty_plex_in_the_place_of_the_old_one_loses_no_job(
    world: World, here: Here, films: list[str]
) -> None:
    here.reconcile()
    first = world.plex.library
    empty = copy.copy(a_library())
    world.plex.replaced_by(empty)
    assert_plain(here.drain())
    assert here.kept() == set(world.stash.library.scenes)
    world.plex.replaced_by(first)
    assert_recovers(world, here, films)


def test_a_library_that_was_renamed_in_plex_is_one_plain_error_that_names_those_there_are(
    world: World, here: Here, films: list[str]
) -> None:
    world.settings["plex_library"] = "Films"
    here.reconcile()
    world.plex.library.rename_section(1, "Movies")
    for told in (here.drain(), here.reconcile()):
        assert_one_plain_error(told, "“Films”", "“Movies”", "plex_library")
    assert here.kept() == set(world.stash.library.scenes)
    world.settings["plex_library"] = "Movies"
    assert_recovers(world, here, films)


def test_an_outage_over_many_runs_is_told_as_one(
    world: World, here: Here, films: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was saved a moment ago would be looked at once more by the second run.
    monkeypatch.setattr(world.stash, "now", lambda: current_time() + timedelta(hours=1))
    here.reconcile()
    world.plex.faults.add("status", code=503)
    first, *later = [here.drain() for _ in range(4)]
    assert "This has been so since" not in first.error
    since = {told.error.partition("since ")[2] for told in later}
    assert len(since) == 1
    assert all(f"{FILMS} scenes wait." in told.error for told in (first, *later))
    world.plex.faults.clear()
    ended: Told = here.drain()
    assert sum("outage is over" in line for line in ended.texts("info")) == 1
    assert not any("outage" in line for line in here.drain().texts())
