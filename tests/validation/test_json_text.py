"""JSON is read and refused as Python's own module does, with or without its part that is written in C."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.world import ROOT
from validation import json_text
from validation.json_text import decoded, quoted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
# Pieces of JSON, right and wrong: put together they come close to documents.
PIECES = st.lists(
    st.sampled_from(
        [
            *'{}[]:,"10- \n\t\ufeff\\\x00é',
            *('"a"', "1e5", ".5", "1.5", "true", "null", "NaN", "-Infinity"),
            *("\\u00e9", "\\ud83d", "/*", "'a'"),
        ]
    ),
    max_size=8,
).map("".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])


def outcome(read: Any, raw: bytes) -> Any:
    try:
        return repr(read(raw))
    except (ValueError, RecursionError) as error:
        return type(error).__name__


@given(JSON, ENCODINGS, st.booleans())
def test_any_document_in_any_encoding_is_read_as_json_reads_it(
    value: Any, encoding: str, is_ascii: bool
) -> None:
    raw = json.dumps(value, ensure_ascii=is_ascii).encode(encoding, "replace")
    assert outcome(decoded, raw) == outcome(json.loads, raw)


@given(PIECES.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=30))
def test_what_json_refuses_is_refused_and_what_it_takes_is_taken(raw: bytes) -> None:
    assert outcome(decoded, raw) == outcome(json.loads, raw)


@given(PIECES.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_the_same_where_json_is_not_loaded_yet_as_in_a_hook(raw: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("json", "json.decoder", "json.encoder", "json.scanner"):
            patch.delitem(sys.modules, name)
        read = outcome(decoded, raw)
    assert read == outcome(json.loads, raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 200_000,
        b"1" * 5_000,
        b'{"a": 1, "a": 2}',
        b'{"a": ' + b"9" * 400 + b"}",
        b'"' + b"QUJD" * 1_000_000 + b'"',
        b'"\xed\xa0\x80"',
        b'\xef\xbb\xbf{"a": 1}',
        b"[1e400, -0, 0.1, 1E+2]",
        b"\x0b1",
    ],
    ids=lambda raw: f"{raw[:12]!r}",
)
def test_odd_documents_are_read_as_json_reads_them(raw: bytes) -> None:
    assert outcome(decoded, raw) == outcome(json.loads, raw)


@given(st.text(max_size=20))
def test_a_text_is_written_as_json_writes_it(text: str) -> None:
    assert quoted(text) == json.dumps(text)


@given(JSON, st.text(max_size=20))
def test_a_python_without_the_part_in_c_reads_and_writes_the_same(value: Any, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_json", None)
        raw = json.dumps(value).encode()
        assert outcome(decoded, raw) == outcome(json.loads, raw)
        assert quoted(text) == json.dumps(text)


def test_reading_does_not_load_the_rest_of_json() -> None:
    code = (
        "import sys; from validation.json_text import decoded, quoted;"
        "decoded(b'{\"a\": [1, 2.5]}'); quoted('a');"
        "assert not {'json', 're', 'enum'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, timeout=60, check=False)
    assert run.returncode == 0
