"""Reading Plex's libraries: sections, listings by pages, items in full.

Everything is read as XML elements through plexapi's `query`: its item objects would cost four times
the time and ask Plex again for every attribute that is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from plex.client import Plex
from plex.exceptions import LibraryNotFound, PlexAnswerInvalid, PlexNotFound
from plex.fields import FIELDS, Field, Kind, PlexFields, Value
from validation.path_map import path_key

PAGE_SIZE = 1000
# Servers with rich metadata were seen to answer longer lists of ids with nothing.
ITEMS_PER_READ = 50
MOVIE = 1
# An item that has none of these is one about which Plex knows nothing but the file.
METADATA_FIELDS = ("studio", "summary", "originallyAvailableAt", "genre", "actor")

_SLIM = {
    "excludeElements": "Director,Writer,Producer,Country,Collection,Label,Guid,Image,UltraBlurColors,Stream",
    "excludeFields": "tagline,thumb,art",
}
_FULL = {"excludeElements": "Stream,Image,UltraBlurColors", "skipRefresh": 1}


@dataclass(frozen=True)
class LibrarySection:
    """A library: its key in URLs, its title, the folders it scans, and what it is for, in Plex's word.

    A library of home-made videos is one of movies.
    """

    key: int
    title: str
    locations: tuple[str, ...]
    type: str = "movie"

    @property
    def is_for_movies(self) -> bool:
        """Whether its items can be written to."""
        return self.type == "movie"

    def holds(self, folder: str) -> bool:
        """Whether a path, in the form of a path key, lies in one of the library's folders."""
        roots = (path_key(location).rstrip("/") for location in self.locations)
        return any(f"{folder}/".startswith(f"{root}/") for root in roots)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of an item: its path as Plex sees it and its size in bytes (None where Plex has none)."""

    path: str
    size: int | None


@dataclass(frozen=True, slots=True)
class ListedItem:
    """What a listing tells of an item.

    `has_metadata` is true where any of studio, summary, release date, genres and roles is there.
    Listings cut tag lists after the first few, so they show whether there are tags, not which.
    """

    rating_key: int
    section_key: int
    has_metadata: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class PlexItem:
    """An item in full: every value of the carried fields, and the names of the locked fields.

    `pictures` has (actor, address of the picture).
    """

    rating_key: int
    section_key: int
    parts: tuple[Part, ...]
    fields: PlexFields
    locked: frozenset[str]
    pictures: tuple[tuple[str, str], ...] = ()

    def as_listed(self) -> ListedItem:
        """What a listing would tell of this item."""
        values = self.fields.values
        has_metadata = any(values[name] for name in METADATA_FIELDS)
        return ListedItem(self.rating_key, self.section_key, has_metadata, self.parts)


def read_sections(plex: Plex, wanted: Sequence[str]) -> list[LibrarySection]:
    """The movie libraries with these titles, or all of them where none is named.

    Raises LibraryNotFound, which names those that exist, and other PlexErrors.
    """
    chosen, problem = choose_sections(read_all_sections(plex), wanted)
    if problem:
        raise problem
    return chosen


def read_all_sections(plex: Plex) -> list[LibrarySection]:
    """Every library of the server, whatever it is for. Raises PlexError."""
    return [
        LibrarySection(
            key=_number(directory, "key"),
            title=directory.get("title", ""),
            locations=tuple(location.get("path", "") for location in directory.iter("Location")),
            type=directory.get("type", ""),
        )
        for directory in plex.get("/library/sections", {}).iter("Directory")
    ]


def choose_sections(
    sections: Sequence[LibrarySection], wanted: Sequence[str]
) -> tuple[list[LibrarySection], LibraryNotFound | None]:
    """The movie libraries with these titles, or all of them where none is named; and what is wrong."""
    for_movies = {section.title.casefold() for section in sections if section.is_for_movies}
    types = {section.title.casefold(): section.type for section in sections}
    names = {name.casefold() for name in wanted} or for_movies
    chosen = [section for section in sections if section.is_for_movies and section.title.casefold() in names]
    wrong = {name: types.get(name.casefold(), "") for name in wanted if name.casefold() not in for_movies}
    existing = [section.title for section in sections if section.is_for_movies]
    return chosen, LibraryNotFound(wrong, existing) if wrong else None


def count_items(plex: Plex, section: LibrarySection) -> int:
    """How many items the library has."""
    return _total(plex.get(*_listing(section), _window(0, 0)))


def list_items(plex: Plex, section: LibrarySection) -> Iterator[list[ListedItem]]:
    """All items of a library by pages, in the order they were added, so that edits move none of them.

    Raises PlexError; PlexAnswerInvalid also where Plex returns fewer items than it announced.
    """
    return _pages(plex, section, {})


def items_with_file_name(plex: Plex, section: LibrarySection, name: str) -> list[ListedItem]:
    """The items that have a file of this name, or of a name that contains it: check each part's path."""
    return [item for page in _pages(plex, section, {"file": name}) for item in page]


