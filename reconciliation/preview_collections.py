"""What a sync would bring to Plex's collections, without writing: by the plans that the drain carries out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from plex.client import Plex
from plex.fields import clean_text, tag_key
from plex.library import LibrarySection
from stash import log
from stash.client import Stash
from stash.collection_sources import GROUP, Source
from sync_queue.collection_placing import Placing
from sync_queue.collection_plans import (
    SUMMARY,
    TITLE,
    Target,
    is_asked_for,
    renamed,
    summary_to_write,
    title_of,
)
from sync_queue.collection_posters import Posters
from sync_queue.collection_targets import Targets
from sync_queue.pace import Pace
from sync_queue.planning import ItemPlan, shortened
from sync_queue.previewed import COLLECTION_TITLES, NAME, ORDER, POSTER, PreviewedChange, PreviewedCollection
from sync_queue.state import SyncState
from validation.amounts import number
from validation.config import Stash2PlexConfig


@dataclass(frozen=True)
class CollectionsPreviewed:
    """What collections would get, one by one, and the same in words for the log."""

    rows: Sequence[PreviewedCollection]
    lines: Sequence[str]


class CollectionPreview:
    """Looks at all collections of groups and studios: those that Plex has by now, and those that come."""

    def __init__(
        self,
        stash: Stash,
        plex: Plex,
        state: SyncState,
        config: Stash2PlexConfig,
        sections: Sequence[LibrarySection],
    ) -> None:
        self._plex = plex
        self._state = state
        self._config = config
        self._sections = {section.key: section for section in sections}
        self._is_asked_for = is_asked_for(config)
        self._targets = Targets(stash, plex, state, config)
        self._posters = Posters(stash, plex, state, Pace())
        # How many items would come to a collection, by its library and the key of its title.
        self._coming = Counter[tuple[int, str]]()
        self._made = 0

    def note(self, plan: ItemPlan) -> None:
        """Remember which collections an item would come to: those that are not there yet are made so."""
        if self._is_asked_for:
            names = (name for one in plan.merged.changes if one.field is TITLE for name in one.added)
            self._coming.update({(plan.item.section_key, tag_key(name)) for name in names})

    def look(self) -> CollectionsPreviewed | None:
        """What would change; None where the settings do not ask for it. Raises StashError, PlexError."""
        if not self._is_asked_for:
            return None
        titles, listed = self._targets.titles(everything=True), self._targets.listed(self._sections.values())
        there = {(section, tag_key(one.title)) for section, some in listed.items() for one in some}
        found = self._targets.find(listed, titles)
        rows = [*self._of_those_there(found, there), *self._of_new_ones(titles, there)]
        return CollectionsPreviewed(rows, self._summary_lines(rows))

    def _summary_lines(self, rows: Iterable[PreviewedCollection]) -> list[str]:
        counts = Counter(change.field for row in rows for change in row.changes)
        return [
            f"Collections that would be made: {number(self._made)}",
            f"Collections that would be renamed: {number(counts[NAME])}",
            f"Collections whose text would change: {number(counts[SUMMARY.name])}",
            f"Collections whose poster would be compared: {number(counts[POSTER])}",
            f"Collections whose order would change: {number(counts[ORDER])}",
            "Collections that get new items are put in order by the same sync.",
        ]

    def _of_those_there(
        self, found: Mapping[int, Source], there: set[tuple[int, str]]
    ) -> Iterator[PreviewedCollection]:
        going = {key: one for key, one in self._going().items() if key not in found}
        sources = {**found, **{key: source for key, (source, _, _) in going.items()}}
        placing = Placing(self._plex, self._state, Pace(), self._targets.orders(set(sources.values())))
        for target in self._targets.read(sources, with_opted_out=True):
            section, was = target.collection.section_key, target.collection.title
            title = was
            if target.collection.rating_key in going:
                _, known, title = going[target.collection.rating_key]
                if tag_key(was) != tag_key(known) or (section, tag_key(title)) in there:
                    # Somebody renamed it, or Plex has one of that title already.
                    continue
                there.add((section, tag_key(title)))
            changes = [PreviewedChange(NAME, was, title)] if title != was else []
            # One that is opted out goes along with a new name, and gets nothing else.
            if not self._targets.is_opted_out(target.collection):
                changes += self._changes(target, placing)
            if changes:
                yield self._row(section, target.source, title, changes)

    def _going(self) -> dict[int, tuple[Source, str, str]]:
        """Collections that go along with a new name: group or studio, the title known and the new one."""
        # Tags may share their titles, which nobody can tell.
        if self._config.tags_as == "collections":
            return {}
        sources = {(source.kind, source.id): source for source in self._targets.sources}
        records = self._state.collections.all().values()
        return {
            record.rating_key: (sources[record.kind, record.source], record.title, title)
            for record, title in renamed(records, self._targets.sources, self._config)
        }

    def _changes(self, target: Target, placing: Placing) -> list[PreviewedChange]:
        changes = []
        left_alone = self._config.leave_fields
        text = summary_to_write(target)
        if text is not None and SUMMARY.title not in left_alone:
            changes.append(PreviewedChange(SUMMARY.name, target.collection.summary, text))
        if POSTER not in left_alone and self._posters.may_bring(target):
            changes.append(_poster_of(target.source))
        order = placing.would_place(target)
        if order is not None:
            changes.append(PreviewedChange(ORDER, *order))
        return changes

    def _of_new_ones(
        self, titles: Mapping[str, Source], there: set[tuple[int, str]]
    ) -> Iterator[PreviewedCollection]:
        left_alone = self._config.leave_fields
        for (section, key), count in sorted(self._coming.items()):
            source = titles.get(key)
            if source is None or (section, key) in there:
                continue
            self._made += 1
            changes = []
            text = clean_text(source.text, SUMMARY.limit)
            if text and SUMMARY.title not in left_alone:
                changes.append(PreviewedChange(SUMMARY.name, "", text))
            if source.image_url and POSTER not in left_alone:
                changes.append(_poster_of(source))
            if source.kind == GROUP and count > 1:
                changes.append(PreviewedChange(ORDER, None, f"that of {source.words}"))
            yield self._row(section, source, title_of(source, self._config), changes, is_new=True)

    def _row(
        self,
        section: int,
        source: Source,
        title: str,
        changes: Sequence[PreviewedChange],
        is_new: bool = False,
    ) -> PreviewedCollection:
        library = self._sections[section].title if section in self._sections else ""
        place = f"{'New in' if is_new else 'In'} {library}, of {source.words}"
        for name, old, new in changes:
            what = COLLECTION_TITLES[name]
            told = f"would write {what} “{shortened(new)}” (was “{shortened(old)}”)"
            log.debug(
                f"Collection of {source.words}: {told if old is not None else f'{what} would be {new}'}"
            )
        return PreviewedCollection(section, tag_key(title), title, place, changes)


def _poster_of(source: Source) -> PreviewedChange:
    return PreviewedChange(POSTER, None, f"compared with the picture of {source.words}")
