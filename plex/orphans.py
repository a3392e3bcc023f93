"""Which Plex items show no scene: the matching, looked at from Plex.

An item is owned where a part lies where a scene has a file, or where a scene's match leads to it. It
is uncertain where it fits a scene's file that has no place of its own in Plex, and the match does not
lead to it: then it may be that file, or not. A copy of a file that Plex also has where the scene has
it is an orphan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from plex.index import FileIndex
from plex.matching import match_scenes

ITEMS_PER_CHUNK = 500


class Orphan(NamedTuple):
    """An item that no scene owns, for sure or as far as can be told."""

    rating_key: int
    section_key: int
    is_uncertain: bool


def orphans_in(index: FileIndex) -> Iterator[Orphan]:
    """The orphans and the uncertain ones, from what the index knows of all scenes and all items."""
    unowned = index.items_without_path_of_a_scene()
    for start in range(0, len(unowned), ITEMS_PER_CHUNK):
        chunk = unowned[start : start + ITEMS_PER_CHUNK]
        owned = _matched_loosely([item.rating_key for item in chunk if item.may_fit], index)
        for item in chunk:
            if item.rating_key not in owned:
                yield Orphan(item.rating_key, item.section_key, bool(item.may_fit))


def _matched_loosely(rating_keys: Sequence[int], index: FileIndex) -> set[int]:
    """The items among these, and others, that a scene's match leads to by less than the path."""
    parts = [part for parts in index.parts_of_items(rating_keys).values() for part in parts]
    files = index.files_by_name(part.name for part in parts)
    scene_ids = {
        scene_id
        for part in parts
        for file, scene_id in files.get(part.name, ())
        if file.size is None or part.size is None or file.size == part.size
    }
    matches = match_scenes(index.files_of_scenes(scene_ids), index)
    return {rating_key for match in matches.values() for rating_key in match.rating_keys}
