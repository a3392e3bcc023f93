"""Reading scenes and their items for the worker, ahead of it where that saves time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from plex.client import Plex
from plex.exceptions import PlexBusy, PlexError, PlexUnavailable
from plex.item_finder import Found, ItemFinder
from plex.items import PlexItem
from plex.library import ITEMS_PER_READ, LibrarySection, read_items
from stash.changes import Changed, settled
from stash.client import Stash
from stash.exceptions import StashAnswerInvalid
from stash.scene_files import files_named
from sync_queue.facts import known_sizes
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import SceneMalformed
from validation.scene import Scene

# So many reads that Plex could not do in a row, halves of halves among them, are no item's fault.
BUSY_IN_A_ROW = 12


@dataclass
class Lane:
    """Connections for one thread: neither client is made for several."""

    stash: Stash
    plex: Plex

    def check_that_stash_has_scenes(self) -> None:
        """An empty Stash has not had all its scenes deleted one by one. Raises StashAnswerInvalid."""
        if not self.stash.count_scenes():
            raise StashAnswerInvalid(
                "Stash has no scenes at all, though some are waiting in the queue. Is it being set up "
                "again, or restored? Nothing is lost; what is waiting will be written at a later run."
            )


OpenLane = Callable[[], Lane]


@dataclass(frozen=True)
class ReadBatch:
    """What Stash and Plex have for some scenes, by scene id.

    A scene that Stash does not have is None; in place of its items there is an error where they could
    not be read or used, and nothing for one of `left_out`, which are not to be carried. `read_at` is when
    they began to be read, by the monotonic clock. `versions` are those of the scenes in which nothing
    changes any more.
    """

    scenes: Mapping[int, Scene | None]
    malformed: Mapping[int, SceneMalformed]
    found: Mapping[int, Found | PlexError]
    read_at: float
    versions: Sequence[Changed] = ()
    left_out: frozenset[int] = frozenset()

    @property
    def rating_keys(self) -> set[int] | None:
        """The items of the scenes; None where a scene is gone, unusable or without an item."""
        items = [found.items for found in self.found.values() if isinstance(found, Found) and found.items]
        if len(items) < len(self.scenes) - len(self.left_out) or self.malformed:
            return None
        return {item.rating_key for some in items for item in some}


class Reader:
    """Reads batch after batch over one lane."""

    def __init__(
        self, lane: Lane, state: SyncState, sections: Sequence[LibrarySection], config: Stash2PlexConfig
    ) -> None:
        self._stash = lane.stash
        self._finder = ItemFinder(
            lane.plex,
            sections,
            state.index,
            config.path_map,
            partial(files_named, lane.stash),
            known_sizes(state, lane.plex.machine_identifier),
        )

    def start(self, scene_ids: Sequence[int]) -> Callable[[], ReadBatch]:
        """A function that reads these scenes. It raises StashError or PlexError."""
        return partial(self.read, scene_ids)

    def read(self, scene_ids: Sequence[int]) -> ReadBatch:
        """Read these scenes and their items. Raises StashError or PlexError."""
        scenes, malformed, left_out = self._stash.chosen_by_id(scene_ids)
        there = [scene for scene in scenes.values() if scene is not None]
        versions = [Changed(scene.id, int(scene.updated_at.timestamp())) for scene in there]
        read_at = time.monotonic()
        found = self._find([scene for scene in there if scene.id not in left_out], _BusyInARow())
        versions = settled(versions, self._stash.now)
        return ReadBatch(scenes, malformed, found, read_at, versions, frozenset(left_out))

    def close(self) -> None:
        """Nothing to close: the lane belongs to the worker."""

    def _find(self, scenes: Sequence[Scene], row: _BusyInARow) -> Mapping[int, Found | PlexError]:
        """The items of the scenes; where Plex fails on one item, the others are found all the same."""
        try:
            found = self._finder.find(scenes)
        except PlexBusy as busy:
            row.another(busy)
            if len(scenes) == 1:
                return {scenes[0].id: busy}
        else:
            row.end()
            return found
        middle = len(scenes) // 2
        return {**self._find(scenes[:middle], row), **self._find(scenes[middle:], row)}


class ReadAhead:
    """Reads in a thread of its own, with connections of its own, while the worker writes."""

    def __init__(self, open_reader: Callable[[], tuple[Reader, SyncState]]) -> None:
        self._open_reader = open_reader
        self._opened: tuple[Reader, SyncState] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
        self.latest: Future[ReadBatch] = Future()

    def start(self, scene_ids: Sequence[int]) -> Callable[[], ReadBatch]:
        """Begin to read these scenes; returns a function that waits for them, and `latest` is the reading."""
        self.latest = self._thread.submit(self._read, scene_ids)
        return self.latest.result

    def close(self) -> None:
        """End the thread, after what it is reading."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _read(self, scene_ids: Sequence[int]) -> ReadBatch:
        if self._opened is None:
            self._opened = self._open_reader()
        return self._opened[0].read(scene_ids)

    def _close(self) -> None:
        if self._opened is not None:
            self._opened[1].close()


@dataclass
class EachRead:
    """Items in full by rating key, and in `failures` why others could not be read or used.

    What was asked for and is in neither, Plex does not have.
    """

    items: dict[int, PlexItem] = field(default_factory=dict)
    failures: dict[int, PlexError] = field(default_factory=dict)


def read_each(plex: Plex, rating_keys: Iterable[int]) -> EachRead:
    """These items, each for itself where Plex fails on some of them. Raises PlexError."""
    keys = list(dict.fromkeys(rating_keys))
    read, row = EachRead(), _BusyInARow()
    for start in range(0, len(keys), ITEMS_PER_READ):
        _read_some(plex, keys[start : start + ITEMS_PER_READ], read, row)
    return read


def _read_some(plex: Plex, keys: Sequence[int], read: EachRead, row: _BusyInARow) -> None:
    try:
        items = read_items(plex, keys)
    except PlexBusy as busy:
        row.another(busy)
        if len(keys) == 1:
            read.failures[keys[0]] = busy
            return
    else:
        row.end()
        read.items.update(items)
        read.failures.update(items.unusable)
        return
    middle = len(keys) // 2
    _read_some(plex, keys[:middle], read, row)
    _read_some(plex, keys[middle:], read, row)


class _BusyInARow:
    """Counts reads that Plex could not do, one after another."""

    def __init__(self) -> None:
        self._count = 0

    def another(self, busy: PlexBusy) -> None:
        """One more; raises PlexUnavailable where no single item can be the reason any more."""
        self._count += 1
        if self._count >= BUSY_IN_A_ROW:
            raise PlexUnavailable(
                f"Plex failed at {BUSY_IN_A_ROW} reads in a row: {busy} What is waiting will be written "
                "later."
            ) from busy

    def end(self) -> None:
        """A read went well."""
        self._count = 0
