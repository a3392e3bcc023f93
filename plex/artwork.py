"""Posters and backgrounds: put into Plex once for each image, and chosen.

Plex keeps every image that it is given and deletes none, so an image goes up only when
its bytes are not those that went up last. Plex names an uploaded image by the SHA-1 of its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import sha1

from plex.client import Plex
from plex.exceptions import PlexAnswerEmpty, PlexNotFound, PlexNotKept, PlexRejected
from plex.items import LOGO
from plex.library import MOVIE

# Larger images were seen to be refused, or to be shown slowly on televisions.
LARGEST_IMAGE = 10_480_000
# How the name of an image begins that somebody uploaded. Plex's own lie below other addresses.
UPLOADED = "upload://"
# The first version that can show an image no longer.
TAKES_AWAY = (1, 43)
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")


class ArtworkKind(Enum):
    """Which of an item's images; the values are Plex's words in addresses and of locks."""

    POSTER = "poster"
    BACKGROUND = "art"
    LOGO = LOGO

    @property
    def field_title(self) -> str:
        """The word for it in the setting “Fields to leave alone”."""
        return {ArtworkKind.BACKGROUND: "background", ArtworkKind.LOGO: "logo"}.get(self, "poster")

    @property
    def lock(self) -> str:
        """The name of its lock in Plex."""
        return "thumb" if self is ArtworkKind.POSTER else self.value

    def uploaded(self, image_sha1: str) -> str:
        """The name that an uploaded image has in Plex; that of a logo is not known for sure."""
        folder = {ArtworkKind.BACKGROUND: "art", ArtworkKind.LOGO: "clearLogos"}.get(self, "posters")
        return f"{UPLOADED}{folder}/{image_sha1}"


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


def sha1_in(name: str) -> str:
    """The SHA-1 of the uploaded image that has this name in Plex; empty for an image of another origin."""
    return name.rpartition("/")[2] if name.startswith(UPLOADED) else ""


def upload_and_choose(plex: Plex, rating_key: int, kind: ArtworkKind, image: Image) -> None:
    """Give Plex an image for an item and make it the current one. Raises PlexError.

    An upload is chosen at once, but not where Plex has the same bytes already: so it is chosen by
    name as well, which also locks it. Of a logo neither its name nor that its choice locks it is known for
    sure: it is looked for, and is to be locked. Raises PlexNotKept where Plex does not list it then.
    """
    upload(plex, rating_key, kind, image)
    if kind is not ArtworkKind.LOGO:
        choose(plex, rating_key, kind, kind.uploaded(image.sha1))
        return
    there = artwork_of(plex, rating_key, kind)
    if image.sha1 not in there.uploads:
        raise PlexNotKept(f"Plex took the {kind.field_title} and does not list it.")
    if there.shown != image.sha1:
        choose(plex, rating_key, kind, there.uploads[image.sha1])


def upload(plex: Plex, rating_key: int, kind: ArtworkKind, image: Image) -> None:
    """Give Plex an image, which chooses it where Plex does not have these bytes already. Raises PlexError."""
    plex.post(f"{_address(rating_key)}/{kind.value}s", image.content)


def choose(plex: Plex, rating_key: int, kind: ArtworkKind, name: str) -> None:
    """Make the image of this name, one that Plex has, the current one. Raises PlexError."""
    plex.put(f"{_address(rating_key)}/{kind.value}", {"url": name})


@dataclass(frozen=True)
class Artwork:
    """The images that an item has, by name, and the one that Plex shows; empty where it shows none."""

    names: frozenset[str]
    chosen: str

    @property
    def shown(self) -> str:
        """The SHA-1 of the uploaded image that Plex shows; empty where it is none that was uploaded."""
        return sha1_in(self.chosen)

    @property
    def uploads(self) -> dict[str, str]:
        """The names of the images that were uploaded, by their SHA-1s."""
        return {sha1_in(name): name for name in self.names if sha1_in(name)}

    @property
    def has_a_choice(self) -> bool:
        """Whether a person may have chosen the one that is shown: there are others, or it was uploaded."""
        return len(self.names) > 1 or bool(self.shown)


def artwork_of(plex: Plex, rating_key: int, kind: ArtworkKind) -> Artwork:
    """The images of this kind that an item has. Raises PlexError."""
    photos = plex.get(f"{_address(rating_key)}/{kind.value}s", {})
    names = [(photo.get("ratingKey", ""), photo.get("selected")) for photo in photos.iter("Photo")]
    shown = [name for name, selected in names if selected == "1"]
    return Artwork(frozenset(name for name, _ in names), shown[0] if shown else "")


def knows(plex: Plex, rating_key: int, kind: ArtworkKind) -> bool:
    """Whether Plex lists images of this kind at all, asked about an item that it has. Raises PlexError.

    An older one answers that it has nothing there, that it does not understand, or nothing at all: twice,
    while it lists the posters of the same item. Anything else is trouble.
    """
    for _ in range(2):
        try:
            artwork_of(plex, rating_key, kind)
        except (PlexNotFound, PlexRejected, PlexAnswerEmpty):
            artwork_of(plex, rating_key, ArtworkKind.POSTER)
        else:
            return True
    return False


def take_away(plex: Plex, rating_key: int, kind: ArtworkKind) -> None:
    """Show no image any more, which locks that; what was uploaded stays there. Raises PlexError.

    For a server that `takes_images_away` alone: an older one knows no such request.
    """
    plex.delete(f"{_address(rating_key)}/{kind.lock}")


def takes_images_away(version: str) -> bool:
    """Whether a Plex of this version can be asked to show an image no longer."""
    numbers = [int(number) for number in version.split(".")[:2] if number.isdigit()]
    return tuple(numbers) >= TAKES_AWAY


def unlock(plex: Plex, section_key: int, rating_key: int, kind: ArtworkKind, type: int = MOVIE) -> None:
    """Let Plex choose the image by itself again. Raises PlexError."""
    _set_lock(plex, section_key, rating_key, kind, type, is_locked=False)


def lock(plex: Plex, section_key: int, rating_key: int, kind: ArtworkKind, type: int = MOVIE) -> None:
    """Keep Plex from choosing another image by itself. Raises PlexError."""
    _set_lock(plex, section_key, rating_key, kind, type, is_locked=True)


def _set_lock(
    plex: Plex, section_key: int, rating_key: int, kind: ArtworkKind, type: int, is_locked: bool
) -> None:
    if rating_key <= 0:
        raise ValueError("an edit without a rating key would change the whole library")
    arguments = {"type": type, "id": rating_key, f"{kind.lock}.locked": int(is_locked)}
    plex.put(f"/library/sections/{section_key}/all", arguments)


def _address(rating_key: int) -> str:
    if rating_key <= 0:
        raise ValueError("an image needs an item")
    return f"/library/metadata/{rating_key}"
