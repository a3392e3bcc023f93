"""Short words for tests of what the page lists: every page of a list, and a library in many states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.builders.operation import Operations

# Titles and files as nobody would choose them.
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "x" * 20_000,
    "👩‍👩‍👧‍👦 🏳️‍🌈 emoji",
    "",
    "   ",
    'it\'s 100% "quoted" \\ {braces} _under_',
)


def rows_of(operations: Operations, operation: str, **parameters: Any) -> list[Any]:
    """All rows of a list, page by page; what the pages say of themselves agrees."""
    rows: list[Any] = []
    answer = {"pages": 1}
    page = 0
    while page < answer["pages"]:
        page += 1
        answer = operations.result(operation, page=page, **parameters)
        assert answer["page"] == page
        assert len(answer["rows"]) <= 50
        rows.extend(answer["rows"])
    assert answer["total"] == len(rows)
    return rows


def strings_in(value: Any) -> Iterator[str]:
    """All texts of an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings_in(one)
