"""What Stash does wrong, over real HTTP: sessions that end, locks, silence and rubbish."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import transport.bounded_answer
from stash import session as stash_session
from stash.client import Stash
from stash.exceptions import StashAnswerInvalid, StashError, StashRefused, StashUnavailable
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from tests.transport.test_bounded_answer import encrypt
from validation.plugin_input import parse_connection

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def server() -> Iterator[StashServer]:
    library = StashLibrary()
    for number in (1, 2, 3):
        library.add_scene(title=f"Clip {number}")
    with StashServer(library, credentials=True) as server:
        server.clock = Clock()
        yield server
        assert server.crashes == []


@pytest.fixture
def stash(server: StashServer) -> Stash:
    """A connection with a session of its own."""
    stash = Stash(parse_connection(server.server_connection()))
    server.clear_requests()
    return stash


def test_a_session_outlives_its_hour_as_long_as_it_is_used(server: StashServer, stash: Stash) -> None:
    clock = server.clock
    assert isinstance(clock, Clock)
    for _ in range(4):
        clock.seconds += 0.9 * HOUR
        assert stash.count_scenes() == 3


def test_a_session_that_has_ended_is_refused_in_words(server: StashServer, stash: Stash) -> None:
    clock = server.clock
    assert isinstance(clock, Clock)
    clock.seconds += 2 * HOUR
    with pytest.raises(StashRefused, match=r"did not accept the plugin's session \(401\)"):
        stash.count_scenes()


@pytest.mark.skipif(not shutil.which("openssl"), reason="a certificate is made with openssl")
def test_a_stash_that_made_its_certificate_itself_is_talked_to(server: StashServer, tmp_path: Path) -> None:
    encrypt(server, tmp_path)
    stash = Stash(parse_connection({**server.server_connection(), "Scheme": "https"}))
    assert stash.count_scenes() == stash.another().count_scenes() == 3


def test_one_more_connection_asks_nothing_and_keeps_the_session(server: StashServer, stash: Stash) -> None:
    other = stash.another()
    assert server.requests == []
    assert other.connection.cookie == stash.connection.cookie
    assert other.now == stash.now
    assert other.count_scenes() == 3


def test_stash_is_never_asked_for_its_api_key(server: StashServer) -> None:
    Stash(parse_connection(server.server_connection()))
    assert server.request_counts() == {"version": 1}


def test_a_connection_without_a_session_is_refused_where_stash_wants_one(server: StashServer) -> None:
    connection = {**server.server_connection(), "SessionCookie": None}
    with pytest.raises(StashRefused):
        Stash(parse_connection(connection)).count_scenes()


def test_no_session_is_needed_where_stash_has_no_password(server: StashServer) -> None:
    server.credentials = False
    assert Stash(parse_connection({"Port": server.port})).count_scenes() == 3


def test_a_locked_database_is_asked_again(server: StashServer, stash: Stash) -> None:
    server.faults.add("graphql_error", times=2)
    assert stash.count_scenes() == 3
    assert len(server.requests) == 3


def test_a_database_that_stays_locked_is_an_error_in_stashs_words(
    server: StashServer, stash: Stash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 2)
    server.faults.add("graphql_error")
    with pytest.raises(StashUnavailable, match="database is locked"):
        stash.count_scenes()
    assert len(server.requests) == 2


def test_any_other_error_of_stash_is_not_asked_again(server: StashServer, stash: Stash) -> None:
    server.faults.add("graphql_error", message="no such table: scenes")
    with pytest.raises(StashUnavailable, match="no such table: scenes"):
        stash.count_scenes()
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 507, 520])
def test_a_stash_that_is_overloaded_can_be_asked_later(server: StashServer, stash: Stash, code: int) -> None:
    server.faults.add("status", code=code)
    with pytest.raises(StashUnavailable, match=f"answered {code}.*again later"):
        stash.count_scenes()


@pytest.mark.parametrize("code", [401, 403, 498])
def test_a_refused_session_is_told_apart(server: StashServer, stash: Stash, code: int) -> None:
    server.faults.add("status", code=code)
    with pytest.raises(StashRefused, match=str(code)):
        stash.count_scenes()


@pytest.mark.parametrize("kind", ["refuse", "drop", "hang"])
def test_a_connection_that_breaks_is_an_outage_and_the_next_question_is_answered(
    server: StashServer, stash: Stash, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.add(kind, times=1)
    monkeypatch.setattr(stash_session, "READ_TIMEOUT", 0.3 if kind == "hang" else 60)
    with pytest.raises(StashUnavailable, match="cannot be reached or is too slow"):
        stash.count_scenes()
    monkeypatch.undo()
    assert server.faults.reached.is_set()
    server.faults.clear()
    assert stash.count_scenes() == 3


def test_a_stash_that_is_not_running_is_an_outage(server: StashServer, stash: Stash) -> None:
    server.stop_listening()
    with pytest.raises(StashUnavailable, match="Is it running"):
        stash.count_scenes()
    with pytest.raises(StashUnavailable, match="Is it running"):
        Stash(parse_connection(server.server_connection()))
    server.start_listening()


def test_half_a_document_is_no_answer(server: StashServer, stash: Stash) -> None:
    server.faults.add("invalid_json")
    with pytest.raises(StashAnswerInvalid, match="not JSON"):
        list(stash.pages())


@pytest.mark.parametrize(
    ("code", "location", "error"),
    [
        (301, "https://stash.example/graphql", StashAnswerInvalid),
        (302, "/login?returnURL=/graphql", StashRefused),
        (307, "https://sso.example/login", StashRefused),
        (308, "", StashAnswerInvalid),
    ],
)
def test_a_redirect_is_not_followed(
    server: StashServer, stash: Stash, code: int, location: str, error: type[StashError]
) -> None:
    server.faults.add("status", code=code, headers={"Location": location})
    with pytest.raises(error, match=str(code)):
        stash.count_scenes()
    assert [request.path for request in server.requests] == ["/graphql"]


def test_no_error_shows_the_session(server: StashServer) -> None:
    connection = server.server_connection()
    secret = connection["SessionCookie"]["Value"]
    server.faults.add("status", code=401)
    with pytest.raises(StashError) as raised:
        Stash(parse_connection(connection))
    assert secret not in str(raised.value) + repr(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><title>Router</title>",
        b"",
        b"[]",
        b'"text"',
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {}}',
        b'{"data": {"findScenes": null, "version": null}}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"data": {"findScenes": {}, "version": {"version": "v0.30.0"}}}',
        b'{"data": {"findScenes": {"scenes": null}}}',
        b"{" * 1000,
        b'{"data": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: str(body[:40]),
)
def test_whatever_else_answers_at_stashs_address_is_an_error_in_words(body: bytes) -> None:
    with AnotherServer(body) as port, pytest.raises(StashAnswerInvalid) as raised:
        list(Stash(parse_connection({"Port": port})).pages())
    assert "Stash" in str(raised.value)


@pytest.mark.parametrize("body", [b'{"errors": "broken"}', b'{"errors": [1, {"message": null}]}'])
def test_errors_of_any_shape_are_errors(body: bytes) -> None:
    with AnotherServer(body) as port, pytest.raises(StashUnavailable, match="Stash could not answer"):
        list(Stash(parse_connection({"Port": port})).pages())


@pytest.mark.parametrize("code", [201, 204, 206, 400, 404, 405, 413, 414, 422, 451])
@pytest.mark.parametrize("body", [b"", b"<html></html>", b"{}", b'{"data": {"findScenes": {"count": 3}}}'])
def test_only_a_200_is_an_answer(server: StashServer, stash: Stash, code: int, body: bytes) -> None:
    server.faults.add("status", code=code, body=b"" if code == 204 else body)
    with pytest.raises(StashAnswerInvalid, match=str(code)):
        stash.count_scenes()


def test_a_document_that_stash_does_not_understand_is_refused_in_its_words(
    server: StashServer, stash: Stash
) -> None:
    body = b'{"errors":[{"message":"Cannot query field \\"groups\\" on type \\"Scene\\"."}],"data":null}'
    server.faults.add("status", code=422, body=body)
    with pytest.raises(StashAnswerInvalid, match='Stash answered: Cannot query field "groups"'):
        list(stash.pages())
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["drip", "slow_headers", "endless", "bomb"])
def test_an_answer_without_end_ends_in_words(
    server: StashServer, stash: Stash, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport.bounded_answer, "LONGEST_ANSWER", 0.3)
    monkeypatch.setattr(stash_session, "LARGEST_ANSWER", 1_000_000)
    server.faults.add(kind, pause=0.05, pieces=1000, size=30_000_000)
    with pytest.raises(StashError, match=r"too slow|too large"):
        stash.count_scenes()


@pytest.mark.parametrize("value", [None, -1, "3", True, 3.0, [3], {}])
def test_a_number_of_scenes_that_is_none_is_an_error(server: StashServer, stash: Stash, value: Any) -> None:
    def spoil(content: dict[str, Any]) -> None:
        content["data"]["findScenes"]["count"] = value

    server.faults.add("change", change=changed_by(spoil))
    with pytest.raises(StashAnswerInvalid):
        stash.count_scenes()


@pytest.mark.parametrize("plugins", [None, [], "", {"Stash2Plex": None}, {"Stash2Plex": [1]}])
def test_settings_that_cannot_be_read_are_never_taken_for_none(
    server: StashServer, stash: Stash, plugins: Any
) -> None:
    def spoil(content: dict[str, Any]) -> None:
        content["data"]["configuration"]["plugins"] = plugins

    server.faults.add("change", change=changed_by(spoil))
    with pytest.raises(StashAnswerInvalid, match="settings"):
        stash.plugin_settings()


def test_half_an_answer_is_none_where_the_settings_are_asked_for(server: StashServer, stash: Stash) -> None:
    def spoil(content: dict[str, Any]) -> None:
        content.update(errors=[{"message": "context canceled"}], data={"configuration": {"plugins": {}}})

    server.faults.add("change", change=changed_by(spoil))
    with pytest.raises(StashUnavailable, match="context canceled"):
        stash.plugin_settings()


def changed_by(spoil: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], Any]:
    """A change of an answer, out of a function that changes it in place."""

    def change(content: dict[str, Any]) -> Any:
        spoil(content)
        return content

    return change


class AnotherServer:
    """Something else that listens at an address: it answers everything with these bytes."""

    def __init__(self, body: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._http = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> int:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return int(self._http.server_address[1])

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
