"""Templates: what a person wants to read of a scene, with names in braces and parts that may vanish.

`{title}[ ({year})]` is a title and, where the scene has a year, that year in parentheses. A part in square
brackets vanishes where one of the names that stand in it has no value; parts may lie in parts, and each
one looks at its own names alone. `{title|filename}` is the first of the two that has a value. A backslash
makes a bracket or a brace stand there as it is, and `\\n` is a line break. Values are put in as they are:
what looks like a name in one of them is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from validation.names import in_quotes

# What a template may name.
NAMES = (
    "title",
    "code",
    "date",
    "year",
    "studio",
    "parent_studio",
    "performers",
    "groups",
    "rating",
    "url",
    "filename",
    "details",
)
_SIGN = re.compile(r"\\[\[\]{}\\n]|[\[\]{}]|(?:[^\\\[\]{}]|\\(?![\[\]{}\\n]))+")
_DEEPEST = 20
_HOW_TO_WRITE = "To show one, write a backslash before it"


@dataclass(frozen=True)
class _Name:
    """A name, and those that stand for it in turn where it has no value."""

    names: tuple[str, ...]

    def value(self, values: Mapping[str, str]) -> str:
        return next(filter(None, (values[name] for name in self.names)), "")


@dataclass(frozen=True)
class _Part:
    """What lies between two brackets, or the whole template."""

    pieces: tuple[_Piece, ...]


_Piece = str | _Name | _Part


class Template:
    """A template that was read; `names` are those that it names, `text` is how it was written."""

    def __init__(self, text: str) -> None:
        """Read a template. Raises ValueError with the end of a sentence about the setting."""
        self.text = text
        self._whole = _parse(text)
        self.names = frozenset(_names_in(self._whole))
        if not self.names:
            raise ValueError(f"names nothing of a scene, so all would get the same. {_all_names()}")

    def render(self, values: Mapping[str, str]) -> str:
        """The text for a scene with these values, those of all `names`; none where all of them are empty."""
        if not any(values[name] for name in self.names):
            return ""
        return _rendered(self._whole, values)


def _parse(text: str) -> _Part:
    """The pieces of a template. Raises ValueError."""
    open_parts: list[list[_Piece]] = [[]]
    signs = iter(_SIGN.findall(text))
    for sign in signs:
        if sign == "[":
            open_parts.append([])
            if len(open_parts) > _DEEPEST:
                raise ValueError(f"has more than {_DEEPEST - 1} parts inside one another.")
        elif sign == "]":
            part = _closed(open_parts)
            open_parts[-1].append(part)
        elif sign == "{":
            open_parts[-1].append(_name(next(signs, ""), next(signs, "")))
        elif sign == "}":
            raise ValueError(f"has a “}}” without a “{{” before it. {_HOW_TO_WRITE}: \\}}.")
        else:
            open_parts[-1].append(_literal(sign))
    if len(open_parts) > 1:
        raise ValueError(f"has a “[” without a “]” behind it. {_HOW_TO_WRITE}: \\[.")
    return _Part(tuple(open_parts[0]))


def _closed(open_parts: list[list[_Piece]]) -> _Part:
    """The part that was opened last, which ends here. Raises ValueError."""
    part = _Part(tuple(open_parts.pop()))
    if not open_parts:
        raise ValueError(f"has a “]” without a “[” before it. {_HOW_TO_WRITE}: \\].")
    if not any(isinstance(piece, _Name) for piece in part.pieces):
        raise ValueError(
            "has a part in brackets that names nothing itself, so it would never vanish. "
            "To show the brackets, write \\[ and \\]."
        )
    return part


def _name(written: str, end: str) -> _Name:
    """The name between a brace and what should be the other one. Raises ValueError."""
    if end != "}":
        raise ValueError(f"has a “{{” without a name and a “}}” behind it. {_all_names()}")
    names = tuple(name.strip().casefold() for name in written.split("|"))
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        raise ValueError(f"names {in_quotes(wrong)}. {_all_names()}")
    return _Name(names)


def _literal(sign: str) -> str:
    if len(sign) == 2 and sign[0] == "\\" and sign[1] in "[]{}\\n":
        return "\n" if sign[1] == "n" else sign[1]
    return sign


def _all_names() -> str:
    return f"The names are: {', '.join(f'{{{name}}}' for name in NAMES)}."


def _names_in(part: _Part) -> set[str]:
    names: set[str] = set()
    for piece in part.pieces:
        if isinstance(piece, _Part):
            names |= _names_in(piece)
        elif isinstance(piece, _Name):
            names.update(piece.names)
    return names


def _rendered(part: _Part, values: Mapping[str, str]) -> str:
    texts = []
    for piece in part.pieces:
        if isinstance(piece, _Name):
            texts.append(piece.value(values))
        elif isinstance(piece, _Part):
            texts.append("" if _vanishes(piece, values) else _rendered(piece, values))
        else:
            texts.append(piece)
    return "".join(texts)


def _vanishes(part: _Part, values: Mapping[str, str]) -> bool:
    return any(isinstance(piece, _Name) and not piece.value(values) for piece in part.pieces)
