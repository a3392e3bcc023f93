"""Whose edit wins: the three-way merge of one item, pure.

Base is what Stash had when scene and item were last brought together, theirs is what Plex has now,
ours is what Stash has now. Base is kept as hashes: enough to see what has changed, and small.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from plex.fields import FIELDS, NAMES_REMEMBERED, Field, Kind, PlexFields, Value, tag_key, text_key


@dataclass(frozen=True)
class Base:
    """Hashes of the values of the last time: one for a text, one an element for tags."""

    texts: Mapping[str, str]
    tags: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, fields: PlexFields) -> Base:
        """The base that these values leave behind once they are in Plex."""
        texts, tags = {}, {}
        for name, value in fields.values.items():
            if isinstance(value, str):
                texts[name] = _text_hash(value)
            else:
                tags[name] = frozenset(map(_tag_hash, value))
        return cls(texts, tags)

    def shows(self, name: str, fields: PlexFields) -> bool:
        """Whether a field still has the value of the last time."""
        value = fields.values[name]
        if isinstance(value, str):
            return _text_hash(value) == self.texts.get(name, "")
        return frozenset(map(_tag_hash, value)) == self.tags.get(name, frozenset())

    def has_tag(self, name: str, tag: str) -> bool:
        """Whether this tag was among those of the last time."""
        return _tag_hash(tag) in self.tags.get(name, frozenset())

    def to_json(self) -> str:
        """A compact text for the disk; empty values are left out."""
        texts = {name: text for name, text in self.texts.items() if text}
        tags = {name: sorted(hashes) for name, hashes in self.tags.items() if hashes}
        return json.dumps({**texts, **tags}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Base:
        """What `to_json` wrote; a field that is not there had no value. Raises ValueError."""
        stored = json.loads(text)
        if not isinstance(stored, dict):
            raise ValueError("a base is an object")
        return cls(
            {name: value for name, value in stored.items() if isinstance(value, str)},
            {name: frozenset(value) for name, value in stored.items() if isinstance(value, list)},
        )


def after_interruption(base: Base | None, begun: Base, theirs: PlexFields) -> Base | None:
    """The base after a write that was begun and whose end nobody recorded.

    Where Plex shows what the write was to bring, that is ours and no person's edit.
    """
    texts = {name: _text_hash(value) for name, value in theirs.values.items() if isinstance(value, str)}
    tags = {
        name: frozenset(map(_tag_hash, value))
        for name, value in theirs.values.items()
        if not isinstance(value, str)
    }
    if base is None:
        came = all(texts.get(name) == value for name, value in begun.texts.items() if value) and all(
            hashes <= tags.get(name, frozenset()) for name, hashes in begun.tags.items()
        )
        return begun if came else None
    return Base(
        {
            name: there if there == begun.texts.get(name, "") else base.texts.get(name, "")
            for name, there in texts.items()
        },
        {name: _tags_after(base, begun, name, there) for name, there in tags.items()},
    )


def _tags_after(base: Base, begun: Base, name: str, there: frozenset[str]) -> frozenset[str]:
    before, wanted = base.tags.get(name, frozenset()), begun.tags.get(name, frozenset())
    return (before & (wanted | there)) | (wanted & there)


@dataclass(frozen=True)
class Change:
    """One field to write: its value in Plex now, the value wanted, and the tags that go."""

    field: Field
    old: Value
    new: Value
    removed: tuple[str, ...] = ()

    @property
    def added(self) -> tuple[str, ...]:
        """The tags that come."""
        old = set(map(tag_key, self.old))
        return tuple(name for name in self.new if tag_key(name) not in old)


@dataclass(frozen=True)
class Merge:
    """What to write to one item.

    `agreeing` are the fields in which it already shows what Stash has. `contested` are those that
    changed in Plex and in Stash since the last time, whoever wins.
    """

    changes: tuple[Change, ...] = ()
    agreeing: tuple[Field, ...] = ()
    contested: tuple[Field, ...] = ()


def merge(
    base: Base | None, theirs: PlexFields, ours: PlexFields, preserve_plex_edits: bool = False
) -> Merge:
    """Decide field by field; `base` is None at the first contact of scene and item."""
    changes: list[Change] = []
    agreeing: list[Field] = []
    contested: list[Field] = []
    for field in FIELDS:
        if field.name not in ours.values:
            continue
        if _agree(theirs.values[field.name], ours.values[field.name]):
            agreeing.append(field)
            continue
        if field.kind is Kind.TAGS:
            theirs_tags, ours_tags = theirs.tags(field.name), ours.tags(field.name)
            change = _merge_tags(field, base, theirs_tags, ours_tags, preserve_plex_edits)
        else:
            theirs_text, ours_text = theirs.text(field.name), ours.text(field.name)
            change = _merge_text(field, base, theirs_text, ours_text, preserve_plex_edits)
            if (
                base
                and ours_text
                and base.texts.get(field.name, "") not in map(_text_hash, (theirs_text, ours_text))
            ):
                contested.append(field)
        if change:
            changes.append(change)
    return Merge(tuple(changes), tuple(agreeing), tuple(contested))


def _agree(theirs: Value, ours: Value) -> bool:
    if isinstance(theirs, str) and isinstance(ours, str):
        return text_key(theirs) == text_key(ours)
    return set(map(tag_key, theirs)) == set(map(tag_key, ours))


def _merge_text(field: Field, base: Base | None, theirs: str, ours: str, preserve: bool) -> Change | None:
    if base is None:
        wins = bool(ours) and not (preserve and theirs)
        return Change(field, theirs, ours) if wins else None
    before = base.texts.get(field.name, "")
    if _text_hash(ours) == before:
        return None
    if not ours and not field.may_be_cleared:
        return None
    if _text_hash(theirs) == before:
        return Change(field, theirs, ours)
    return None if preserve or not ours else Change(field, theirs, ours)


def _merge_tags(
    field: Field, base: Base | None, theirs: tuple[str, ...], ours: tuple[str, ...], preserve: bool
) -> Change | None:
    here = {tag_key(name): name for name in theirs}
    wanted = {tag_key(name): name for name in ours}
    if base is None:
        if not ours or (preserve and theirs):
            return None
        coming = wanted
        going = {} if field.shared else {key: name for key, name in here.items() if key not in wanted}
    else:
        before = base.tags.get(field.name, frozenset())
        coming = {key: name for key, name in wanted.items() if _tag_hash(name) not in before}
        going = {key: name for key, name in here.items() if key not in wanted and _tag_hash(name) in before}
    coming = {key: name for key, name in coming.items() if key not in here}
    if not coming and not going:
        return None
    staying = [name for key, name in here.items() if key not in going]
    return Change(field, theirs, (*staying, *coming.values()), tuple(going.values()))


def _text_hash(text: str) -> str:
    key = text_key(text)
    return _hash(key) if key else ""


@lru_cache(maxsize=NAMES_REMEMBERED)
def _tag_hash(name: str) -> str:
    return _hash(tag_key(name))


def _hash(key: str) -> str:
    """Eight characters: 48 bits, so that two values of one field do not meet by chance."""
    return b64encode(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest()).decode()
