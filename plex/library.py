"""Reading Plex's libraries: sections, listings by pages, items in full.

Everything is read as XML elements through plexapi's `query`: its item objects would cost four times
the time and ask Plex again for every attribute that is empty.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from plex.client import Plex
from plex.exceptions import LibraryNotFound, NoMovieLibrary, PlexAnswerInvalid, PlexItemUnusable, PlexNotFound
from plex.items import ItemsRead, ListedItem, full_item, listed_item, number_in
from validation.path_map import path_key

PAGE_SIZE = 1000
# Servers with rich metadata were seen to answer longer lists of ids with nothing.
ITEMS_PER_READ = 50
MOVIE = 1

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


def read_sections(plex: Plex, wanted: Sequence[str]) -> list[LibrarySection]:
    """The movie libraries with these titles, or all of them where none is named.

    Raises LibraryNotFound, which names those that exist, NoMovieLibrary, and other PlexErrors.
    """
    everything = read_all_sections(plex)
    chosen, problem = choose_sections(everything, wanted)
    if problem and everything:
        raise problem
    if not chosen:
        raise NoMovieLibrary
    return chosen


def read_all_sections(plex: Plex) -> list[LibrarySection]:
    """Every library of the server, whatever it is for. Raises PlexError."""
    container = plex.get("/library/sections", {})
    directories = container.findall("Directory")
    announced = _number(container, "size") if "size" in container.attrib else len(directories)
    if announced != len(directories):
        raise PlexAnswerInvalid(
            f"Plex announced {announced} libraries and sent {len(directories)}. Run the task again."
        )
    return [
        LibrarySection(
            key=_number(directory, "key"),
            title=directory.get("title", ""),
            locations=tuple(location.get("path", "") for location in directory.iter("Location")),
            type=directory.get("type", ""),
        )
        for directory in directories
    ]


def choose_sections(
    sections: Sequence[LibrarySection], wanted: Sequence[str]
) -> tuple[list[LibrarySection], LibraryNotFound | None]:
    """The movie libraries with these titles, or all of them where none is named; and what is wrong."""
    for_movies = [section for section in sections if section.is_for_movies]
    if not wanted:
        return for_movies, None
    called = {name: _called(name, for_movies) for name in wanted}
    keys = {section.key for found in called.values() for section in found}
    chosen = [section for section in for_movies if section.key in keys]
    wrong = {name: next(iter(_called(name, sections)), None) for name, found in called.items() if not found}
    types = {name: section.type if section else "" for name, section in wrong.items()}
    return chosen, LibraryNotFound(types, [section.title for section in for_movies]) if wrong else None


def _called(name: str, sections: Sequence[LibrarySection]) -> list[LibrarySection]:
    """The libraries that have this name; where none has it to the letter, those that nearly have."""
    forms: tuple[Callable[[str], str], ...] = (str, _folded, lambda title: _folded(title).strip())
    found = ([section for section in sections if form(section.title) == form(name)] for form in forms)
    return next(filter(None, found), [])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


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
        try:
            items = [listed_item(video, section.key) for video in videos]
        except PlexItemUnusable as unusable:
            raise PlexAnswerInvalid(str(unusable)) from unusable
        yield [item for item in items if item.rating_key not in seen]
        seen.update(item.rating_key for item in items)


def scan_folder(plex: Plex, sections: Iterable[LibrarySection], folder: str) -> bool:
    """Ask Plex to scan a folder in the libraries that hold it; whether one does. Raises PlexError."""
    holding = [section for section in sections if section.holds(folder)]
    for section in holding:
        plex.ask(f"/library/sections/{section.key}/refresh", {"path": folder})
    return bool(holding)


def read_items(plex: Plex, rating_keys: Iterable[int]) -> ItemsRead:
    """The items in full by rating key; those that Plex does not have are left out. Raises PlexError."""
    keys = list(dict.fromkeys(rating_keys))
    read = ItemsRead()
    for start in range(0, len(keys), ITEMS_PER_READ):
        _read_batch(plex, keys[start : start + ITEMS_PER_READ], read)
    return read


def _read_batch(plex: Plex, keys: Sequence[int], read: ItemsRead) -> None:
    """One read of several items; what a server leaves out of a long list is asked for once more."""
    try:
        container = plex.get(f"/library/metadata/{','.join(map(str, keys))}", _FULL)
    except PlexNotFound:
        return
    for video in container.findall("Video"):
        try:
            item = full_item(video)
            read[item.rating_key] = item
        except PlexItemUnusable as unusable:
            if unusable.rating_key is not None:
                read.unusable[unusable.rating_key] = unusable
    missing = [key for key in keys if key not in read and key not in read.unusable]
    if not missing or len(keys) == 1:
        return
    if len(missing) < len(keys):
        _read_batch(plex, missing, read)
    else:
        middle = len(keys) // 2
        _read_batch(plex, keys[:middle], read)
        _read_batch(plex, keys[middle:], read)


def _listing(section: LibrarySection) -> tuple[str, dict[str, object]]:
    return f"/library/sections/{section.key}/all", {"type": MOVIE, "sort": "addedAt", **_SLIM}


def _window(start: int, size: int) -> dict[str, str]:
    return {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}


def _total(page: Element) -> int:
    """The number of items in the whole listing; Plex leaves totalSize out where it sends everything."""
    return _number(page, "totalSize") if "totalSize" in page.attrib else _number(page, "size")


def _number(element: Element, attribute: str) -> int:
    number = number_in(element.get(attribute, ""))
    if number is None:
        raise PlexAnswerInvalid(f"Plex sent an element {element.tag} without a usable {attribute}.")
    return number
