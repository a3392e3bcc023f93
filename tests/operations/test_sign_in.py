"""Signing in to Plex: the person does it in a browser, the token goes to Stash, and the page never has it."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from operations.sign_in import SERVICE_VARIABLE, account_service
from operations.sign_in_file import NAME
from plex.account import PLEX_TV
from plex.client import client_identifier
from tests.builders.operation import Operations
from tests.builders.packages import closed_port
from tests.servers.account.server import TOKEN, AccountServer, Resource
from tests.servers.plex.server import PlexTestServer
from tests.servers.world import World

EXPIRED = "The sign-in to Plex has expired. Sign in once more."


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[AccountServer]:
    with AccountServer() as account:
        monkeypatch.setenv(SERVICE_VARIABLE, account.url)
        yield account


def file_of(world: World) -> Path:
    return world.data_dir / NAME


def a_sign_in_that_is_done(operations: Operations, account: AccountServer) -> str:
    begun = operations.result("sign_in_begin")
    account.sign_in()
    assert operations.result("sign_in_wait", sign_in=begun["sign_in"])["is_signed_in"]
    return str(begun["sign_in"])


def test_the_browser_is_sent_to_plexs_own_page_with_the_code_of_this_sign_in(
    operations: Operations, account: AccountServer
) -> None:
    begun = operations.result("sign_in_begin")
    (pin,) = account.pins.values()
    parts = urlsplit(begun["address"])
    assert (parts.scheme, parts.hostname) == ("https", "app.plex.tv")
    values = parse_qs(parts.fragment.lstrip("!?"))
    assert values["code"] == [pin.code]
    assert values["clientID"] == [client_identifier(operations.world.data_dir)]
    assert begun["sign_in"] not in begun["address"]


def test_after_the_person_has_signed_in_the_account_and_its_servers_are_told(
    operations: Operations, account: AccountServer
) -> None:
    world = operations.world
    nowhere = f"http://127.0.0.1:{closed_port()}"
    account.add_server("Home", world.plex.library.machine_identifier, nowhere, world.plex.url)
    account.resources.append(Resource("A phone", "phone", provides="client,player"))
    begun = operations.result("sign_in_begin")
    waiting = operations.result("sign_in_wait", sign_in=begun["sign_in"])
    assert waiting == {"is_signed_in": False, "is_expired": False, "account": None, "servers": []}
    account.sign_in()
    signed_in = operations.result("sign_in_wait", sign_in=begun["sign_in"])
    addresses = [
        {"address": address, "is_local": True, "is_secure": False, "answers": answers}
        for address, answers in ((world.plex.url, True), (nowhere, False))
    ]
    server = {"name": "Home", "version": "1.43.1.10611", "is_owned": True, "addresses": addresses}
    assert signed_in == {"is_signed_in": True, "is_expired": False, "account": "Ada", "servers": [server]}


def test_the_token_reaches_stashs_settings_and_nothing_else(
    operations: Operations, account: AccountServer
) -> None:
    account.add_server("Home", operations.world.plex.library.machine_identifier, operations.world.plex.url)
    begun = operations.result("sign_in_begin")
    account.sign_in()
    asked = [
        operations.told("sign_in_wait", sign_in=begun["sign_in"]),
        operations.told("sign_in_wait", sign_in=begun["sign_in"]),
        operations.told("save_settings", settings={"plex_url": operations.world.plex.url}, use_sign_in=True),
    ]
    for told in asked:
        assert TOKEN not in told.stdout
        assert not [line for line in told.lines if TOKEN in line.text]
    assert asked[-1].answer["output"]["result"] == {"problems": {}, "is_saved": True}
    assert operations.world.settings["plex_token"] == TOKEN
    assert not file_of(operations.world).exists()
    assert not [one for one in operations.world.plex.requests if one.has_token]


def test_what_is_kept_meanwhile_is_for_its_owner_only_and_for_an_hour(
    operations: Operations, account: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in = a_sign_in_that_is_done(operations, account)
    path = file_of(operations.world)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["token"] == TOKEN
    assert [one.name for one in operations.world.data_dir.iterdir()] == [NAME]
    later = time.time() + 60 * 60
    monkeypatch.setattr(time, "time", lambda: later)
    operations.result("version")
    assert not path.exists()
    assert operations.result("sign_in_wait", sign_in=sign_in)["is_expired"]
    assert operations.problem("save_settings", use_sign_in=True)["text"] == EXPIRED


def test_a_sign_in_is_known_by_its_own_name_and_the_latest_counts(
    operations: Operations, account: AccountServer
) -> None:
    first, second = operations.result("sign_in_begin"), operations.result("sign_in_begin")
    assert operations.result("sign_in_wait", sign_in=first["sign_in"])["is_expired"]
    assert operations.result("sign_in_wait", sign_in="made up")["is_expired"]
    assert not operations.result("sign_in_wait", sign_in=second["sign_in"])["is_expired"]


def test_every_sign_in_is_made_by_the_same_device(operations: Operations, account: AccountServer) -> None:
    a_sign_in_that_is_done(operations, account)
    a_sign_in_that_is_done(operations, account)
    assert {one.client for one in account.asked} == {client_identifier(operations.world.data_dir)}
    assert {one.product for one in account.asked} == {"Stash2Plex"}


def test_a_code_that_nobody_used_in_time_has_expired(operations: Operations, account: AccountServer) -> None:
    begun = operations.result("sign_in_begin")
    account.clock = lambda: time.monotonic() + 3600
    assert operations.result("sign_in_wait", sign_in=begun["sign_in"])["is_expired"]
    assert not file_of(operations.world).exists()


def test_a_sign_in_that_was_taken_back_has_expired(operations: Operations, account: AccountServer) -> None:
    sign_in = a_sign_in_that_is_done(operations, account)
    account.is_revoked = True
    assert operations.result("sign_in_wait", sign_in=sign_in)["is_expired"]


def test_before_the_person_has_signed_in_there_is_no_token_to_save(
    operations: Operations, account: AccountServer
) -> None:
    operations.result("sign_in_begin")
    before = dict(operations.world.settings)
    problem = operations.problem("save_settings", settings={"tags_as": "labels"}, use_sign_in=True)
    assert (problem["text"], problem["setting"]) == (EXPIRED, "plex_token")
    assert operations.world.settings == before


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, None, "does not do it now (503)"),
        (429, None, "does not do it now (429)"),
        (302, None, "does not do it now (302)"),
        (None, b"<html>A page", "cannot read"),
        (None, b"", "cannot read"),
        (None, b"<pin/>", "cannot read"),
        (None, b"\xff\xfe", "cannot read"),
    ],
)
def test_an_account_service_in_trouble_is_a_problem_and_never_the_end_of_a_sign_in(
    operations: Operations, account: AccountServer, status: int | None, body: bytes | None, words: str
) -> None:
    begun = operations.result("sign_in_begin")
    account.status, account.body = status, body
    assert words in operations.problem("sign_in_begin")["text"]
    # Without a token, or without anything, it is only not done yet.
    if body not in (b"<pin/>", b""):
        assert words in operations.problem("sign_in_wait", sign_in=begun["sign_in"])["text"]
    account.status = account.body = None
    account.sign_in()
    assert operations.result("sign_in_wait", sign_in=begun["sign_in"])["is_signed_in"]


def test_an_account_service_that_does_not_answer_is_waited_for_a_few_seconds_only(
    operations: Operations, account: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plex.account.PATIENCE", (0.2, 0.2))
    account.hang = True
    began = time.monotonic()
    assert "cannot be reached from Stash" in operations.problem("sign_in_begin")["text"]
    assert time.monotonic() - began < 3
    account.hang = False


def test_an_address_that_does_not_answer_is_not_waited_for(
    operations: Operations, account: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plex.reachable.PATIENCE", 0.2)
    world = operations.world
    with PlexTestServer(world.plex.library, token="t") as silent:
        silent.faults.add("hang", "/identity")
        account.add_server("Home", world.plex.library.machine_identifier, silent.url)
        begun = operations.result("sign_in_begin")
        account.sign_in()
        began = time.monotonic()
        signed_in = operations.result("sign_in_wait", sign_in=begun["sign_in"])
        assert time.monotonic() - began < 3
        assert [one["answers"] for one in signed_in["servers"][0]["addresses"]] == [False]
    assert all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate())


def test_an_address_at_which_another_server_answers_is_none_of_this_server(
    operations: Operations, account: AccountServer
) -> None:
    account.add_server("Elsewhere", "another machine", operations.world.plex.url, is_owned=False)
    account.resources.append(
        Resource("Relayed", "relayed", ((operations.world.plex.url, False, True), ("ftp://x", True, False)))
    )
    begun = operations.result("sign_in_begin")
    account.sign_in()
    relayed, elsewhere = operations.result("sign_in_wait", sign_in=begun["sign_in"])["servers"]
    assert (relayed["name"], relayed["is_owned"], elsewhere["is_owned"]) == ("Relayed", True, False)
    assert [one["answers"] for one in elsewhere["addresses"]] == [False]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"name": 1}', '{"begun_at": "x"}'])
def test_a_file_that_cannot_be_read_is_no_sign_in(operations: Operations, content: str) -> None:
    operations.world.data_dir.mkdir()
    file_of(operations.world).write_text(content)
    assert operations.result("sign_in_wait", sign_in="x")["is_expired"]
    assert not file_of(operations.world).exists()


@pytest.mark.parametrize(
    ("service", "used"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://192.168.1.10:8000", PLEX_TV),
        ("https://plex.example", PLEX_TV),
        ("http://127.0.0.1.example", PLEX_TV),
        ("http://localhost:8000", PLEX_TV),
        ("file:///127.0.0.1", PLEX_TV),
        ("127.0.0.1", PLEX_TV),
        ("http://[", PLEX_TV),
        ("", PLEX_TV),
    ],
)
def test_another_account_service_is_one_on_this_machine_and_nowhere_else(service: str, used: str) -> None:
    assert account_service({SERVICE_VARIABLE: service}) == used
    assert account_service({}) == PLEX_TV


def test_a_data_folder_that_cannot_be_written_is_a_problem_in_words(
    operations: Operations, account: AccountServer
) -> None:
    operations.world.data_dir.parent.mkdir(exist_ok=True)
    operations.world.data_dir.write_text("a file in its place")
    assert "cannot be used" in operations.problem("sign_in_begin")["text"]
    os.remove(operations.world.data_dir)
