"""Plays, resume points and ratings in the Stash test server; each answer is one that a real Stash gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer

NOON = datetime(2026, 11, 26, 12, tzinfo=timezone(timedelta(hours=-8)))
ADD = "mutation($id: ID!, $times: [Timestamp!]) { sceneAddPlay(id: $id, times: $times) { count history } }"
DELETE = ADD.replace("Add", "Delete")
SAVE = "mutation($id: ID!, $at: Float) { sceneSaveActivity(id: $id, resume_time: $at) }"
RATE = "mutation($input: SceneUpdateInput!) { sceneUpdate(input: $input) { rating100 } }"
OLD, NEW = "2020-01-01T08:00:00Z", "2024-01-02T03:04:05Z"


@pytest.fixture
def server() -> Iterator[StashServer]:
    library = StashLibrary(now=lambda: NOON)
    library.add_scene(title="One", files=(("/data/one.mp4", 5),), updated_at=NOON - timedelta(days=1))
    with StashServer(library) as server:
        yield server
        assert not server.crashes


def ask(server: StashServer, query: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    return requests.post(f"{server.url}/graphql", json=body, timeout=10).json()


def plays(server: StashServer, query: str, times: list[str] | None, scene: str = "1") -> Any:
    (found,) = ask(server, query, id=scene, times=times)["data"].values()
    assert found["count"] == len(found["history"])
    return found["history"]


@pytest.mark.parametrize(
    "time", [NEW, "2024-01-02T05:04:05+02:00", "2024-01-02T03:04:05.750Z", "2024-01-02 03:04:05"]
)
def test_times_of_plays_are_kept_in_utc_to_the_second(server: StashServer, time: str) -> None:
    assert plays(server, ADD, [time]) == [NEW]


def test_plays_are_kept_newest_first_and_one_time_as_often_as_it_is_sent(server: StashServer) -> None:
    plays(server, ADD, [OLD, NEW])
    assert plays(server, ADD, [OLD]) == [NEW, OLD, OLD]
    assert plays(server, ADD, []) == ["2026-11-26T20:00:00Z", NEW, OLD, OLD]
    shown = ask(server, "{ findScene(id: 1) { play_count last_played_at play_history resume_time } }")
    assert shown["data"]["findScene"] == {
        "play_count": 4,
        "last_played_at": "2026-11-26T20:00:00Z",
        "play_history": ["2026-11-26T20:00:00Z", NEW, OLD, OLD],
        "resume_time": 0.0,
    }


def test_deleting_a_play_takes_one_of_that_time_and_without_a_time_the_newest(server: StashServer) -> None:
    plays(server, ADD, [OLD, OLD, NEW])
    assert plays(server, DELETE, [OLD]) == [NEW, OLD]
    assert plays(server, DELETE, ["1999-01-01T00:00:00Z"]) == [NEW, OLD]
    assert plays(server, DELETE, None) == [OLD]
    assert plays(server, DELETE, [OLD], scene="9") == []


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (ADD, {"id": "9", "times": [NEW]}, "FOREIGN KEY constraint failed"),
        (ADD, {"id": "1", "times": ["nonsense"]}, "ParseDateStringAsTime failed: dateString <nonsense>"),
        (SAVE, {"id": "9", "at": 1}, "id 9 does not exist in scenes"),
    ],
)
def test_a_mutation_of_watching_that_fails_has_no_data(
    server: StashServer, query: str, variables: dict[str, Any], message: str
) -> None:
    answer = ask(server, query, **variables)
    assert answer["data"] is None
    assert message in answer["errors"][0]["message"]


def test_where_one_of_several_mutations_fails_the_others_are_done_all_the_same(server: StashServer) -> None:
    document = "mutation { a: sceneAddPlay(id: 1) { count } b: sceneAddPlay(id: 9) { count } "
    answer = ask(server, document + "c: sceneAddPlay(id: 1) { count } }")
    assert (answer["data"], [error["path"] for error in answer["errors"]]) == (None, [["b"]])
    assert server.library.scene(1).play_count == 2


def test_a_resume_point_is_kept_as_it_is_sent_and_null_leaves_it(server: StashServer) -> None:
    for sent, kept in ((12.5, 12.5), (None, 12.5), (-3.0, -3.0), (1e9, 1e9), (0.0, 0.0)):
        assert ask(server, SAVE, id="1", at=sent) == {"data": {"sceneSaveActivity": True}}
        assert server.library.scene(1).resume_time == kept


def test_only_a_rating_moves_the_scene_s_timestamp_whatever_it_is(server: StashServer) -> None:
    scene = server.library.scene(1)
    before = scene.updated_at
    plays(server, ADD, [OLD])
    plays(server, DELETE, [OLD])
    ask(server, SAVE, id="1", at=5.0)
    assert scene.updated_at == before
    for rating in (55, 0, None, 101):
        assert ask(server, RATE, input={"id": "1", "rating100": rating})["data"]["sceneUpdate"] == {
            "rating100": rating
        }
    assert scene.updated_at != before
