"""The collections of a Plex Media Server: tags that are also items, with texts, posters and an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tests.servers.plex.items import Collection, PlexItem

if TYPE_CHECKING:
    from tests.servers.plex.library import PlexLibrary

RELEASE_DATE, ALPHABET, CUSTOM = 0, 1, 2
# The attribute of a collection for each field of an edit.
FIELDS = {
    "title": "title",
    "titleSort": "title_sort",
    "summary": "summary",
    "contentRating": "content_rating",
}


class TitleTaken(Exception):
    """Another collection of the library has this title (409)."""


class Collections:
    """The collections of all libraries. One is there as long as an item has its tag.

    Its methods are called under the library's lock.
    """

    def __init__(self, library: PlexLibrary) -> None:
        self._library = library
        self._by_place: dict[tuple[int, str], Collection] = {}
        # Where a custom order begins, and where an item that comes later finds its place in it.
        self.custom_order_begins: Literal["as_shown", "as_added"] = "as_shown"
        self.new_members_come: Literal["last", "first"] = "last"

    def of_section(self, section_key: int) -> list[Collection]:
        """Those with at least one member, by title."""
        counts: dict[str, int] = {}
        names: dict[str, str] = {}
        for item in self._library.items(section_key):
            for name in item.collections:
                folded = name.casefold()
                counts[folded] = counts.get(folded, 0) + 1
                names.setdefault(folded, name)
        for place in [place for place in self._by_place if place[0] == section_key]:
            if place[1] not in counts:
                del self._by_place[place]
        for folded, count in counts.items():
            place = (section_key, folded)
            if place not in self._by_place:
                self._by_place[place] = self._library.new_collection(section_key, names[folded])
            self._by_place[place].child_count = count
        found = [self._by_place[section_key, folded] for folded in counts]
        return sorted(found, key=lambda collection: collection.title.casefold())

    def get(self, rating_key: int | str) -> Collection | None:
        """The collection with that rating key, if it has members."""
        for collection in list(self._by_place.values()):
            if collection.rating_key == int(rating_key):
                members = self._unordered(collection)
                collection.child_count = len(members)
                return collection if members else None
        return None

    def named(self, section_key: int, title: str) -> Collection | None:
        """The collection of that title."""
        self.of_section(section_key)
        return self._by_place.get((section_key, title.casefold()))

    def members(self, collection: Collection) -> list[PlexItem]:
        """The items of a collection in the order in which it shows them."""
        members = self._unordered(collection)
        if collection.sort == ALPHABET:
            return sorted(members, key=lambda item: item.sort_key)
        if collection.sort == RELEASE_DATE:
            return sorted(members, key=lambda item: (item.date or "", item.sort_key))
        place = {key: number for number, key in enumerate(collection.order)}
        newest = len(place) if self.new_members_come == "last" else -1
        members.sort(key=lambda item: place.get(item.rating_key, newest))
        collection.order = [item.rating_key for item in members]
        return members

    def _unordered(self, collection: Collection) -> list[PlexItem]:
        folded = collection.title.casefold()
        items = self._library.items(collection.section_key)
        return [item for item in items if any(name.casefold() == folded for name in item.collections)]

    def sort_by(self, collection: Collection, sort: int) -> None:
        """Show the items in another order."""
        if sort == CUSTOM and collection.sort != CUSTOM:
            as_shown = self.custom_order_begins == "as_shown"
            members = self.members(collection) if as_shown else self._unordered(collection)
            collection.order = [item.rating_key for item in members]
        collection.sort = sort

    def move(self, collection: Collection, rating_key: int, after: int | None) -> bool:
        """Put an item behind another one, or first; the order is a custom one from then on."""
        self.sort_by(collection, CUSTOM)
        order = [item.rating_key for item in self.members(collection)]
        if rating_key not in order or (after is not None and after not in order):
            return False
        order.remove(rating_key)
        order.insert(0 if after is None else order.index(after) + 1, rating_key)
        collection.order = order
        return True

    def change(self, collection: Collection, values: dict[str, Any]) -> None:
        """Set fields by the names of edits; a new title is a new tag of its items. Raises TitleTaken."""
        title = values.pop("title", collection.title)
        if title.casefold() != collection.title.casefold():
            self._rename(collection, title)
        collection.title = title
        for name, value in values.items():
            setattr(collection, FIELDS[name], value)
        self._library.touch(collection)

    def _rename(self, collection: Collection, title: str) -> None:
        key, old = collection.section_key, collection.title.casefold()
        if self.named(key, title) is not None:
            raise TitleTaken(title)
        spelling = self._library.tag("collection", title).name
        for item in self._unordered(collection):
            names = [spelling if name.casefold() == old else name for name in item.collections]
            item.collections = names
            self._library.touch(item)
        del self._by_place[key, old]
        self._by_place[key, title.casefold()] = collection

    def edit_by_hand(self, rating_key: int | str, **values: Any) -> None:
        """Change fields (by the names of edits) as a person in Plex does: what was changed is locked."""
        with self._library.lock:
            collection = self.get(rating_key)
            assert collection is not None
            self.change(collection, dict(values))
            collection.locked.update(values)
