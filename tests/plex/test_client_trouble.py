"""A Plex, or a proxy before it, that answers anything but what was asked is not waited for or believed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from plex.client import Plex, connect
from plex.exceptions import PlexAnswerInvalid, PlexError, PlexNotFound, PlexRejected, PlexUnavailable
from plex.session import PlexSession
from tests.servers import odd_answers, odd_documents
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer
from validation.config import read_settings

PATH = "/library/sections/1/all"
ASKED = "GET /library/sections/*/all"
LOGIN = b"<!DOCTYPE html><html><head><title>Login</title></head><body><p>Please log in</p></body></html>"
LOGIN_AS_XML = b"<html><body><p>Please log in</p></body></html>"
REQUESTS: dict[str, Callable[[Plex], object]] = {
    "read": lambda plex: plex.get(PATH, {}),
    "write": lambda plex: plex.put(PATH, {"type": 1, "id": 1}),
    "upload": lambda plex: plex.post("/library/metadata/1/posters", b"\x89PNG"),
    "ask": lambda plex: plex.ask("/library/sections/1/refresh", {"path": "/media"}),
}


@pytest.mark.parametrize("page", [LOGIN, LOGIN_AS_XML], ids=["HTML", "XHTML"])
@pytest.mark.parametrize("request_of", REQUESTS)
def test_the_login_page_of_a_proxy_is_neither_an_empty_list_nor_a_success(
    server: PlexTestServer, plex: Plex, request_of: str, page: bytes
) -> None:
    server.faults.add("status", code=200, body=page)
    with pytest.raises(PlexAnswerInvalid, match="proxy"):
        REQUESTS[request_of](plex)


def test_an_answer_that_comes_byte_by_byte_ends_in_time(
    server: PlexTestServer, plex: Plex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transport.bounded_answer.LONGEST_ANSWER", 0.3)
    server.faults.add("drip", PATH, seconds=6)
    began = time.monotonic()
    with pytest.raises(PlexUnavailable, match="too slow"):
        plex.get(PATH, {})
    assert time.monotonic() - began < 3


def test_a_few_bytes_that_unpack_to_more_than_there_is_memory_are_not_unpacked(
    server: PlexTestServer, plex: Plex
) -> None:
    server.faults.add("status", PATH, code=200, body=b"<MediaContainer>" + b" " * (40 << 20))
    with pytest.raises(PlexAnswerInvalid, match="did not end"):
        plex.get(PATH, {})


def test_an_error_page_of_any_length_still_says_which_error_it_is(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("status", PATH, code=400, body=b"<p>" + b"word " * (1 << 20))
    with pytest.raises(PlexRejected, match=r"^Plex refused it \(400: Bad Request\)\.$"):
        plex.put(PATH, {"type": 1, "id": 1})


@pytest.mark.parametrize("form", [str, lambda token: quote(token, safe="")], ids=["plain", "in an address"])
def test_an_error_page_that_repeats_the_token_is_told_without_it(
    library: PlexLibrary, form: Callable[[str], str]
) -> None:
    token = "a/secret+token"
    with PlexTestServer(library, token) as server:
        plex = Plex(server.url, token, "x")
        page = f"<p>Bad request, X-Plex-Token: {form(token)}</p>".encode()
        for code in (400, 503):
            server.faults.add("status", PATH, code=code, body=page)
            with pytest.raises(PlexError, match="Bad request") as raised:
                plex.put(PATH, {"type": 1, "id": 1})
            assert form(token) not in str(raised.value)
            server.faults.clear()


def test_an_error_page_is_cut_short_nowhere_within_the_token(library: PlexLibrary) -> None:
    token = "a-secret-token"
    with PlexTestServer(library, token) as server:
        plex = Plex(server.url, token, "x")
        for words in range(170, 200):
            server.faults.add("status", PATH, code=400, body=b"<p>" + b"w" * words + b" " + token.encode())
            with pytest.raises(PlexRejected) as raised:
                plex.put(PATH, {"type": 1, "id": 1})
            assert "a-" not in str(raised.value)
            server.faults.clear()


def test_a_proxy_that_has_lost_its_plex_says_nothing_about_an_item(
    server: PlexTestServer, plex: Plex
) -> None:
    server.odd_answers.add("status 404", ASKED)
    server.odd_answers.add("status 404", "GET /identity")
    with pytest.raises(PlexUnavailable, match=r"Something other than Plex answered \(404\)"):
        plex.get(PATH, {})


def test_a_plex_whose_proxy_takes_headers_away_may_still_say_that_it_lacks_something(
    server: PlexTestServer, plex: Plex
) -> None:
    server.odd_answers.add("status 404", ASKED)
    with pytest.raises(PlexNotFound):
        plex.get(PATH, {})


@pytest.mark.parametrize("kind", [odd_documents.ONE_ODD_VALUE, odd_answers.NOTHING, odd_answers.NULL])
def test_a_plex_that_introduces_itself_oddly_is_a_plex(server: PlexTestServer, kind: str) -> None:
    server.odd_answers.add(kind, "GET /")
    assert Plex(server.url, server.token, "x").machine_identifier == server.library.machine_identifier


def test_a_further_connection_leads_to_the_same_server(server: PlexTestServer, plex: Plex) -> None:
    assert plex.another().machine_identifier == plex.machine_identifier
    server.replaced_by(PlexLibrary(machine_identifier="f" * 40))
    with pytest.raises(PlexUnavailable, match="Another Plex server answers"):
        plex.another()


def test_that_certificates_are_not_checked_is_told_once_however_many_connections_are_made(
    server: PlexTestServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = {"plex_url": server.url, "plex_token": server.token, "plex_accept_any_certificate": True}
    settings = read_settings(stored)
    assert [warning for warning in settings.warnings if "certificate" in warning] == [*settings.warnings]
    assert len(settings.warnings) == 1
    for _ in range(2):
        connect(settings.config, tmp_path).another()
    assert caplog.text == ""


@contextmanager
def a_slow_line(seconds: float) -> Iterator[str]:
    """The address of a server that takes nothing of a request for so many seconds, and then all of it."""
    size = 8_000_000
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def take() -> None:
            connection, _ = listening.accept()
            with connection:
                threading.Event().wait(seconds)
                taken = 0
                while taken < size and (data := connection.recv(1 << 20)):
                    taken += len(data)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_a_picture_may_take_longer_over_a_slow_line_than_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plex.session.CONNECT_TIMEOUT", 0.2)
    with a_slow_line(0.6) as address:
        session = PlexSession(address, "a-token", verify=True)
        assert session.post(f"{address}/posters", data=bytes(8_000_000)).status_code == 200
