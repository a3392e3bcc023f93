"""Finding the collections that are to be updated, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from plex.client import Plex
from plex.collections import Collection, ListedCollection, list_collections, read_collections
from plex.fields import tag_key
from plex.library import LibrarySection
from stash.client import Stash
from stash.collection_sources import GROUP, Source, read_sources, scenes_of_groups
from sync_queue.collection_placing import keys_in_order
from sync_queue.collection_plans import Target, by_title
from sync_queue.collection_records import CollectionRecord
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig


class Targets:
    """Finds the collections that are to be updated, and what is known of them."""

    def __init__(self, stash: Stash, plex: Plex, state: SyncState, config: Stash2PlexConfig) -> None:
        self._stash = stash
        self._plex = plex
        self._state = state
        self._config = config
        self._sources: list[Source] | None = None

    @property
    def sources(self) -> list[Source]:
        """All groups and studios, read once until they are forgotten. Raises StashError."""
        if self._sources is None:
            self._sources = read_sources(self._stash.ask)
        return self._sources

    def forget_sources(self) -> None:
        """Read groups and studios again when they are needed."""
        self._sources = None

    def titles(self, everything: bool) -> dict[str, Source]:
        """The groups and studios whose collections are to be looked at, by the key of the title."""
        chosen = by_title(self.sources, self._config)
        if everything:
            return chosen
        due = self._state.collections.due()
        return {key: source for key, source in chosen.items() if key in due}

    def listed(self, sections: Iterable[LibrarySection]) -> dict[int, Sequence[ListedCollection]]:
        """All collections of the libraries, by the key of the library. Raises PlexError."""
        return {section.key: list_collections(self._plex, section.key) for section in sections}

    def find(
        self, all_listed: Mapping[int, Sequence[ListedCollection]], titles: Mapping[str, Source]
    ) -> dict[int, Source]:
        """Which of the listed collections have these titles, by rating key."""
        keys = {}
        for some in all_listed.values():
            for listed in some:
                source = titles.get(tag_key(listed.title))
                if source is not None and not listed.is_smart:
                    keys[listed.rating_key] = source
        return keys

    def read(self, found: Mapping[int, Source], with_opted_out: bool = False) -> list[Target]:
        """These collections as Plex has them now; those that are opted out if asked for. Raises PlexError."""
        records = self._state.collections.all()
        targets = []
        for key, collection in read_collections(self._plex, found).items():
            source, known = found[key], records.get(key) or CollectionRecord(key)
            if with_opted_out or not self.is_opted_out(collection):
                named = known._replace(kind=source.kind, source=source.id, title=collection.title)
                targets.append(Target(collection, source, named, known))
        return targets

    def orders(self, titles: Iterable[Source]) -> dict[int, list[int]]:
        """The rating keys of the groups' items in the groups' order. Raises StashError."""
        groups = [source.id for source in titles if source.kind == GROUP]
        scenes = scenes_of_groups(self._stash.ask, groups)
        return keys_in_order(scenes, self._state.keys_of({one for some in scenes.values() for one in some}))

    def is_opted_out(self, collection: Collection) -> bool:
        """Whether it carries the opt-out label."""
        label = self._config.opt_out_label
        return bool(label) and tag_key(label) in map(tag_key, collection.labels)
