"""Which path map the user needs, told by files that are known on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from plex.items import PlexItem
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


def helpful_path_map(pairs: Sequence[Pair], now: PathMap) -> str:
    """The setting's text that makes more of these pairs exact than the present map; empty where none does."""
    suggested = suggest_path_map(pair for pair in pairs if not _needs_no_map(pair, now))
    sources = {source for source, _ in PathMap.parse(suggested).pairs}
    kept = pairs_text(pair for pair in now.pairs if pair[0] not in sources)
    # Pairs of other folders stay, unless one of them is what is wrong.
    texts = ["; ".join(filter(None, [suggested, kept])), suggested]
    counts = [count_exact(pairs, PathMap.parse(text)) for text in texts]
    return texts[counts.index(max(counts))] if max(counts) > count_exact(pairs, now) else ""


def _needs_no_map(pair: Pair, now: PathMap) -> bool:
    return path_key(pair[0]) == path_key(pair[1]) == now.to_plex(pair[0])


def advice(inexact: int, path_map: str) -> str:
    """What to tell the user of a path map that helps."""
    return (
        f"{inexact} scenes were matched by file name and size only. With this in the "
        f"setting “Path map” (path_map) the matches are exact: {path_map}"
    )
