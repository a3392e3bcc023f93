"""The fields that are carried: what a scene is in Plex's terms.

To add a field, add it to FIELDS and to `SceneMapping._values`; reading, merging and writing follow the table.
"""

from __future__ import annotations

import hashlib
import re
import time
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from plex.added import added_at
from plex.wording import Wording, performers_in_order
from validation.config import Stash2PlexConfig
from validation.scene import Scene, local_path

Value = str | tuple[str, ...]


class Kind(Enum):
    """How a field's value compares and merges."""

    TEXT = "one value"
    NUMBER = "a number, as text with one decimal"
    TIME = "a moment, as text of plex.added"
    TAGS = "a set of names"


@dataclass(frozen=True, eq=False)
class Field:
    """One field of a Plex item; there is one of each, so it is compared as itself and not by its values.

    `name` is Plex's name of it in edits and locks, `title` the user's word for it. `source` is where
    listings and details carry it: an attribute of the item for texts, child elements for tags.
    `limit` is in characters. `shared` marks a list that people fill in Plex as well (collections,
    labels): other tools add to it without locking it, so only what we brought is ever taken away.
    `is_locked_by_people` tells that a person's edit in Plex locks it: all but the user rating, which
    a click on a star sets. A title may not be cleared: Plex would show nothing at all. What `returns` Plex
    puts back itself when it refreshes an item whose field is not locked.
    """

    name: str
    title: str
    kind: Kind
    source: str
    limit: int
    shared: bool = False
    may_be_cleared: bool = True
    is_locked_by_people: bool = True
    returns: bool = True


