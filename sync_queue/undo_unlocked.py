"""Putting back what Plex had of itself and does not put back when it refreshes: the date added."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from plex.base import Base
from plex.fields import FIELDS, Value
from plex.items import PlexItem
from plex.merge import Change, Merge

# Behind the name of a field whose value was nobody's when it was replaced, kept with what replaced it.
_UNLOCKED = " unlocked"


def unlocked_values(item: PlexItem, merged: Merge, first_contacts: Collection[str]) -> dict[str, Value]:
    """What of an item is about to be replaced for the first time and would not return, to be kept."""
    return {
        change.field.name + _UNLOCKED: (str(change.old), str(change.new))
        for change in merged.changes
        if change.field.name in first_contacts
        and not change.field.returns
        and change.field.name not in item.locked
    }


def changes_back(
    item: PlexItem, kept: Mapping[str, Value], base: Base | None, carried: Collection[str]
) -> Iterator[Change]:
    """The changes that put it back where Plex still shows what took its place.

    The field is unlocked again, unless it is among those that are `carried`: the next sync would write it.
    """
    for field in FIELDS:
        pair = kept.get(field.name + _UNLOCKED)
        if not isinstance(pair, tuple) or not all(pair):
            continue
        old, *written = pair
        now = str(item.fields.values[field.name])
        if now in written or (base is not None and base.shows(field.name, item.fields)):
            yield Change(field, now, old, unlocks=field.name not in carried)
