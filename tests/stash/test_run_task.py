"""Stash is asked to run a task by few means; whatever it answers, the asking ends in time and in words."""

from __future__ import annotations

import _socket
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stash import run_task
from stash.exceptions import AskingFailed
from stash.run_task import run_unless_waiting
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from tests.servers.world import install_plugin
from tests.transport.test_bounded_answer import encrypt
from validation.plugin_input import parse_connection

TASK = "Process Queue"


@pytest.fixture
def stash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StashServer]:
    """A Stash whose queue takes tasks and runs none."""
    with StashServer(StashLibrary(), plugins_dir=install_plugin(tmp_path / "plugins")) as stash:
        held = threading.Event()
        monkeypatch.setattr(stash.plugins, "_run_job", lambda job: held.wait(60))
        yield stash
        held.set()


def ask(stash: StashServer, **connection: Any) -> bool:
    args: dict[str, str | bool] = {
        "mode": "process_queue",
        "automatic": True,
        "odd": 'a "text" with é',
        "off": False,
    }
    return run_unless_waiting(parse_connection({**stash.server_connection(), **connection}), TASK, args)


def variables(stash: StashServer) -> Any:
    (asked,) = (request for request in stash.requests if request.operation == "runPluginTask")
    return asked.variables


def test_the_task_is_asked_for_with_its_arguments_as_they_are(stash: StashServer) -> None:
    assert ask(stash) is True
    args = {"mode": "process_queue", "automatic": True, "odd": 'a "text" with é', "off": False}
    assert variables(stash) == {"plugin": "Stash2Plex", "task": TASK, "args": args}


def test_with_a_login_the_session_is_handed_over(stash: StashServer) -> None:
    stash.credentials = True
    assert ask(stash) is True
    with pytest.raises(AskingFailed):
        ask(stash, SessionCookie=None)


@pytest.mark.skipif(not shutil.which("openssl"), reason="a certificate is made with openssl")
def test_a_stash_with_a_certificate_of_its_own_is_asked_over_tls(stash: StashServer, tmp_path: Path) -> None:
    encrypt(stash, tmp_path)
    assert ask(stash, Scheme="https") is True
    with pytest.raises(AskingFailed):
        ask(stash)


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost", "", None])
def test_it_is_asked_under_the_address_that_it_listens_on(stash: StashServer, host: str | None) -> None:
    assert ask(stash, Host=host) is True


def test_a_name_with_two_addresses_of_which_only_one_answers_is_no_failure(
    stash: StashServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = _socket.getaddrinfo
    nobody = find("127.0.0.1", 1, 0, socket.SOCK_STREAM)
    monkeypatch.setattr(_socket, "getaddrinfo", lambda *asked: [*nobody, *find(*asked)])
    assert ask(stash, Host="localhost") is True


@pytest.mark.parametrize("kind", ["hang", "drip", "slow_headers"])
def test_one_deadline_holds_for_all_of_the_asking(
    stash: StashServer, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setattr(run_task, "TIMEOUT", 0.3)
    settings: dict[str, Any] = {"drip": {"pieces": 1000}}.get(kind, {})
    stash.faults.add(kind, "jobQueue", pause=0.05, **settings)
    began = time.monotonic()
    with pytest.raises(AskingFailed):
        ask(stash)
    assert 0.2 < time.monotonic() - began < 2
    stash.faults.clear()


def test_an_answer_without_end_is_not_read_to_its_end(
    stash: StashServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_task, "_MOST_BYTES", 10)
    with pytest.raises(AskingFailed):
        ask(stash)


@pytest.mark.parametrize(
    "connection", [{"Port": 1}, {"Port": "x"}, {"Port": 2**40}, {"Host": "no such host."}, {"Host": "a\x00b"}]
)
def test_where_nobody_can_be_asked_that_is_said(stash: StashServer, connection: dict[str, Any]) -> None:
    with pytest.raises(AskingFailed, match=f"could not be asked to run {TASK}"):
        ask(stash, **connection)


def test_of_the_session_nothing_is_in_the_words_of_a_failure(stash: StashServer) -> None:
    with pytest.raises(AskingFailed) as failure:
        ask(stash, Port=1, SessionCookie={"Value": "a secret \x7f é 漢"})
    assert "secret" not in str(failure.value)
