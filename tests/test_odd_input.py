"""Promises about odd input that no ordinary library has, and a real one had."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import pytest

from plex.client import Plex
from plex.exceptions import PlexAnswerInvalid, PlexError, PlexRejected
from plex.fields import clean_text
from plex.index import SCHEMA, FileIndex, key_of_path
from plex.item_finder import ItemFinder
from plex.library import LibrarySection
from plex.listing import items_with_file_name
from plex.matching import MatchLevel, match_scenes
from stash import session as stash_session
from stash.client import Stash
from tests.builders.values import a_listed_item, a_scene, raw_scene
from tests.servers.plex.arrangement import a_film, a_library
from tests.servers.plex.server import PlexTestServer
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.config import read_settings
from validation.exceptions import InvalidInput, SceneMalformed, SettingsInvalid
from validation.path_map import PathMap
from validation.plugin_input import parse_connection, parse_plugin_input
from validation.redaction import Redaction
from validation.scene import SceneFile, parse_scene

FILMS = LibrarySection(1, "Films", ("/media",))


def an_index() -> FileIndex:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    return FileIndex(connection)


def test_an_id_of_thousands_of_digits_is_refused_in_words() -> None:
    raw = json.dumps({"args": {"hookContext": {"id": "9" * 5000, "type": "Scene.Update.Post"}}}).encode()
    with pytest.raises(InvalidInput):
        parse_plugin_input(raw)


def test_a_scene_with_an_id_of_thousands_of_digits_is_malformed() -> None:
    with pytest.raises(SceneMalformed):
        parse_scene(raw_scene(id="9" * 5000))


def test_a_file_of_infinite_size_is_malformed() -> None:
    with pytest.raises(SceneMalformed, match="files"):
        parse_scene(json.loads(json.dumps(raw_scene()).replace('"size": 1000', '"size": 1e400')))


def test_the_same_pair_with_and_without_a_slash_at_the_end_is_no_mistake() -> None:
    assert PathMap.parse("/data=>/media; /data/=>/media/") == PathMap.parse("/data=>/media")


@pytest.mark.parametrize("url", ["ftp://me:pass@word@plex", "ftp://me:pass/word@plex"])
def test_a_refused_address_shows_no_part_of_an_odd_password(url: str) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({"plex_url": url, "plex_token": "x"})
    assert "word" not in str(raised.value)


def test_a_password_with_a_question_mark_is_not_shown() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({"plex_url": "http://me:pa?ss@word@pl ex", "plex_token": "x"})
    assert "me:pa" not in str(raised.value)


def test_an_empty_secret_leaves_every_text_as_it_is() -> None:
    assert Redaction("").clean("a text") == "a text"


def test_one_scene_that_stash_cannot_even_list_does_not_spoil_its_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stash.scene_pages.PAGE_SIZE", 4)
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 1)
    library = StashLibrary()
    for number in range(1, 11):
        library.add_scene(title=f"Clip {number}")
    with StashServer(library) as server:
        server.failing_scenes.add(6)
        stash = Stash(parse_connection(server.server_connection()))
        read = [s.id for page in stash.pages() for s in page.scenes]
    assert read == [1, 2, 3, 4, 5, 7, 8, 9, 10]


def refuses_its_files(scene: dict[str, Any]) -> None:
    if "files" in scene:
        raise ValueError("disk image is malformed")


def test_a_scene_without_an_id_beside_one_that_cannot_be_read_is_reported_not_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stash.scene_pages.PAGE_SIZE", 4)
    library = StashLibrary()
    for number in range(1, 11):
        library.add_scene(title=f"Clip {number}")
    with StashServer(library) as server:
        server.malformed_scenes[2] = refuses_its_files
        server.malformed_scenes[3] = lambda scene: scene.update(id=None)
        stash = Stash(parse_connection(server.server_connection()))
        read = [s.id for page in stash.pages() for s in page.scenes]
    assert read == [1, 4, 5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    "url",
    ["http://192.168..10:32400", "http://*:32400", "http://.plex:32400", "http://" + "a" * 70 + ":32400"],
    ids=["double dot", "star", "leading dot", "long label"],
)
def test_an_address_with_a_typing_error_in_its_host_is_told_in_words(url: str) -> None:
    with pytest.raises((PlexError, SettingsInvalid)):
        Plex(read_settings({"plex_url": url, "plex_token": "x"}).config.plex_url, "x", "x")


def test_an_empty_answer_at_the_address_is_not_a_plex_server() -> None:
    with PlexTestServer(a_library()) as server:
        server.faults.add("status", code=200, body=b"")
        with pytest.raises(PlexAnswerInvalid):
            Plex(server.url, server.token, "x")


def test_a_time_out_status_of_a_proxy_is_not_permanent() -> None:
    with PlexTestServer(a_library()) as server:
        connection = Plex(server.url, server.token, "x")
        server.faults.add("status", code=408)
        with pytest.raises(PlexError) as raised:
            connection.put("/library/sections/1/all", {"type": 1, "id": 1})
    assert not isinstance(raised.value, PlexRejected)


def test_a_flag_of_england_is_not_cut_in_two() -> None:
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    assert clean_text("x" * 100 + england, 103) == "x" * 100


def test_a_text_is_never_longer_than_a_small_limit() -> None:
    assert len(clean_text("a" + "\u0301" * 200, 10)) <= 10


def test_a_file_name_that_is_part_of_many_is_found_on_a_later_page(monkeypatch: pytest.MonkeyPatch) -> None:
    with PlexTestServer(a_library()) as server:
        for number in range(5):
            a_film(server.library, f"{number}1")
        film = a_film(server.library, "1")
        connection = Plex(server.url, server.token, "x")
        server.behaviour.page_cap = 3
        found = [item.rating_key for item in items_with_file_name(connection, FILMS, "1.mkv")]
    assert film.rating_key in found


def test_two_scenes_whose_files_plex_holds_in_one_item_are_ambiguous_without_a_path_map_too() -> None:
    index = an_index()
    index.put_item(a_listed_item(7, ("/media/a.mkv", 1), ("/media/b.mkv", 2)))
    keys = {1: [key_of_path("/data/a.mkv", 1)], 2: [key_of_path("/data/b.mkv", 2)]}
    index.put_scene_files(keys.items())
    levels = [match.level for match in match_scenes(keys, index).values()]
    assert levels == [MatchLevel.AMBIGUOUS, MatchLevel.AMBIGUOUS]


def test_an_item_that_gained_a_file_of_another_scene_since_it_was_indexed_is_ambiguous() -> None:
    index = an_index()
    with PlexTestServer(a_library()) as server:
        one, two = a_film(server.library, "one"), a_film(server.library, "two")
        connection = Plex(server.url, server.token, "x")
        scenes = [a_scene(n, files=((f"/media/{name}.mkv", 1000),)) for n, name in ((1, "one"), (2, "two"))]

        def in_stash(names: Sequence[str]) -> tuple[dict[int, Sequence[SceneFile]], str]:
            return {scene.id: scene.files for scene in scenes}, ""

        ItemFinder(connection, [FILMS], index, PathMap(), in_stash).find(scenes)
        # Plex merges the two items, as a person can ask it to.
        server.library.remove_item(two.rating_key)
        server.library.remove_item(one.rating_key)
        one.versions += two.versions
        server.library._insert(one)
        found = ItemFinder(connection, [FILMS], index, PathMap(), in_stash).find(scenes[:1])[1]
    assert (found.match.level, found.items) == (MatchLevel.AMBIGUOUS, ())
