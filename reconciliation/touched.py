"""Items that are not as the last sync left them: Plex's time of them tells, reading them says what it was.

A person's edit moves that time, and so does whatever takes our values away: a refresh of fields that
somebody unlocked, a drive that was gone for a while, a database restored from a backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from plex.client import Plex
from plex.index import KnownPart
from plex.item_finder import ItemFinder
from plex.items import PlexItem
from plex.library import ITEMS_PER_READ
from plex.matching import Match
from reconciliation.seen import SeenScene
from stash.client import Stash
from sync_queue.covers import artwork_kinds
from sync_queue.logos import LOGO, carries_logos
from sync_queue.planning import ItemPlan, Planner
from sync_queue.pushed import NO_FINGERPRINT
from sync_queue.reading import read_each
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene

# After an analysis of a whole library all its items are touched: what is beyond this is looked at by
# the next reconcile.
ITEMS_PER_RUN = 5_000


class Place(NamedTuple):
    """Where a scene is in Plex: its items, those that show nothing but their file, Plex's times of all."""

    match: Match
    empty: frozenset[int]
    updated_at: Mapping[int, int]

    @classmethod
    def of_parts(cls, match: Match) -> Place:
        """As the index knows it."""
        parts: Sequence[KnownPart] = match.parts
        empty = frozenset(part.rating_key for part in parts if not part.has_metadata)
        return cls(match, empty, {part.rating_key: part.updated_at for part in parts})

    @classmethod
    def of_items(cls, match: Match, items: Iterable[PlexItem]) -> Place:
        """As the items themselves show it."""
        listed = [item.as_listed() for item in items]
        empty = frozenset(item.rating_key for item in listed if not item.has_metadata)
        return cls(match, empty, {item.rating_key: item.updated_at for item in listed})


def places_of_parts(matches: Mapping[int, Match]) -> dict[int, Place]:
    """The places of scenes that were matched by the index."""
    return {scene_id: Place.of_parts(match) for scene_id, match in matches.items()}


def places_by_finder(
    chunk: Sequence[SeenScene], scenes: Mapping[int, Scene], finder: ItemFinder
) -> dict[int, Place]:
    """The places of scenes whose items are read for it. Raises StashError or PlexError."""
    places: dict[int, Place] = {}
    for start in range(0, len(chunk), ITEMS_PER_READ):
        found = finder.find([scenes[scene.scene_id] for scene in chunk[start : start + ITEMS_PER_READ]])
        for scene_id, one in found.items():
            places[scene_id] = Place.of_items(one.match, one.items)
    return places


class LeftItems:
    """How syncs left the items of some scenes: for which scene, and Plex's time of it."""

    def __init__(self, state: SyncState, places: Mapping[int, Place]) -> None:
        keys = (key for place in places.values() for key in place.match.rating_keys)
        self._items = state.items_pushed(keys)
        self._late = state.items_with_late_writes()
        self._fingerprints: dict[int, dict[int, bytes]] = {}
        for (scene_id, key), fingerprint in state.pushed_fingerprints(places).items():
            self._fingerprints.setdefault(scene_id, {})[key] = fingerprint

    def pushed(self, scene_id: int, place: Place) -> dict[int, bytes]:
        """The fingerprints of what was last pushed, by rating key.

        Where the item was written for another scene, that is none: its file has a new owner.
        """
        foreign = {key: NO_FINGERPRINT for key in place.match.rating_keys if key in self._items}
        return {**foreign, **self._fingerprints.get(scene_id, {})}

    def has_empty_item(self, place: Place) -> bool:
        """Whether an item shows nothing but its file; one that is as it was left is right as it is."""
        return any(not self._is_as_left(key, place) for key in place.empty)

    def touched(self, place: Place) -> list[int]:
        """The items that were written and have changed in Plex since."""
        return [
            key for key in place.match.rating_keys if key in self._items and not self._is_as_left(key, place)
        ]

    def _is_as_left(self, key: int, place: Place) -> bool:
        _, then = self._items.get(key, (0, 0))
        # Plex's times are whole seconds: a write that still came may have one with what it replaced.
        return bool(then) and place.updated_at.get(key) == then and key not in self._late


class TouchedItems:
    """Tells of touched items whether there is anything to write to them again."""

    def __init__(
        self, plex: Plex, stash: Stash, state: SyncState, config: Stash2PlexConfig, only_looks: bool
    ) -> None:
        self._plex = plex
        self._stash = stash
        self._state = state
        self._planner = Planner(state, config)
        self._kinds = (*artwork_kinds(config), *([LOGO] if carries_logos(config) else []))
        self._only_looks = only_looks
        self._left = ITEMS_PER_RUN

    def to_write(self, touched: Mapping[int, Sequence[int]]) -> list[int]:
        """The scenes of which an item is to be written again, of scene ids with their touched items.

        Items in which only a person changed something are remembered as they are. Raises StashError
        or PlexError.
        """
        ids = list(touched)[: self._left]
        self._left -= len(ids)
        found: list[int] = []
        for start in range(0, len(ids), ITEMS_PER_READ):
            found.extend(self._to_write(ids[start : start + ITEMS_PER_READ], touched))
        return found

    def _to_write(self, ids: Sequence[int], touched: Mapping[int, Sequence[int]]) -> list[int]:
        scenes, _ = self._stash.scenes_by_id(ids)
        read = read_each(self._plex, [key for scene_id in ids for key in touched[scene_id]])
        found: list[int] = []
        in_order: list[PlexItem] = []
        for scene in filter(None, scenes.values()):
            items = [read.items[key] for key in touched[scene.id] if key in read.items]
            if any(self._is_write(self._planner.plan(scene, item)) for item in items):
                found.append(scene.id)
            else:
                in_order.extend(items)
        if in_order and not self._only_looks:
            self._state.record_seen(in_order)
        return found

    def _is_write(self, plan: ItemPlan) -> bool:
        if plan.is_opted_out:
            return False
        return bool(plan.merged.changes) or plan.was_rolled_back or self._is_cover_gone(plan.item)

    def _is_cover_gone(self, item: PlexItem) -> bool:
        """Whether Plex shows another image than when ours was brought, and nobody chose that."""
        for kind in self._kinds:
            record = self._state.artwork(item.rating_key, kind.value)
            if record and record.sha1 and kind.lock not in item.locked:
                return True
        return False
