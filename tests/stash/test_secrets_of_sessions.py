"""A session that Stash renews is as secret as the one that it gave at first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stash import log as user_log
from stash.client import Stash
from stash.exceptions import StashError
from stash.log import RENEWED_SECRETS, keep_secret, without_secrets
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection


@pytest.fixture
def server() -> Iterator[StashServer]:
    with StashServer(StashLibrary(), credentials=True) as server:
        yield server


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_log, "_redactions", [])
    monkeypatch.setattr(user_log, "_renewed", [])


def session_of(stash: Stash) -> str:
    return stash.connection.cookie


def test_every_session_that_stash_gives_is_kept_out_of_the_log(server: StashServer) -> None:
    stash = Stash(parse_connection(server.server_connection()))
    sessions = {session_of(stash)}
    for _ in range(5):
        stash.count_scenes()
        sessions.add(session_of(stash))
    assert len(sessions) == 6
    for session in sessions:
        assert without_secrets(f"Cookie: session={session}") == "Cookie: session=***"


def test_an_error_that_repeats_the_session_shows_none_of_it(
    server: StashServer, capsys: pytest.CaptureFixture[str]
) -> None:
    stash = Stash(parse_connection(server.server_connection()))
    stash.count_scenes()
    session = session_of(stash)
    body = f'{{"errors":[{{"message":"bad cookie session={session}"}}]}}'.encode()
    server.faults.add("status", code=200, body=body, content_type="application/json")
    with pytest.raises(StashError) as raised:
        stash.count_scenes()
    user_log.error(str(raised.value))
    assert session not in capsys.readouterr().err
    assert session not in without_secrets(str(raised.value))
    assert session not in str(raised.value)


def test_of_thousands_of_sessions_the_latest_are_kept_in_mind(server: StashServer) -> None:
    keep_secret("the-plex-token")
    stash = Stash(parse_connection(server.server_connection()))
    for _ in range(3 * RENEWED_SECRETS):
        stash.count_scenes()
    assert len(user_log._redactions) == RENEWED_SECRETS + 1
    assert without_secrets(f"the-plex-token {session_of(stash)}") == "*** ***"
