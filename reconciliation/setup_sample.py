"""Some scenes from all over the collection, matched with Plex as a sync would match them.

The index is a private one in memory: nothing that a sync relies on is changed. ItemFinder asks Plex for each
file by its name, or lists the libraries where that takes fewer requests, so the requests grow neither with
the collection nor with Plex beyond a bound.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from plex.client import Plex
from plex.index import SCHEMA, FileIndex, keys_of_files
from plex.item_finder import Found, ItemFinder
from plex.library import ITEMS_PER_READ, LibrarySection
from plex.matching import Match, MatchLevel
from reconciliation.path_map_help import Pair, file_pairs
from stash.client import Stash
from stash.scene_files import files_named
from sync_queue.state import SyncState
from sync_queue.state_database import is_there
from validation.path_map import PathMap
from validation.scene import Scene

SCENES_IN_SAMPLE = 200
FEWEST_SCENES = 10


@dataclass(frozen=True)
class Sample:
    """Scenes that have a file, and their matches and items by scene id; what Stash could not read."""

    scenes: Sequence[Scene]
    found: Mapping[int, Found]
    without_file: int
    unreadable: Sequence[str]

    @property
    def matches(self) -> dict[int, Match]:
        """The matches alone."""
        return {scene_id: one.match for scene_id, one in self.found.items()}

    def count(self, level: MatchLevel) -> int:
        """How many scenes were matched like this."""
        return sum(match.level is level for match in self.matches.values())

    @property
    def matched(self) -> int:
        """How many scenes are in Plex."""
        return sum(bool(match.parts) for match in self.matches.values())

    @property
    def inexact(self) -> int:
        """How many of these were matched by less than their path."""
        return sum(match.is_inexact for match in self.matches.values())

    def pairs(self) -> list[Pair]:
        """The paths in Stash and in Plex of the files that were matched."""
        matched = (scene for scene in self.scenes if self.matches[scene.id].parts)
        return [pair for scene in matched for pair in file_pairs(scene, self.found[scene.id].items)]

    def shared(self) -> list[str]:
        """What the ambiguous scenes share with which others, where no path map could tell them apart."""
        return [
            f"scene {scene_id}, {match.reason}"
            for scene_id, match in self.matches.items()
            if match.level is MatchLevel.AMBIGUOUS and not match.is_for_path_map
        ]

    def absent(self) -> list[Scene]:
        """The scenes that are not in Plex."""
        return [scene for scene in self.scenes if self.matches[scene.id].level is MatchLevel.NONE]

    @property
    def bare_and_absent(self) -> int:
        """How many of these have nothing to carry over: a reconcile does not miss them."""
        return sum(not scene.is_worth_pushing for scene in self.absent())


@dataclass(frozen=True)
class Effort:
    """How many scenes are looked for at the most, and for how many seconds where a person waits for it.

    However slow a server is, a few scenes are looked for: fewer tell nothing. `known_in` is the data folder,
    where Plex need not be asked for the names of files that the last reconcile has found there.
    """

    scenes: int
    seconds: float = math.inf
    known_in: str | None = None

    @property
    def portion(self) -> int:
        """How many scenes are looked for together."""
        return ITEMS_PER_READ if self.seconds == math.inf else FEWEST_SCENES // 2


def take_sample(
    stash: Stash,
    plex: Plex,
    sections: Sequence[LibrarySection],
    path_map: PathMap,
    expected: Mapping[int, int] | None = None,
    progress: Callable[[float], None] = lambda _: None,
    effort: Effort | None = None,
) -> Sample:
    """Match a sample of the scenes with these libraries.

    `expected` has how many items the libraries had when last they were believed, by their keys. Raises
    StashError, PlexError, and where what is known may be used OSError and sqlite3.Error.
    """
    effort = effort or Effort(SCENES_IN_SAMPLE)
    with closing(sqlite3.connect(":memory:")) as connection, _known(plex, effort.known_in) as known:
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        finder = ItemFinder(plex, sections, index, path_map, partial(files_named, stash), expected)
        scenes: list[Scene] = []
        unreadable: list[str] = []
        found: dict[int, Found] = {}
        for ids in _portions(stash.sample_ids(effort.scenes), effort, progress):
            read, malformed = stash.scenes_by_id(ids)
            unreadable.extend(map(str, malformed.values()))
            batch = [scene for scene in read.values() if scene is not None]
            scenes.extend(batch)
            if known is not None:
                files = (file for scene in batch for file in scene.files)
                index.learn(known, (key.path for key in keys_of_files(files, path_map)))
            found.update(finder.find([scene for scene in batch if scene.files]))
        with_file = [scene for scene in scenes if scene.files]
    return Sample(with_file, found, stash.count_without_file(), unreadable)


def _portions(
    ids: Sequence[int], effort: Effort, progress: Callable[[float], None]
) -> Iterator[Sequence[int]]:
    """These ids in portions, as long as there is time."""
    deadline = time.monotonic() + effort.seconds
    for start in range(0, len(ids), effort.portion):
        if start >= FEWEST_SCENES and time.monotonic() > deadline:
            break
        progress(start / len(ids))
        yield ids[start : start + effort.portion]
    progress(1.0)


@contextmanager
def _known(plex: Plex, data_dir: str | None) -> Iterator[FileIndex | None]:
    """Where the last reconcile found files in this Plex; None where that is not known."""
    if data_dir is None or not is_there(data_dir):
        yield None
        return
    with closing(SyncState(data_dir)) as state:
        yield state.index if state.machine_identifier == plex.machine_identifier else None
