"""What Stash had when it and an item were last brought together: hashes, enough to see what has changed."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from plex.fields import FIELDS, NAMES_REMEMBERED, Kind, PlexFields, tag_key, text_key

# In a stored base: the fields that were carried and had no value. No field has this name.
EMPTY = ""
# The texts of a scene are compared with its items' before and after they are written.
TEXTS_REMEMBERED = 1_000
_COMPACT = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True)
class Base:
    """Hashes of the values of the last time: one for a text ("" where it was empty), one an element for tags.

    A field that is not there was not carried then: a setting left it alone, or it did not exist yet.
    """

    texts: Mapping[str, str]
    tags: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, fields: PlexFields) -> Base:
        """The base that these values leave behind once they are in Plex."""
        texts, tags = {}, {}
        for name, value in fields.values.items():
            if isinstance(value, str):
                texts[name] = text_hash(value)
            else:
                tags[name] = frozenset(map(tag_hash, value))
        return cls(texts, tags)

    def knows(self, name: str) -> bool:
        """Whether the field was carried the last time."""
        return name in self.texts or name in self.tags

    def had(self, name: str) -> bool:
        """Whether the field had a value the last time."""
        return bool(self.texts.get(name) or self.tags.get(name))

    def without(self, *names: str) -> Base:
        """This base, but as if these fields had not been carried."""
        return Base(
            {name: text for name, text in self.texts.items() if name not in names},
            {name: tags for name, tags in self.tags.items() if name not in names},
        )

    def with_tag_renamed(self, name: str, old: str, new: str) -> Base:
        """This base, with a tag under its new name where it had it under the old one."""
        hashes = self.tags.get(name, frozenset())
        if tag_hash(old) not in hashes:
            return self
        return Base(self.texts, {**self.tags, name: hashes - {tag_hash(old)} | {tag_hash(new)}})

    def changes_to(self, other: Base) -> Base:
        """Those fields of another base, of those that this one has, in which it differs."""
        none: frozenset[str] = frozenset()
        texts = {name: other.texts.get(name, "") for name in self.texts}
        tags = {name: other.tags.get(name, none) for name in self.tags}
        return Base(
            {name: there for name, there in texts.items() if there != self.texts[name]},
            {name: hashes for name, hashes in tags.items() if hashes != self.tags[name]},
        )

    def with_changes(self, changes: Base) -> Base:
        """This base, with the fields of another one in place of its own."""
        return Base({**self.texts, **changes.texts}, {**self.tags, **changes.tags})

    def shows(self, name: str, fields: PlexFields) -> bool:
        """Whether a field still has the value of the last time."""
        value = fields.values[name]
        if isinstance(value, str):
            return text_hash(value) == self.texts.get(name, "")
        return frozenset(map(tag_hash, value)) == self.tags.get(name, frozenset())

    def where_either_shows(self, one: PlexFields, other: PlexFields) -> Base:
        """This base, but as if the texts that none of two sides has any more had not been carried."""
        sides = [(side, name) for side in (one, other) for name in self.texts if name in side.values]
        shown = {name for side, name in sides if self.shows(name, side)}
        return self.without(*(self.texts.keys() - shown))

    def has_tag(self, name: str, tag: str) -> bool:
        """Whether this tag was among those of the last time."""
        return tag_hash(tag) in self.tags.get(name, frozenset())

    def to_json(self) -> str:
        """A compact text for the disk; fields without a value are named together."""
        values: dict[str, str | list[str]] = {**self.texts}
        values.update((name, sorted(hashes)) for name, hashes in self.tags.items())
        had = {name: value for name, value in values.items() if value}
        return _COMPACT.encode({**had, EMPTY: [name for name in values if name not in had]})

    @classmethod
    def from_json(cls, text: str) -> Base:
        """What `to_json` wrote. Raises ValueError.

        Older texts do not name the fields without a value: all that they do not have had none.
        """
        stored = json.loads(text)
        if not isinstance(stored, dict):
            raise ValueError("a base is an object")
        empty = stored.pop(EMPTY, None)
        texts = {name: value for name, value in stored.items() if isinstance(value, str)}
        tags = {name: frozenset(value) for name, value in stored.items() if isinstance(value, list)}
        without = [field for field in FIELDS if empty is None or field.name in empty]
        for field in without:
            if field.name in texts or field.name in tags:
                continue
            if field.kind is Kind.TAGS:
                tags[field.name] = frozenset()
            else:
                texts[field.name] = ""
        return cls(texts, tags)


def after_interruption(base: Base | None, begun: Base, theirs: PlexFields, shown: Base | None = None) -> Base:
    """The base after a write that was begun and whose end nobody recorded.

    Where Plex shows what the write was to bring, that is ours and no person's edit. `shown` has the texts
    that were there when it was begun: where there is neither of the two, somebody came after it.
    """
    before = base or Base({}, {})
    there = Base.of(theirs)
    texts = dict(before.texts)
    for name, hashed in there.texts.items():
        wanted = begun.texts.get(name)
        is_newer = shown is not None and name in shown.texts and hashed != shown.texts[name]
        if wanted is not None and (hashed == wanted or is_newer):
            texts[name] = wanted
    tags = {
        name: after
        for name, hashes in there.tags.items()
        if (after := _tags_after(before.tags.get(name), begun.tags.get(name), hashes)) is not None
    }
    return Base({name: text for name, text in texts.items() if name in there.texts}, tags)


def after_late_write(base: Base, late: Base, theirs: PlexFields) -> Base:
    """The base for an item to which an earlier write may have come after the one that is the base.

    What Plex shows of it in place of ours is ours as well, and so is what went with it.
    """
    there = Base.of(theirs)
    texts = {
        name: hashed
        for name, hashed in there.texts.items()
        if name in base.texts and hashed == late.texts.get(name) != base.texts[name]
    }
    none: frozenset[str] = frozenset()
    has_come = any(
        hashes & late.tags.get(name, none) - base.tags[name]
        for name, hashes in there.tags.items()
        if name in base.tags
    )
    if not texts and not has_come:
        return base
    tags = {
        name: _tags_after(hashes, late.tags.get(name), there.tags.get(name, none)) or none
        for name, hashes in base.tags.items()
    }
    return Base({**base.texts, **texts}, tags)


def _tags_after(
    before: frozenset[str] | None, wanted: frozenset[str] | None, there: frozenset[str]
) -> frozenset[str] | None:
    if wanted is None:
        return before
    if before is None:
        return wanted if wanted <= there else None
    return (before & (wanted | there)) | (wanted & there)


def after_rollback(base: Base, shown: Base, theirs: PlexFields) -> Base:
    """The base for an item that Plex shows as it once was, since its database was restored.

    `shown` is what the item showed when it was last brought together with Stash. What it shows
    again as then is judged as ever. What differs from that is old: nobody's edit, and ours to replace.
    """
    there = Base.of(theirs)
    texts = {
        name: before if there.texts.get(name) == shown.texts.get(name) else there.texts.get(name, "")
        for name, before in base.texts.items()
    }
    tags = {}
    for name, before in base.tags.items():
        then, now = shown.tags.get(name, frozenset()), there.tags.get(name, frozenset())
        tags[name] = (before - (then - now)) | (now - then)
    return Base(texts, tags)


@lru_cache(maxsize=TEXTS_REMEMBERED)
def text_hash(text: str) -> str:
    """The hash of a text; empty for an empty one."""
    key = text_key(text)
    return _hash(key) if key else ""


@lru_cache(maxsize=NAMES_REMEMBERED)
def tag_hash(name: str) -> str:
    """The hash of a name, whatever its case."""
    return _hash(tag_key(name))


def _hash(key: str) -> str:
    """Eight characters: 48 bits, so that two values of one field do not meet by chance."""
    return b64encode(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest()).decode()
