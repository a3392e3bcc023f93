"""Reading Stash over real HTTP, with the real client library."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from stash import session as stash_session
from stash.client import Stash
from stash.scene_pages import ScenePage
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection
from validation.scene import Scene, SceneFile

TEN = range(1, 11)
DAY = timedelta(hours=24)


@pytest.fixture
def server() -> Iterator[StashServer]:
    """Ten scenes."""
    library = StashLibrary()
    for number in TEN:
        library.add_scene(title=f"Clip {number}", files=[(f"/data/{number}.mp4", number)])
    with StashServer(library) as server:
        yield server
        assert server.crashes == []


@pytest.fixture
def stash(server: StashServer, monkeypatch: pytest.MonkeyPatch) -> Stash:
    """A connection that reads pages of four."""
    monkeypatch.setattr("stash.scene_pages.PAGE_SIZE", 4)
    stash = Stash(parse_connection(server.server_connection()))
    server.clear_requests()
    return stash


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that stays locked is given up at once."""
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 1)


def ids_of(pages: Iterator[ScenePage]) -> list[int]:
    return [scene.id for page in pages for scene in page.scenes]


# Pages


def test_every_scene_is_read_once_across_page_borders(server: StashServer, stash: Stash) -> None:
    assert [ids_of(iter([page])) for page in stash.pages()] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    # Three pages, and how many there are: that these were all.
    assert server.request_counts() == {"findScenes": 4}


def test_a_library_that_ends_at_a_page_border_is_read_to_its_end(server: StashServer, stash: Stash) -> None:
    server.library.destroy_scene(10)
    server.library.destroy_scene(2)
    assert ids_of(stash.pages()) == [1, 3, 4, 5, 6, 7, 8, 9]


def test_an_empty_library_has_no_pages(server: StashServer, stash: Stash) -> None:
    for scene_id in TEN:
        server.library.destroy_scene(scene_id)
    assert (list(stash.pages()), list(stash.pages_updated_within(DAY)), stash.count_scenes()) == ([], [], 0)


def test_scenes_deleted_added_and_edited_between_pages_shift_no_other_scene(
    server: StashServer, stash: Stash
) -> None:
    pages = stash.pages()
    read = ids_of(iter([next(pages)]))
    server.library.destroy_scene(1)
    server.library.destroy_scene(6)
    server.library.add_scene(title="Clip 11")
    server.library.update_scene(9, title="another title")
    assert read + ids_of(pages) == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]


def test_a_scene_arrives_with_all_its_fields(server: StashServer, stash: Stash) -> None:
    library = server.library
    library.update_scene(
        3,
        details="One.\nTwo.",
        date="2024-05",
        rating100=80,
        studio=library.add_studio("Harbour", parent=library.add_studio("Coast").id).id,
        performers=[library.add_performer("Bo & <Cleo>").id],
        tags=[library.add_tag("böats").id],
        groups=[(library.add_group("Sea").id, 1)],
    )
    scene = stash.scenes_by_id([3])[0][3]
    assert isinstance(scene, Scene)
    assert (scene.title, scene.details, scene.date, scene.rating100) == (
        "Clip 3",
        "One.\nTwo.",
        "2024-05",
        80,
    )
    assert (scene.studio, scene.parent_studio, scene.groups) == ("Harbour", "Coast", ("Sea",))
    assert (scene.performers, scene.tags, scene.files) == (
        ("Bo & <Cleo>",),
        ("böats",),
        (SceneFile("/data/3.mp4", 3),),
    )


def refuses_its_files(scene: dict[str, Any]) -> None:
    """A scene of which Stash can tell no more than the id."""
    if "files" in scene:
        raise ValueError("reading files: disk image is malformed")


def test_one_scene_that_stash_cannot_read_does_not_spoil_its_page(server: StashServer, stash: Stash) -> None:
    server.malformed_scenes[6] = refuses_its_files
    pages = list(stash.pages())
    assert ids_of(iter(pages)) == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    assert len([error for page in pages for error in page.errors if error.startswith("Scene 6:")]) == 1


def test_a_scene_deleted_while_a_page_is_read_one_by_one_does_not_end_the_reading(
    server: StashServer, stash: Stash
) -> None:
    def is_deleted_between(scene: dict[str, Any]) -> None:
        if 3 in server.library.scenes:
            server.library.destroy_scene(3)

    server.malformed_scenes[1] = is_deleted_between
    server.malformed_scenes[2] = refuses_its_files
    assert ids_of(stash.pages()) == [1, 4, 5, 6, 7, 8, 9, 10]


def test_a_malformed_scene_is_reported_by_its_id_and_the_others_are_read(
    server: StashServer, stash: Stash
) -> None:
    server.malformed_scenes[4] = lambda scene: scene.update(title=[1, 2])
    server.malformed_scenes[5] = lambda scene: scene.update(files=None)
    pages = list(stash.pages())
    assert ids_of(iter(pages)) == [1, 2, 3, 6, 7, 8, 9, 10]
    errors = [error for page in pages for error in page.errors]
    assert [error.partition(":")[0] for error in errors] == ["Scene 4", "Scene 5"]


