"""The fields that are carried: what a scene is in Plex's terms.

To add a field, add it to FIELDS and to `fields_of_scene`; reading, merging and writing follow the table.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from validation.scene import Scene

Value = str | tuple[str, ...]


class Kind(Enum):
    """How a field's value compares and merges."""

    TEXT = "one value"
    TAGS = "a set of names"


@dataclass(frozen=True)
class Field:
    """One field of a Plex item.

    `name` is Plex's name of it in edits and locks. `source` is where listings and details carry it:
    an attribute of the item for texts, child elements for tags. `limit` is in characters.
    `shared` marks a list that people fill in Plex as well (collections): the first contact adds to
    it and takes nothing away.
    """

    name: str
    kind: Kind
    source: str
    limit: int
    shared: bool = False


FIELDS = (
    Field("title", Kind.TEXT, "title", 1_000),
    # Longer summaries make a request line that proxies, and perhaps Plex, refuse.
    Field("summary", Kind.TEXT, "summary", 20_000),
    Field("originallyAvailableAt", Kind.TEXT, "originallyAvailableAt", 10),
    Field("studio", Kind.TEXT, "studio", 500),
    Field("actor", Kind.TAGS, "Role", 250),
    Field("director", Kind.TAGS, "Director", 250),
    Field("genre", Kind.TAGS, "Genre", 250),
    Field("collection", Kind.TAGS, "Collection", 250, shared=True),
)


@dataclass(frozen=True)
class PlexFields:
    """Values by field name: a text ("" where there is none) or names without doubles."""

    values: Mapping[str, Value]

    def text(self, name: str) -> str:
        """A text field's value."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def tags(self, name: str) -> tuple[str, ...]:
        """A tag field's names."""
        value = self.values[name]
        assert isinstance(value, tuple)
        return value

    def fingerprint(self) -> bytes:
        """Eight bytes that differ when any value differs in more than case or order of tags."""
        content = [
            sorted(map(tag_key, value)) if isinstance(value, tuple) else text_key(value)
            for value in self.values.values()
        ]
        return hashlib.blake2b(json.dumps(content).encode(), digest_size=8).digest()


def fields_of_scene(scene: Scene) -> PlexFields:
    """What Plex should show for this scene; empty where Stash has nothing."""
    raw: dict[str, str | Iterable[str]] = {
        "title": scene.title,
        "summary": scene.details,
        "originallyAvailableAt": _full_date(scene.date),
        "studio": scene.studio,
        "actor": sorted(scene.performers),
        "director": [scene.director],
        "genre": scene.tags,
        "collection": [scene.studio],
    }
    return PlexFields({field.name: _clean(field, raw[field.name]) for field in FIELDS})


def text_key(text: str) -> str:
    """The form in which two texts compare equal: Plex may trim, and normal forms look the same."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


def tag_key(name: str) -> str:
    """The form in which two names compare equal: Plex changes the case of tags it creates."""
    return text_key(name).casefold()


def _full_date(date: str) -> str:
    """Plex knows only full dates: a year or a month stands for its first day."""
    return date + "-01" * (2 - date.count("-")) if date else ""


def _clean(field: Field, value: str | Iterable[str]) -> Value:
    if isinstance(value, str):
        return clean_text(value, field.limit)
    names = (clean_text(name, field.limit).replace("\n", " ") for name in value)
    return tuple({tag_key(name): name for name in names if name}.values())


# Code points in the longest visible character that is kept whole.
LONGEST_CHARACTER = 64
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str, limit: int) -> str:
    """The text without what XML cannot carry, its lines ending in \\n, cut between two characters.

    A character here is what a reader sees: no accent or joined emoji is cut in two.
    """
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")).strip()
    if len(text) <= limit:
        return text
    end = limit
    while end > limit - LONGEST_CHARACTER and _joins(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip()


def _joins(before: str, after: str) -> bool:
    """Whether two code points belong to one visible character."""
    joiner = "\u200d"
    return (
        joiner in (before, after)
        or unicodedata.category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
    )
