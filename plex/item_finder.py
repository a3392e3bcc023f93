"""The items of a few scenes: from the index where it knows them, from Plex where it does not.

An index that is kept goes stale: items get new rating keys, files move. So what it says is checked
against the items themselves, and what does not hold is looked up again. And it never has everything:
where a scene is not found by its path, both servers are asked for all files of its files' names,
before anything is called the only one of its name, or not there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from plex.client import Plex
from plex.exceptions import PlexItemUnusable, PlexListingChanged, PlexNotFound
from plex.index import FileIndex, FileKey, KnownPart, key_of_part, key_of_path, keys_of_files, name_hash
from plex.inventory import SHRUNK_ITEMS, Inventory, is_shrunk, read_libraries
from plex.items import ItemsRead, ListedItem, PlexItem, is_made_by_plex
from plex.library import LibrarySection, read_items
from plex.listing import PAGE_SIZE, count_items, items_with_file_name
from plex.matching import Doubts, Match, MatchLevel, match_scenes
from validation.amounts import number
from validation.path_map import PathMap, file_name
from validation.scene import Scene, SceneFile

# Items that change while they are being read are read once more.
READINGS = 2
CHANGED = "Plex's items for this scene changed while they were read."
LEFT_OUT = "Stash left out a scene when it was asked whose file this is."


@dataclass(frozen=True)
class Found:
    """A scene's match and its items in full, which hold the scene's files at this moment."""

    match: Match
    items: tuple[PlexItem, ...]


# Asks Stash for all files of every scene that has a file of one of these names, by scene id; and why there
# may be more such scenes, empty where there cannot.
AskStash = Callable[[Sequence[str]], "tuple[Mapping[int, Sequence[SceneFile]], str]"]


class ItemFinder:
    """Finds items for batches of scenes, and keeps the index true on the way."""

    def __init__(
        self,
        plex: Plex,
        sections: Sequence[LibrarySection],
        index: FileIndex,
        path_map: PathMap,
        ask_stash: AskStash,
        expected: Mapping[int, int] | None = None,
        inventory: Inventory | None = None,
    ) -> None:
        """A finder for one run.

        `expected` has how many items the libraries had when last they were believed, by their keys;
        `inventory` is what came of reading them in this run, if they were.
        """
        self._expected = expected or {}
        self._plex = plex
        self._sections = sections
        self._index = index
        self._path_map = path_map
        self._ask_stash = ask_stash
        self._inventory = inventory
        self._counts: dict[int, int] | None = None
        # Why not even a complete answer of Plex proves that something is not there.
        self._doubt_about_all = ""
        # By the hash of a file's name: why the answer about it may not be complete.
        self._in_plex: dict[int, str] = {}
        self._in_stash: dict[int, str] = {}

    def find(self, scenes: Sequence[Scene]) -> dict[int, Found]:
        """The items of each scene, by scene id. Raises PlexError, StashError."""
        keys = {scene.id: keys_of_files(scene.files, self._path_map) for scene in scenes}
        self._index.put_scene_files(keys.items())
        items = ItemsRead()
        places = self._index.parts_of_items(self._at_paths(keys))
        self._read(places, items)
        if self._inventory is not None:
            self._doubt_denied(places, items)
        for _ in range(READINGS):
            inexact = self._without_place(scenes, keys)
            self._look_up(_names(inexact) | self._names_without_place(scenes))
            candidates = {
                key for match in match_scenes(keys, self._index).values() for key in match.rating_keys
            }
            shown = self._index.parts_of_items(candidates - set(items))
            has_changed = self._read(shown, items)
            self._doubt_denied(shown, items)
            contested = _names(inexact) | self._contested_names(scenes)
            # A file that was another scene's may bring an item into play that nobody has read.
            has_changed |= self._look_up_owners(scenes, contested, items.values())
            if not has_changed:
                break
        matches = match_scenes(keys, self._index, Doubts(self._doubt_in_plex, self._doubt_in_stash))
        return {scene_id: _found(match, items) for scene_id, match in matches.items()}

    def _doubt_denied(self, shown: Mapping[int, Sequence[KnownPart]], items: ItemsRead) -> None:
        """Take no item for gone that Plex has listed in this run: it says both."""
        denied = set(shown) - set(items) - set(items.unusable)
        self._in_plex.update((part.name, CHANGED) for key in denied for part in shown[key])

    def match_listed(self, scenes: Sequence[Scene]) -> dict[int, Match]:
        """The match of each scene by what the libraries were read to have; no item is read in full."""
        keys = {scene.id: keys_of_files(scene.files, self._path_map) for scene in scenes}
        self._index.put_scene_files(keys.items())
        inexact = self._without_place(scenes, keys)
        self._look_up(_names(inexact))
        self._look_up_owners(scenes, _names(inexact), ())
        return match_scenes(keys, self._index, Doubts(self._doubt_in_plex, self._doubt_in_stash))

    def list_all(self) -> None:
        """Read all libraries into the index, once a run."""
        self._inventory = read_libraries(self._plex, self._sections, self._index, self._shrunk)

    def _at_paths(self, keys: Mapping[int, Sequence[FileKey]]) -> set[int]:
        parts = self._index.parts_by_path(key.path for some in keys.values() for key in some)
        return {part.rating_key for there in parts.values() for part in there}

    def _without_place(self, scenes: Iterable[Scene], keys: Mapping[int, Sequence[FileKey]]) -> list[Scene]:
        """The scenes with files of which none is in Plex by its path."""
        parts = self._index.parts_by_path(key.path for some in keys.values() for key in some)
        places = {path for path, there in parts.items() if not all(part.in_trash for part in there)}
        return [
            scene
            for scene in scenes
            if keys[scene.id] and not any(key.path in places for key in keys[scene.id])
        ]

    def _read(self, rating_keys: Collection[int], items: ItemsRead) -> bool:
        """Read items in full and correct what the index knows of them; whether that was anything."""
        if not rating_keys:
            return False
        read = read_items(self._plex, rating_keys)
        items.update(read)
        items.unusable.update(read.unusable)
        known = self._index.parts_of_items(rating_keys)
        stale = {
            key
            for key in set(rating_keys) - set(read.unusable)
            if key not in read
            or read[key].in_trash != any(part.in_trash for part in known[key])
            or {part.path for part in known[key]} != {key_of_part(part).path for part in read[key].parts}
        }
        self._index.forget_items(stale)
        for key in stale & set(read):
            self._index.put_item(read[key].as_listed())
        return bool(stale)

    def _names_without_place(self, scenes: Iterable[Scene]) -> set[str]:
        """The names of files that are not known to be in Plex beside another file of the same scene."""
        files = {
            key_of_path(self._path_map.to_plex(file.path), file.size).path: file
            for scene in scenes
            if len(scene.files) > 1
            for file in scene.files
            if not is_made_by_plex(file.path)
        }
        known = self._index.parts_by_path(files)
        return {file_name(file.path) for path, file in files.items() if path not in known}

    def _contested_names(self, scenes: Iterable[Scene]) -> set[str]:
        """The names of files that another scene had when last it was read, as before a merge."""
        files = {
            key_of_path(self._path_map.to_plex(file.path), file.size).path: file
            for scene in scenes
            for file in scene.files
        }
        owners = self._index.scenes_by_path(files)
        return {file_name(files[path].path) for path, scene_ids in owners.items() if len(scene_ids) > 1}

    def _look_up(self, wanted: Iterable[str]) -> None:
        """Ask Plex for all files of these names, once a run for each."""
        names = {name_hash(name): name for name in wanted}
        names = {hashed: name for hashed, name in names.items() if hashed not in self._in_plex}
        if not names or not self._sections:
            return
        if self._inventory is None and len(names) * len(self._sections) > self._count_pages():
            self.list_all()
        for hashed, name in names.items():
            self._in_plex[hashed] = self._look_up_name(hashed, name)

    def _look_up_name(self, hashed: int, name: str) -> str:
        """Ask for the files of one name; why the answer may not be complete."""
        sections: Iterable[LibrarySection] = self._sections
        if self._inventory is not None:
            doubtful = self._inventory.doubtful(hashed)
            if any(read.is_read and read.problem for read in doubtful):
                return self._inventory.doubt_about(hashed)
            sections = [read.section for read in doubtful]
        for section in sections:
            try:
                self._index.put_items_of_name(section.key, hashed, self._items_named(section, hashed, name))
            except PlexItemUnusable as unusable:
                return str(unusable)
            except (PlexListingChanged, PlexNotFound):
                return f"Library “{section.title}” changes while it is read."
        return ""

    def _items_named(self, section: LibrarySection, hashed: int, name: str) -> list[ListedItem]:
        """A library's items that have a file of this name, however either server writes its accents."""
        forms = {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)}
        found = {
            item.rating_key: item
            for form in sorted(forms)
            for item in items_with_file_name(self._plex, section, form)
        }
        return [item for item in found.values() if hashed in {key_of_part(part).name for part in item.parts}]

    def _count_pages(self) -> int:
        """How many requests a listing of all libraries takes; and look whether they are all there."""
        if self._counts is None:
            self._counts = {section.key: count_items(self._plex, section) for section in self._sections}
            self._doubt_about_all = self._missing_items()
        return sum(1 + count // PAGE_SIZE for count in self._counts.values())

    def _missing_items(self) -> str:
        """Why so many items are gone that nothing can be said not to be there."""
        counts = self._counts or {}
        for section in self._sections:
            if problem := self._shrunk(section, counts[section.key]):
                return problem
        if any(count > SHRUNK_ITEMS for key, count in self._expected.items() if key not in counts):
            return "Plex no longer lists a library that was read before."
        return ""

    def _shrunk(self, section: LibrarySection, count: int) -> str:
        before = self._expected.get(section.key, 0)
        if not is_shrunk(before, count):
            return ""
        return (
            f"Library “{section.title}” had {number(before)} items and has {number(count)} at the moment. "
            "Is one of Plex's drives missing?"
        )

    def _look_up_owners(
        self, scenes: Iterable[Scene], wanted: Iterable[str], items: Iterable[PlexItem]
    ) -> bool:
        """Ask Stash who has files of these names and of items with several, once a run for each name.

        Whether anything was asked.
        """
        names = {name_hash(name): name for name in wanted}
        names = {hashed: names[hashed] for hashed in self._index.parts_by_name(names)}
        for item in items:
            if len(item.parts) > 1:
                names.update((name_hash(part.path), file_name(part.path)) for part in item.parts)
        asked = {hashed: name for hashed, name in names.items() if hashed not in self._in_stash}
        if asked:
            there, doubt = self._ask_stash(sorted(asked.values()))
            left_out = (scene for scene in scenes if scene.id not in there)
            if not asked.keys().isdisjoint(map(name_hash, _names(left_out))):
                doubt = doubt or LEFT_OUT
            files = [(scene_id, keys_of_files(files, self._path_map)) for scene_id, files in there.items()]
            if doubt:
                self._index.put_scene_files(files)
            else:
                self._index.put_scene_files_of_names(asked, files)
            self._in_stash.update(dict.fromkeys(asked, doubt))
        return bool(asked)

    def _doubt_in_plex(self, name: int) -> str:
        return self._in_plex.get(name, CHANGED) or self._doubt_about_all

    def _doubt_in_stash(self, name: int) -> str:
        return self._in_stash.get(name, CHANGED)


def _names(scenes: Iterable[Scene]) -> set[str]:
    return {
        file_name(file.path) for scene in scenes for file in scene.files if not is_made_by_plex(file.path)
    }


def _found(match: Match, items: ItemsRead) -> Found:
    keys = match.rating_keys if match.parts else ()
    there = tuple(items[key] for key in keys if key in items)
    if len(there) == len(keys):
        return Found(match, there)
    problems = [str(items.unusable[key]) for key in keys if key in items.unusable]
    reason = problems[0] if problems else "Its item vanished while it was read."
    return Found(Match(MatchLevel.UNKNOWN, reason=reason), ())
