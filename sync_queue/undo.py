"""Putting back what the first sync replaced: values that a person had locked in Plex."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from plex.artwork import ArtworkKind, choose, chosen
from plex.base import Base
from plex.client import Plex, connect
from plex.fields import FIELDS, Field, Value, tag_key
from plex.items import PlexItem
from plex.library import ITEMS_PER_READ
from plex.merge import Change, Merge
from plex.writing import write
from stash import log
from sync_queue.failure import attempt, problem_of
from sync_queue.planning import is_opted_out
from sync_queue.reading import read_each
from sync_queue.renewal import FRESH_ENOUGH
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig

ARTWORK = {kind.value: kind for kind in ArtworkKind}


@dataclass
class UndoSummary:
    """Items by what became of them, and how many fields were put back."""

    restored: int = 0
    fields: int = 0
    changed_since: int = 0
    gone: int = 0
    opted_out: int = 0
    ignored: int = 0
    failed: int = 0


def undo_first_sync(plex: Plex, state: SyncState, opt_out_label: str = "") -> UndoSummary:
    """Put back every kept value that nobody has changed in Plex since it was replaced.

    An item that carries the opt-out label is left as it is, and so is one whose scene is ignored; what was
    kept of them stays kept.

    What Stash has stays recorded as the last sync, so the next one takes the old values for a
    person's edits and leaves them. Raises PlexError.
    """
    summary = UndoSummary()
    all_kept = state.replaced()
    ignored = state.ignored.among({scene_id for scene_id, _ in all_kept})
    kept = [(place, values) for place, values in all_kept.items() if place[0] not in ignored]
    summary.ignored = len(all_kept) - len(kept)
    for start in range(0, len(kept), ITEMS_PER_READ):
        some = kept[start : start + ITEMS_PER_READ]
        read_at = time.monotonic()
        items = read_each(plex, [rating_key for (_, rating_key), _ in some]).items
        for (scene_id, rating_key), values in some:
            item = items.get(rating_key)
            if item is not None and time.monotonic() - read_at > FRESH_ENOUGH:
                # Somebody may have edited it since.
                item = read_each(plex, [rating_key]).items.get(rating_key)
            if item is None:
                # Or Plex cannot read it at the moment: what was kept stays kept.
                summary.gone += 1
            elif is_opted_out(item, opt_out_label):
                summary.opted_out += 1
            else:
                count = attempt(partial(_restore, plex, state, item, values))
                _note(scene_id, count, summary)
                if not isinstance(count, Exception):
                    state.drop_replaced(rating_key)
    return summary


def _note(scene_id: int, count: int | Exception, summary: UndoSummary) -> None:
    """Count what became of one item."""
    if isinstance(count, Exception):
        log.warning(f"Scene {scene_id} could not be put back: {problem_of(count)}")
        summary.failed += 1
        return
    summary.fields += count
    summary.restored += bool(count)
    summary.changed_since += not count


def run_undo(config: Stash2PlexConfig, data_dir: str) -> str | None:
    """The task: put back, log what was and what was not; the error to end with where Plex refused some.

    Raises PlexError, OSError, sqlite3.Error.
    """
    plex = connect(config, data_dir)
    with closing(SyncState(data_dir)) as state:
        state.use_server(plex.machine_identifier, str(config.path_map))
        summary = undo_first_sync(plex, state, config.opt_out_label)
    log.lines("info", summary_lines(summary))
    return log.failed("Plex refused some values; run the task again.") if summary.failed else None


def summary_lines(summary: UndoSummary) -> list[str]:
    """What the task logs."""
    lines = [f"Put back {summary.fields} fields of {summary.restored} items."]
    if summary.changed_since:
        lines.append(f"Left alone: {summary.changed_since} items that were changed since the first sync.")
    if summary.opted_out:
        lines.append(f"Left alone: {summary.opted_out} items that carry the opt-out label.")
    if summary.ignored:
        lines.append(f"Left alone: {summary.ignored} items whose scenes are ignored.")
    if summary.gone:
        lines.append(f"Not in Plex at the moment: {summary.gone} items; what they had is kept.")
    if summary.failed:
        lines.append(f"Not put back: {summary.failed} items; the next Undo First Sync tries them again.")
    return lines


def _restore(plex: Plex, state: SyncState, item: PlexItem, values: dict[str, Value]) -> int:
    record = state.item_record(item.rating_key)
    base = record.base if record else None
    changes = tuple(
        change
        for field in FIELDS
        if field.name in values and base and (change := _change_back(field, item, values[field.name], base))
    )
    write(plex, item, Merge(changes))
    images = 0
    for name in values.keys() & ARTWORK.keys():
        images += _restore_image(plex, state, item, ARTWORK[name], str(values[name]))
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


def _restore_image(plex: Plex, state: SyncState, item: PlexItem, kind: ArtworkKind, name: str) -> int:
    record = state.artwork(item.rating_key, kind.value)
    if not name or record is None or chosen(plex, item.rating_key, kind) != kind.uploaded(record.sha1):
        return 0
    choose(plex, item.rating_key, kind, name)
    return 1
