"""How the Stash that started the plugin is reached, from what it tells of itself."""

from __future__ import annotations

from typing import Any

import pytest

from validation.plugin_input import parse_connection


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("", "127.0.0.1"),
        (None, "127.0.0.1"),
        ("::", "[::1]"),
        ("[::]", "[::1]"),
        ("2001:db8::5", "[2001:db8::5]"),
        ("192.168.1.5", "192.168.1.5"),
        ("stash", "stash"),
    ],
)
def test_the_address_that_stash_listens_on_is_turned_into_one_to_connect_to(host: Any, expected: str) -> None:
    assert parse_connection({"Host": host}).host == expected


def test_a_connection_says_where_stash_is_and_under_which_session_it_is_asked() -> None:
    document = {"Scheme": "https", "Host": "0.0.0.0", "Port": 9998, "SessionCookie": {"Value": "abc"}}
    connection = parse_connection(document)
    assert (connection.address, connection.cookie) == ("https://127.0.0.1:9998", "abc")
    assert connection.with_cookie("def").cookie == "def"
    assert connection.cookie == "abc"


@pytest.mark.parametrize("cookie", [None, {}, {"Value": None}, {"Value": 5}, "abc", []])
def test_without_a_session_that_can_be_read_none_is_sent(cookie: Any) -> None:
    assert parse_connection({"SessionCookie": cookie}).cookie == ""


@pytest.mark.parametrize("port", ["x", [1], {"a": 1}, 1e400])
def test_a_port_that_is_no_number_is_one_on_which_nobody_is_met(port: Any) -> None:
    assert parse_connection({"Port": port}).port == 0
