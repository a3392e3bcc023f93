"""Who in Stash has a file of a certain name: all of them, or a reason why that is not known."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

import pytest

from stash.client import Stash
from stash.exceptions import StashError
from stash.scene_files import files_named
from tests.servers import odd_answers, odd_documents
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection
from validation.scene import SceneFile


@pytest.fixture
def server() -> Iterator[StashServer]:
    with StashServer(StashLibrary()) as server:
        yield server


@pytest.fixture
def stash(server: StashServer) -> Stash:
    return Stash(parse_connection(server.server_connection()))


def add(server: StashServer, *paths: str, size: int = 5) -> int:
    return int(server.library.add_scene(files=tuple((path, size) for path in paths)).id)


def test_all_files_of_every_scene_with_a_file_of_the_name_are_told(server: StashServer, stash: Stash) -> None:
    one = add(server, "/a/x.mp4", "/a/second.mp4")
    two = add(server, "C:\\b\\X.MP4")
    for other in ("/a/xx.mp4", "/a/x.mp4.mp4", "/x.mp4/y.mp4", "/a/xymp4"):
        add(server, other)
    found, doubt = files_named(stash, ["x.mp4"])
    assert (sorted(found), doubt) == ([one, two], "")
    assert found[one] == (SceneFile("/a/x.mp4", 5), SceneFile("/a/second.mp4", 5))


@pytest.mark.parametrize("name", ["odd [1] (a+b).mp4", "50% | $.mp4", "a.b^c.mp4", "Übel.mp4", "日本.mp4"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_taken_as_they_are_however_accents_are_written(
    server: StashServer, stash: Stash, name: str, form: Literal["NFC", "NFD"]
) -> None:
    scene = add(server, unicodedata.normalize(form, f"/a/{name}"))
    assert [*files_named(stash, [name])[0]] == [scene]


def test_more_scenes_and_names_than_go_into_one_request_are_all_told(
    server: StashServer, stash: Stash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stash.scene_files.SCENES_PER_PAGE", 2)
    monkeypatch.setattr("stash.scene_files.NAMES_PER_REQUEST", 2)
    for folder in "abcde":
        for name in ("x", "y", "z"):
            add(server, f"/{folder}/{name}.mp4")
    found, doubt = files_named(stash, ["x.mp4", "y.mp4", "z.mp4"])
    assert (len(found), doubt) == (15, "")
    assert files_named(stash, []) == ({}, "")


def test_a_scene_that_cannot_be_used_leaves_a_doubt_and_the_others(server: StashServer, stash: Stash) -> None:
    add(server, "/a/x.mp4")
    two = add(server, "/b/x.mp4")
    server.odd_answers.add(odd_documents.ONE_WITHOUT_KEY, "query FilesNamed")
    found, doubt = files_named(stash, ["x.mp4"])
    assert [*found] == [two]
    assert "cannot be used" in doubt


@pytest.mark.parametrize("kind", [odd_answers.HALF, odd_answers.NULL, odd_answers.EMPTY, odd_answers.PAGE])
def test_half_an_answer_is_an_error(server: StashServer, stash: Stash, kind: str) -> None:
    for folder in "abc":
        add(server, f"/{folder}/x.mp4")
    server.odd_answers.add(kind, "query FilesNamed")
    with pytest.raises(StashError):
        files_named(stash, ["x.mp4"])
