"""Names in a setting's text: between separators, and in quotation marks where a name holds one itself.

`Sea, "Rock, Paper, Scissors"` are two names. Straight marks and the curly ones of our own log are
understood; between straight ones two marks stand for one. What is in quotes counts as it stands,
blanks at its ends too; what is not loses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

ARROW = "=>"
_BETWEEN_NAMES = "[,\n]"
_BETWEEN_PAIRS = "[;\n]"
_QUOTED = r'[^\S\n]*(?:"((?:[^"]|"")*)"|“([^”]*)”)[^\S\n]*(?={end}|\Z)'
_PLAIN = r"(.*?)(?={end}|\Z)"
_PARTNERS = {'"': '"', "“": "”"}


class Pair(NamedTuple):
    """A name and the one that stands for it, with the text in which both stand.

    `new` is None where the text is no pair: it has no arrow, or more than one.
    """

    old: str
    new: str | None
    text: str


def read_list(text: str) -> tuple[str, ...]:
    """The names between commas, each once, in the order given.

    Raises ValueError with the end of a sentence about the setting.
    """
    return tuple(dict.fromkeys(name for name, _ in _names(text) if name))


def read_pairs(text: str) -> list[Pair]:
    """The pairs `old=>new` between semicolons. Raises ValueError as `read_list` does."""
    pairs: list[Pair] = []
    end_of_side = f"{ARROW}|{_BETWEEN_PAIRS}"
    start = 0
    while start < len(text):
        old, place = _read(text, start, end_of_side)
        new = None
        if text.startswith(ARROW, place):
            new, place = _read(text, place + len(ARROW), end_of_side)
        while text.startswith(ARROW, place):
            new, (_, place) = None, _read(text, place + len(ARROW), end_of_side)
        if entry := text[start:place].strip():
            pairs.append(Pair(old, new, entry))
        start = place + 1
    return pairs


def list_text(names: Iterable[str]) -> str:
    """The setting's text for these names: `read_list` reads them from it."""
    return ", ".join(_for_text(name, _BETWEEN_NAMES) for name in names if name)


def in_quotes(names: Iterable[str]) -> str:
    """The names for a sentence to the user; with these marks they can be pasted into a setting."""
    return ", ".join(f"“{name}”" for name in names)


def for_pair(name: str) -> str:
    """The name as it can stand in a pair: in quotes where it would be taken for something else."""
    return _for_text(name, f"{_BETWEEN_PAIRS}|{ARROW}")


def _for_text(name: str, separators: str) -> str:
    is_plain = name == name.strip() and not re.search(f'{separators}|^["“]', name)
    return name if is_plain else '"{}"'.format(name.replace('"', '""'))


def _names(text: str) -> Iterator[tuple[str, int]]:
    start = 0
    while start < len(text):
        name, place = _read(text, start, _BETWEEN_NAMES)
        yield name, place
        start = place + 1


def _read(text: str, start: int, end: str) -> tuple[str, int]:
    """The name that begins there, and the place of what ends it."""
    quoted = re.compile(_QUOTED.format(end=end)).match(text, start)
    if quoted:
        straight, curly = quoted.groups()
        return curly if straight is None else straight.replace('""', '"'), quoted.end()
    plain = re.compile(_PLAIN.format(end=end), re.DOTALL).match(text, start)
    assert plain is not None
    name = plain[1].strip()
    # A name may begin with a word in quotes; one that only begins with a mark was cut in two.
    if name[:1] in _PARTNERS and _PARTNERS[name[0]] not in name[1:]:
        raise ValueError(
            f"“{name}” begins with a quotation mark but does not end with one. Put a name that contains a "
            "separator between two."
        )
    return name, plain.end()
