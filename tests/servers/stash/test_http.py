"""What the Stash test server promises about sessions, images and faults."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
import requests

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer

COVER = b"\xff\xd8\xff\xe0 a made-up picture"
QUERY = "query($ids: [ID!]) { findScenes(ids: $ids) { scenes { id title files { path } } } }"


@pytest.fixture
def library() -> StashLibrary:
    """Four scenes, of which only the first has a cover."""
    library = StashLibrary()
    library.add_scene(title="Morning at Sea", files=[("/data/sea/morning.mp4", 1000)], cover=COVER)
    for number in (2, 3, 4):
        library.add_scene(title=f"Clip {number}")
    return library


@pytest.fixture
def server(library: StashLibrary) -> Iterator[StashServer]:
    with StashServer(library) as server:
        yield server
        assert not server.crashes


def ask(server: StashServer, query: str, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = requests.post(server.url + "/graphql", json=body, timeout=10).json()
    return answer


def scene_ids(server: StashServer, ids: list[str]) -> list[int]:
    return [int(scene["id"]) for scene in ask(server, QUERY, ids=ids)["data"]["findScenes"]["scenes"]]


# -- sessions ----------------------------------------------------------------------------------------


def test_client_that_uses_the_renewed_cookie_is_never_refused(library: StashLibrary) -> None:
    with StashServer(library, credentials=True) as server:
        now = [0.0]
        server.clock = lambda: now[0]
        cookie = server.server_connection()["SessionCookie"]["Value"]
        for _ in range(5):
            now[0] += 3000
            response = requests.post(
                server.url + "/graphql",
                json={"query": "{ version { version } }"},
                headers={"Cookie": f"session={cookie}"},
                timeout=10,
            )
            assert response.status_code == 200
            cookie = response.cookies["session"]


def test_without_a_session_graphql_says_401_and_images_lead_to_the_login(library: StashLibrary) -> None:
    with StashServer(library, credentials=True) as server:
        response = requests.post(server.url + "/graphql", json={"query": "{ version { hash } }"}, timeout=10)
        assert (response.status_code, response.content) == (401, b"")
        response = requests.get(server.url + "/scene/1/screenshot", timeout=10)
        assert response.history[0].status_code == 302
        assert response.headers["Content-Type"].startswith("text/html")
        server.api_key = "a-made-up-key"
        response = requests.get(
            server.url + "/scene/1/screenshot", headers={"ApiKey": "a-made-up-key"}, timeout=10
        )
        assert response.content == COVER


# -- images ----------------------------------------------------------------------------------------


def test_cover_comes_with_its_hash_and_is_not_sent_twice(server: StashServer) -> None:
    url = server.url + "/scene/1/screenshot?t=1"
    first = requests.get(url, timeout=10)
    assert first.content == COVER
    assert first.headers["ETag"] == f'"{hashlib.md5(COVER).hexdigest()}"'
    second = requests.get(url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (second.status_code, second.content) == (304, b"")


def test_scene_without_a_cover_has_a_vector_placeholder(server: StashServer) -> None:
    assert (
        requests.get(server.url + "/scene/2/screenshot", timeout=10).headers["Content-Type"]
        == "image/svg+xml"
    )
    assert requests.get(server.url + "/scene/999/screenshot", timeout=10).status_code == 404


def test_image_urls_follow_the_external_host(server: StashServer) -> None:
    server.external_host = "https://stash.example.org"
    url = ask(server, "{ findScene(id: 1) { paths { screenshot } } }")["data"]["findScene"]["paths"]
    assert url["screenshot"].startswith("https://stash.example.org/scene/1/screenshot?t=")


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refuse", "drop", "invalid_json"])
def test_spoiled_answers_fail_in_the_client_once(server: StashServer, kind: Any) -> None:
    server.faults.add(kind, match="findScenes", times=1)
    with pytest.raises(requests.RequestException):
        scene_ids(server, ["1"])
    assert scene_ids(server, ["1"]) == [1]


def test_faults_of_the_status_line_and_of_graphql(server: StashServer) -> None:
    server.faults.add("status", times=1, code=503, headers={"Retry-After": "7"})
    server.faults.add("unauthorized", times=1)
    server.faults.add("graphql_error", times=1, message="database is locked")
    body = {"query": "{ version { hash } }"}
    answers = [requests.post(server.url + "/graphql", json=body, timeout=10) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 401, 200, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[2].json()["errors"][0]["message"] == "database is locked"


def test_hanging_request_goes_on_when_released(server: StashServer) -> None:
    server.faults.add("hang", match="findScenes", times=1)
    found: list[int] = []
    client = Thread(target=lambda: found.extend(scene_ids(server, ["1"])))
    client.start()
    assert server.faults.reached.wait(5)
    assert not found
    server.faults.release()
    client.join(5)
    assert found == [1]


def test_stopped_server_refuses_connections_and_comes_back_on_its_port(server: StashServer) -> None:
    server.stop_listening()
    with pytest.raises(requests.ConnectionError):
        scene_ids(server, ["1"])
    server.start_listening()
    assert scene_ids(server, ["1"]) == [1]


def test_malformed_scene_is_malformed_everywhere(server: StashServer) -> None:
    server.malformed_scenes[3] = lambda scene: scene.update(title=[1, 2], files=None)
    page = ask(server, QUERY, ids=["1", "3"])["data"]["findScenes"]["scenes"]
    one = ask(server, "{ findScene(id: 3) { id title } }")["data"]["findScene"]
    assert page[0]["title"] == "Morning at Sea"
    assert (page[1]["title"], page[1]["files"], one["title"]) == ([1, 2], None, [1, 2])


def test_failing_scene_takes_the_whole_page_with_it_but_not_its_neighbours_by_alias(
    server: StashServer,
) -> None:
    server.failing_scenes.add(3)
    answer = ask(server, QUERY, ids=["1", "3"])
    assert answer["data"] is None
    assert answer["errors"][0]["path"] == ["findScenes", "scenes", 1]
    answer = ask(server, "{ s0: findScene(id: 3) { id } s1: findScene(id: 4) { id } }")
    assert answer["data"] == {"s0": None, "s1": {"id": "4"}}


def test_requests_are_recorded_with_what_they_asked_for(server: StashServer) -> None:
    scene_ids(server, ["1"])
    requests.get(server.url + "/scene/1/screenshot", timeout=10)
    assert server.request_counts() == {"findScenes": 1, "/scene/1/screenshot": 1}
    assert server.requests[0].variables == {"ids": ["1"]}
