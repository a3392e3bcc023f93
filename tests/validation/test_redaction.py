"""Secrets stay out of the log."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stashapi import log as stashapi_log

from stash import log
from tests.builders.bench import log_lines
from validation.redaction import Redaction

SECRET = "a+secret/with&odd=signs"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"the token is {SECRET}.", "the token is ***."),
        (f"{SECRET}{SECRET}", "******"),
        (
            "http://plex/?X-Plex-Token=a%2Bsecret%2Fwith%26odd%3Dsigns&x=1",
            "http://plex/?X-Plex-Token=***&x=1",
        ),
        ("nothing to hide", "nothing to hide"),
        ("", ""),
    ],
)
def test_a_secret_is_replaced_as_it_is_and_as_part_of_an_url(text: str, expected: str) -> None:
    assert Redaction(SECRET).clean(text) == expected


def test_what_is_logged_is_cleaned_and_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log, "_redactions", [])
    for secret in (SECRET, "another secret"):
        log.keep_secret(secret)
    log.warning(f"GET with {SECRET}, not another secret")
    stashapi_log.sl.warning("GET %s", f"http://plex/?X-Plex-Token={SECRET}")
    stashapi_log.sl.warning({"no": "text"})
    assert [line.text for line in log_lines(capsys.readouterr().err)] == [
        "GET with ***, not ***",
        "GET http://plex/?X-Plex-Token=***",
        "{'no': 'text'}",
    ]


@given(st.text(max_size=20), st.text("abcXYZ019-_+/=%", min_size=8, max_size=24), st.text(max_size=20))
def test_no_text_keeps_the_secret(before: str, secret: str, after: str) -> None:
    assert secret not in Redaction(secret).clean(before + secret + after)


def quoted(character: str) -> list[str]:
    """A character as servers and libraries may repeat it."""
    if character.isascii() and character.isalnum():
        return [character]
    return [
        character,
        quote(character, safe=""),
        quote(character, safe="").lower(),
        quote(quote(character, safe=""), safe=""),
        quote_plus(character),
        json.dumps(character)[1:-1],
        json.dumps(character, ensure_ascii=False)[1:-1],
        f"\\u{ord(character):04x}" if ord(character) < 0x10000 else character,
        html.escape(character),
        f"&#{ord(character)};",
        f"&#x{ord(character):X};",
        repr(character)[1:-1],
        repr(character.encode())[2:-1],
    ]


@given(st.data(), st.text('abcXYZ019-_+/=%&<>"\\é€𝄞 ', min_size=6, max_size=20))
def test_no_way_of_writing_a_secret_shows_it(data: st.DataObject, secret: str) -> None:
    written = "".join(data.draw(st.sampled_from(quoted(character))) for character in secret)
    assert Redaction(secret).clean(f"before {written} after") == "before *** after"


@pytest.mark.parametrize(
    "written",
    [
        "GET /?session=MTc%3d%2B%2f HTTP/1.1",
        '{"Cookie": "session=\\"MTc=+/\\""}',
        "/login?returnURL=%2Fgraphql%3Fsession%3DMTc%253D%252B%252F",
        "session=MTc&#x3D;&#43;&#47;",
    ],
)
def test_a_secret_inside_an_address_or_a_page_is_found(written: str) -> None:
    cleaned = Redaction("MTc=+/").clean(written)
    assert "MTc" not in cleaned
    assert "***" in cleaned
