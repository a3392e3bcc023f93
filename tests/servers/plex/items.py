"""The shapes of what a Plex library holds: sections, items, files and tags."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

# The attribute of an item for each kind of tag, by the name that Plex uses in edits and for locks.
TAG_ATTRIBUTES = {
    "genre": "genres",
    "country": "countries",
    "collection": "collections",
    "director": "directors",
    "writer": "writers",
    "producer": "producers",
    "actor": "roles",
    "label": "labels",
}
# The attribute of an item for each field with one value, by the name that Plex uses in edits and for locks.
FIELD_ATTRIBUTES = {
    "title": "title",
    "titleSort": "title_sort",
    "originalTitle": "original_title",
    "summary": "summary",
    "tagline": "tagline",
    "studio": "studio",
    "contentRating": "content_rating",
    "editionTitle": "edition_title",
    "originallyAvailableAt": "date",
    "year": "year",
    "userRating": "user_rating",
    "rating": "rating",
    "audienceRating": "audience_rating",
    "addedAt": "added_at",
}
# For each kind of image: the list of it, the selected one, the stamp in its address, the name of the lock.
IMAGE_ATTRIBUTES = {
    "poster": ("posters", "selected_poster", "poster_stamp", "thumb"),
    "art": ("arts", "selected_art", "art_stamp", "art"),
    "clearLogo": ("logos", "selected_logo", "logo_stamp", "clearLogo"),
}
Files = Sequence[tuple[str, int]]


@dataclass
class Part:
    """One file of an item."""

    id: int
    file: str
    size: int
    deleted_at: int | None = None


@dataclass
class Version:
    """One version of an item (Plex: Media): the same film again, in one or several files."""

    id: int
    parts: list[Part]
    # The device for which the server itself made this version out of another one.
    made_for: str = ""


@dataclass
class Tag:
    """A tag as the whole server knows it; its picture and its spelling are shared by all items."""

    id: int
    kind: str
    name: str
    thumb: str = ""


@dataclass
class Section:
    """A library of the server."""

    key: int
    title: str
    type: str
    locations: tuple[str, ...]
    agent: str
    scanner: str
    uuid: str
    created_at: int
    content_changed_at: int = 1
    refreshing: bool = False

    @property
    def has_agent(self) -> bool:
        """Whether the items are looked up somewhere; those of home-made videos are not (Other Videos)."""
        return not self.agent.endswith(".none")

    def holds(self, path: str) -> bool:
        """Tell whether a path lies in one of the section's folders."""
        return any(lies_in(path, location) for location in self.locations)


@dataclass(eq=False, kw_only=True)
class Pictured:
    """The images of what has some, by the sha1 of their bytes."""

    posters: list[str] = field(default_factory=list)
    selected_poster: str | None = None
    poster_stamp: int = 0
    arts: list[str] = field(default_factory=list)
    selected_art: str | None = None
    art_stamp: int = 0
    logos: list[str] = field(default_factory=list)
    selected_logo: str | None = None
    logo_stamp: int = 0
    # The image of each kind that the server made out of the file, or an agent brought.
    automatic: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, kw_only=True)
class Marks:
    """What an account did with an item: rated and viewed it, when, how often, and where it left it (ms)."""

    user_rating: float | None = None
    last_rated_at: int | None = None
    view_count: int = 0
    last_viewed_at: int | None = None
    view_offset: int | None = None


@dataclass(eq=False)
class Collection(Pictured):
    """A collection of a section: a tag that is also an item. `sort` is by date 0, alphabet 1 or custom 2."""

    rating_key: int
    section_key: int
    title: str
    added_at: int
    updated_at: int
    child_count: int = 0
    title_sort: str | None = None
    summary: str = ""
    content_rating: str = ""
    sort: int = 0
    mode: int = -1
    is_smart: bool = False
    order: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    locked: set[str] = field(default_factory=set)


@dataclass(eq=False)
class PlexItem(Pictured, Marks):
    """One film, with the owner's marks. `PlexLibrary.edit_by_hand` changes it as a person in Plex would."""

    rating_key: int
    section_key: int
    versions: list[Version]
    title: str
    added_at: int
    updated_at: int
    title_sort: str | None = None
    original_title: str = ""
    summary: str = ""
    tagline: str = ""
    studio: str = ""
    content_rating: str = ""
    edition_title: str = ""
    date: str | None = None
    year: int | None = None
    rating: float | None = None
    audience_rating: float | None = None
    duration: int | None = None
    deleted_at: int | None = None
    genres: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    collections: list[str] = field(default_factory=list)
    directors: list[str] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    producers: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    role_texts: dict[str, str] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)

    @property
    def parts(self) -> list[Part]:
        """All files of all versions."""
        return [part for version in self.versions for part in version.parts]

    @property
    def files(self) -> list[str]:
        """The paths of all files of all versions."""
        return [part.file for part in self.parts]

    @property
    def sort_key(self) -> str:
        """What the item is sorted by where the sort is by title."""
        return (self.title_sort or self.title).casefold()


class ImagesOfKind(NamedTuple):
    """The images of one kind: all, by the sha1 of their bytes, the one that is shown, and its stamp."""

    all: list[str]
    selected: str | None
    stamp: int


def images_of(item: Pictured, kind: str) -> ImagesOfKind:
    """What an item has of one kind of image."""
    all_of_kind, selected, stamp, _ = IMAGE_ATTRIBUTES[kind]
    return ImagesOfKind(getattr(item, all_of_kind), getattr(item, selected), getattr(item, stamp))


def title_of_file(path: str) -> str:
    """What Plex calls an item that has no metadata: its file's name without the ending."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def date_of_file(path: str) -> str:
    """The date that Plex reads out of a file, the time it was made; for one path always the same."""
    days = int.from_bytes(hashlib.sha1(path.encode("utf-8", "surrogatepass")).digest()[:4], "big") % 6_000
    return datetime.date.fromordinal(datetime.date(2003, 1, 1).toordinal() + days).isoformat()


def lies_in(path: str, folder: str) -> bool:
    """Compare whole path components, whatever slash the server's system writes."""
    inner = path.replace("\\", "/").rstrip("/") + "/"
    outer = folder.replace("\\", "/").rstrip("/") + "/"
    return inner.startswith(outer)
