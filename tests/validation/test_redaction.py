"""Secrets stay out of the log."""

from __future__ import annotations

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_what_a_logger_writes_is_cleaned_and_written_all_the_same() -> None:
    written = io.StringIO()
    logger = logging.Logger("a logger of this test")
    logger.addHandler(logging.StreamHandler(written))
    logger.addFilter(Redaction(SECRET))
    logger.warning(f"GET with {SECRET}")
    logger.warning({"no": "text"})
    assert written.getvalue() == "GET with ***\n{'no': 'text'}\n"


@given(st.text(max_size=20), st.text("abcXYZ019-_+/=%", min_size=8, max_size=24), st.text(max_size=20))
def test_no_text_keeps_the_secret(before: str, secret: str, after: str) -> None:
    assert secret not in Redaction(secret).clean(before + secret + after)
