"""The connection to Plex, over real HTTP with the real plexapi: each fault has its error and its words."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from plex.client import Plex, client_identifier
from plex.exceptions import (
    PlexAnswerInvalid,
    PlexBusy,
    PlexError,
    PlexNotFound,
    PlexRefused,
    PlexRejected,
    PlexTooLarge,
    PlexUnavailable,
)
from tests.servers.plex.server import PlexTestServer

PATH = "/library/sections/1/all"
TITLE = "a title that stays private"
QUERY = {"type": 1, "title.value": TITLE}
PROXY_PAGE = b"<html><head><title>nginx</title></head><body><h1>Oh &amp; no</h1></body></html>"
STATUSES = [
    (301, PlexAnswerInvalid, "“Plex URL” (plex_url) redirects elsewhere (301)"),
    (302, PlexAnswerInvalid, "“Plex URL” (plex_url) redirects elsewhere (302)"),
    (400, PlexRejected, "Plex refused it (400: "),
    (401, PlexRefused, "“Plex token” (plex_token) (401)"),
    (403, PlexRefused, "“Plex token” (plex_token) (403)"),
    (404, PlexNotFound, "nothing under the key"),
    (405, PlexAnswerInvalid, "Something in front of Plex refuses what Plex would accept (405: "),
    (407, PlexUnavailable, "Plex is not ready (407"),
    (408, PlexUnavailable, "Plex is not ready (408"),
    (413, PlexTooLarge, "Plex refused it (413: "),
    (414, PlexTooLarge, "Plex refused it (414: "),
    (419, PlexRefused, "“Plex token” (plex_token) (419)"),
    (425, PlexUnavailable, "Plex is not ready (425"),
    (429, PlexBusy, "could not do it now (429)"),
    (431, PlexTooLarge, "Plex refused it (431: "),
    (498, PlexRefused, "“Plex token” (plex_token) (498)"),
    (500, PlexBusy, "could not do it now (500)"),
    (502, PlexUnavailable, "Plex is not ready (502"),
    (503, PlexUnavailable, "Plex is not ready (503"),
    (504, PlexUnavailable, "Plex is not ready (504"),
    (507, PlexUnavailable, "Plex is not ready (507"),
    (511, PlexUnavailable, "Plex is not ready (511"),
    (522, PlexUnavailable, "Plex is not ready (522"),
]


@pytest.mark.parametrize(("code", "error", "words"), STATUSES)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_each_status_has_its_error_in_words_without_token_and_query(
    server: PlexTestServer, plex: Plex, code: int, error: type[PlexError], words: str, writes: bool
) -> None:
    server.faults.add("status", PATH, code=code, headers={"Location": "http://192.0.2.1/"})
    with pytest.raises(PlexError) as raised:
        (plex.put if writes else plex.get)(PATH, QUERY)
    assert type(raised.value) is error
    assert words in str(raised.value)
    assert server.token not in str(raised.value)
    assert TITLE not in str(raised.value)
    assert "?" not in str(raised.value).replace("Is there a proxy in between?", "")
    assert str(raised.value).count(str(code)) == 1


def test_a_plex_that_is_starting_up_says_so_in_its_own_words(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("status", code=503)
    with pytest.raises(PlexUnavailable, match=r"\(503: .*currently running database migrations"):
        plex.get(PATH, {})
    with pytest.raises(PlexUnavailable, match=r"\(503: .*currently running database migrations"):
        Plex(server.url, server.token, "x")


def test_the_words_of_a_proxys_page_are_told_without_its_html(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("status", code=502, body=PROXY_PAGE)
    with pytest.raises(PlexUnavailable, match=r"\(502: Oh & no\)"):
        plex.get(PATH, {})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [({"Retry-After": "17"}, 17.0), ({}, None), ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None)],
)
def test_the_time_that_plex_asks_to_wait_is_known(
    server: PlexTestServer, plex: Plex, header: dict[str, str], seconds: float | None
) -> None:
    server.faults.add("status", code=429, headers=header)
    with pytest.raises(PlexBusy) as raised:
        plex.get(PATH, {})
    assert raised.value.retry_after == seconds


# Connections


def test_a_connection_that_plex_closed_meanwhile_is_tried_once_more(
    server: PlexTestServer, plex: Plex
) -> None:
    server.faults.add("refuse", times=1)
    assert plex.get(PATH, {}).tag == "MediaContainer"
    assert [request.status for request in server.requests] == [0, 200]


def test_a_plex_that_closes_every_connection_cannot_be_reached(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("refuse")
    with pytest.raises(PlexUnavailable, match=r"cannot be reached or is too slow.*“Plex URL”"):
        plex.get(PATH, {})
    assert len(server.requests) == 2


def test_a_plex_that_hangs_is_not_waited_for_and_not_asked_again(
    server: PlexTestServer, plex: Plex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = server.faults.add("hang", times=1)
    monkeypatch.setattr("plex.session.READ_TIMEOUT", 0.3)
    with pytest.raises(PlexUnavailable, match=r"\(ReadTimeout\)"):
        plex.get(PATH, {})
    monkeypatch.undo()
    assert (fault.arrived.is_set(), fault.hits) == (True, 1)
    server.faults.clear()
    assert plex.get(PATH, {}).tag == "MediaContainer"


def test_an_answer_that_breaks_off_is_an_outage_not_an_empty_library(
    server: PlexTestServer, plex: Plex
) -> None:
    server.faults.add("drop")
    with pytest.raises(PlexUnavailable):
        plex.get(PATH, {})


def test_a_plex_that_is_not_running_cannot_be_reached(server: PlexTestServer, plex: Plex) -> None:
    server.close()
    with pytest.raises(PlexUnavailable, match="Is it running"):
        plex.get(PATH, {})
    with pytest.raises(PlexUnavailable, match="Nothing is lost"):
        Plex(server.url, server.token, "x")


def test_https_to_a_plain_plex_names_the_setting(server: PlexTestServer) -> None:
    with pytest.raises(PlexUnavailable, match=r"does not speak https.*“Plex URL” \(plex_url\)"):
        Plex(server.url.replace("http:", "https:"), server.token, "x")


# What answers


def test_half_a_document_is_no_answer(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("invalid_xml")
    with pytest.raises(PlexAnswerInvalid, match="cut off or not XML"):
        plex.get(PATH, {})


def test_an_empty_answer_to_a_question_is_no_answer(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("status", code=200, body=b"")
    with pytest.raises(PlexAnswerInvalid, match="empty answer"):
        plex.get(PATH, {})


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Router</body></html>",
        b"<html><br></html>",
        b'{"json": 1}',
        b"\xff\xfe\x00",
        b"<a/>",
    ],
)
def test_what_is_not_a_plex_server_is_named_with_the_setting(server: PlexTestServer, body: bytes) -> None:
    server.faults.add("status", code=200, body=body)
    with pytest.raises(PlexAnswerInvalid, match=r"“Plex URL” \(plex_url\) is not a Plex server"):
        Plex(server.url, server.token, "x")


def test_a_redirect_is_not_followed_with_the_token(server: PlexTestServer, plex: Plex) -> None:
    server.faults.add("status", PATH, code=302, headers={"Location": f"{server.url}/identity"})
    with pytest.raises(PlexAnswerInvalid):
        plex.get(PATH, {})
    assert [request.path for request in server.requests] == [PATH]


def test_a_wrong_token_is_refused_without_being_shown(server: PlexTestServer) -> None:
    with pytest.raises(PlexRefused, match=r"“Plex token” \(plex_token\)") as raised:
        Plex(server.url, "a-wrong-token", "x")
    assert "a-wrong-token" not in repr(raised.value)


# What plex hears of us


def test_the_token_travels_in_a_header_and_never_in_an_address(server: PlexTestServer, plex: Plex) -> None:
    plex.get(PATH, {"type": 1})
    plex.get("/library/sections", {})
    assert server.requests
    assert all(request.has_token and not request.token_in_query for request in server.requests)


def test_plex_knows_us_by_our_own_name_at_every_run(server: PlexTestServer, tmp_path: Path) -> None:
    for _ in range(2):
        Plex(server.url, server.token, client_identifier(tmp_path))
    assert server.client_identifiers == {client_identifier(tmp_path)}
    assert client_identifier(tmp_path) != client_identifier(tmp_path / "another")


def test_which_server_answers_is_known(server: PlexTestServer, plex: Plex) -> None:
    assert (plex.machine_identifier, plex.version) == (
        server.library.machine_identifier,
        server.library.version,
    )


def test_proxies_and_passwords_of_the_environment_are_not_for_plex(
    server: PlexTestServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=5)
    assert Plex(server.url, server.token, "x").machine_identifier == server.library.machine_identifier
