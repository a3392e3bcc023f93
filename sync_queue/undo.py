"""Putting back what the first sync replaced: values that a person had locked in Plex."""

from __future__ import annotations

from dataclasses import dataclass

from plex.artwork import ArtworkKind, choose, chosen
from plex.base import Base
from plex.client import Plex
from plex.exceptions import PlexNotFound, PlexRejected
from plex.fields import FIELDS, Field, Value, tag_key
from plex.items import PlexItem
from plex.library import read_items
from plex.merge import Change, Merge
from plex.writing import write
from sync_queue.state import SyncState

ARTWORK = {kind.value: kind for kind in ArtworkKind}


@dataclass
class UndoSummary:
    """Items by what became of them, and how many fields were put back."""

    restored: int = 0
    fields: int = 0
    changed_since: int = 0
    gone: int = 0
    failed: int = 0


def undo_first_sync(plex: Plex, state: SyncState) -> UndoSummary:
    """Put back every kept value that nobody has changed in Plex since it was replaced.

    What Stash has stays recorded as the last sync, so the next one takes the old values for a
    person's edits and leaves them. Raises PlexError.
    """
    summary = UndoSummary()
    kept = state.replaced()
    items = read_items(plex, [rating_key for _, rating_key in kept])
    for (scene_id, rating_key), values in kept.items():
        item = items.get(rating_key)
        if item is None:
            summary.gone += 1
        else:
            try:
                count = _restore(plex, state, scene_id, item, values)
            except (PlexRejected, PlexNotFound):
                summary.failed += 1
                continue
            summary.fields += count
            summary.restored += bool(count)
            summary.changed_since += not count
        state.drop_replaced(rating_key)
    return summary


def summary_lines(summary: UndoSummary) -> list[str]:
    """What the task logs."""
    lines = [f"Put back {summary.fields} fields of {summary.restored} items."]
    if summary.changed_since:
        lines.append(f"Left alone: {summary.changed_since} items that were changed since the first sync.")
    if summary.gone:
        lines.append(f"Not in Plex any more: {summary.gone} items.")
    return lines


def _restore(plex: Plex, state: SyncState, scene_id: int, item: PlexItem, values: dict[str, Value]) -> int:
    base = state.base(scene_id, item.rating_key)
    changes = tuple(
        change
        for field in FIELDS
        if field.name in values and base and (change := _change_back(field, item, values[field.name], base))
    )
    write(plex, item, Merge(changes))
    images = 0
    for name in values.keys() & ARTWORK.keys():
        images += _restore_image(plex, state, scene_id, item, ARTWORK[name], str(values[name]))
    return len(changes) + images


def _change_back(field: Field, item: PlexItem, old: Value, base: Base) -> Change | None:
    """The change that puts a value back; None where somebody changed it since."""
    now = item.fields.values[field.name]
    if isinstance(now, str) or isinstance(old, str):
        return Change(field, now, old) if base.shows(field.name, item.fields) else None
    before = set(map(tag_key, old))
    if field.shared:
        added = tuple(tag for tag in now if tag_key(tag) not in before and base.has_tag(field.name, tag))
        kept = tuple(tag for tag in now if tag not in added)
        return Change(field, now, kept, added) if added else None
    going = tuple(tag for tag in now if tag_key(tag) not in before)
    return Change(field, now, old, going) if base.shows(field.name, item.fields) else None


def _restore_image(
    plex: Plex, state: SyncState, scene_id: int, item: PlexItem, kind: ArtworkKind, name: str
) -> int:
    record = state.artwork(scene_id, item.rating_key, kind.value)
    if not name or record is None or chosen(plex, item.rating_key, kind) != kind.uploaded(record.sha1):
        return 0
    choose(plex, item.rating_key, kind, name)
    return 1
