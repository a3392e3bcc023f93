"""Whoever searches the troubleshooting page for a line of the log finds it, and finds nothing else there.

A text of the code is for a user's eyes when it is handed to what logs at warning or error level, when
an error is made of it, or when it has four words or more and ends as a sentence. Docstrings and what
goes to the debug and info levels are left out: calls of that level, and the functions that make the
lines of a summary.

A row tells a text when all of the text's words stand in its first column, in their order. And its first
column is made of whole texts, with nothing beside them but “…” for what is put in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from tests.servers.world import PACKAGES, ROOT

pytestmark = pytest.mark.unmeasured

# What a setting is for, which Stash shows beside it.
DESCRIPTIONS = ROOT / "operations" / "setting_words.py"
FILES = [
    ROOT / "tasks.py",
    *(file for package in PACKAGES for file in sorted((ROOT / package).glob("*.py")) if file != DESCRIPTIONS),
]
FEWEST_WORDS = 4
SENTENCE = re.compile(r"\S[.?:]( ?…)*$")
LOUD, QUIET = {"warning", "error", "WRONG", "DOUBT"}, {"debug", "info", "RIGHT"}
SPEAKERS = {"failed", "_failed", "_ambiguous", "warning", "error"}
BUILT_IN_ERROR = re.compile(r"(Error|Exception)$")
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
    "Another process holds": "met by everyone who asks for a lock",
}


@cache
def trees() -> list[ast.Module]:
    """The trees of all files, read when a test first needs them: every process collects the tests."""
    return [ast.parse(file.read_text(encoding="utf-8")) for file in FILES]


def name_of(node: ast.AST | None) -> str:
    """The name of what is called, or of a level that is handed on."""
    return str(getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "value", None) or "")


def errors_of_ours(modules: Iterable[ast.Module]) -> set[str]:
    """The classes of errors in these modules, whatever of ours they are derived from."""
    classes = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    found: set[str] = set()
    while (
        more := {
            one.name
            for one in classes
            if any(name_of(base) in found or BUILT_IN_ERROR.search(name_of(base)) for base in one.bases)
        }
        - found
    ):
        found |= more
    return found


def loud_lines(modules: Iterable[ast.Module]) -> set[str]:
    """The functions whose lines are logged at warning or error level."""
    return {
        name_of(call.func)
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and level_of(node) in LOUD
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }


def level_of(call: ast.Call) -> str:
    """The level that a call is given, or that it is called by."""
    first = name_of(call.args[0]) if call.args else ""
    return first if first in LOUD | QUIET else name_of(call.func)


@cache
def errors() -> set[str]:
    return errors_of_ours(trees())


@cache
def names_of_loud_lines() -> set[str]:
    return loud_lines(trees())


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
        return node.name.endswith(("_line", "_lines")) and node.name not in names_of_loud_lines()
    if isinstance(node, ast.Call):
        return level_of(node) in QUIET
    return isinstance(node, ast.Expr) and text_of(node.value) is not None


def is_spoken(node: ast.AST) -> bool:
    """Whether this node hands what is in it to the log, or to whoever catches it or asks for it."""
    if isinstance(node, ast.Call):
        name = name_of(node.func)
        is_error = name in errors() or name == "__init__" or BUILT_IN_ERROR.search(name) is not None
        return is_error or name in SPEAKERS or level_of(node) in LOUD
    return isinstance(node, ast.Raise)


def loud_texts(node: ast.AST, spoken: bool = False) -> Iterator[tuple[str, bool]]:
    """The texts in this part of the code that are not quiet, and whether each is handed to the log."""
    if is_quiet(node):
        return
    text = text_of(node)
    if text is not None:
        yield " ".join(text.split()), spoken
        return
    for child in ast.iter_child_nodes(node):
        yield from loud_texts(child, spoken or is_spoken(node))


def texts_in(node: ast.AST) -> Iterator[str]:
    """The texts for the user in this part of the code."""
    for text, spoken in loud_texts(node):
        is_sentence = len(text.split()) >= FEWEST_WORDS and SENTENCE.search(text) is not None
        if is_sentence or (spoken and re.search(r"\w \w", text)):
            yield text


def parts_of(text: str) -> list[str]:
    """What stands between the places where something is put in."""
    return [part.strip() for part in text.split("…") if part.strip()]


@cache
def messages() -> list[str]:
    """All texts for the user that are told on the page."""
    found = {text for module in trees() for text in texts_in(module)}
    return sorted(text for text in found if not text.startswith(tuple(ELSEWHERE)))


@cache
def parts() -> set[str]:
    """A line may be put together of texts that are no message by themselves."""
    texts = {text for module in trees() for text, _ in loud_texts(module) if re.search(r"\w[ :]", text)}
    return {part for text in texts for part in parts_of(text)}


# The first column of each row.
LINES = [
    " ".join(line.split()).split(" | ")[0].removeprefix("| ")
    for line in (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").split("\n")
    if line.startswith("| ") and not line.startswith(("| ---", "| the log says", "| the page says"))
]


def is_told(message: str) -> bool:
    """Whether all words of the message stand in one of the lines, in their order."""
    parts = [re.escape(part) for text in parts_of(message) if (part := text.strip(" .:()“”,"))]
    pattern = re.compile(".*".join(parts))
    return any(pattern.search(line) for line in LINES)


def is_made_of_messages(line: str) -> bool:
    """Whether nothing but whole parts of messages, and what is put in, stands in the line."""
    reached = {0}
    for place in range(len(line)):
        if place in reached:
            if line[place] in " …":
                reached.add(place + 1)
            reached |= {place + len(part) for part in parts() if line.startswith(part, place)}
    return len(line) in reached


def test_every_warning_and_error_has_a_row_with_its_cure() -> None:
    assert [message for message in messages() if not is_told(message)] == []


def test_every_row_is_a_line_that_can_be_logged() -> None:
    assert [line for line in LINES if not is_made_of_messages(line)] == []


def test_no_row_stands_there_twice() -> None:
    assert sorted(line for line in set(LINES) if LINES.count(line) > 1) == []


def test_the_rule_finds_the_messages() -> None:
    assert len(messages()) > 100


@pytest.mark.parametrize(
    "source",
    [
        'log_line("warning", "two words")',
        'log_lines("error", ["two words"])',
        'log.warning("two words")',
        'failed("two words")',
        "def f():\n    return PlexRejected('two words')",
        "problem = PlexBusy('two words')",
        "def f():\n    raise ValueError('two words')",
        "class Ours(PlexError):\n    def __init__(self):\n        super().__init__('two words')",
        "yield Finding(Level.DOUBT, 'two words')",
    ],
)
def test_however_short_what_is_logged_or_made_an_error_is_found(source: str) -> None:
    assert list(texts_in(ast.parse(source))) == ["two words"]


@pytest.mark.parametrize(
    "source",
    [
        'log_line("info", "Four words and more.")',
        'log.debug("Four words and more.")',
        "yield Finding(Level.RIGHT, 'Four words and more.')",
        'def f():\n    "Four words and more."',
        "def summary_lines():\n    return ['Four words and more.']",
    ],
)
def test_what_is_no_warning_is_left_out(source: str) -> None:
    assert list(texts_in(ast.parse(source))) == []


@pytest.mark.parametrize("ending", [" Restart your dog.", " or so", " … perhaps"])
def test_a_row_with_an_ending_that_nobody_logs_is_found(ending: str) -> None:
    line = next(line for line in LINES if "cannot be reached" in line)
    assert is_made_of_messages(line)
    assert not is_made_of_messages(line.rstrip(" …") + ending)


def test_words_in_another_column_are_no_line_of_the_log() -> None:
    assert not any("Copy it from there." in line for line in LINES)
