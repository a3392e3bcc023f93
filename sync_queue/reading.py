"""Reading scenes and their items for the worker, ahead of it where that saves time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from plex.client import Plex
from plex.exceptions import PlexBusy
from plex.finding import Found, ItemFinder
from plex.library import LibrarySection
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.exceptions import SceneMalformed
from validation.scene import Scene
from validation.stash import Stash
from validation.stash_changes import SAME_SECOND, Changed


@dataclass
class Lane:
    """Connections for one thread: neither client is made for several."""

    stash: Stash
    plex: Plex


OpenLane = Callable[[], Lane]


@dataclass(frozen=True)
class ReadBatch:
    """What Stash and Plex have for some scenes, by scene id.

    A scene that Stash does not have is None; in place of its items there is PlexBusy where Plex
    could not read them. `versions` are those of the scenes in which nothing changes any more.
    """

    scenes: Mapping[int, Scene | None]
    malformed: Mapping[int, SceneMalformed]
    found: Mapping[int, Found | PlexBusy]
    versions: Sequence[Changed] = ()


class Reader:
    """Reads batch after batch over one lane."""

    def __init__(
        self, lane: Lane, state: SyncState, sections: Sequence[LibrarySection], config: Stash2PlexConfig
    ) -> None:
        self._stash = lane.stash
        self._finder = ItemFinder(lane.plex, sections, state.index, config.path_map)

    def start(self, scene_ids: Sequence[int]) -> Callable[[], ReadBatch]:
        """A function that reads these scenes. It raises StashError or PlexError."""
        return partial(self.read, scene_ids)

    def read(self, scene_ids: Sequence[int]) -> ReadBatch:
        """Read these scenes and their items. Raises StashError or PlexError."""
        scenes, malformed = self._stash.scenes_by_id(scene_ids)
        there = [scene for scene in scenes.values() if scene is not None]
        settled = self._stash.now - SAME_SECOND
        versions = [
            Changed(scene.id, int(scene.updated_at.timestamp()))
            for scene in there
            if scene.updated_at < settled
        ]
        return ReadBatch(scenes, malformed, self._find(there), versions)

    def close(self) -> None:
        """Nothing to close: the lane belongs to the worker."""

    def _find(self, scenes: Sequence[Scene]) -> Mapping[int, Found | PlexBusy]:
        """The items of the scenes; where Plex fails on one item, the others are found all the same."""
        try:
            return self._finder.find(scenes)
        except PlexBusy as busy:
            if len(scenes) == 1:
                return {scenes[0].id: busy}
        middle = len(scenes) // 2
        return {**self._find(scenes[:middle]), **self._find(scenes[middle:])}


class ReadAhead:
    """Reads in a thread of its own, with connections of its own, while the worker writes."""

    def __init__(self, open_reader: Callable[[], tuple[Reader, SyncState]]) -> None:
        self._open_reader = open_reader
        self._opened: tuple[Reader, SyncState] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")

    def start(self, scene_ids: Sequence[int]) -> Callable[[], ReadBatch]:
        """Begin to read these scenes; returns a function that waits for them."""
        return self._thread.submit(self._read, scene_ids).result

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
