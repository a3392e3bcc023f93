"""Performers who share a name are told apart in every scene, where somebody wants that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import stash.namesakes as stash_namesakes
from stash.client import Stash
from stash.exceptions import StashAnswerInvalid
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection
from validation.scene_fragment import NAMESAKES, PICTURES


@pytest.fixture
def library() -> StashLibrary:
    library = StashLibrary()
    people = [("Ada", "dancer"), ("ada", "singer"), ("Bea", "dancer"), ("Cay", ""), ("Cay", "singer")]
    for name, told_apart in people:
        performer = library.add_performer(name, b"a picture", told_apart)
        library.add_scene(title=name, performers=[performer.id])
    return library


@pytest.fixture
def server(library: StashLibrary) -> Iterator[StashServer]:
    with StashServer(library) as server:
        yield server


def connected(server: StashServer, *more: str) -> Stash:
    stash = Stash(parse_connection(server.server_connection())).with_more(frozenset(more))
    server.clear_requests()
    return stash


def names(stash: Stash) -> list[str]:
    return [name for page in stash.pages() for scene in page.scenes for name in scene.performers]


def test_only_who_shares_a_name_and_is_told_apart_in_stash_gets_more_than_the_name(
    server: StashServer,
) -> None:
    everywhere = ["Ada (dancer)", "ada (singer)", "Bea", "Cay", "Cay (singer)"]
    assert names(connected(server, NAMESAKES)) == everywhere
    scenes, _ = connected(server, NAMESAKES).scenes_by_id([1, 2, 3, 4, 5])
    assert [scenes[key].performers[0] for key in (1, 2, 3, 4, 5)] == everywhere  # type: ignore[union-attr]


def test_without_the_setting_a_performer_alone_in_a_scene_has_its_name_and_nobody_is_asked(
    server: StashServer,
) -> None:
    assert names(connected(server)) == ["Ada", "ada", "Bea", "Cay", "Cay"]
    assert not any("findPerformers" in request.operation for request in server.requests)


def test_a_picture_goes_with_the_name_that_plex_gets(server: StashServer) -> None:
    scenes, _ = connected(server, NAMESAKES, PICTURES).scenes_by_id([1])
    assert [name for name, _ in scenes[1].performer_pictures] == ["Ada (dancer)"]  # type: ignore[union-attr]


def test_all_performers_are_listed_once_for_a_task_and_its_threads(
    server: StashServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stash_namesakes, "PERFORMERS_PER_PAGE", 2)
    connection = connected(server, NAMESAKES)
    for one in (connection, connection.another(), connection):
        assert names(one)[0] == "Ada (dancer)"
    asked = [request for request in server.requests if "findPerformers" in request.operation]
    assert len(asked) == 3


def test_an_incomplete_list_of_performers_stops_the_task(server: StashServer) -> None:
    def shortened(content: dict[str, Any]) -> dict[str, Any]:
        del content["data"]["findPerformers"]["performers"][1:]
        return content

    connection = connected(server, NAMESAKES)
    server.faults.add("change", "findPerformers", change=shortened)
    with pytest.raises(StashAnswerInvalid, match="fewer performers than it counts"):
        names(connection)
