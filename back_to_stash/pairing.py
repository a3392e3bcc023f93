"""Which scenes the items of Plex may belong to, before both are read and matched.

What was pushed and where files are is known; it is a guess only, for the same finder that drains use reads
both and decides. An item of which no scene is found waits, and is looked at again once the guess is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plex.index import key_of_part
from plex.items import ListedItem, PlexItem
from sync_queue.planning import is_opted_out
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene


def guess_scenes(
    state: SyncState, rating_keys: Iterable[int], listed: Mapping[int, ListedItem]
) -> dict[int, frozenset[int]]:
    """The scenes that each item may belong to, by rating key; none where nothing is known."""
    keys = set(rating_keys)
    pushed = state.items_pushed(keys)
    paths = {key: {part.path for part in parts} for key, parts in state.index.parts_of_items(keys).items()}
    for key in keys & set(listed):
        paths.setdefault(key, set()).update(key_of_part(part).path for part in listed[key].parts)
    owners = state.index.scenes_by_path(path for some in paths.values() for path in some)
    guesses = {}
    for key in keys:
        scenes = {scene_id for path in paths.get(key, ()) for scene_id in owners.get(path, ())}
        scenes.add(pushed[key][0] if key in pushed else 0)
        guesses[key] = frozenset(scenes - {0})
    return guesses


def as_text(guess: Iterable[int]) -> str:
    """A guess, to be compared with a later one."""
    return ",".join(map(str, sorted(guess)))


def is_carried(state: SyncState, scene: Scene) -> bool:
    """Whether a scene takes part at all: the one place that is asked before anything comes to it."""
    return not state.ignored.among([scene.id])


def bringing(items: Iterable[PlexItem], config: Stash2PlexConfig) -> list[PlexItem]:
    """Those of a scene's items that may bring something: none that carries the opt-out label."""
    return [item for item in items if not is_opted_out(item, config.opt_out_label)]
