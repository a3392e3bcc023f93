"""Whoever searches the troubleshooting page for a line of the log finds it.

A text of the code is for a user's eyes when it is handed to what logs at warning or error level or
raises, or when it has four words or more and ends as a sentence. Docstrings and what goes to the debug and
info levels are left out: calls of that level, and the functions that make the lines of a summary.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.servers.world import ROOT

ROOMS = ("validation", "plex", "sync_queue", "reconciliation")
FILES = [ROOT / "tasks.py", *(file for room in ROOMS for file in sorted((ROOT / room).glob("*.py")))]
FEWEST_WORDS = 4
SENTENCE = re.compile(r"\S[.?:]( ?…)*$")
SPEAKERS = {"report", "_report_failure", "_ambiguous", "warning", "error"}
QUIET = {"debug", "info", "RIGHT"}
# What has the form and is not for the log, by how it begins.
ELSEWHERE = {
    "Nothing was changed. An item is uncertain": "a report",
    "Nothing was written. Struck out": "a report",
    "Links lead to Stash": "a report",
    "… Made on": "a report",
    "…: “…” (was “…": "the debug log",
    "a timestamp is text": "inside “unusable value”",
    "not a ": "inside “unusable value”",
    "No module named": "told as a missing package",
    "without an id": "the name of a scene that has none",
    "the answer ": "inside the words of the client that asked",
    "a job is an object": "a damaged row of the queue, which fails as such",
    "a base is an object": "a damaged state",
    "an image needs an item": "a mistake of ours",
    "an edit without a rating key": "a mistake of ours",
    "Unknown scope": "a mistake of ours",
}


def text_of(node: ast.AST) -> str | None:
    """A text as it stands in the code, “…” for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return None


def is_quiet(node: ast.AST) -> bool:
    """Whether nothing below this node is for a level above info, or for the log at all."""
    if isinstance(node, ast.FunctionDef):
        return node.name.endswith(("_line", "_lines"))
    if isinstance(node, ast.Call):
        first = node.args[0] if node.args else None
        words = {text_of(first) if first else None, getattr(first, "attr", None)}
        return bool(words & QUIET) or getattr(node.func, "attr", None) in QUIET
    return isinstance(node, ast.Expr) and text_of(node.value) is not None


def is_spoken(node: ast.AST) -> bool:
    """Whether this node hands what is in it to the log or to whoever catches it."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name in SPEAKERS
    return isinstance(node, ast.Raise)


def texts_in(node: ast.AST, spoken: bool = False) -> Iterator[str]:
    """The texts for the user in this part of the code."""
    if is_quiet(node):
        return
    text = text_of(node)
    if text is not None:
        text = " ".join(text.split())
        is_sentence = len(text.split()) >= FEWEST_WORDS and SENTENCE.search(text) is not None
        if is_sentence or (spoken and re.search(r"\w \w", text)):
            yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from texts_in(child, spoken or is_spoken(node))


MESSAGES = sorted(
    {
        text
        for file in FILES
        for text in texts_in(ast.parse(file.read_text(encoding="utf-8")))
        if not text.startswith(tuple(ELSEWHERE))
    }
)
ROWS = [
    " ".join(line.split())
    for line in (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").split("\n")
    if line.startswith("| ") and not line.startswith(("| ---", "| the log says"))
]


def tells(row: str, message: str) -> bool:
    """Whether all words of the message stand in the row, in their order."""
    fragments = [re.escape(part.strip(" .:")) for part in message.split("…") if part.strip(" .:()“”,")]
    return re.search(".*".join(fragments), row) is not None


@pytest.mark.parametrize("message", MESSAGES)
def test_every_warning_and_error_has_a_row_with_its_cure(message: str) -> None:
    assert any(tells(row, message) for row in ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_about_something_that_can_be_logged(row: str) -> None:
    assert any(tells(row, message) for message in MESSAGES)


def test_the_rule_finds_the_messages() -> None:
    assert len(MESSAGES) > 100
