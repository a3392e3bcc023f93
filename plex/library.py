"""Reading Plex's libraries: sections, listings by pages, items in full.

Everything is read as XML elements through plexapi's `query`: its item objects would cost four times
the time and ask Plex again for every attribute that is empty.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from plex.client import Plex
from plex.exceptions import LibraryNotFound, NoMovieLibrary, PlexAnswerInvalid, PlexItemUnusable, PlexNotFound
from plex.items import ItemsRead, full_item, number_in
from validation.amounts import number
from validation.path_map import path_key

# Servers with rich metadata were seen to answer longer lists of ids with nothing.
ITEMS_PER_READ = 50
MOVIE = 1

_FULL = {"excludeElements": "Stream,UltraBlurColors", "skipRefresh": 1}


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
    if everything:
        check_names(everything, wanted)
    chosen = choose_sections(everything, wanted)
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
            f"Plex announced {number(announced)} libraries and sent {number(len(directories))}. Run the "
            "task again."
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


def choose_sections(sections: Sequence[LibrarySection], wanted: Sequence[str]) -> list[LibrarySection]:
    """The movie libraries with these titles, or all of them where none is named."""
    for_movies = _for_movies(sections)
    if not wanted:
        return for_movies
    keys = {section.key for name in wanted for section in _called(name, for_movies)}
    return [section for section in for_movies if section.key in keys]


def check_names(sections: Sequence[LibrarySection], wanted: Sequence[str]) -> None:
    """Raises LibraryNotFound where not each of these is the title of a movie library."""
    for_movies = _for_movies(sections)
    wrong = [name for name in wanted if not _called(name, for_movies)]
    if wrong:
        types = {name: next((one.type for one in _called(name, sections)), "") for name in wrong}
        raise LibraryNotFound(types, [section.title for section in for_movies])


def _for_movies(sections: Sequence[LibrarySection]) -> list[LibrarySection]:
    return [section for section in sections if section.is_for_movies]


def _called(name: str, sections: Sequence[LibrarySection]) -> list[LibrarySection]:
    """The libraries that have this name; where none has it to the letter, those that nearly have."""
    forms: tuple[Callable[[str], str], ...] = (str, _folded, lambda title: _folded(title).strip())
    found = ([section for section in sections if form(section.title) == form(name)] for form in forms)
    return next(filter(None, found), [])


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


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
    """One read of several items; what is not in the answer is asked for again, in the end alone.

    Servers were seen to leave items out of a long list, and where Plex knows none of a list it says 404.
    """
    try:
        container = plex.get(f"/library/metadata/{','.join(map(str, keys))}", _FULL)
    except PlexNotFound:
        for key in keys if len(keys) > 1 else ():
            _read_batch(plex, [key], read)
        return
    videos = container.findall("Video")
    for video in videos:
        try:
            item = full_item(video)
            read[item.rating_key] = item
        except PlexItemUnusable as unusable:
            if unusable.rating_key is not None:
                read.unusable[unusable.rating_key] = unusable
    missing = [key for key in keys if key not in read and key not in read.unusable]
    if len(keys) == 1 and missing:
        read.unusable[keys[0]] = PlexItemUnusable(keys[0], "without anything in it")
    elif videos and missing:
        _read_batch(plex, missing, read)
    elif missing:
        middle = len(keys) // 2
        _read_batch(plex, keys[:middle], read)
        _read_batch(plex, keys[middle:], read)


def _number(element: Element, attribute: str) -> int:
    number = number_in(element.get(attribute, ""))
    if number is None:
        raise PlexAnswerInvalid(f"Plex sent an element {element.tag} without a usable {attribute}.")
    return number
