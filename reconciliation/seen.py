"""What is kept of every scene until both libraries are read: 25 bytes each, in columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

FINGERPRINT_BYTES = 8
_IS_WORTH_PUSHING, _FILLS_METADATA, _HAS_FILES = 1, 2, 4


class SeenScene(NamedTuple):
    """A scene as gap detection needs it, its files aside, which are in the index.

    `fills_metadata` tells that it has a value for one of the fields without which an item counts as
    empty; `version` is its updated_at in seconds since 1970.
    """

    scene_id: int
    is_worth_pushing: bool
    fills_metadata: bool
    fingerprint: bytes
    version: int
    has_files: bool


class SeenScenes:
    """Scenes in the order in which they were added."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._versions = array("q")
        self._fingerprints = bytearray()
        self._flags = bytearray()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, scene: SeenScene) -> None:
        """Keep one scene; its fingerprint has eight bytes."""
        self._ids.append(scene.scene_id)
        self._versions.append(scene.version)
        self._fingerprints += scene.fingerprint
        self._flags.append(
            scene.is_worth_pushing * _IS_WORTH_PUSHING
            | scene.fills_metadata * _FILLS_METADATA
            | scene.has_files * _HAS_FILES
        )

    def chunks(self, size: int) -> Iterator[list[SeenScene]]:
        """All scenes, so many at a time."""
        for start in range(0, len(self), size):
            yield [self._scene(place) for place in range(start, min(start + size, len(self)))]

    def _scene(self, place: int) -> SeenScene:
        start = place * FINGERPRINT_BYTES
        flags = self._flags[place]
        return SeenScene(
            self._ids[place],
            bool(flags & _IS_WORTH_PUSHING),
            bool(flags & _FILLS_METADATA),
            bytes(self._fingerprints[start : start + FINGERPRINT_BYTES]),
            self._versions[place],
            bool(flags & _HAS_FILES),
        )
