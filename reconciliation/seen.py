"""What is kept of every scene until both libraries are read: 29 bytes each, in columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

FINGERPRINT_BYTES = 8
_IS_WORTH_PUSHING, _FILLS_METADATA, _HAS_FILES = 1, 2, 4


class SeenScene(NamedTuple):
    """A scene as gap detection needs it, its files aside, which are in the index.

    `fills_metadata` tells that it has a value for one of the fields without which an item counts as
    empty; `version` is its updated_at in seconds since 1970; `logo_address` is that of its studio's picture.
    """

    scene_id: int
    is_worth_pushing: bool
    fills_metadata: bool
    fingerprint: bytes
    version: int
    has_files: bool
    logo_address: str = ""


class SeenScenes:
    """Scenes in the order in which they were added."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._versions = array("q")
        self._fingerprints = bytearray()
        self._flags = bytearray()
        # The addresses of studios' pictures, and which of them each scene has.
        self._addresses: dict[str, int] = {}
        self._logos = array("i")

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
        self._logos.append(self._addresses.setdefault(scene.logo_address, len(self._addresses)))

    @property
    def ids(self) -> Sequence[int]:
        """The ids of all of them."""
        return self._ids

    def chunks(self, size: int) -> Iterator[list[SeenScene]]:
        """All scenes, so many at a time."""
        addresses = list(self._addresses)
        for start in range(0, len(self), size):
            yield [self._scene(place, addresses) for place in range(start, min(start + size, len(self)))]

    def _scene(self, place: int, addresses: Sequence[str]) -> SeenScene:
        start = place * FINGERPRINT_BYTES
        flags = self._flags[place]
        return SeenScene(
            self._ids[place],
            bool(flags & _IS_WORTH_PUSHING),
            bool(flags & _FILLS_METADATA),
            bytes(self._fingerprints[start : start + FINGERPRINT_BYTES]),
            self._versions[place],
            bool(flags & _HAS_FILES),
            addresses[self._logos[place]],
        )
