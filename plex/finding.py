"""The items of a few scenes: from the index where it knows them, from Plex where it does not.

An index that is kept goes stale: items get new rating keys, files move. So what it says is checked
against the items themselves, and what does not hold is looked up again. That a scene was not found
is never remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from plex.client import Plex
from plex.index import FileIndex, FileKey, key_of_part, keys_of_files
from plex.items import PlexItem
from plex.library import PAGE_SIZE, LibrarySection, count_items, items_with_file_name, list_items, read_items
from plex.matching import Match, MatchLevel, match_scenes
from validation.path_map import PathMap
from validation.scene import Scene


@dataclass(frozen=True)
class Found:
    """A scene's match and its items in full, which hold the scene's files at this moment."""

    match: Match
    items: tuple[PlexItem, ...]


class ItemFinder:
    """Finds items for batches of scenes, and keeps the index true on the way."""

    def __init__(
        self, plex: Plex, sections: Sequence[LibrarySection], index: FileIndex, path_map: PathMap
    ) -> None:
        self._plex = plex
        self._sections = sections
        self._index = index
        self._path_map = path_map
        self._all_listed = False
        self._pages: int | None = None

    def find(self, scenes: Sequence[Scene]) -> dict[int, Found]:
        """The items of each scene, by scene id. Raises PlexError."""
        by_id = {scene.id: scene for scene in scenes}
        keys = {scene.id: keys_of_files(scene.files, self._path_map) for scene in scenes}
        self._index.put_scene_files(keys.items())
        found = self._find_indexed(keys)
        lost = [scene_id for scene_id, one in found.items() if not one.items]
        if lost and self._look_up([by_id[scene_id] for scene_id in lost]):
            found.update(self._find_indexed({scene_id: keys[scene_id] for scene_id in lost}))
        return found

    def list_all(self) -> None:
        """Read all libraries into the index, once a run."""
        with self._index.replacing_parts() as replacement:
            for section in self._sections:
                for page in list_items(self._plex, section):
                    replacement.add_items(page)
        self._all_listed = True

    def _find_indexed(self, keys: Mapping[int, Sequence[FileKey]]) -> dict[int, Found]:
        matches = match_scenes(keys, self._index)
        items = read_items(self._plex, [key for match in matches.values() for key in match.rating_keys])
        stale = self._stale_keys(matches.values(), items)
        if stale:
            self._correct(stale, items)
            matches = match_scenes(keys, self._index)
        return {scene_id: _found(match, items) for scene_id, match in matches.items()}

    def _stale_keys(self, matches: Iterable[Match], items: Mapping[int, PlexItem]) -> set[int]:
        """The rating keys whose items are gone, or do not have the parts that the index knows."""
        keys = {key for match in matches for key in match.rating_keys}
        known = self._index.parts_of_items(keys)
        return {
            key
            for key in keys
            if key not in items
            or {part.path for part in known[key]} != {key_of_part(part).path for part in items[key].parts}
        }

    def _correct(self, rating_keys: Collection[int], items: Mapping[int, PlexItem]) -> None:
        self._index.forget_items(rating_keys)
        for key in rating_keys:
            if key in items:
                self._index.put_item(items[key].as_listed())

    def _look_up(self, scenes: Sequence[Scene]) -> bool:
        """Ask Plex for the files of scenes that the index does not know; False if there is nothing to ask."""
        names = {file.path.replace("\\", "/").rpartition("/")[2] for scene in scenes for file in scene.files}
        if self._all_listed or not names or not self._sections:
            return False
        if len(names) * len(self._sections) > self._count_pages():
            self.list_all()
            return True
        for name in names:
            for section in self._sections:
                for item in items_with_file_name(self._plex, section, name):
                    self._index.put_item(item)
        return True

    def _count_pages(self) -> int:
        """How many requests a listing of all libraries takes."""
        if self._pages is None:
            self._pages = sum(1 + count_items(self._plex, section) // PAGE_SIZE for section in self._sections)
        return self._pages


def _found(match: Match, items: Mapping[int, PlexItem]) -> Found:
    there = tuple(items[key] for key in match.rating_keys if key in items)
    if match.level in (MatchLevel.NONE, MatchLevel.AMBIGUOUS) or len(there) < len(match.rating_keys):
        return Found(match if match.level is MatchLevel.AMBIGUOUS else Match(MatchLevel.NONE), ())
    return Found(match, there)
