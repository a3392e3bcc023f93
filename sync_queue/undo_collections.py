"""Taking from Plex's collections what was brought to them, where nobody has changed it since."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from plex.artwork import ArtworkKind, artwork_of, take_away, takes_images_away, unlock
from plex.base import text_hash
from plex.client import Plex
from plex.collections import (
    COLLECTION,
    CUSTOM_ORDER,
    UNCHOSEN_ORDER,
    Collection,
    choose_order,
    edit_collection,
    items_in_order,
    read_collections,
)
from plex.fields import tag_key
from stash import log
from sync_queue.collection_order import is_in_order
from sync_queue.collection_plans import SUMMARY
from sync_queue.collection_records import CollectionRecord
from sync_queue.cover_records import GOING_BACK
from sync_queue.failure import attempt, problem_of
from sync_queue.pictures import NOTHING_KNOWN
from sync_queue.state import SyncState
from validation.amounts import amount

POSTER = ArtworkKind.POSTER


@dataclass
class CollectionsUndone:
    """Collections by what became of them."""

    restored: int = 0
    posters_kept: int = 0
    failed: int = 0

    def summary_lines(self) -> list[str]:
        """What the task logs of it."""
        lines = [f"Put back {amount(self.restored, 'collection')}."] if self.restored else []
        if self.posters_kept:
            lines.append(
                f"Not given back: the posters of {amount(self.posters_kept, 'collection')}, which Plex can "
                "stop showing from version 1.43 on."
            )
        return lines


def undo_collections(plex: Plex, state: SyncState, opt_out_label: str = "") -> CollectionsUndone:
    """Give collections the text, the poster and the order that they had before the first of ours.

    None of those were a person's: what was is Plex's own. It stays until the group or studio changes in
    Stash; titles are not changed. Raises PlexError.
    """
    summary = CollectionsUndone()
    records = state.collections.all()
    for key, collection in read_collections(plex, records).items():
        if opt_out_label and tag_key(opt_out_label) in map(tag_key, collection.labels):
            continue
        outcome = attempt(partial(_undo, plex, state, records[key], collection, summary))
        if isinstance(outcome, Exception):
            record = records[key]
            words = f"{record.kind} {record.source}"
            log.warning(f"The collection of {words} could not be put back: {problem_of(outcome)}")
            summary.failed += 1
        else:
            summary.restored += outcome
    return summary


def _undo(
    plex: Plex, state: SyncState, record: CollectionRecord, collection: Collection, summary: CollectionsUndone
) -> bool:
    """Whether anything was put back."""
    key, is_changed = record.rating_key, False
    shown = text_hash(collection.summary)
    if shown in record.texts:
        if shown != record.written:
            # A drain brought it that was killed before it could record what Stash had.
            record = record._replace(summary=shown)
            state.collections.record(record)
        edit_collection(plex, collection, {SUMMARY.name: (record.before, False)})
        is_changed = True
    is_changed = _take_poster_away(plex, state, collection, record, summary) or is_changed
    if collection.order == CUSTOM_ORDER and _is_order_ours(plex, record):
        choose_order(plex, key, UNCHOSEN_ORDER)
        is_changed = True
    undone = record._replace(written="", begun="", is_ordered=False, is_moving=False, is_undone=True)
    state.collections.record(undone)
    return is_changed


def _is_order_ours(plex: Plex, record: CollectionRecord) -> bool:
    """Whether the items stand as they were placed, or somewhere on the way there: a drain was killed."""
    if record.is_moving:
        return True
    return record.is_ordered and is_in_order(items_in_order(plex, record.rating_key), record.placed)


def _take_poster_away(
    plex: Plex, state: SyncState, collection: Collection, known: CollectionRecord, summary: CollectionsUndone
) -> bool:
    """Show none of ours any more, and let Plex make its own; whether anything was sent."""
    key = collection.rating_key
    record = state.artwork(key, POSTER.value) or NOTHING_KNOWN
    begun = state.begun_artwork(key, POSTER.value)
    if known.is_undone and record.stamp == GOING_BACK and not begun:
        # None came since it was taken away; whoever shows it again chose it.
        return False
    ours = ({record.sha1} | begun) - {""}
    shown = artwork_of(plex, key, POSTER) if ours else None
    if shown is None or not (shown.shown in ours or (record.stamp == GOING_BACK and not shown.chosen)):
        return False
    if not takes_images_away(plex.version):
        summary.posters_kept += 1
        return False
    if shown.chosen:
        # Whoever finds it gone, and still locked, may go on: this undo has not ended.
        state.collections.record(known._replace(is_undone=False))
        state.record_artwork(key, POSTER.value, record._replace(sha1=shown.shown, stamp=GOING_BACK))
        take_away(plex, key, POSTER)
    unlock(plex, collection.section_key, key, POSTER, COLLECTION)
    return True
