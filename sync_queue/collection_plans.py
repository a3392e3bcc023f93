"""Which group or studio a collection stands for, and what of it is to be written; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from plex.base import text_hash
from plex.collections import Collection
from plex.fields import FIELDS, clean_text, tag_key, text_key
from stash.collection_sources import GROUP, Source
from sync_queue.collection_records import CollectionRecord
from validation.config import Stash2PlexConfig

TITLE, SUMMARY = (next(field for field in FIELDS if field.name == name) for name in ("collection", "summary"))


@dataclass(frozen=True)
class Target:
    """A collection in Plex, the group or studio that it stands for, and what is known of it.

    `known` is the record as it lies in the state.
    """

    collection: Collection
    source: Source
    record: CollectionRecord
    known: CollectionRecord

    @property
    def wanted(self) -> str:
        """The text that it is to have, as Plex can take it."""
        return clean_text(self.source.text, SUMMARY.limit)


def is_asked_for(config: Stash2PlexConfig) -> bool:
    """Whether the settings have collections written, and given what Stash has for them."""
    return config.collection_details and TITLE.title not in config.leave_fields


def title_of(source: Source, config: Stash2PlexConfig) -> str:
    """The title of a source's collection, as the tags of its items have it."""
    return clean_text(config.collection_prefix + source.name, TITLE.limit).replace("\n", " ")


def by_title(sources: Iterable[Source], config: Stash2PlexConfig) -> dict[str, Source]:
    """The source of each collection, by the key of its title; of several of one name the oldest group.

    A group comes before a studio: it has an order too.
    """
    chosen: dict[str, Source] = {}
    for source in sorted(sources, key=lambda one: (one.kind != GROUP, one.id)):
        key = tag_key(title_of(source, config))
        if key and source.name.strip():
            chosen.setdefault(key, source)
    return chosen


def summary_to_write(target: Target) -> str | None:
    """The text to write; empty to take ours away, None where the collection keeps what it has.

    What somebody locked in Plex stays, whatever Stash has.
    """
    collection, record, wanted = target.collection, target.record, target.wanted
    shown = collection.summary
    is_ours = bool(text_key(shown)) and text_hash(shown) in record.texts
    if record.is_undone and text_hash(wanted) == record.summary:
        return None
    if not wanted:
        return "" if is_ours else None
    if text_key(shown) == text_key(wanted):
        return None
    if is_ours and text_hash(shown) == record.written and text_hash(wanted) == record.summary:
        # A proxy took no more of it.
        return None
    return None if SUMMARY.name in collection.locked and not is_ours else wanted


def renamed(
    records: Iterable[CollectionRecord], sources: Iterable[Source], config: Stash2PlexConfig
) -> list[tuple[CollectionRecord, str]]:
    """The collections whose group or studio has another name by now, each with its new title.

    Not where the old title is another one's as well: all items of a collection go with its title.
    """
    all_sources = list(sources)
    named = {(source.kind, source.id): title_of(source, config) for source in all_sources}
    titles = {tag_key(title) for title in named.values()}
    found = []
    for record in records:
        title = named.get((record.kind, record.source), "")
        is_another = bool(tag_key(title)) and tag_key(title) != tag_key(record.title)
        if is_another and tag_key(record.title) not in titles:
            found.append((record, title))
    return found