def test_a_scene_that_is_no_object_is_reported_and_the_others_are_read(
    server: StashServer, stash: Stash
) -> None:
    server.malformed_scenes[2] = lambda scene: "not a scene"
    pages = list(stash.pages())
    assert ids_of(iter(pages)) == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert len(pages[0].errors) == 1


# By id


def test_scenes_are_read_by_id_in_one_request_and_one_more_confirms_that_some_are_deleted(
    server: StashServer, stash: Stash
) -> None:
    server.library.destroy_scene(5)
    found, malformed = stash.scenes_by_id([7, 5, 2, 999])
    assert {scene_id: scene and scene.title for scene_id, scene in found.items()} == {
        7: "Clip 7",
        5: None,
        2: "Clip 2",
        999: None,
    }
    assert malformed == {}
    assert len(server.requests) == 2


@pytest.mark.usefixtures("once")
def test_one_scene_that_stash_cannot_read_does_not_spoil_the_batch(server: StashServer, stash: Stash) -> None:
    server.failing_scenes.add(3)
    server.malformed_scenes[4] = lambda scene: scene.update(tags="all")
    found, malformed = stash.scenes_by_id([1, 2, 3, 4, 5])
    assert sorted(found) == [1, 2, 5]
    assert sorted(malformed) == [3, 4]
    assert "could not read it" in str(malformed[3])
    assert "tags" in str(malformed[4])


# Recent scenes


@pytest.mark.parametrize("hours", [-11, -8, 0, 5.5, 14])
def test_recent_means_the_last_24_hours_whatever_the_servers_time_zone(
    hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stash.scene_pages.PAGE_SIZE", 3)
    library = StashLibrary(timezone=timezone(timedelta(hours=hours)))
    now = datetime.now(timezone.utc)
    ages = [0, 23, 25, 47, 0.5, 24.5, 23.9, 100, 1, 2, 30, 26, 3]
    for age in ages:
        library.add_scene(updated_at=now - timedelta(hours=age))
    with StashServer(library) as server:
        recent = ids_of(Stash(parse_connection(server.server_connection())).pages_updated_within(DAY))
    assert recent == [number for number, age in enumerate(ages, 1) if age < 24]


def test_recent_scenes_are_compared_by_instant_where_summer_time_changed(
    stash: Stash, server: StashServer
) -> None:
    now = datetime.now(timezone.utc)
    for scene_id in TEN:
        server.library.scene(scene_id).updated_at = "2001-01-01T00:00:00Z"
    for scene_id, age in ((2, 23.5), (3, 24.5), (9, 1)):
        moment = (now - timedelta(hours=age)).astimezone(timezone(timedelta(hours=scene_id)))
        server.library.scene(scene_id).updated_at = moment.replace(microsecond=0).isoformat()
    assert ids_of(stash.pages_updated_within(DAY)) == [2, 9]


# Scenes of a performer, studio, tag or group


@pytest.mark.parametrize("kind", ["performer", "tag", "group", "studio"])
def test_the_scenes_that_show_a_name_are_found_across_page_borders(
    server: StashServer, stash: Stash, kind: str
) -> None:
    entity = getattr(server.library, f"add_{kind}")("a name")
    for scene_id in range(2, 11):
        link: dict[str, Any] = {"group": [(entity.id, None)], "studio": entity.id}
        name = "studio" if kind == "studio" else f"{kind}s"
        server.library.update_scene(scene_id, **{name: link.get(kind, [entity.id])})
    assert stash.scene_ids_with(kind, entity.id) == list(range(2, 11))
    assert stash.scene_ids_with(kind, 999) == []


def test_a_parent_studio_is_shown_by_the_scenes_of_the_studios_below_it(
    server: StashServer, stash: Stash
) -> None:
    parent = server.library.add_studio("Coast")
    child = server.library.add_studio("Harbour", parent=parent.id)
    server.library.update_scene(4, studio=child.id)
    assert stash.scene_ids_with("studio", parent.id) == [4]


# Settings


def test_settings_that_were_never_saved_are_empty(stash: Stash) -> None:
    assert stash.plugin_settings() == {}


def test_settings_are_those_of_this_plugin(server: StashServer, stash: Stash) -> None:
    server.plugin_settings.update({"Stash2Plex": {"plex_url": "http://plex"}, "other": {"x": 1}})
    assert stash.plugin_settings() == {"plex_url": "http://plex"}


def test_scenes_are_counted_without_being_read(server: StashServer, stash: Stash) -> None:
    assert stash.count_scenes() == 10
    assert len(server.requests) == 1
