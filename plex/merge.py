"""Whose edit wins: the three-way merge of one item, pure.

Base is what Stash had when scene and item were last brought together, theirs is what Plex has now,
ours is what Stash has now. What a person enters in Plex is locked there; what is not locked, Plex
made itself, and puts it back when it refreshes: it is nobody's edit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from plex.base import Base, tag_hash, text_hash
from plex.fields import FIELDS, Field, PlexFields, Value, same, tag_key


@dataclass(frozen=True)
class Change:
    """One field to write: its value in Plex now, the value wanted, and the tags that go.

    A field that is given back to Plex is unlocked. `sent` is the text that goes out for it where
    Plex would show the wanted one by no other: it leaves out a sort title that is the title.
    """

    field: Field
    old: Value
    new: Value
    removed: tuple[str, ...] = ()
    unlocks: bool = False
    sent: str = ""

    @property
    def added(self) -> tuple[str, ...]:
        """The tags that come."""
        old = set(map(tag_key, self.old))
        return tuple(name for name in self.new if tag_key(name) not in old)


@dataclass(frozen=True)
class Merge:
    """What to write to one item.

    `agreeing` are the fields in which it already shows what Stash has. `contested` are those that a
    person changed in Plex and somebody in Stash since the last time, whoever wins. `kept` are those
    that stay as they are in Plex because nobody knows any more whose value that is.
    """

    changes: tuple[Change, ...] = ()
    agreeing: tuple[Field, ...] = ()
    contested: tuple[Field, ...] = ()
    kept: tuple[Field, ...] = ()


@dataclass(frozen=True)
class _Rules:
    """What holds for all fields of an item."""

    base: Base | None
    locked: Collection[str]
    preserve: bool
    only_add: bool

    def is_known(self, field: Field) -> bool:
        """Whether the field was carried before; otherwise this is its first contact."""
        return self.base is not None and self.base.knows(field.name)

    def is_a_persons(self, field: Field) -> bool:
        """Whether what Plex has there now was entered by a person, or by us."""
        return field.name in self.locked or not field.is_locked_by_people


def merge(
    base: Base | None,
    theirs: PlexFields,
    ours: PlexFields,
    locked: Collection[str],
    preserve_plex_edits: bool = False,
    only_add: bool = False,
) -> Merge:
    """Decide field by field; where `base` does not know a field, this is its first contact.

    `locked` has the names of the fields that are locked in Plex. `only_add` is for a state that was
    lost: a first contact then takes nothing away and replaces no locked value.
    """
    rules = _Rules(base, locked, preserve_plex_edits, only_add)
    changes: list[Change] = []
    agreeing: list[Field] = []
    contested: list[Field] = []
    kept: list[Field] = []
    for field in FIELDS:
        if field.name not in ours.values:
            continue
        here, wanted = theirs.values[field.name], ours.values[field.name]
        if same(here, wanted):
            agreeing.append(field)
            continue
        change = _merge_field(field, rules, here, wanted)
        if change:
            changes.append(change)
        if _is_contested(field, rules, here, wanted):
            contested.append(field)
        if only_add and change != _merge_field(field, replace(rules, only_add=False), here, wanted):
            kept.append(field)
    return Merge(tuple(changes), tuple(agreeing), tuple(contested), tuple(kept))


def _merge_field(field: Field, rules: _Rules, theirs: Value, ours: Value) -> Change | None:
    if isinstance(theirs, str) or isinstance(ours, str):
        return _merge_text(field, rules, str(theirs), str(ours))
    return _merge_tags(field, rules, theirs, ours)


def _is_contested(field: Field, rules: _Rules, theirs: Value, ours: Value) -> bool:
    if rules.base is None or not isinstance(ours, str) or not ours or not rules.is_a_persons(field):
        return False
    before = rules.base.texts.get(field.name)
    return before is not None and before not in (text_hash(str(theirs)), text_hash(ours))


def _merge_text(field: Field, rules: _Rules, theirs: str, ours: str) -> Change | None:
    before = rules.base.texts.get(field.name) if rules.base else None
    is_ours = before is not None and text_hash(theirs) == before
    if not ours:
        # Only what we brought is taken away again, and only when Stash has given it up since.
        return Change(field, theirs, ours) if is_ours and field.may_be_cleared else None
    if not rules.is_a_persons(field) or is_ours:
        return Change(field, theirs, ours)
    if before is None:
        is_kept = bool(theirs) and (rules.preserve or rules.only_add)
        return None if is_kept else Change(field, theirs, ours)
    if text_hash(ours) == before or rules.preserve:
        return None
    return Change(field, theirs, ours)


def _merge_tags(field: Field, rules: _Rules, theirs: tuple[str, ...], ours: tuple[str, ...]) -> Change | None:
    here = {tag_key(name): name for name in theirs}
    wanted = {tag_key(name): name for name in ours}
    is_known, is_a_persons = rules.is_known(field), rules.is_a_persons(field)
    before = rules.base.tags.get(field.name, frozenset()) if rules.base else frozenset()
    if not is_known and is_a_persons and theirs and rules.preserve:
        return None
    coming = {key: name for key, name in wanted.items() if key not in here}
    if is_known and is_a_persons:
        # What a person took away in Plex stays away.
        coming = {key: name for key, name in coming.items() if tag_hash(name) not in before}
    going = {key: name for key, name in here.items() if key not in wanted and tag_hash(name) in before}
    if ours and not field.shared and not rules.only_add and not (is_known and is_a_persons):
        going = {key: name for key, name in here.items() if key not in wanted}
    if not coming and not going:
        return None
    staying = [name for key, name in here.items() if key not in going]
    return Change(field, theirs, (*staying, *coming.values()), tuple(going.values()))