FIELDS = (
    Field("title", "title", Kind.TEXT, "title", 1_000, may_be_cleared=False),
    Field("titleSort", "sort title", Kind.TEXT, "titleSort", 1_000),
    # Longer summaries make a request line that proxies, and perhaps Plex, refuse.
    Field("summary", "summary", Kind.TEXT, "summary", 20_000),
    Field("originallyAvailableAt", "date", Kind.TEXT, "originallyAvailableAt", 10),
    Field("addedAt", "date added", Kind.TIME, "addedAt", 30, may_be_cleared=False, returns=False),
    Field("studio", "studio", Kind.TEXT, "studio", 500),
    Field("contentRating", "content rating", Kind.TEXT, "contentRating", 100),
    Field("userRating", "rating", Kind.NUMBER, "userRating", 10, is_locked_by_people=False),
    Field("actor", "actors", Kind.TAGS, "Role", 250),
    Field("director", "directors", Kind.TAGS, "Director", 250),
    Field("genre", "genres", Kind.TAGS, "Genre", 250),
    Field("label", "labels", Kind.TAGS, "Label", 250, shared=True),
    Field("collection", "collections", Kind.TAGS, "Collection", 250, shared=True),
)
# What stands beside the fields where the order of actors counts: their names, one a line.
ACTOR_ORDER = "actor order"
# The names of a library's tags and performers come up again with every scene.
NAMES_REMEMBERED = 50_000
_ARTICLE = re.compile(r"(the|an|a)\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class PlexFields:
    """Values by field name: a text ("" where there is none) or names without doubles.

    A field that is not there is not carried: the settings leave it alone. `pictures_from` is the
    address from which Plex is to take the actors' pictures, if any.
    """

    values: Mapping[str, Value]
    pictures_from: str = ""

    def text(self, name: str) -> str:
        """The value of a field that is no tag list."""
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
        # No cleaned text holds a control character but line breaks, so these keep values apart.
        parts = [f"{name}\x1f{_comparable(value)}" for name, value in self.values.items()]
        content = "\x1e".join([*parts, self.pictures_from])
        return hashlib.blake2b(content.encode(), digest_size=8).digest()


def _comparable(value: Value) -> str:
    if not value:
        return ""
    if isinstance(value, str):
        return text_key(value)
    return "\x1f".join(sorted(map(tag_key, value)))


def same(one: Value, other: Value) -> bool:
    """Whether two values of a field are one to Plex: tags in any case and order, texts but for their ends."""
    if one == other:
        return True
    if isinstance(one, str) or isinstance(other, str):
        return text_key(str(one)) == text_key(str(other))
    return set(map(tag_key, one)) == set(map(tag_key, other))


class SceneMapping:
    """How scenes become fields of Plex under these settings."""

    def __init__(self, config: Stash2PlexConfig) -> None:
        self._config = config
        self._wording = Wording(config)
        self._carried = tuple(field for field in FIELDS if is_carried(field, config))
        self._included = set(map(tag_key, config.tags_include))
        self._excluded = set(map(tag_key, config.tags_exclude))
        self._renamed = {tag_key(old): new for old, new in config.tags_rename.items()}

    def fields(self, scene: Scene) -> PlexFields:
        """What Plex should show for this scene; empty where Stash has nothing."""
        raw = self._values(scene)
        values = {field.name: _clean(raw[field.name], field.limit) for field in self._carried}
        if self._config.actor_order != "name" and "actor" in values:
            values[ACTOR_ORDER] = "\n".join(values["actor"])
        return PlexFields(values, self._config.performer_image_address)

    def pictures(self, scene: Scene) -> dict[str, str]:
        """Addresses of performers' pictures as Plex can reach them, by tag key; empty if not asked for."""
        if not self.carries_pictures:
            return {}
        base = self._config.performer_image_address
        return {tag_key(name): base + local_path(url) for name, url in scene.performer_pictures}

    @property
    def carries_pictures(self) -> bool:
        """Whether actors are to show the pictures of performers."""
        return bool(self._config.performer_image_address) and "actors" not in self._config.leave_fields

    def _values(self, scene: Scene) -> dict[str, str | list[str]]:
        config, title = self._config, self._wording.title(scene)
        values: dict[str, str | list[str]] = {
            "title": title,
            "titleSort": _without_article(title),
            "summary": self._wording.summary(scene),
            "originallyAvailableAt": _full_date(scene.date),
            "addedAt": added_at(scene, config.date_added, time.time()),
            "studio": scene.studio,
            "contentRating": config.content_rating,
            "userRating": "" if scene.rating100 is None else f"{scene.rating100 / 10:.1f}",
            "actor": performers_in_order(scene, config),
            "director": [scene.director],
            "genre": [],
            "label": [],
            "collection": [],
        }
        collections = [scene.studio, *scene.groups]
        if config.parent_studio_collection:
            collections.append(scene.parent_studio)
        tags = self._tags((*scene.tags, *scene.performer_tags))
        if config.tags_as == "collections":
            collections.extend(tags)
        else:
            values["label" if config.tags_as == "labels" else "genre"] = tags
        values["collection"] = [config.collection_prefix + name for name in collections if name.strip()]
        return values

    def _tags(self, tags: Iterable[str]) -> list[str]:
        """The tags that the settings admit, under the names that the settings give them."""
        return [
            self._renamed.get(key, tag)
            for tag in tags
            if (key := tag_key(tag)) not in self._excluded and (not self._included or key in self._included)
        ]


def is_carried(field: Field, config: Stash2PlexConfig) -> bool:
    """Whether the settings let a field be written at all."""
    if field.name == "addedAt" and config.date_added == "none":
        return False
    return field.title not in config.leave_fields


def names_carried(config: Stash2PlexConfig) -> frozenset[str]:
    """The names of the fields that the settings let be written."""
    return frozenset(field.name for field in FIELDS if is_carried(field, config))


def fields_of_scene(scene: Scene, config: Stash2PlexConfig) -> PlexFields:
    """What Plex should show for one scene under these settings."""
    return SceneMapping(config).fields(scene)


def text_key(text: str) -> str:
    """The form in which two texts compare equal: Plex may trim, and normal forms look the same."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text).strip()


@lru_cache(maxsize=NAMES_REMEMBERED)
def tag_key(name: str) -> str:
    """The form in which two names compare equal: Plex changes the case of tags it creates."""
    return text_key(name).casefold()


def _without_article(title: str) -> str:
    """The sort title of a title that starts with an article; empty for others, which sort as they are."""
    article = _ARTICLE.match(title.lstrip())
    return title.lstrip()[article.end() :] if article else ""


def _full_date(date: str) -> str:
    """Plex knows only full dates: a year or a month stands for its first day."""
    return date + "-01" * (2 - date.count("-")) if date else ""


def _clean(value: str | list[str], limit: int) -> Value:
    if isinstance(value, str):
        return clean_text(value, limit) if value else ""
    if not value:
        return ()
    names = dict([_clean_name(name, limit) for name in value])
    names.pop("", None)
    return tuple(names.values())


@lru_cache(maxsize=NAMES_REMEMBERED)
def _clean_name(name: str, limit: int) -> tuple[str, str]:
    """A name's key and the name itself, as Plex can take it; both empty where nothing is left of it."""
    clean = clean_text(name, limit).replace("\n", " ")
    return tag_key(clean), clean


# Code points in the longest visible character that is kept whole.
LONGEST_CHARACTER = 64
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str, limit: int) -> str:
    """The text without what XML cannot carry, its lines ending in \\n, cut between two characters.

    A character here is what a reader sees: no accent or joined emoji is cut in two.
    """
    if text.isprintable() and len(text) <= limit:
        return text.strip()
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")).strip()
    if len(text) <= limit:
        return text
    end = limit
    while end > max(0, limit - LONGEST_CHARACTER) and _joins(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip()


def _joins(before: str, after: str) -> bool:
    """Whether two code points belong to one visible character."""
    joiner = "\u200d"
    return (
        joiner in (before, after)
        or unicodedata.category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
    )
