"""The order of an item's actors, where a person wants the one in which Stash shows performers.

Nobody knows whether Plex keeps the order of an edit: it may add to its list, or sort it. So an order is
sent once, with the actors or by itself, and what is sent is remembered; Plex's answer is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from plex.base import Base, text_hash
from plex.fields import ACTOR_ORDER, FIELDS, PlexFields, tag_key
from plex.items import PlexItem
from plex.merge import Change, Merge

_ACTOR = next(field for field in FIELDS if field.name == "actor")


def with_actors_in_order(
    merged: Merge, base: Base | None, ours: PlexFields, item: PlexItem, stays: bool
) -> Merge:
    """The merge, with the actors in the order of Stash, those that Plex alone has behind them.

    `stays` says that what a person entered in Plex before is to stay as it is.
    """
    if ACTOR_ORDER not in ours.values or _ACTOR.name not in ours.values:
        return merged
    wanted = ours.tags(_ACTOR.name)
    if any(change.field is _ACTOR for change in merged.changes):
        changes = (
            replace(one, new=_in_order(one.new, wanted)) if one.field is _ACTOR else one
            for one in merged.changes
        )
        return replace(merged, changes=tuple(changes))
    there = item.fields.tags(_ACTOR.name)
    new = _in_order(there, wanted)
    is_known = base is not None and base.knows(_ACTOR.name)
    was_sent = base is not None and base.texts.get(ACTOR_ORDER) == text_hash(ours.text(ACTOR_ORDER))
    if new == there or was_sent or (stays and not is_known and _ACTOR.name in item.locked):
        return merged
    return replace(merged, changes=(*merged.changes, Change(_ACTOR, there, new)))


def _in_order(names: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    places = {tag_key(name): place for place, name in enumerate(wanted)}
    return tuple(sorted(names, key=lambda name: places.get(tag_key(name), len(places))))
