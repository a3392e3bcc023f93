"""Finding the items of a few scenes over real HTTP: the index is a hint, Plex is the truth."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plex.item_finder
from plex.client import Plex
from plex.exceptions import PlexUnavailable
from plex.index import SCHEMA, FileIndex, keys_of_files
from plex.item_finder import Found, ItemFinder
from plex.library import LibrarySection
from plex.matching import MatchLevel, match_scenes
from tests.builders.values import a_listed_item, a_scene
from tests.servers.plex.arrangement import a_film, a_library
from tests.servers.plex.server import PlexTestServer
from validation.path_map import PathMap
from validation.scene import Scene, SceneFile

NewFinder = Callable[[], ItemFinder]


@pytest.fixture
def index() -> Iterator[FileIndex]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    yield FileIndex(connection)
    connection.close()


@pytest.fixture
def a_finder(plex: Plex, films: LibrarySection, index: FileIndex) -> NewFinder:
    """A finder for a new run, over the index of the runs before; Stash has the scenes that are looked for."""
    in_stash: dict[int, Sequence[SceneFile]] = {}

    class Finder(ItemFinder):
        def find(self, scenes: Sequence[Scene]) -> dict[int, Found]:
            in_stash.update((scene.id, scene.files) for scene in scenes)
            return super().find(scenes)

    path_map = PathMap.parse("/data=>/media")
    return lambda: Finder(plex, [films], index, path_map, lambda names: (dict(in_stash), ""))


def the_scene(number: int = 1, name: str = "one") -> Scene:
    return a_scene(number, files=((f"/data/{name}.mkv", 1000),))


def keys(found: Found) -> list[int]:
    return [item.rating_key for item in found.items]


def paths(server: PlexTestServer) -> list[str]:
    return [request.path.replace("/library/", "") for request in server.requests]


def test_a_file_that_the_index_does_not_know_is_found_by_its_name(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    a_film(server.library, "another one")
    film = a_film(server.library)
    found = a_finder().find([the_scene()])[1]
    assert (found.match.level, keys(found)) == (MatchLevel.EXACT, [film.rating_key])
    assert [request.query.get("file") for request in server.requests if "file" in request.query] == [
        "one.mkv"
    ]


def test_a_scene_that_the_index_knows_costs_one_request(server: PlexTestServer, a_finder: NewFinder) -> None:
    film = a_film(server.library)
    a_finder().find([the_scene()])
    server.clear_requests()
    assert keys(a_finder().find([the_scene()])[1]) == [film.rating_key]
    assert paths(server) == [f"metadata/{film.rating_key}"]


def test_fifty_scenes_that_the_index_knows_cost_one_request(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    scenes = [the_scene(number, f"film {number}") for number in range(1, 51)]
    for number in range(1, 51):
        a_film(server.library, f"film {number}")
    finder = a_finder()
    finder.list_all()
    server.clear_requests()
    assert all(len(found.items) == 1 for found in finder.find(scenes).values())
    assert len(server.requests) == 1


def test_many_unknown_files_are_looked_up_by_one_listing(server: PlexTestServer, a_finder: NewFinder) -> None:
    for number in range(1, 21):
        a_film(server.library, f"film {number}")
    found = a_finder().find([the_scene(number, f"film {number}") for number in range(1, 26)])
    assert [number for number in found if found[number].items] == list(range(1, 21))
    assert paths(server).count("sections/1/all") == 2
    assert not any("file" in request.query for request in server.requests)
    assert len(server.requests) == 3


def test_few_unknown_files_in_a_large_library_are_not_worth_a_listing(
    server: PlexTestServer, a_finder: NewFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plex.item_finder, "PAGE_SIZE", 5)
    for number in range(1, 21):
        a_film(server.library, f"film {number}")
    found = a_finder().find([the_scene(number, f"film {number}") for number in (11, 12)])
    assert [keys(one) for one in found.values()] == [[11], [12]]
    asked = [request.query.get("file") for request in server.requests if "/sections/1/all" in request.path]
    assert asked[0] is None
    assert sorted(filter(None, asked)) == ["film 11.mkv", "film 12.mkv"]
    assert len(asked) == 3


def test_an_item_that_got_another_rating_key_is_found_again(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    film = a_film(server.library)
    a_finder().find([the_scene()])
    new = server.library.rekey_item(film.rating_key)
    assert keys(a_finder().find([the_scene()])[1]) == [new]
    server.clear_requests()
    assert keys(a_finder().find([the_scene()])[1]) == [new]
    assert paths(server) == [f"metadata/{new}"]


def test_a_rating_key_that_now_belongs_to_another_film_is_not_written_to(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    film = a_film(server.library)
    a_finder().find([the_scene()])
    server.library.move_file("/media/one.mkv", "/media/something else.mkv")
    moved = a_film(server.library, "sub/one")
    found = a_finder().find([the_scene()])[1]
    assert film.rating_key not in keys(found)
    assert (found.match.level, keys(found)) == (MatchLevel.NAME_AND_SIZE, [moved.rating_key])


def test_a_file_that_moved_in_both_is_found_at_its_new_place(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    film = a_film(server.library)
    a_finder().find([the_scene()])
    server.library.move_file("/media/one.mkv", "/media/new/two.mkv")
    found = a_finder().find([the_scene(name="new/two")])[1]
    assert (found.match.level, keys(found)) == (MatchLevel.EXACT, [film.rating_key])


def test_a_file_that_only_plex_has_seen_moving_is_found_by_name_and_size(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    film = a_film(server.library)
    a_finder().find([the_scene()])
    server.library.move_file("/media/one.mkv", "/media/new/one.mkv")
    found = a_finder().find([the_scene()])[1]
    assert (found.match.level, keys(found)) == (MatchLevel.NAME_AND_SIZE, [film.rating_key])


def test_a_file_that_plex_scans_after_a_first_miss_is_found_by_the_next_run(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    missing = a_finder().find([the_scene()])[1]
    assert (missing.match.level, missing.items) == (MatchLevel.NONE, ())
    film = a_film(server.library)
    assert keys(a_finder().find([the_scene()])[1]) == [film.rating_key]


def test_an_item_that_was_removed_is_not_found(server: PlexTestServer, a_finder: NewFinder) -> None:
    film = a_film(server.library)
    a_finder().find([the_scene()])
    server.library.remove_item(film.rating_key)
    found = a_finder().find([the_scene()])[1]
    assert (found.match.level, found.items) == (MatchLevel.NONE, ())


def test_a_scene_whose_files_are_in_two_items_is_written_to_each_that_is_left(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    films = [a_film(server.library), a_film(server.library, "two")]
    scene = a_scene(1, files=(("/data/one.mkv", 1000), ("/data/two.mkv", 1000)))
    assert sorted(keys(a_finder().find([scene])[1])) == [film.rating_key for film in films]
    server.library.remove_item(films[0].rating_key)
    assert keys(a_finder().find([scene])[1]) == [films[1].rating_key]


def test_an_ambiguous_scene_has_no_items_and_a_reason(server: PlexTestServer, a_finder: NewFinder) -> None:
    a_film(server.library, "x/one")
    a_film(server.library, "y/one")
    found = a_finder().find([the_scene()])[1]
    assert (found.match.level, found.items) == (MatchLevel.AMBIGUOUS, ())
    assert "2 files in Plex" in found.match.reason


def test_a_scene_without_files_costs_nothing(server: PlexTestServer, a_finder: NewFinder) -> None:
    assert a_finder().find([a_scene(1, files=())])[1].match.level is MatchLevel.NONE
    assert a_finder().find([]) == {}
    assert server.requests == []


@pytest.mark.parametrize("path", ["/library/sections", "/library/metadata"])
def test_an_outage_is_never_taken_for_a_file_that_is_not_there(
    server: PlexTestServer, a_finder: NewFinder, path: str
) -> None:
    a_film(server.library)
    server.faults.add("status", path, code=503)
    with pytest.raises(PlexUnavailable):
        a_finder().find([the_scene()])
    server.faults.clear()
    assert keys(a_finder().find([the_scene()])[1]) == [1]


@pytest.mark.parametrize("is_known", [False, True])
def test_an_item_that_plex_lists_and_denies_to_have_is_not_said_to_be_absent(
    server: PlexTestServer, a_finder: NewFinder, is_known: bool
) -> None:
    film = a_film(server.library)
    if is_known:
        a_finder().find([the_scene()])
    server.faults.add("status", "/library/metadata", code=404)
    found = a_finder().find([the_scene()])[1]
    assert (found.match.level, found.items) == (MatchLevel.UNKNOWN, ())
    server.faults.clear()
    assert keys(a_finder().find([the_scene()])[1]) == [film.rating_key]


def test_an_item_that_this_run_listed_is_not_said_to_be_absent_where_plex_denies_it_later(
    server: PlexTestServer, a_finder: NewFinder
) -> None:
    a_film(server.library)
    finder = a_finder()
    finder.list_all()
    server.faults.add("status", "/library/metadata", code=404)
    found = finder.find([the_scene()])[1]
    assert (found.match.level, found.items) == (MatchLevel.UNKNOWN, ())


# What the index knew makes no difference

FOLDERS_AND_NAMES = st.sampled_from([f"{folder}/{name}" for folder in ("a", "b") for name in ("x", "X", "y")])
PLACES = st.lists(
    st.tuples(FOLDERS_AND_NAMES, st.sampled_from((1, 2))), max_size=5, unique_by=lambda one: one[0]
)


@given(in_stash=PLACES, in_plex=PLACES, known_in_stash=st.integers(0, 5), known_in_plex=st.integers(0, 5))
def test_where_a_scene_is_does_not_depend_on_what_was_known_before(
    in_stash: list[tuple[str, int]], in_plex: list[tuple[str, int]], known_in_stash: int, known_in_plex: int
) -> None:
    scenes = {
        number: a_scene(number, files=((f"/media/{path}.mkv", size),))
        for number, (path, size) in enumerate(in_stash, start=1)
    }

    def ask_stash(names: Sequence[str]) -> tuple[dict[int, Sequence[SceneFile]], str]:
        wanted = {name.casefold() for name in names}
        return {
            number: scene.files
            for number, scene in scenes.items()
            if any(file.path.rpartition("/")[2].casefold() in wanted for file in scene.files)
        }, ""

    library = a_library()
    items = [library.add_item(1, ((f"/media/{path}.mkv", size),)) for path, size in in_plex]
    films = LibrarySection(1, "Films", ("/media",))
    with PlexTestServer(library) as server, closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        for item in items[:known_in_plex]:
            index.put_item(a_listed_item(item.rating_key, *((part.file, part.size) for part in item.parts)))
        index.put_scene_files(
            (number, keys_of_files(scene.files, PathMap()))
            for number, scene in list(scenes.items())[:known_in_stash]
        )
        plex = Plex(server.url, server.token, "x")
        found: dict[int, Found] = {}
        for scene in scenes.values():
            # Each in a run of its own, as hooks come.
            found.update(ItemFinder(plex, [films], index, PathMap(), ask_stash).find([scene]))
        index.clear()
        finder = ItemFinder(plex, [films], index, PathMap(), ask_stash)
        finder.list_all()
        index.put_scene_files((n, keys_of_files(scene.files, PathMap())) for n, scene in scenes.items())
        whole = match_scenes({n: keys_of_files(s.files, PathMap()) for n, s in scenes.items()}, index)
    assert {number: (one.match.level, keys(one)) for number, one in found.items()} == {
        number: (match.level, list(match.rating_keys)) for number, match in whole.items()
    }