def _pages(plex: Plex, section: LibrarySection, filters: Mapping[str, object]) -> Iterator[list[ListedItem]]:
    path, arguments = _listing(section)
    start, total, seen = 0, 1, set[int]()
    while start < total:
        page = plex.get(path, {**arguments, **filters}, _window(start, PAGE_SIZE))
        total = _total(page)
        videos = page.findall("Video")
        if not videos and start < total:
            raise PlexAnswerInvalid(
                f"Plex announced {total:,} items in library “{section.title}” and sent {start:,}. "
                "Run the task again."
            )
        # The next page starts after what came, which may be less than what was asked for.
        start += len(videos)
        items = [_listed_item(video, section.key) for video in videos]
        yield [item for item in items if item.rating_key not in seen]
        seen.update(item.rating_key for item in items)


def scan_folder(plex: Plex, sections: Iterable[LibrarySection], folder: str) -> bool:
    """Ask Plex to scan a folder in the libraries that hold it; whether one does. Raises PlexError."""
    holding = [section for section in sections if section.holds(folder)]
    for section in holding:
        plex.ask(f"/library/sections/{section.key}/refresh", {"path": folder})
    return bool(holding)


def read_items(plex: Plex, rating_keys: Iterable[int]) -> dict[int, PlexItem]:
    """The items in full by rating key; those that Plex does not have are left out."""
    keys = list(dict.fromkeys(rating_keys))
    found: dict[int, PlexItem] = {}
    for start in range(0, len(keys), ITEMS_PER_READ):
        found.update(_read_batch(plex, keys[start : start + ITEMS_PER_READ]))
    return found


def _read_batch(plex: Plex, keys: Sequence[int]) -> dict[int, PlexItem]:
    """One read of several items; what a server leaves out of a long list is asked for once more."""
    try:
        container = plex.get(f"/library/metadata/{','.join(map(str, keys))}", _FULL)
    except PlexNotFound:
        return {}
    items = {item.rating_key: item for item in map(_full_item, container.findall("Video"))}
    missing = [key for key in keys if key not in items]
    if items and missing:
        return {**items, **_read_batch(plex, missing)}
    if items or len(keys) == 1:
        return items
    middle = len(keys) // 2
    return {**_read_batch(plex, keys[:middle]), **_read_batch(plex, keys[middle:])}


def _listing(section: LibrarySection) -> tuple[str, dict[str, object]]:
    return f"/library/sections/{section.key}/all", {"type": MOVIE, "sort": "addedAt", **_SLIM}


def _window(start: int, size: int) -> dict[str, str]:
    return {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}


def _total(page: Element) -> int:
    """The number of items in the whole listing; Plex leaves totalSize out where it sends everything."""
    return _number(page, "totalSize") if "totalSize" in page.attrib else _number(page, "size")


def _listed_item(video: Element, section_key: int) -> ListedItem:
    has_metadata = bool(
        video.get("studio")
        or video.get("summary")
        or video.get("originallyAvailableAt")
        or video.find("Genre") is not None
        or video.find("Role") is not None
    )
    return ListedItem(_number(video, "ratingKey"), section_key, has_metadata, _parts(video))


def _full_item(video: Element) -> PlexItem:
    return PlexItem(
        rating_key=_number(video, "ratingKey"),
        section_key=_number(video, "librarySectionID"),
        parts=_parts(video),
        fields=PlexFields({field.name: _value(video, field) for field in FIELDS}),
        locked=frozenset(
            lock.get("name", "") for lock in video.findall("Field") if lock.get("locked") in ("1", "true")
        ),
        pictures=tuple([(role.get("tag", ""), role.get("thumb", "")) for role in video.findall("Role")]),
    )


def _value(video: Element, field: Field) -> Value:
    if field.kind is Kind.TAGS:
        return tuple([element.get("tag", "") for element in video.findall(field.source)])
    text = video.get(field.source, "")
    if field.kind is Kind.NUMBER and text:
        try:
            return f"{float(text):.1f}"
        except ValueError as error:
            raise PlexAnswerInvalid(f"Plex sent a {field.title} that is no number.") from error
    return text


def _parts(video: Element) -> tuple[Part, ...]:
    return tuple(
        Part(part.get("file", ""), int(size) if (size := part.get("size", "")).isdigit() else None)
        for part in video.iter("Part")
    )


def _number(element: Element, attribute: str) -> int:
    text = element.get(attribute, "")
    if not (text.isascii() and text.isdigit()):
        raise PlexAnswerInvalid(f"Plex sent an element {element.tag} without a usable {attribute}.")
    return int(text)
