"""Plex's collections: found by their titles, read in full, edited and put in order.

A collection is a tag that is also an item, one in each library that has items with the tag. Tagging the
first item makes it, and Plex empties it with the last one: nobody else makes or deletes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from plex.client import Plex
from plex.exceptions import PlexAnswerInvalid, PlexNotFound
from plex.items import number_in
from validation.amounts import number

COLLECTION = 18
COLLECTIONS_PER_READ = 100
# Of a list; Plex refuses to give more at once.
PER_PAGE = 1_000
# How Plex orders the items of a collection: by date, which is what nobody chose, or as somebody placed them.
UNCHOSEN_ORDER, CUSTOM_ORDER = 0, 2


class ListedCollection(NamedTuple):
    """What a library's list tells of a collection. One that is a saved search holds whatever that finds."""

    rating_key: int
    title: str
    is_smart: bool


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection in full.

    `locked` has the names of the fields that somebody entered. `thumb` is the address under which Plex shows
    its poster; it moves when another one is chosen. `order` says by what its items are sorted.
    """

    rating_key: int
    section_key: int
    title: str
    summary: str
    locked: frozenset[str]
    labels: tuple[str, ...]
    thumb: str
    order: int


def list_collections(plex: Plex, section_key: int) -> list[ListedCollection]:
    """The collections of a library. Raises PlexError, also where the list did not come whole."""
    found = {}
    for element in _pages(plex, f"/library/sections/{section_key}/all", {"type": COLLECTION}):
        key = number_in(element.get("ratingKey", ""))
        if key:
            is_smart = element.get("smart") in ("1", "true")
            found[key] = ListedCollection(key, element.get("title", ""), is_smart)
    return list(found.values())


def read_collections(plex: Plex, rating_keys: Iterable[int]) -> dict[int, Collection]:
    """Collections in full, by rating key; those that Plex does not have are left out. Raises PlexError."""
    keys = list(dict.fromkeys(rating_keys))
    read: dict[int, Collection] = {}
    for start in range(0, len(keys), COLLECTIONS_PER_READ):
        _read_batch(plex, keys[start : start + COLLECTIONS_PER_READ], read)
    return read


def _read_batch(plex: Plex, keys: Sequence[int], read: dict[int, Collection]) -> None:
    """One read of several; what the answer lacks is asked for in smaller lists, in the end alone."""
    try:
        container = plex.get(f"/library/metadata/{','.join(map(str, keys))}", {"skipRefresh": 1})
    except PlexNotFound:
        elements: list[Element] = []
    else:
        elements = container.findall("Directory")
    for element in elements:
        collection = _collection(element)
        if collection is not None:
            read[collection.rating_key] = collection
    missing = [key for key in keys if key not in read]
    if missing and len(keys) > 1:
        middle = (len(missing) + 1) // 2
        for part in (missing[:middle], missing[middle:]):
            if part:
                _read_batch(plex, part, read)


def _collection(element: Element) -> Collection | None:
    rating_key, section_key = (number_in(element.get(name, "")) for name in ("ratingKey", "librarySectionID"))
    if not rating_key or not section_key or element.get("type") != "collection":
        return None
    locks = (lock for lock in element.findall("Field") if lock.get("locked") in ("1", "true"))
    return Collection(
        rating_key,
        section_key,
        title=element.get("title", ""),
        summary=element.get("summary", ""),
        locked=frozenset(lock.get("name", "") for lock in locks),
        labels=tuple(label.get("tag", "") for label in element.findall("Label")),
        thumb=element.get("thumb", ""),
        order=number_in(element.get("collectionSort", "")) or UNCHOSEN_ORDER,
    )


def edit_collection(plex: Plex, collection: Collection, fields: Mapping[str, tuple[str, bool]]) -> None:
    """Write fields, by Plex's names: (value, whether it is locked). Raises PlexError.

    A title that another collection of the library has is refused with 409.
    """
    if collection.rating_key <= 0:
        raise ValueError("an edit without a rating key would change every collection of the library")
    arguments: dict[str, object] = {"type": COLLECTION, "id": collection.rating_key}
    for name, (value, is_locked) in fields.items():
        arguments |= {f"{name}.value": value, f"{name}.locked": int(is_locked)}
    plex.put(f"/library/sections/{collection.section_key}/all", arguments)


def choose_order(plex: Plex, rating_key: int, order: int) -> None:
    """Sort the items of a collection in another way. Raises PlexError."""
    plex.put(f"/library/metadata/{rating_key}/prefs", {"collectionSort": order})


def items_in_order(plex: Plex, rating_key: int) -> list[int]:
    """The rating keys of a collection's items, as it shows them. Raises PlexError."""
    return list(titles_in_order(plex, rating_key))


def titles_in_order(plex: Plex, rating_key: int) -> dict[int, str]:
    """The titles of a collection's items by rating key, as it shows them. Raises PlexError."""
    titles: dict[int, str] = {}
    for element in _pages(plex, f"/library/collections/{rating_key}/children", _ONLY_KEYS):
        key = number_in(element.get("ratingKey", ""))
        if key:
            titles.setdefault(key, element.get("title", ""))
    return titles


def move_item(plex: Plex, rating_key: int, item: int, after: int | None) -> None:
    """Put an item of a collection right behind another one, or before all. Raises PlexError."""
    arguments: dict[str, object] = {} if after is None else {"after": after}
    plex.put(f"/library/collections/{rating_key}/items/{item}/move", arguments)


_ONLY_KEYS: Mapping[str, object] = {
    "excludeElements": "Media,Genre,Role,Director,Writer,Producer,Country,Collection,Image,UltraBlurColors",
    "excludeFields": "summary,tagline",
}


def _pages(plex: Plex, path: str, arguments: Mapping[str, object]) -> list[Element]:
    """All elements of a list that Plex gives in pages."""
    found: list[Element] = []
    while True:
        headers = {"X-Plex-Container-Start": str(len(found)), "X-Plex-Container-Size": str(PER_PAGE)}
        container = plex.get(path, arguments, headers)
        page = list(container)
        found += page
        total = number_in(container.get("totalSize", ""))
        if total is None or len(found) >= total:
            return found
        if not page:
            raise PlexAnswerInvalid(
                f"Plex announced {number(total)} entries of a list and sent {number(len(found))}. Run the "
                "task again."
            )
