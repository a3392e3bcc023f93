"""What a person changed in Plex while a write was on its way, and the write then replaced.

It is seen because items are read while they are being written. Whose edit wins is decided as always;
where it is the person's, it is put back.
"""

from __future__ import annotations

from collections.abc import Sequence

from plex.fields import Value, tag_key
from plex.items import PlexItem
from plex.merge import Change
from plex.writing import same
from stash import log
from sync_queue.planning import ItemPlan


def changed_meanwhile(sent: Sequence[Change], meanwhile: PlexItem) -> tuple[Change, ...]:
    """The fields sent in whose place an item showed a person's value while it was being written."""
    return tuple(change for change in sent if _is_changed(change, meanwhile))


def _is_changed(change: Change, meanwhile: PlexItem) -> bool:
    name = change.field.name
    theirs = meanwhile.fields.values[name]
    is_a_persons = name in meanwhile.locked or not change.field.is_locked_by_people
    return is_a_persons and not same(theirs, change.old) and not same(theirs, change.new)


def to_put_back(plan: ItemPlan, sent: Sequence[Change], seen: ItemPlan, now: PlexItem) -> tuple[Change, ...]:
    """The changes that give an item back what a person entered while `sent` was on its way; says so.

    `seen` is the plan for the item as it was seen then, `now` the item as it is.
    """
    wanted = {change.field: change.new for change in seen.merged.changes}
    back = []
    for change in changed_meanwhile(sent, seen.item):
        name = change.field.name
        if not same(now.fields.values[name], change.new):
            # It was changed once more, after the write.
            continue
        one = _back(change, wanted.get(change.field, seen.item.fields.values[name]))
        if one:
            back.append(one)
        outcome = "Plex keeps its own" if one else "Stash wins"
        log.info(f"Scene {plan.scene.id}: {change.field.title} changed in Plex and in Stash; {outcome}.")
    return tuple(back)


def _back(sent: Change, wanted: Value) -> Change | None:
    """The change from what was sent to what is wanted; None where that is the same."""
    if isinstance(wanted, str):
        return None if same(wanted, sent.new) else Change(sent.field, sent.new, wanted)
    keys = set(map(tag_key, wanted))
    going = tuple(name for name in sent.new if tag_key(name) not in keys)
    return Change(sent.field, sent.new, wanted, going) if going else None
