"""Listing a library by pages, and knowing whether what came is all that it has.

Items that come or go while a listing is read shift what follows them: each page therefore begins with
the last item of the one before it, and in the end as many different items must have come as there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from xml.etree.ElementTree import Element

from plex.client import Plex, parsed
from plex.exceptions import PlexAnswerInvalid, PlexItemUnusable, PlexListingChanged
from plex.items import ListedItem, listed_item, number_in
from plex.library import MOVIE, LibrarySection
from plex.pages_ahead import PagesAhead
from validation.amounts import number
from validation.path_map import file_name, path_key

# Plex warns of larger pages.
PAGE_SIZE = 1000
# So often a library is read that changes meanwhile.
READINGS = 3
SLIM = {
    "excludeElements": "Director,Writer,Producer,Country,Collection,Label,Guid,Image,UltraBlurColors,Stream",
    "excludeFields": "tagline,thumb,art",
}


class Listing:
    """The items of a library, or those that `filters` let through, read to the end.

    After the last page `count` is how many there are, `unusable` has those of them that cannot be used,
    and `gone` the rating keys that came in a page and were not there any more in the end.
    """

    def __init__(
        self,
        plex: Plex,
        section: LibrarySection,
        filters: Mapping[str, object] | None = None,
        either: Mapping[str, int] | None = None,
    ) -> None:
        """A listing of what passes all the `filters`, and one of `either` where these are given."""
        self._plex = plex
        self._section = section
        self._filters = filters or {}
        self._either = either or {}
        self.count = 0
        self.unusable: Sequence[PlexItemUnusable] = ()
        self.gone: frozenset[int] = frozenset()

    def pages(self) -> Iterator[list[ListedItem]]:
        """The items by pages, each once; nobody else may use the connection until they end.

        Raises PlexListingChanged where they changed in each reading, and other PlexErrors.
        """
        listed = set[int]()
        for _ in range(READINGS):
            reading = _Reading(self._plex, self._section, self._filters, self._either)
            for page in reading.pages():
                yield [item for item in page if item.rating_key not in listed]
                listed.update(item.rating_key for item in page)
            if reading.adds_up:
                self.count, self.unusable = reading.total, reading.unusable
                self.gone = frozenset(listed - reading.keys)
                return
        raise PlexListingChanged(
            f"Library “{self._section.title}” kept changing while it was read. Run the task again when "
            "Plex has finished scanning."
        )


class _Reading:
    """One way from the first page to the last."""

    def __init__(
        self,
        plex: Plex,
        section: LibrarySection,
        filters: Mapping[str, object],
        either: Mapping[str, int],
    ) -> None:
        self._plex = plex
        self._section = section
        self._filters = filters
        self._either = either
        self._is_shifted = False
        self.total = 0
        self.keys = set[int]()
        self.unusable: list[PlexItemUnusable] = []

    @property
    def adds_up(self) -> bool:
        """Whether as many different items came as there are, and none has moved from its place."""
        return not self._is_shifted and len(self.keys) + len(self.unusable) == self.total

    def pages(self) -> Iterator[list[ListedItem]]:
        with ThreadPoolExecutor(1, thread_name_prefix="plex pages") as thread:
            yield from self._pages(PagesAhead(self._ask, thread))

    def _pages(self, ahead: PagesAhead) -> Iterator[list[ListedItem]]:
        start, last, overlap = 0, "", 0
        while True:
            videos = self._window(ahead, start - overlap)
            if not videos and start - overlap < self.total:
                raise PlexAnswerInvalid(
                    f"Plex announced {number(self.total)} items in library “{self._section.title}” and sent "
                    f"{number(start)}. Run the task again."
                )
            if overlap:
                if not videos or videos[0].get("ratingKey") != last:
                    self._is_shifted = True
                    return
                if len(videos) == 1 and start < self.total:
                    # This server sends single items.
                    last, overlap = "", 0
                    continue
                del videos[0]
            # The next page follows what came, which may be less than what was asked for.
            start += len(videos)
            overlap = int(len(videos) > 1 or bool(last))
            last = videos[-1].get("ratingKey", "") if videos else ""
            items = self._items(videos)
            # A page of elements is large: it is gone before its items are handled.
            del videos
            yield items
            if start >= self.total:
                return

    def _ask(self, start: int) -> bytes:
        path, arguments = _address(self._plex, self._section)
        return self._plex.fetch(
            path, {**arguments, **self._filters}, window_headers(start, PAGE_SIZE), self._either
        )

    def _window(self, ahead: PagesAhead, start: int) -> list[Element]:
        page = parsed(ahead.at(start))
        videos = page.findall("Video")
        self.total = _total(page, self._section, len(videos) if start == 0 else 0)
        return videos

    def _items(self, videos: Sequence[Element]) -> list[ListedItem]:
        items = []
        for video in videos:
            try:
                items.append(listed_item(video, self._section.key))
            except PlexItemUnusable as unusable:
                self.unusable.append(unusable)
        self.keys.update(item.rating_key for item in items)
        return items


def count_items(plex: Plex, section: LibrarySection) -> int:
    """How many items the library has. Raises PlexError."""
    return _total(plex.get(*_address(plex, section), window_headers(0, 0)), section, 0)


def items_with_file_name(plex: Plex, section: LibrarySection, name: str) -> list[ListedItem]:
    """The items that have a file of this name, or of a name that contains it: check each part's path.

    Raises PlexItemUnusable where an item that cannot be used may have the file, and other PlexErrors.
    """
    listing = Listing(plex, section, {"file": name})
    items = [item for page in listing.pages() for item in page]
    wanted = file_name(path_key(name)).casefold()
    for unusable in listing.unusable:
        names = [file_name(path_key(path)).casefold() for path in unusable.paths]
        if wanted in names or not names:
            raise unusable
    return items


def _address(plex: Plex, section: LibrarySection) -> tuple[str, dict[str, object]]:
    return f"/library/sections/{section.key}/all", {"type": MOVIE, "sort": plex.order, **SLIM}


def window_headers(start: int, size: int) -> dict[str, str]:
    """The headers by which a page is asked for."""
    return {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}


def _total(page: Element, section: LibrarySection, came: int) -> int:
    """The number of items in the whole listing; `came` are the items of a page that may be all of it.

    Plex leaves totalSize out where it sends everything. Without it, nothing is no number.
    """
    if page.get("librarySectionID", str(section.key)) != str(section.key):
        raise PlexAnswerInvalid(
            f"Plex sent items of another library than “{section.title}”. Run the task again."
        )
    total = number_in(page.get("totalSize", ""))
    if total is None and came and number_in(page.get("size", "")) == came:
        total = came
    if total is None:
        raise PlexAnswerInvalid(
            f"Plex did not say how many items library “{section.title}” has. Run the task again."
        )
    return total
