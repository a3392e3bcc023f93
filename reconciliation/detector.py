"""Deciding what is a gap: pure, over batches of scenes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


class GapKind(Enum):
    """Why a scene is to be written; the values are the reasons that jobs carry."""

    MISSING = "missing from Plex"
    EMPTY_METADATA = "empty metadata"
    STALE_SYNC = "stale sync"


@dataclass(frozen=True, slots=True)
class SceneFacts:
    """What gap detection needs to know of a scene.

    `rating_keys` are the items that hold its files; `has_empty_item` tells that one of them has no
    studio, summary, genres and roles (nor a date, where it is known to be more than the file's).
    `is_missing` is true where Plex surely has no item, and false where that cannot be told.
    `fingerprint` is that of the values which would be pushed now, `pushed` has that of what was last
    pushed to each item, by rating key.
    """

    scene_id: int
    is_worth_pushing: bool
    fingerprint: bytes
    is_missing: bool = False
    rating_keys: tuple[int, ...] = ()
    has_empty_item: bool = False
    pushed: Mapping[int, bytes] | None = None


class GapDetector:
    """Sorts scenes into gaps; a scene is in one of the three at most."""

    def detect_missing(self, scenes: Iterable[SceneFacts]) -> list[int]:
        """Scenes worth pushing of which no Plex item holds a file."""
        return [scene.scene_id for scene in scenes if scene.is_missing and scene.is_worth_pushing]

    def detect_empty_metadata(self, scenes: Iterable[SceneFacts]) -> list[int]:
        """Scenes worth pushing with an item about which Plex knows nothing but the file."""
        return [scene.scene_id for scene in scenes if _is_empty(scene)]

    def detect_stale_syncs(self, scenes: Iterable[SceneFacts]) -> list[int]:
        """Scenes without an empty item, and with one to which the present values were not pushed.

        A scene that lost all its metadata in Stash is stale where something had been pushed: Plex
        still shows it.
        """
        return [
            scene.scene_id
            for scene in scenes
            if not _is_empty(scene) and (scene.is_worth_pushing or scene.pushed) and _is_stale(scene)
        ]


def _is_empty(scene: SceneFacts) -> bool:
    return scene.is_worth_pushing and scene.has_empty_item


def _is_stale(scene: SceneFacts) -> bool:
    pushed = scene.pushed or {}
    return any(pushed.get(key) != scene.fingerprint for key in scene.rating_keys)
