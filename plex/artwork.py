"""Posters and backgrounds: put into Plex once for each image, and chosen.

Plex keeps every image that it is given and has no way to delete one, so an image goes up only when
its bytes are not those that went up last. Plex names an uploaded image by the SHA-1 of its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha1

from plex.client import Plex

# Larger images were seen to be refused, or to be shown slowly on televisions.
LARGEST_IMAGE = 10_480_000
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")


class ArtworkKind(Enum):
    """Which of an item's images; the values are Plex's words in addresses and of locks."""

    POSTER = "poster"
    BACKGROUND = "art"

    @property
    def field_title(self) -> str:
        """The word for it in the setting “Fields to leave alone”."""
        return "poster" if self is ArtworkKind.POSTER else "background"

    @property
    def lock(self) -> str:
        """The name of its lock in Plex."""
        return "thumb" if self is ArtworkKind.POSTER else "art"

    def uploaded(self, image_sha1: str) -> str:
        """The name that an uploaded image has in Plex."""
        return f"upload://{'posters' if self is ArtworkKind.POSTER else 'art'}/{image_sha1}"


@dataclass(frozen=True)
class Image:
    """A raster image as Stash serves it, and the ETag under which Stash knows these bytes."""

    content: bytes
    etag: str

    @property
    def sha1(self) -> str:
        """The name that Plex gives these bytes."""
        return sha1(self.content, usedforsecurity=False).hexdigest()


def is_raster(content: bytes) -> bool:
    """Whether these bytes begin as an image that Plex can show (JPEG, PNG, GIF, WebP, AVIF)."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    is_avif = content[4:8] == b"ftyp" and content[8:12] in (b"avif", b"avis", b"mif1")
    return content.startswith(_SIGNATURES) or is_webp or is_avif


def upload_and_choose(plex: Plex, rating_key: int, kind: ArtworkKind, image: Image) -> None:
    """Give Plex an image for an item and make it the current one. Raises PlexError.

    An upload is chosen at once, but not where Plex has the same bytes already: so it is chosen by
    name as well, which also locks it.
    """
    plex.post(f"{_address(rating_key)}/{kind.value}s", image.content)
    choose(plex, rating_key, kind, kind.uploaded(image.sha1))


def choose(plex: Plex, rating_key: int, kind: ArtworkKind, name: str) -> None:
    """Make the image of this name, one that Plex has, the current one. Raises PlexError."""
    plex.put(f"{_address(rating_key)}/{kind.value}", {"url": name})


@dataclass(frozen=True)
class Artwork:
    """The images that an item has, by name, and the one that Plex shows; empty where it shows none."""

    names: frozenset[str]
    chosen: str


def artwork_of(plex: Plex, rating_key: int, kind: ArtworkKind) -> Artwork:
    """The images of this kind that an item has. Raises PlexError."""
    photos = plex.get(f"{_address(rating_key)}/{kind.value}s", {})
    names = [(photo.get("ratingKey", ""), photo.get("selected")) for photo in photos.iter("Photo")]
    shown = [name for name, selected in names if selected == "1"]
    return Artwork(frozenset(name for name, _ in names), shown[0] if shown else "")


def chosen(plex: Plex, rating_key: int, kind: ArtworkKind) -> str:
    """The name of the image that Plex shows; empty where it has none. Raises PlexError."""
    return artwork_of(plex, rating_key, kind).chosen


def _address(rating_key: int) -> str:
    if rating_key <= 0:
        raise ValueError("an image needs an item")
    return f"/library/metadata/{rating_key}"
