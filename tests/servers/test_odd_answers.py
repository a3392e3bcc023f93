"""The other answers are what they are called, whatever the true answer is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from tests.servers import odd_answers
from tests.servers.odd_answers import OddAnswers
from tests.servers.odd_documents import ONE_ODD_VALUE, ONE_WITHOUT_KEY
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer

LISTING, PAGE = "GET /library/sections/*/all", "query Page"
PAGE_DOCUMENT = (
    'query Page { findScenes(filter: {sort: "id", direction: ASC}) { count scenes { id title } } }'
)
ITEMS = 4


@pytest.fixture
def plex() -> Iterator[PlexTestServer]:
    library = PlexLibrary()
    section = library.add_section("Films")
    for n in range(ITEMS):
        library.add_item(section.key, ((f"/media/{n}.mp4", 1000 + n),))
    with PlexTestServer(library) as server:
        yield server
        assert not server.failures


@pytest.fixture
def stash() -> Iterator[StashServer]:
    library = StashLibrary()
    for n in range(ITEMS):
        library.add_scene(title=f"Scene {n}")
    with StashServer(library) as server:
        yield server
        assert not server.crashes


class Asked:
    """An answer as a client without any prudence sees it."""

    def __init__(self, port: int, method: str, path: str, body: str = "", **headers: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.3)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        self.status = response.status
        try:
            self.body = response.read()
        finally:
            connection.close()

    @classmethod
    def listing(cls, plex: PlexTestServer, start: int = 0) -> Asked:
        window = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": "2"}
        return cls(plex.port, "GET", "/library/sections/1/all", **{"X-Plex-Token": plex.token}, **window)

    @classmethod
    def page(cls, stash: StashServer, document: str = PAGE_DOCUMENT) -> Asked:
        return cls(stash.port, "POST", "/graphql", json.dumps({"query": document}))

    @property
    def keys(self) -> list[str | None]:
        return [video.get("ratingKey") for video in ElementTree.fromstring(self.body)]

    @property
    def total(self) -> str | None:
        return ElementTree.fromstring(self.body).get("totalSize")

    @property
    def data(self) -> object:
        return json.loads(self.body)["data"]


@pytest.mark.parametrize("status", odd_answers.STATUSES)
def test_a_status_comes_from_both_servers(plex: PlexTestServer, stash: StashServer, status: int) -> None:
    plex.odd_answers.add(f"status {status}", LISTING)
    stash.odd_answers.add(f"status {status}", PAGE)
    assert (Asked.listing(plex).status, Asked.page(stash).status) == (status, status)


def test_lists_of_plex_are_spoilt_as_the_kind_says(plex: PlexTestServer) -> None:
    expected = {
        odd_answers.NOTHING: ([], "0"),
        odd_answers.NULL: ([], "4"),
        odd_answers.HALF: (["1"], "4"),
        ONE_WITHOUT_KEY: ([None, "2"], "4"),
    }
    for kind, (keys, total) in expected.items():
        plex.odd_answers.add(kind, LISTING)
        answer = Asked.listing(plex)
        plex.odd_answers.clear()
        assert (answer.keys, answer.total) == (keys, total)


def test_a_list_that_shrinks_passes_over_one_item(plex: PlexTestServer) -> None:
    plex.odd_answers.add(odd_answers.SHRINKING, LISTING)
    first, second = Asked.listing(plex), Asked.listing(plex, start=2)
    assert [(one.keys, one.total) for one in (first, second)] == [(["1", "2"], "4"), (["4"], "3")]


def test_lists_of_stash_are_spoilt_as_the_kind_says(stash: StashServer) -> None:
    true = [{"id": str(n + 1), "title": f"Scene {n}"} for n in range(ITEMS)]
    expected = {
        odd_answers.NOTHING: (0, []),
        odd_answers.NULL: (4, None),
        odd_answers.HALF: (4, true[:2]),
        odd_answers.PARTIAL: (4, [*true[:3], None]),
        ONE_WITHOUT_KEY: (4, [{**true[0], "id": None}, *true[1:]]),
        ONE_ODD_VALUE: (4, [{**true[0], "title": ["odd"]}, *true[1:]]),
    }
    for kind, (count, scenes) in expected.items():
        stash.odd_answers.add(kind, PAGE)
        data = Asked.page(stash).data
        stash.odd_answers.clear()
        assert data == {"findScenes": {"count": count, "scenes": scenes}}, kind


@pytest.mark.parametrize("kind", [odd_answers.DRIP, odd_answers.ENDLESS, odd_answers.HANGING])
def test_a_client_that_believes_in_an_end_waits_in_vain(stash: StashServer, kind: str) -> None:
    stash.odd_answers.pause = 0.5
    stash.odd_answers.add(kind, PAGE)
    with pytest.raises(TimeoutError):
        Asked.page(stash)


def test_one_in_the_middle_is_one_in_the_middle(stash: StashServer) -> None:
    stash.odd_answers.add("status 500", PAGE, first=2, times=1)
    assert [Asked.page(stash).status for _ in range(3)] == [200, 500, 200]


def test_an_edit_that_gets_a_status_was_not_carried_out_and_one_whose_answer_is_cut_was(
    plex: PlexTestServer,
) -> None:
    edit = {"X-Plex-Token": plex.token}
    for kind, title in (("status 500", "0"), (odd_answers.CUT, "New")):
        plex.odd_answers.add(kind, "PUT /library/sections/*/all")
        try:
            Asked(plex.port, "PUT", "/library/sections/1/all?type=1&id=1&title.value=New", **edit)
        except (http.client.HTTPException, OSError):
            assert kind == odd_answers.CUT
        plex.odd_answers.clear()
        item = plex.library.item(1)
        assert item is not None
        assert item.title == title


def test_what_could_be_answered_is_learned_from_true_answers(stash: StashServer) -> None:
    answers: OddAnswers = stash.odd_answers
    answers.learning = True
    Asked.page(stash)
    Asked.page(stash, "{ jobQueue { id } }")
    page, queue = answers.seen
    assert (page.name, queue.name) == (PAGE, "query jobQueue")
    assert odd_answers.HALF in page.kinds
    assert odd_answers.HALF not in queue.kinds
