"""Plex's items as values: what a listing tells of one, what a read in full tells, and what cannot be used.

One item that Plex sends in a form that cannot be used is named and left; the others go on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from plex.added import as_text
from plex.exceptions import PlexItemUnusable
from plex.fields import FIELDS, Field, Kind, PlexFields, Value

# An item that has none of these is one about which Plex knows nothing but the file. Plex takes a date
# out of the file itself: it counts only where it is locked, which a listing does not show.
METADATA_FIELDS = ("studio", "summary", "originallyAvailableAt", "genre", "actor")
# What Plex calls a logo; it has an element of its own, where the others have attributes too.
LOGO = "clearLogo"
# SQLite, like Plex's own database, keeps whole numbers below this.
_TOO_LARGE = 2**63
_TIMES = ("lastRatedAt", "lastViewedAt", "viewOffset")
# How Plex marks what it made itself out of another version, and the folder into which it puts that.
_OPTIMIZED = "42"
_VERSIONS = "/Plex Versions/"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of an item: its path as Plex sees it and its size in bytes (None where Plex has none)."""

    path: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Use:
    """What the owner of the token did with an item: the rating ("" for none) and the times, in seconds.

    `offset` is where the owner stopped, in milliseconds, and 0 where the item was not begun or is finished.
    Plex tells none of this of other accounts.
    """

    rating: str = ""
    rated_at: int = 0
    viewed_at: int = 0
    offset: int = 0


UNUSED = Use()


@dataclass(frozen=True, slots=True)
class ListedItem:
    """What a listing tells of an item.

    `has_metadata` is true where any of studio, summary, genres and roles is there, or a locked date.
    Listings do not show locks, so a date counts in items read in full alone. They cut tag lists
    after the first few, so they show whether there are tags, not which.
    `updated_at` is when Plex last changed it, in seconds since 1970, and 0 where Plex does not say.
    `in_trash` tells that Plex finds none of its files any more, and keeps it until its trash is emptied.
    """

    rating_key: int
    section_key: int
    has_metadata: bool
    parts: tuple[Part, ...]
    updated_at: int = 0
    in_trash: bool = False
    use: Use = UNUSED


@dataclass(frozen=True, slots=True)
class PlexItem:
    """An item in full: every value of the carried fields, and the names of the locked fields.

    `pictures` has (actor, address of the picture); `updated_at` and `in_trash` are as in ListedItem.
    `images` has the addresses under which Plex shows poster, background and logo, by the names of their
    locks ("thumb", "art", "clearLogo"): they move when another image is chosen.
    """

    rating_key: int
    section_key: int
    parts: tuple[Part, ...]
    fields: PlexFields
    locked: frozenset[str]
    pictures: tuple[tuple[str, str], ...] = ()
    updated_at: int = 0
    in_trash: bool = False
    images: Mapping[str, str] = field(default_factory=dict)
    use: Use = UNUSED

    def as_listed(self) -> ListedItem:
        """What a listing would tell of this item."""
        has_metadata = any(
            self.fields.values[name] and (name != "originallyAvailableAt" or name in self.locked)
            for name in METADATA_FIELDS
        )
        return ListedItem(
            self.rating_key,
            self.section_key,
            has_metadata,
            self.parts,
            self.updated_at,
            self.in_trash,
            self.use,
        )


