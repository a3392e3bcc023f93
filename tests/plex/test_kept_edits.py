"""Edits go out over a connection of their own: nobody sees a difference to other requests."""

from __future__ import annotations

import gzip
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from plexapi.utils import joinArgs

from plex import session as plex_session
from plex.client import Plex, query_of_edit
from plex.exceptions import PlexError, PlexUnavailable
from plex.session import PlexSession
from tests.builders.entry import until
from tests.servers.plex.server import PlexTestServer
from tests.transport.test_bounded_answer import encrypt

DONE = b"HTTP/1.1 200 OK\r\nX-Plex-Protocol: 1.0\r\nContent-Length: 0\r\n\r\n"
PLACE = "/library/sections/1/all?genre[0].tag.tag=Drama%20%26%20more&id=1&title.value=%C3%A9t%C3%A9&type=1"
WAIT = object()
ARGUMENTS = ["type", "id", "title.value", "titleSort.value", *(f"actor[{n}].tag.tag" for n in (0, 1, 2, 10))]


def an_answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is None or length >= 0:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


PAGE = b"<html><body>Please log in</body></html>"
IDENTITY = an_answer("200 OK", b'<MediaContainer machineIdentifier="x"/>')
ANSWERS: dict[str, Sequence[object]] = {
    "done": [DONE],
    "done, with words": [an_answer("200 OK", b"<MediaContainer/>")],
    "created": [an_answer("201 Created")],
    "in two pieces": [DONE[:30], DONE[30:]],
    "body in a piece of its own": [an_answer("200 OK", length=17), b"<MediaContainer/>"],
    "nothing to say": [an_answer("204 No Content", length=-1)],
    "chunked": [an_answer("200 OK", b"3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=-1)],
    "packed": [an_answer("200 OK", gzip.compress(b"<MediaContainer/>"), "Content-Encoding: gzip")],
    "packed in another way": [an_answer("200 OK", b"abc", "Content-Encoding: br")],
    "without a length": [an_answer("200 OK", b"abc", "Connection: close", length=-1), None],
    "the last one": [an_answer("200 OK", b"abc", "Connection: close"), None],
    "kept alive": [an_answer("200 OK", b"abc", "Connection: Keep-Alive", "Keep-Alive: timeout=20")],
    "of an old server": [b"HTTP/1.0 200 OK\r\n\r\nabc", None],
    "after a hint": [b"HTTP/1.1 100 Continue\r\n\r\n" + DONE],
    "cut off": [an_answer("200 OK", b"abc", length=10), None],
    "cut off in the headers": [DONE[:30], None],
    "two lengths": [an_answer("200 OK", b"abc", "Content-Length: 1"), None],
    "refused": [an_answer("400 Bad Request", b"<p>no such field</p>")],
    "unauthorized": [an_answer("401 Unauthorized")],
    "not there": [an_answer("404 Not Found", b"", "X-Plex-Protocol: 1.0")],
    "busy": [an_answer("503 Service Unavailable", b"<p>wait</p>")],
    "too many": [an_answer("429 Too Many", b"", "Retry-After: 7")],
    "elsewhere": [an_answer("301 Moved", b"", "Location: http://192.0.2.1/")],
    "TLS": [b"\x15\x03\x01\x00\x02\x02\x16", None],
    "nonsense": [b"nonsense\r\n\r\n", None],
    "nothing": [None],
}


class Line:
    """Something that answers each request on a connection with the bytes that it is told to.

    None in an answer closes the connection, WAIT says nothing for a while. The first request of all is
    answered with an identity.
    """

    def __init__(self, answer: Sequence[object] = (DONE,)) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.closing = threading.Event()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        with suppress(OSError), connection:
            while more := connection.recv(65_536):
                request += more
                if not request.endswith(b"\r\n\r\n"):
                    continue
                self.requests.append(request)
                is_edit, request = request.startswith(b"PUT"), b""
                for piece in self.answer if is_edit else [IDENTITY]:
                    if piece is None:
                        return
                    if piece is WAIT:
                        self.closing.wait(10)
                        return
                    assert isinstance(piece, bytes)
                    connection.sendall(piece)
                    time.sleep(0.02 if len(self.answer) > 1 else 0)

    @property
    def edits(self) -> list[bytes]:
        return [request for request in self.requests if request.startswith(b"PUT")]

    def close(self) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


@pytest.fixture
def session(line: Line) -> PlexSession:
    session = PlexSession(line.url, "the-token", verify=True)
    session.get(f"{line.url}/identity")
    session.prepare_edits(the_form(session, line))
    return session


def the_form(session: PlexSession, line: Line) -> requests.PreparedRequest:
    headers = {"X-Plex-Token": "the-token", "X-Plex-Product": "Stash2Plex"}
    return session.prepare_request(requests.Request("PUT", line.url, headers))


def by_the_session(session: PlexSession, line: Line) -> bytes:
    request = the_form(session, line)
    request.url = line.url + PLACE
    return session.send(request).content


def outcome(content_or_error: bytes | PlexError) -> object:
    if isinstance(content_or_error, bytes):
        return content_or_error
    return type(content_or_error), str(content_or_error), getattr(content_or_error, "retry_after", None)


def test_an_edit_is_on_the_line_what_the_session_would_send(session: PlexSession, line: Line) -> None:
    assert session.edit(PLACE) == by_the_session(session, line) == b""
    one, other = (edit.split(b"\r\n") for edit in line.edits)
    assert one[0] == other[0]
    assert sorted(one) == sorted(other)


@given(st.dictionaries(st.sampled_from(ARGUMENTS), st.text(max_size=200) | st.integers(), min_size=1))
def test_an_edit_is_written_as_plexapi_writes_it(arguments: dict[str, object]) -> None:
    assert query_of_edit(arguments) == joinArgs(arguments)


def test_thousands_of_edits_go_over_one_connection(session: PlexSession, line: Line) -> None:
    for _ in range(2_000):
        session.edit(PLACE)
    assert len(line.edits) == 2_000
    assert len(line.connections) == 2


@pytest.mark.parametrize("name", ANSWERS)
def test_any_answer_to_an_edit_means_what_it_means_to_any_other_request(
    session: PlexSession, line: Line, name: str
) -> None:
    line.answer = ANSWERS[name]
    outcomes = []
    for send in (session.edit, lambda _: by_the_session(session, line)):
        try:
            outcomes.append(outcome(send(PLACE)))
        except PlexError as error:
            outcomes.append(outcome(error))
        outcomes.append(len(line.edits))
        line.requests.clear()
    assert outcomes[:2] == outcomes[2:]
    line.answer = [DONE]
    assert session.edit(PLACE) == b""
    assert len(line.edits) == 1


def test_an_edit_after_plex_closed_an_idle_connection_is_carried_out_once(
    session: PlexSession, line: Line
) -> None:
    line.answer = [DONE, None]
    session.edit(PLACE)
    until(lambda: line.connections[-1].fileno() == -1)
    line.answer = [DONE]
    assert session.edit(PLACE) == b""
    assert len(line.edits) == 2


def test_an_edit_that_is_not_answered_is_given_up_in_time_and_not_sent_again(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plex_session, "READ_TIMEOUT", 0.2)
    session = PlexSession(line.url, "the-token", verify=True)
    session.get(f"{line.url}/identity")
    session.prepare_edits(the_form(session, line))
    line.answer = [WAIT]
    start = time.monotonic()
    with pytest.raises(PlexUnavailable, match=r"too slow \(ReadTimeout\)"):
        session.edit(PLACE)
    assert time.monotonic() - start < 2
    assert len(line.edits) == 1


def test_a_cookie_that_a_proxy_sets_with_the_answer_to_an_edit_is_kept(
    session: PlexSession, line: Line
) -> None:
    line.answer = [an_answer("200 OK", b"", "Set-Cookie: way=left; Path=/")]
    session.edit(PLACE)
    session.get(f"{line.url}/identity")
    assert b"Cookie: way=left" in line.requests[-1]


def test_an_edit_reaches_a_plex_below_a_path_of_its_proxy(server: PlexTestServer, line: Line) -> None:
    line.answer = [DONE]
    session = PlexSession(f"{line.url}/plex", "the-token", verify=True)
    session.get(f"{line.url}/plex/identity")
    session.prepare_edits(session.prepare_request(requests.Request("PUT", f"{line.url}/plex")))
    session.edit(PLACE)
    assert line.edits[0].startswith(b"PUT /plex/library/sections/1/all?genre%5B0%5D.tag.tag=Drama%20")


def test_a_plex_that_went_away_between_two_edits_is_told_as_ever(server: PlexTestServer, plex: Plex) -> None:
    item = server.library.add_item(1, (("/media/one.mkv", 1),))
    arguments = {"type": 1, "id": item.rating_key, "title.value": "One"}
    plex.put("/library/sections/1/all", arguments)
    server.close()
    with pytest.raises(PlexUnavailable, match=r"Plex cannot be reached or is too slow \(ConnectionError\)"):
        plex.put("/library/sections/1/all", arguments)


@pytest.mark.skipif(not shutil.which("openssl"), reason="a certificate is made with openssl")
def test_edits_are_encrypted_under_the_certificates_that_the_session_believes(
    server: PlexTestServer, tmp_path: Path
) -> None:
    item = server.library.add_item(1, (("/media/one.mkv", 1),))
    certificate = encrypt(server, tmp_path)
    address = server.url.replace("http:", "https:")
    place = f"/library/sections/1/all?type=1&id={item.rating_key}&title.value="
    for believes in (False, str(certificate)):
        session = PlexSession(address, server.token, verify=bool(believes))
        session.verify = believes
        session.get(f"{address}/identity")
        headers = {"X-Plex-Token": server.token}
        session.prepare_edits(session.prepare_request(requests.Request("PUT", address, headers)))
        session.edit(f"{place}{bool(believes)}")
        edited = server.library.item(item.rating_key)
        assert edited is not None
        assert edited.title == str(bool(believes))
    # Another server has taken the address: the connection is opened anew, and not believed.
    session.verify = True
    with pytest.raises(PlexUnavailable, match="certificate"):
        session.get(f"{address}/identity")
    session._kept.close()
    with pytest.raises(PlexUnavailable, match="certificate"):
        session.edit(place + "Never")
