"""Which Plex items show a scene: decided by files, never by titles.

Every file of the scene is held against every part in the index, in this order: the exact path after
the path map; the path but for upper and lower case, with the same size; file name and size; the file
name alone where a size is unknown. An exact path is a proof. Anything less must be the only candidate
on both sides, and of nothing is anything concluded where a list may not be whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from plex.index import FileIndex, FileKey, KnownPart
from validation.amounts import number


class MatchLevel(Enum):
    """How sure a match is."""

    EXACT = "by path"
    FOLDED = "by path without regard to upper and lower case"
    NAME_AND_SIZE = "by file name and size"
    NAME = "by file name"
    AMBIGUOUS = "ambiguous"
    NONE = "not in Plex"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Match:
    """The items of a scene; `parts` are those of its files' parts that led to them.

    `reason` says in words why a match is ambiguous, or why it cannot be known now. `is_for_path_map`
    tells of an ambiguous one that another path map could make it exact.
    """

    level: MatchLevel
    parts: tuple[KnownPart, ...] = ()
    reason: str = ""
    is_for_path_map: bool = False

    @property
    def rating_keys(self) -> tuple[int, ...]:
        """The items, each once."""
        return tuple(dict.fromkeys(part.rating_key for part in self.parts))

    @property
    def is_inexact(self) -> bool:
        """Whether there is a match, by less than the path."""
        return bool(self.parts) and self.level is not MatchLevel.EXACT


NOT_IN_PLEX = Match(MatchLevel.NONE)
ONLY_IN_TRASH = Match(MatchLevel.UNKNOWN, reason="Plex has its file only in the trash.")


def no_doubt(_name: int) -> str:
    """Nothing is known to be missing from a list."""
    return ""


@dataclass(frozen=True)
class Doubts:
    """Why the files of a name that the index knows may not be all there are: a sentence, or nothing.

    One function for the files in Plex, one for those in Stash; each takes the hash of a file's name.
    """

    in_plex: Callable[[int], str] = no_doubt
    in_stash: Callable[[int], str] = no_doubt


NO_DOUBTS = Doubts()


def match_scenes(
    scenes: Mapping[int, Sequence[FileKey]], index: FileIndex, doubts: Doubts = NO_DOUBTS
) -> dict[int, Match]:
    """The match of each scene (scene id → keys of its files), from what the index knows."""
    by_path = index.parts_by_path(key.path for keys in scenes.values() for key in keys)
    matches = {scene_id: _match_exactly(keys, by_path) for scene_id, keys in scenes.items()}
    others = {scene_id: scenes[scene_id] for scene_id, match in matches.items() if not match.parts}
    names = {key.name for keys in others.values() for key in keys}
    by_name, in_stash = index.parts_by_name(names), index.files_by_name(names)
    owners = index.scenes_by_path(part.path for parts in by_name.values() for part in parts)
    for scene_id, keys in others.items():
        matches[scene_id] = _match_loosely(scene_id, keys, by_name, in_stash, owners, doubts)
    return _without_shared_items(scenes, matches, index, doubts)


def _match_exactly(keys: Sequence[FileKey], by_path: Mapping[int, Sequence[KnownPart]]) -> Match:
    parts = tuple(part for key in keys for part in by_path.get(key.path, ()) if not part.in_trash)
    return Match(MatchLevel.EXACT, parts) if parts else NOT_IN_PLEX


def _match_loosely(
    scene_id: int,
    keys: Sequence[FileKey],
    by_name: Mapping[int, Sequence[KnownPart]],
    in_stash: Mapping[int, Sequence[tuple[FileKey, int]]],
    owners: Mapping[int, set[int]],
    doubts: Doubts,
) -> Match:
    for key in keys:
        if doubt := doubts.in_plex(key.name):
            return Match(MatchLevel.UNKNOWN, reason=doubt)
    paths = {key.path for key in keys}
    trashed = any(part.in_trash and part.path in paths for key in keys for part in by_name.get(key.name, ()))
    for level, fits in _LOOSE_LEVELS.items():
        found: list[KnownPart] = []
        for key in keys:
            fitting = [part for part in by_name.get(key.name, ()) if fits(key, part)]
            candidates = [part for part in fitting if not part.in_trash]
            trashed = trashed or len(candidates) < len(fitting)
            if problem := _problem_with(level, candidates, scene_id, key, in_stash, owners, doubts):
                return problem
            found.extend(candidates)
        if found:
            return Match(level, tuple(found))
    return ONLY_IN_TRASH if trashed else NOT_IN_PLEX


def _problem_with(
    level: MatchLevel,
    candidates: Sequence[KnownPart],
    scene_id: int,
    key: FileKey,
    in_stash: Mapping[int, Sequence[tuple[FileKey, int]]],
    owners: Mapping[int, set[int]],
    doubts: Doubts,
) -> Match | None:
    """Why these parts, which fit a file of a scene, cannot be said to be that file; None where one can."""
    if not candidates:
        return None
    taken = {owner for part in candidates for owner in owners.get(part.path, ())}
    # Where the files in Plex are other scenes' by their paths, the map is right and this scene's is missing.
    is_for_path_map = any(part.path not in owners for part in candidates)
    if len({part.rating_key for part in candidates}) > 1:
        reason = f"{number(len(candidates))} files in Plex fit one of its files {level.value}"
        return _ambiguous(reason, is_for_path_map)
    if taken:
        return _ambiguous(
            f"its file is not in Plex, and the one that fits it {level.value}, of item "
            f"{candidates[0].rating_key}, is that of scene {min(taken)} by its path"
        )
    if others := _others_in_stash(scene_id, key, in_stash.get(key.name, ())):
        reason = f"scene {others[0]} has a file that fits the same file in Plex {level.value}"
        return _ambiguous(reason, is_for_path_map)
    if doubt := doubts.in_stash(key.name):
        return Match(MatchLevel.UNKNOWN, reason=doubt)
    return None


def _ambiguous(reason: str, is_for_path_map: bool = False) -> Match:
    return Match(MatchLevel.AMBIGUOUS, reason=reason, is_for_path_map=is_for_path_map)


def _others_in_stash(scene_id: int, key: FileKey, files: Iterable[tuple[FileKey, int]]) -> list[int]:
    """The other scenes that have a file of this name and, as far as sizes are known, this size."""
    return sorted(
        owner
        for file, owner in files
        if owner != scene_id and (file.size is None or key.size is None or file.size == key.size)
    )


def _sizes_agree(key: FileKey, part: KnownPart) -> bool:
    return key.size is not None and key.size == part.size


_LOOSE_LEVELS: dict[MatchLevel, Callable[[FileKey, KnownPart], bool]] = {
    MatchLevel.FOLDED: lambda key, part: key.folded == part.folded and _sizes_agree(key, part),
    MatchLevel.NAME_AND_SIZE: _sizes_agree,
    MatchLevel.NAME: lambda key, part: key.size is None or part.size is None,
}


def _without_shared_items(
    scenes: Mapping[int, Sequence[FileKey]], matches: dict[int, Match], index: FileIndex, doubts: Doubts
) -> dict[int, Match]:
    """The matches, but ambiguous where an item also has a file that belongs to another scene."""
    parts = index.parts_of_items(key for match in matches.values() for key in match.rating_keys)
    owners = _owners([part for item in parts.values() for part in item], index)
    result = {}
    for scene_id, match in matches.items():
        item_parts = [part for key in match.rating_keys for part in parts[key]]
        own = {key.path for key in scenes[scene_id]} | {part.path for part in match.parts}
        doubt = next(
            filter(None, (doubts.in_stash(part.name) for part in item_parts if part.path not in own)), ""
        )
        shared = [(part, owner) for part in item_parts for owner in owners[part] - {scene_id}]
        if shared:
            part, owner = min(shared, key=lambda one: one[1])
            result[scene_id] = _ambiguous(
                f"its item {part.rating_key} in Plex also holds a file of scene {owner}"
            )
        elif doubt:
            result[scene_id] = Match(MatchLevel.UNKNOWN, reason=doubt)
        else:
            result[scene_id] = match
    return result


def _owners(parts: Sequence[KnownPart], index: FileIndex) -> dict[KnownPart, set[int]]:
    """The scenes that own each part: by its path, or by name and size where no scene has the path.

    A scene's file that Plex has where the scene has it owns that part, and no other of its name.
    """
    by_path = index.scenes_by_path(part.path for part in parts)
    by_name = index.files_by_name(part.name for part in parts if part.path not in by_path)
    placed = index.parts_by_path(file.path for files in by_name.values() for file, _ in files)
    return {
        part: by_path.get(part.path)
        or {
            owner
            for file, owner in by_name.get(part.name, ())
            if _sizes_agree(file, part) and file.path not in placed
        }
        for part in parts
    }