class ItemsRead(dict[int, PlexItem]):
    """Items in full by rating key; `unusable` has those that cannot be used in the form that Plex sent.

    What was asked for and is in neither, Plex does not have.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unusable: dict[int, PlexItemUnusable] = {}


def listed_item(video: Element, section_key: int) -> ListedItem:
    """The item that an element of a listing describes. Raises PlexItemUnusable."""
    has_metadata = bool(
        video.get("studio")
        or video.get("summary")
        or video.find("Genre") is not None
        or video.find("Role") is not None
    )
    parts, in_trash = _parts(video)
    rating_key = _key(video, "ratingKey")
    updated_at = _updated_at(video)
    return ListedItem(rating_key, section_key, has_metadata, parts, updated_at, in_trash, _use(video))


def full_item(video: Element) -> PlexItem:
    """The item that an element of a read in full describes. Raises PlexItemUnusable."""
    parts, in_trash = _parts(video)
    return PlexItem(
        rating_key=_key(video, "ratingKey"),
        section_key=_key(video, "librarySectionID"),
        parts=parts,
        fields=PlexFields({field.name: _value(video, field) for field in FIELDS}),
        locked=frozenset(
            lock.get("name", "") for lock in video.findall("Field") if lock.get("locked") in ("1", "true")
        ),
        pictures=tuple([(role.get("tag", ""), role.get("thumb", "")) for role in video.findall("Role")]),
        updated_at=_updated_at(video),
        in_trash=in_trash,
        images=_images(video),
        use=_use(video),
    )


def _images(video: Element) -> dict[str, str]:
    shown = {name: video.get(name, "") for name in ("thumb", "art")}
    logo = next((one.get("url", "") for one in video.findall("Image") if one.get("type") == LOGO), "")
    return {**shown, LOGO: logo}


def number_in(text: str) -> int | None:
    """The whole number that a text is, of those that a database can keep; None where it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if number < _TOO_LARGE else None


def _unusable(video: Element, what: str) -> PlexItemUnusable:
    rating_key = number_in(video.get("ratingKey", ""))
    names = tuple([part.get("file", "") for part in video.iter("Part")])
    return PlexItemUnusable(rating_key, what, names)


def _key(video: Element, attribute: str) -> int:
    key = number_in(video.get(attribute, ""))
    if not key:
        raise _unusable(video, f"without a usable {attribute}")
    return key


def _updated_at(video: Element) -> int:
    """A hint, for which no item is left."""
    return number_in(video.get("updatedAt", "")) or 0


def _use(video: Element) -> Use:
    """Hints, for which no item is left; only a rating that is a number counts as one."""
    attributes = video.attrib
    if not ("userRating" in attributes or "lastViewedAt" in attributes or "lastRatedAt" in attributes):
        return UNUSED
    numbers = (number_in(attributes.get(name, "")) or 0 for name in _TIMES)
    return Use(_rating(attributes.get("userRating", "")), *numbers)


def _rating(text: str) -> str:
    """A rating with one decimal, as stars are given; Plex's 0 is none."""
    try:
        number = float(text)
    except ValueError:
        return ""
    return f"{number:.1f}" if 0.05 <= number <= 10 else ""


def _value(video: Element, field: Field) -> Value:
    if field.kind is Kind.TAGS:
        return tuple([element.get("tag", "") for element in video.findall(field.source)])
    text = video.get(field.source, "")
    if field.kind is Kind.TIME:
        return as_text(number_in(text) or 0)
    if field.kind is Kind.NUMBER and text:
        return _decimal(video, field, text)
    return text


def _decimal(video: Element, field: Field, text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _unusable(video, f"with a {field.title} that is no number")
    return f"{number:.1f}"


def _parts(video: Element) -> tuple[tuple[Part, ...], bool]:
    """The files of an item, and whether all of them are in Plex's trash.

    Plex keeps what it finds no more for a while, marked as deleted. A version that Plex itself made for
    a device is no file of the user's.
    """
    there: list[Part] = []
    deleted: list[Part] = []
    is_all_deleted = bool(video.get("deletedAt"))
    for media in video.iter("Media"):
        for element in media.iter("Part"):
            part = Part(element.get("file", ""), _size(video, element))
            if media.get("proxyType") == _OPTIMIZED or is_made_by_plex(part.path):
                continue
            is_deleted = is_all_deleted or media.get("deletedAt") or element.get("deletedAt")
            (deleted if is_deleted else there).append(part)
    return tuple(there or deleted), bool(deleted and not there) or is_all_deleted


def is_made_by_plex(path: str) -> bool:
    """Whether a file lies where Plex puts the versions that it makes for a device."""
    return _VERSIONS in path.replace("\\", "/")


def _size(video: Element, part: Element) -> int | None:
    text = part.get("size", "")
    size = number_in(text)
    if text and size is None:
        raise _unusable(video, "with a file whose size is no number of bytes")
    return size
