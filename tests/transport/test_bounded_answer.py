"""Answers that come too slowly, or never end, or unpack into more than there is memory: all of them end."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import transport.bounded_answer
from tests.servers.plex.server import PlexTestServer
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from transport.bounded_answer import AnswerTooLarge, AnswerUnusable, bound_in_time, read_whole

QUESTION = {"query": "{ version { version } }"}


@pytest.fixture
def server() -> Iterator[StashServer]:
    with StashServer(StashLibrary()) as server:
        yield server
        assert server.crashes == []


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        bound_in_time(session)
        yield session


def ask(
    session: requests.Session, server: StashServer, largest: int = 1_000_000, silence: float = 5
) -> requests.Response:
    response = session.post(server.url + "/graphql", json=QUESTION, stream=True, timeout=(5, silence))
    read_whole(response, largest)
    return response


def test_a_bounded_answer_is_read_like_any_other_and_its_connection_is_used_again(
    session: requests.Session, server: StashServer
) -> None:
    for _ in range(3):
        answer = ask(session, server)
        assert answer.json()["data"]["version"]
        assert answer.json() == answer.json()
        assert b"version" in answer.content
        assert "version" in answer.text
    assert len(server._http.connections) == 1


@pytest.mark.parametrize("kind", ["drip", "slow_headers"])
def test_an_answer_that_comes_a_byte_at_a_time_ends_when_its_time_is_up(
    session: requests.Session, server: StashServer, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport.bounded_answer, "LONGEST_ANSWER", 0.3)
    server.faults.add(kind, pieces=1000, pause=0.05)
    start = time.monotonic()
    with pytest.raises(requests.Timeout):
        ask(session, server)
    assert time.monotonic() - start < 2


def test_each_answer_has_its_time_anew(
    session: requests.Session, server: StashServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport.bounded_answer, "LONGEST_ANSWER", 0.5)
    server.faults.add("drip", pieces=3, pause=0.1)
    for _ in range(3):
        assert ask(session, server).status_code == 200


def test_a_silence_in_an_answer_ends_before_the_answers_own_time_is_up(
    session: requests.Session, server: StashServer
) -> None:
    server.faults.add("drip", pieces=2, pause=60)
    start = time.monotonic()
    with pytest.raises(requests.Timeout):
        ask(session, server, silence=0.2)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("kind", ["endless", "bomb"])
def test_an_answer_without_end_is_given_up_at_its_largest_size(
    session: requests.Session, server: StashServer, kind: Any
) -> None:
    server.faults.add(kind, size=100_000_000)
    with pytest.raises(AnswerTooLarge):
        ask(session, server)
    server.faults.clear()
    assert ask(session, server).status_code == 200


def test_an_answer_just_as_large_as_allowed_is_read(session: requests.Session, server: StashServer) -> None:
    server.faults.add("status", code=200, body=b"x" * 1000)
    assert ask(session, server, largest=1000).content == b"x" * 1000
    with pytest.raises(AnswerTooLarge):
        ask(session, server, largest=999)


def test_an_answer_that_is_cut_off_is_none(session: requests.Session, server: StashServer) -> None:
    server.faults.add("drop")
    with pytest.raises(requests.RequestException):
        ask(session, server)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "made-up"])
def test_an_answer_packed_in_another_way_than_asked_for_is_not_unpacked(
    session: requests.Session, server: StashServer, encoding: str
) -> None:
    server.faults.add("status", code=200, body=b"{}", headers={"Content-Encoding": encoding})
    with pytest.raises(AnswerUnusable):
        ask(session, server)


def test_an_answer_that_is_said_to_be_packed_and_is_not_is_unusable(
    session: requests.Session, server: StashServer
) -> None:
    server.faults.add("status", code=200, body=b"not packed", headers={"Content-Encoding": "gzip"})
    with pytest.raises(AnswerUnusable):
        ask(session, server)


@pytest.mark.parametrize("code", [204, 304])
def test_an_answer_that_has_no_body_is_read_as_empty(
    session: requests.Session, server: StashServer, code: int
) -> None:
    server.faults.add("status", code=code)
    assert ask(session, server).content == b""


def test_an_empty_body_is_read_as_empty(session: requests.Session, server: StashServer) -> None:
    server.faults.add("status", code=200)
    assert ask(session, server).content == b""


@pytest.mark.skipif(not shutil.which("openssl"), reason="a certificate is made with openssl")
def test_a_slow_answer_over_an_encrypted_connection_ends_as_well(
    session: requests.Session, server: StashServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.verify = str(encrypt(server, tmp_path))
    address = f"https://127.0.0.1:{server.port}/graphql"
    response = session.post(address, json=QUESTION, stream=True, timeout=(5, 5))
    assert b"version" in read_whole(response)
    monkeypatch.setattr(transport.bounded_answer, "LONGEST_ANSWER", 0.3)
    server.faults.add("slow_headers", pause=0.05)
    with pytest.raises(requests.Timeout):
        session.post(address, json=QUESTION, stream=True, timeout=(5, 5))


def encrypt(server: StashServer | PlexTestServer, folder: Path) -> Path:
    """Let the server speak TLS from now on; returns its certificate, which it made itself as Stash does."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    options = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    options += " -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", "req", "-x509", *options.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
    return certificate
