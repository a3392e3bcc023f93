"""What the Stash test server promises about scenes, queries and the client library."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
import requests
from stashapi.stashapp import StashInterface

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.process import StashServerProcess
from tests.servers.stash.queries import RequestContext
from tests.servers.stash.schema import Answering
from tests.servers.stash.server import StashServer

COVER = b"\xff\xd8\xff\xe0 a made-up picture"
SCENE = """fragment S on Scene { id title details date director rating100 updated_at files { path size }
  paths { screenshot } studio { id name parent_studio { id name } } performers { id name image_path }
  tags { id name } groups { group { id name } scene_index } }"""
PAGE = (
    "query($f: FindFilterType, $sf: SceneFilterType, $ids: [ID!])"
    " { findScenes(filter: $f, scene_filter: $sf, ids: $ids) { scenes { ...S } } } " + SCENE
)
IDS = (
    "query($f: FindFilterType, $sf: SceneFilterType, $ids: [ID!])"
    " { findScenes(filter: $f, scene_filter: $sf, ids: $ids) { count scenes { id } } }"
)
NOON = datetime(2025, 12, 28, 12, tzinfo=timezone(timedelta(hours=-8)))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(clock: Clock) -> StashLibrary:
    """Sixty scenes; the first has everything, the second nothing, the others a title and a file."""
    library = StashLibrary(now=clock)
    studio = library.add_studio("Harbour", parent=library.add_studio("Coast").id)
    people = [library.add_performer("Ada", image=COVER).id, library.add_performer("Bo & <Cleo>").id]
    tags = [library.add_tag("Outdoors").id, library.add_tag("boats").id]
    library.add_scene(
        title="Morning at Sea",
        details="Two boats.",
        date="2024-05",
        director="Dee",
        rating100=80,
        studio=studio.id,
        performers=reversed(people),
        tags=tags,
        groups=[(library.add_group("Sea").id, 2)],
        files=[("/data/sea/morning.mp4", 1000), ("/data/sea/morning-2.mp4", 900)],
        cover=COVER,
        organized=True,
        updated_at=NOON - timedelta(hours=3),
    )
    library.add_scene()
    for number in range(3, 61):
        library.add_scene(title=f"Clip {number}", files=[(f"/data/clips/{number}.mp4", number)])
    return library


@pytest.fixture
def server(library: StashLibrary) -> Iterator[StashServer]:
    with StashServer(library) as server:
        yield server
        assert not server.crashes


def ask(server: StashServer, query: str, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(
        server.url + "/graphql", json={"query": query, "variables": variables}, timeout=10
    ).json()
    return answer


def scene_ids(server: StashServer, **variables: Any) -> list[int]:
    answer = ask(server, IDS, **variables)
    assert "errors" not in answer, answer
    return [int(scene["id"]) for scene in answer["data"]["findScenes"]["scenes"]]


# -- scenes ----------------------------------------------------------------------------------------


def test_unknown_field_is_refused_with_422_and_no_data(server: StashServer) -> None:
    query = "{ findScenes { scenes { id shoe_size } } }"
    response = requests.post(server.url + "/graphql", json={"query": query}, timeout=10)
    assert response.status_code == 422
    assert response.json()["data"] is None
    assert "shoe_size" in response.json()["errors"][0]["message"]


def test_scene_is_shown_as_stash_shows_it(server: StashServer) -> None:
    scene = ask(server, "query($id: ID!) { findScene(id: $id) { ...S } } " + SCENE, id="1")["data"][
        "findScene"
    ]
    stamp = int((NOON - timedelta(hours=3)).timestamp())
    assert scene["updated_at"] == "2025-12-28T09:00:00-08:00"
    assert scene["date"] == "2024-05"
    assert scene["paths"]["screenshot"] == f"{server.url}/scene/1/screenshot?t={stamp}"
    assert scene["studio"] == {"id": "2", "name": "Harbour", "parent_studio": {"id": "1", "name": "Coast"}}
    assert [tag["name"] for tag in scene["tags"]] == ["boats", "Outdoors"]
    assert scene["groups"] == [{"group": {"id": "1", "name": "Sea"}, "scene_index": 2}]
    assert [file["size"] for file in scene["files"]] == [1000, 900]
    assert [performer["name"] for performer in scene["performers"]] == ["Ada", "Bo & <Cleo>"]
    assert [p["image_path"].endswith("&default=true") for p in scene["performers"]] == [False, True]


def test_unset_texts_are_empty_and_unset_dates_null(server: StashServer) -> None:
    query = "{ findScene(id: 2) { title details director date rating100 studio { id } files { id } } }"
    empty = {"title": "", "details": "", "director": "", "date": None, "rating100": None}
    assert ask(server, query)["data"]["findScene"] == {**empty, "studio": None, "files": []}


def test_empty_list_of_ids_gives_a_page_of_the_library(server: StashServer) -> None:
    assert len(scene_ids(server, ids=[])) == 25


def test_ids_keep_their_order_and_put_the_filter_out_of_force(server: StashServer) -> None:
    assert scene_ids(server, ids=["7", "3"], f={"per_page": 1}, sf={"organized": True}) == [7, 3]


def test_one_missing_id_fails_the_whole_query(server: StashServer) -> None:
    answer = ask(server, IDS, ids=["3", "999"])
    assert answer["data"] is None
    assert answer["errors"][0]["message"] == "scene with id 999 not found"


def test_deleted_scene_is_null_among_aliased_scenes(server: StashServer, library: StashLibrary) -> None:
    library.destroy_scene(3)
    query = "query($a: ID!, $b: ID!) { s0: findScene(id: $a) { id } s1: findScene(id: $b) { id } }"
    assert ask(server, query, a="3", b="4") == {"data": {"s0": None, "s1": {"id": "4"}}}
    assert library.add_scene().id == 61


def test_page_sizes_mean_what_they_mean_in_stash(server: StashServer) -> None:
    assert len(scene_ids(server, f={"per_page": -1})) == 60
    assert len(scene_ids(server, f={})) == 25
    assert scene_ids(server, f={"sort": "id", "per_page": 4, "page": 2}) == [5, 6, 7, 8]
    assert ask(server, IDS, f={"per_page": 0})["data"]["findScenes"] == {"count": 60, "scenes": []}


def test_keyset_pages_reach_every_scene_once(server: StashServer) -> None:
    found: list[int] = []
    while page := scene_ids(
        server,
        f={"sort": "id", "direction": "ASC", "per_page": 7},
        sf={"id": {"value": found[-1] if found else 0, "modifier": "GREATER_THAN"}},
    ):
        found.extend(page)
    assert found == list(range(1, 61))


def test_sorting_by_anything_but_the_known_keys_is_an_error(server: StashServer) -> None:
    assert ask(server, IDS, f={"sort": "shoe_size"})["errors"][0]["message"] == "invalid sort: shoe_size"


def test_equal_sort_keys_come_in_no_stable_order(server: StashServer) -> None:
    orders = [scene_ids(server, f={"sort": "updated_at", "per_page": -1}) for _ in range(5)]
    assert any(one != other for one, other in pairwise(orders))
    assert {order[0] for order in orders} == {1}


def test_updated_at_is_compared_as_text(server: StashServer) -> None:
    """09:00 at -08:00 is after 16:59 UTC, but its text is not."""

    def later_than(moment: str) -> bool:
        criterion = {"updated_at": {"value": moment, "modifier": "GREATER_THAN"}}
        return 1 in scene_ids(server, f={"per_page": -1}, sf=criterion)

    assert not later_than("2025-12-28T16:59:00Z")
    assert later_than("2025-12-28T08:59:59")
    assert later_than("2025-12-28 23:00")
    assert not later_than("2025-12-28T09:00:00-08:00")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"path": {"value": "/data/sea/MORNING.mp4", "modifier": "EQUALS"}}, [1]),
        ({"path": {"value": "/sea/", "modifier": "INCLUDES"}}, [1]),
        ({"path": {"modifier": "IS_NULL", "value": ""}}, [2]),
        ({"path": {"value": r"clips/1\d\.mp4$", "modifier": "MATCHES_REGEX"}}, [*range(10, 20)]),
        ({"studios": {"value": ["1"], "modifier": "INCLUDES"}}, []),
        ({"studios": {"value": ["1"], "modifier": "INCLUDES", "depth": -1}}, [1]),
        ({"performers": {"value": ["2"], "modifier": "INCLUDES"}}, [1]),
        ({"tags": {"value": ["1", "2"], "modifier": "INCLUDES_ALL"}}, [1]),
        ({"groups": {"value": ["1"], "modifier": "INCLUDES"}}, [1]),
        ({"organized": True}, [1]),
        ({"organized": True, "NOT": {"rating100": {"value": 50, "modifier": "GREATER_THAN"}}}, []),
        ({"organized": True, "OR": {"id": {"value": 2, "modifier": "EQUALS"}}}, [1, 2]),
        ({"id": {"value": 3, "modifier": "LESS_THAN"}, "AND": {"is_missing": "title"}}, [2]),
        ({"id": {"value": 2, "value2": 4, "modifier": "BETWEEN"}}, [2, 3, 4]),
    ],
)
def test_filters_find_what_they_say(server: StashServer, wanted: dict[str, Any], found: list[int]) -> None:
    assert scene_ids(server, f={"sort": "id", "per_page": -1}, sf=wanted) == found


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (PAGE, {"f": {"sort": "id", "per_page": -1}}),
        (PAGE, {"ids": ["3", "999"]}),
        ("{ a: findScene(id: 1) { ...S } b: findScene(id: 99) { ...S } __typename }" + SCENE, {}),
        ("{ findScene(id: 1) { __typename created_at o_counter play_history stash_ids { endpoint } } }", {}),
        (
            "query($f: FindFilterType) { findTags(filter: $f) { count tags { id name } } }",
            {"f": {"sort": "name"}},
        ),
        ("{ findScenes(ids: [5]) { scenes { id title } } }", {}),
        ("{ a: findScene(id: 5) { id } findScene(id: 1) { id } }", {}),
        ('{ findScene(id: "x") { id } }', {}),
    ],
)
def test_compiled_answers_are_those_of_graphql_core(
    server: StashServer, query: str, variables: dict[str, Any]
) -> None:
    server.failing_scenes.add(5)
    document = server.documents.get(query)
    context = RequestContext(server.library, server.url, server.plugins, failing_scenes={5})
    compiled = document.answer(variables, Answering(context))
    expected = document.answer_by_graphql_core(variables, Answering(context))
    assert compiled["data"] == expected["data"]
    assert [error["message"] for error in compiled.get("errors", [])] == [
        error["message"] for error in expected.get("errors", [])
    ]
    assert [error["path"] for error in compiled.get("errors", [])] == [
        error["path"] for error in expected.get("errors", [])
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda library: library.rename_performer(1, "Ada L."),
        lambda library: library.rename_tag(1, "Open air"),
        lambda library: library.merge_tags([1], 2),
        lambda library: library.destroy_studio(2),
        lambda library: library.move_file(1, "/data/sea/morning.mp4", "/data/sea/dawn.mp4"),
        lambda library: library.record_play(1),
    ],
)
def test_timestamp_of_a_scene_stands_still_when_something_else_changes(
    library: StashLibrary, clock: Clock, change: Callable[[StashLibrary], Any]
) -> None:
    before = library.scene(1).updated_at
    clock.moment += timedelta(hours=1)
    change(library)
    assert library.scene(1).updated_at == before


def test_merged_scene_gets_the_files_and_a_new_timestamp(library: StashLibrary, clock: Clock) -> None:
    clock.moment += timedelta(hours=1)
    library.merge_scenes([3, 4], 1)
    assert [file.size for file in library.scene(1).files] == [1000, 900, 3, 4]
    assert library.scene(1).updated_at == "2025-12-28T13:00:00-08:00"
    assert 3 not in library.scenes


# -- the client library, sessions --------------------------------------------------------------------


def a_stashapi(server: StashServer | StashServerProcess) -> StashInterface:
    """stashapp-tools' connection; its own log may write to the closed standard error of an earlier test."""
    return StashInterface({**server.server_connection(), "Logger": logging.getLogger("stashapi")})


