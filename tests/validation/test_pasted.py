"""Addresses and tokens are taken as people paste them, and what came along is in no line of the log."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.values import a_config
from validation.config import read_settings, secrets_in
from validation.exceptions import SettingsInvalid
from validation.pasted import address_in

TOKEN = "made-up-Token_0123456789"
HOST = "http://192.168.1.10:32400"


def problem_of(**stored: Any) -> str:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({"plex_url": HOST, "plex_token": TOKEN, **stored})
    (problem,) = raised.value.problems
    return problem


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        (f"{HOST}/library/metadata/123?checkFiles=1&X-Plex-Token={TOKEN}", HOST),
        (f"{HOST}/identity", HOST),
        (f"{HOST}/web/index.html#!/server/abc/details?key=%2Flibrary%2Fmetadata%2F1", HOST),
        (f"{HOST}/web/", HOST),
        (f"{HOST}/:/prefs?X-Plex-Token={TOKEN}", HOST),
        (f"{HOST}/accounts/1", HOST),
        (f'"{HOST}/"', HOST),
        (f"“{HOST}”", HOST),
        (f"<{HOST}>", HOST),
        ("https://home.example.org/plex/library/sections", "https://home.example.org/plex"),
        ("https://home.example.org/libraries", "https://home.example.org/libraries"),
        ("https://1-2-3-4.abc.plex.direct:32400/identity", "https://1-2-3-4.abc.plex.direct:32400"),
    ],
)
def test_an_address_loses_the_page_that_was_open(pasted: str, expected: str) -> None:
    assert a_config(plex_url=pasted).plex_url == expected


@pytest.mark.parametrize(
    "pasted", ["https://app.plex.tv/desktop/#!/server/abc/details", "app.plex.tv", "https://plex.tv/web"]
)
def test_plexs_own_web_site_is_told_from_a_server(pasted: str) -> None:
    problem = problem_of(plex_url=pasted)
    assert "Plex's own web site" in problem
    assert "http://192.168.1.10:32400" in problem


@pytest.mark.parametrize(
    "pasted",
    [
        TOKEN,
        f'"{TOKEN}"',
        f"'{TOKEN}'",
        f"“{TOKEN}”",
        f"X-Plex-Token={TOKEN}",
        f"x-plex-token: {TOKEN}",
        f"&X-Plex-Token={TOKEN}&X-Plex-Language=en",
        f"{HOST}/library/metadata/1?checkFiles=1&X-Plex-Token={TOKEN}",
        f'"X-Plex-Token={TOKEN}"',
        f" {TOKEN}\n",
    ],
)
def test_a_token_is_taken_out_of_what_was_pasted_with_it(pasted: str) -> None:
    assert a_config(plex_token=pasted).plex_token.get_secret_value() == TOKEN
    assert TOKEN in secrets_in({"plex_token": pasted})


def test_a_token_that_was_pasted_with_the_address_alone_is_used() -> None:
    stored = {"plex_url": f"{HOST}/library/sections?X-Plex-Token={TOKEN}"}
    for nothing in ({}, {"plex_token": ""}, {"plex_token": None}):
        config = read_settings({**stored, **nothing}).config
        assert (config.plex_url, config.plex_token.get_secret_value()) == (HOST, TOKEN)
    assert secrets_in(stored) == [TOKEN]


def test_a_token_in_its_own_setting_is_the_one_that_is_used_and_both_are_secret() -> None:
    stored = {"plex_url": f"{HOST}/?X-Plex-Token=another-token", "plex_token": TOKEN}
    assert read_settings(stored).config.plex_token.get_secret_value() == TOKEN
    assert {TOKEN, "another-token"} <= set(secrets_in(stored))


def test_an_address_in_place_of_the_token_is_told_as_such() -> None:
    assert "is an address without a token" in problem_of(plex_token=f"{HOST}/library/metadata/1")


@pytest.mark.parametrize("pasted", ['""', "two words", "“ ”", "tökén"])
def test_what_is_no_token_is_refused_without_showing_it(pasted: str) -> None:
    problem = problem_of(plex_token=pasted)
    assert "contains characters that no token has" in problem
    assert pasted not in problem


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_an_error_with_words(text: str) -> None:
    try:
        address = address_in(text, HOST)
    except ValueError as problem:
        words = str(problem)
    else:
        words = "is one" if address_in(address, HOST) == address else "changes once more"
    assert words.startswith("is ")
