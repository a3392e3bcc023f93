"""Which path map the user needs, told by files that are known on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from plex.client import Plex
from plex.items import PlexItem
from plex.library import ITEMS_PER_READ, read_items
from stash.client import Stash
from validation.amounts import number
from validation.path_map import PathMap, pairs_text, path_key, suggest_path_map
from validation.scene import Scene

Pair = tuple[str, str]
# A path map is suggested where more than one in so many matches is inexact.
INEXACT_SHARE = 4


def is_path_map_needed(inexact: int, matched: int) -> bool:
    """Whether so many inexact ones among all matches come from a path map that is missing or wrong."""
    return inexact * INEXACT_SHARE > matched


def file_pairs(scene: Scene, items: Iterable[PlexItem]) -> Iterator[Pair]:
    """The paths of a scene's files in Stash and in the items that show it."""
    for item in items:
        for part in item.parts:
            for file in scene.files:
                if file.size == part.size:
                    yield file.path, part.path


def count_exact(pairs: Iterable[Pair], path_map: PathMap) -> int:
    """How many paths in Stash the map turns into those in Plex."""
    return sum(path_map.to_plex(in_stash) == path_key(in_plex) for in_stash, in_plex in pairs)


def suggestion_from(inexact: Mapping[int, int], plex: Plex, stash: Stash, now: PathMap) -> Suggestion | None:
    """The map that the user needs, found in some of the scenes that are matched inexactly, an item of each.

    None where none is better than the present one. Raises StashError or PlexError.
    """
    step = len(inexact) // ITEMS_PER_READ + 1
    sample = dict(islice(inexact.items(), 0, None, step))
    items = read_items(plex, sample.values())
    scenes, _ = stash.scenes_by_id(list(sample))
    pairs = [
        pair
        for scene in scenes.values()
        if scene and sample[scene.id] in items
        for pair in file_pairs(scene, [items[sample[scene.id]]])
    ]
    return helpful_path_map(pairs, now)


@dataclass(frozen=True)
class Suggestion:
    """A path map that makes more matches exact, as the setting's text, and for how many of those looked at.

    `pairs` has the pairs of the map with the number of files for which each is the one that holds;
    those that hold for none of these files are not in it.
    """

    path_map: str
    exact: int
    looked_at: int
    pairs: Sequence[tuple[str, int]]

    def advice(self, inexact: int) -> str:
        """What to tell the user, who has so many inexact matches; it ends with what to paste."""
        each = ", ".join(f"{pair} for {number(count)}" for pair, count in self.pairs)
        detail = f" ({each})" if len(self.pairs) > 1 else ""
        return (
            f"{number(inexact)} scenes were matched by file name and size only. With this in the setting "
            f"“Path map” (path_map), {number(self.exact)} of {number(self.looked_at)} files looked at match "
            f"exactly{detail}: {self.path_map}"
        )


def helpful_path_map(pairs: Sequence[Pair], now: PathMap) -> Suggestion | None:
    """The map that makes more of these pairs exact than the present one; None where none does."""
    suggested = PathMap.parse(suggest_path_map(pair for pair in pairs if not _needs_no_map(pair, now)))
    sources = {source for source, _ in suggested.pairs}
    # Pairs of other folders stay, unless one of them is what is wrong.
    kept = [pair for pair in now.pairs if pair[0] not in sources]
    maps = [
        _useful(path_map, suggested, pairs) for path_map in (PathMap.of([*suggested.pairs, *kept]), suggested)
    ]
    best = max(maps, key=lambda path_map: count_exact(pairs, path_map))
    exact = count_exact(pairs, best)
    if exact <= count_exact(pairs, now):
        return None
    holding = sorted(
        ((pair, _count_holding(pair, pairs, best)) for pair in best.pairs), key=lambda one: -one[1]
    )
    return Suggestion(
        pairs_text(pair for pair, _ in holding),
        exact,
        len(pairs),
        [(pairs_text([pair]), count) for pair, count in holding if count],
    )


def _useful(path_map: PathMap, suggested: PathMap, pairs: Sequence[Pair]) -> PathMap:
    """The map without those suggested pairs that change nothing; older ones may hold for other files."""
    for pair in suggested.pairs:
        without = PathMap.of(other for other in path_map.pairs if other != pair)
        if count_exact(pairs, without) >= count_exact(pairs, path_map):
            path_map = without
    return path_map


def _count_holding(pair: Pair, pairs: Sequence[Pair], path_map: PathMap) -> int:
    """For how many files it is this pair of the map that leads to the right path."""
    without = PathMap.of(other for other in path_map.pairs if other != pair)
    return count_exact(pairs, path_map) - sum(
        path_map.to_plex(source) == without.to_plex(source) == path_key(target) for source, target in pairs
    )


def _needs_no_map(pair: Pair, now: PathMap) -> bool:
    return path_key(pair[0]) == path_key(pair[1]) == now.to_plex(pair[0])