def test_stashapi_reads_scenes_and_changes_them(server: StashServer) -> None:
    stash = a_stashapi(server)
    assert stash.find_scene(1)["title"] == "Morning at Sea"
    assert stash.find_scene(1)["studio"] == {"id": "2"}
    stash.update_scene({"id": 3, "title": "Evening", "tag_ids": [1]})
    assert server.library.scene(3).title == "Evening"
    assert server.library.scene(3).tags == [1]
    assert stash.find_scene(999) is None
    assert len(stash.find_scenes(filter={"per_page": -1}, fragment="id")) == 60


def test_stashapi_is_refused_an_hour_after_its_start_though_it_was_active(library: StashLibrary) -> None:
    """It goes on sending the cookie it was started with before the renewed one."""
    with StashServer(library, credentials=True) as server:
        now = [0.0]
        server.clock = lambda: now[0]
        stash = a_stashapi(server)
        for minutes in (20, 40, 60):
            now[0] = minutes * 60.0
            assert stash.stash_version()
        now[0] += 1
        with pytest.raises(Exception, match="401"):
            stash.stash_version()


def test_server_runs_in_a_process_of_its_own(library: StashLibrary) -> None:
    with StashServerProcess(library) as server:
        server.change("update_scene", 3, title="Changed over there")
        answer = requests.post(
            server.url + "/graphql", json={"query": "{ findScene(id: 3) { title } }"}, timeout=10
        )
        assert answer.json()["data"]["findScene"]["title"] == "Changed over there"
        assert server.request_counts() == {"findScene": 1}
        assert a_stashapi(server).find_scene(1)["id"] == "1"
