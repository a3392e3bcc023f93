"""What an answer says of a cover: only the placeholder of Stash says that there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import transport.bounded_answer
from stash import session as stash_session
from stash.client import Stash
from stash.exceptions import CoverUnavailable, ImageUnusable, StashRefused, StashUnavailable
from stash.images import Cover, CoverUnchanged, FetchedImage, NoCover
from tests.builders.sync import a_picture
from tests.servers.stash.http import LOGIN_PAGE
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection

PICTURE = a_picture("cover")
PLACE = "/scene/1/screenshot"
LARGEST = 1_000_000


@pytest.fixture
def server() -> Iterator[StashServer]:
    library = StashLibrary()
    library.add_scene(title="Clip", cover=PICTURE)
    library.add_scene(title="Without a cover")
    with StashServer(library, credentials=True) as server:
        yield server
        assert server.crashes == []


@pytest.fixture
def stash(server: StashServer) -> Stash:
    return Stash(parse_connection(server.server_connection()))


def cover(stash: Stash, scene_id: int = 1, etag: str = "") -> Cover:
    return stash.fetch_image(f"http://stash.example/scene/{scene_id}/screenshot?t=1", etag, LARGEST)


def test_a_cover_is_fetched_once_and_known_by_its_etag_from_then_on(stash: Stash) -> None:
    first = cover(stash)
    assert isinstance(first, FetchedImage)
    assert first.content == PICTURE
    assert cover(stash, etag=first.etag) == CoverUnchanged(first.etag)


def test_the_placeholder_that_stash_draws_is_no_cover(stash: Stash) -> None:
    assert cover(stash, 2) == NoCover()


@pytest.mark.parametrize(
    ("code", "kind", "body"),
    [
        (200, "text/html; charset=utf-8", LOGIN_PAGE),
        (200, "image/jpeg", LOGIN_PAGE),
        (200, "image/png", b"\x89PNG\r\n<html>"),
        (200, "image/svg+xml", LOGIN_PAGE),
        (200, "image/svg+xml", b""),
        (200, "image/jpeg", b""),
        (200, "text/plain", b""),
        (200, "text/plain", PICTURE),
        (200, "application/json", b'{"errors":[{"message":"database is locked"}]}'),
        (203, "image/jpeg", PICTURE),
        (204, "image/jpeg", b""),
        (206, "image/jpeg", PICTURE[:8]),
        (301, "text/html", b""),
        (304, "text/html", b""),
        (400, "image/jpeg", PICTURE),
        (404, "text/plain", b"404 page not found"),
        (404, "image/svg+xml", b"<svg/>"),
        (408, "text/plain", b""),
        (410, "text/plain", b""),
        (413, "text/plain", b""),
        (416, "text/plain", b""),
        (429, "text/plain", b""),
        (500, "text/plain", b""),
        (503, "image/svg+xml", b"<svg/>"),
    ],
)
def test_whatever_else_comes_for_a_cover_says_nothing_about_it(
    server: StashServer, stash: Stash, code: int, kind: str, body: bytes
) -> None:
    server.faults.add("status", PLACE, times=1, code=code, body=body, content_type=kind)
    with pytest.raises(CoverUnavailable):
        cover(stash)
    assert isinstance(cover(stash), FetchedImage)


@pytest.mark.parametrize(
    ("code", "headers"), [(401, {}), (403, {}), (498, {}), (302, {"Location": "/login"})]
)
def test_a_session_that_is_refused_for_a_cover_is_told_apart(
    server: StashServer, stash: Stash, code: int, headers: dict[str, str]
) -> None:
    server.faults.add("status", PLACE, code=code, headers=headers)
    with pytest.raises(StashRefused, match="session"):
        cover(stash)


@pytest.mark.parametrize("kind", ["refuse", "drop", "hang", "drip", "slow_headers"])
def test_a_cover_that_comes_in_part_or_too_slowly_is_none(
    server: StashServer, stash: Stash, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stash_session, "READ_TIMEOUT", 0.3)
    monkeypatch.setattr(transport.bounded_answer, "LONGEST_ANSWER", 0.3)
    server.faults.add(kind, PLACE, pause=0.05)
    with pytest.raises(StashUnavailable):
        cover(stash)
    server.faults.clear()
    assert isinstance(cover(stash), FetchedImage)


@pytest.mark.parametrize("kind", ["endless", "bomb"])
def test_a_cover_without_an_end_says_nothing_about_it(server: StashServer, stash: Stash, kind: Any) -> None:
    server.faults.add(kind, PLACE, size=50_000_000)
    with pytest.raises(CoverUnavailable, match="did not end"):
        cover(stash)
    server.faults.clear()
    assert isinstance(cover(stash), FetchedImage)


def test_a_cover_that_is_announced_as_too_large_can_never_be_carried(
    server: StashServer, stash: Stash
) -> None:
    server.library.set_cover(1, PICTURE.ljust(LARGEST + 1, b"."))
    with pytest.raises(ImageUnusable, match="larger than 1,000,000 bytes"):
        cover(stash)
