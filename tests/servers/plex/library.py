"""What a Plex Media Server knows, kept in memory: sections, items, tags and images, without any HTTP.

A test arranges the library through these methods and reads the items' plain attributes afterwards; the
server in front of it (`plex_server`) uses the same methods, under the same lock.
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.collections import Collections
from tests.servers.plex.items import (
    FIELD_ATTRIBUTES,
    IMAGE_ATTRIBUTES,
    TAG_ATTRIBUTES,
    Collection,
    Files,
    Part,
    PlexItem,
    Section,
    Tag,
    Version,
    date_of_file,
    images_of,
    lies_in,
    title_of_file,
)
from tests.servers.plex.watching import Watching

# What a metadata refresh without an agent leaves alone: a person's own marks.
_KEPT_BY_REFRESH = {"collection", "label", "userRating", "addedAt", "editionTitle"}
_NONE_WHEN_EMPTY = {"title_sort", "date", "year", "rating", "audience_rating"}


class PlexLibrary(Watching):
    """All that one server holds. Every method may be called from any thread."""

    def __init__(
        self,
        machine_identifier: str = "0123456789abcdef0123456789abcdef01234567",
        friendly_name: str = "Test Server",
        version: str = "1.43.1.10611-1e34174b1",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.machine_identifier = machine_identifier
        self.friendly_name = friendly_name
        self.version = version
        self.clock = clock
        self.lock = threading.RLock()
        # Of the server in front of it, if there is one.
        self.behaviour = PlexBehaviour()
        self.history = []
        self.marks_of_others = {}
        self.sections: dict[int, Section] = {}
        self.images: dict[str, bytes] = {}
        # Moves whenever an item comes, goes or changes its place in the order by time or by id.
        self.generation = 0
        self._items: dict[int, PlexItem] = {}
        self._items_of_section: dict[int, dict[int, PlexItem]] = {}
        # One file may be in several sections, and then is in as many items.
        self._keys_of_path: dict[str, list[int]] = {}
        self._tags: dict[tuple[str, str], Tag] = {}
        self.all_collections = Collections(self)
        self._pending: dict[str, tuple[int, int]] = {}
        self._last_number: dict[str, int] = {}

    # Sections

    def add_section(
        self,
        title: str,
        type: str = "movie",
        locations: Iterable[str] = ("/media",),
        agent: str = "tv.plex.agents.none",
        scanner: str = "Plex Video Files",
    ) -> Section:
        """Make a library; `movie` with agent `tv.plex.agents.none` is one of home-made videos."""
        with self.lock:
            key = self._next("section")
            identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.machine_identifier}/{key}"))
            section = Section(key, title, type, tuple(locations), agent, scanner, identifier, self._now())
            self.sections[key] = section
            self._items_of_section[key] = {}
            return section

    def rename_section(self, section_key: int, title: str) -> None:
        """Give a library another title; its key stays."""
        with self.lock:
            self.sections[section_key].title = title

    # Items

    def add_item(
        self,
        section_key: int,
        files: Files = (),
        *,
        versions: Sequence[Files] = (),
        title: str | None = None,
        added_at: int | None = None,
        duration: int | None = None,
        locked: Iterable[str] = (),
        poster: bytes | None = None,
        art: bytes | None = None,
        clear_logo: bytes | None = None,
        automatic: Mapping[str, bytes] = MappingProxyType({}),
        **fields: Any,
    ) -> PlexItem:
        """Add an item with one version of several parts (`files`) or several `versions`.

        Further fields are attributes of `PlexItem`: summary, date, studio, genres, roles, directors,
        writers, collections, labels, content_rating, user_rating, title_sort … Where no agent looks
        for metadata, title and date come out of the file, unlocked, if nothing else is said. `automatic`
        has images that nobody uploaded, by their kinds; they are shown where there are no others.
        """
        with self.lock:
            now = self._now()
            item = PlexItem(
                rating_key=self._next("item"),
                section_key=section_key,
                versions=[self._new_version(entry) for entry in (versions or (files,))],
                title=title if title is not None else "",
                added_at=now if added_at is None else added_at,
                updated_at=now if added_at is None else added_at,
                duration=duration,
            )
            if title is None:
                item.title = _title_from_file(item)
            if not self.sections[section_key].has_agent:
                fields = {"date": _date_from_file(item), **fields}
            self.set_fields(item, fields)
            item.locked.update(locked)
            self._insert(item)
            images = (("poster", poster), ("art", art), ("clearLogo", clear_logo))
            for kind, data in (*automatic.items(), *images):
                if data is not None:
                    self._keep_image(item, kind, data)
                    self.select_image(item.rating_key, kind, hashlib.sha1(data).hexdigest(), locks=False)
            item.automatic = {kind: hashlib.sha1(data).hexdigest() for kind, data in automatic.items()}
            return item

    def items(self, section_key: int | None = None) -> list[PlexItem]:
        """All items, or those of one section, in the order in which they came."""
        with self.lock:
            chosen = self._items if section_key is None else self._items_of_section[section_key]
            return list(chosen.values())

    def item(self, rating_key: int | str) -> PlexItem | None:
        """The item with that rating key, if there is one."""
        with self.lock:
            return self._items.get(int(rating_key))

    def item_for_path(self, path: str) -> PlexItem | None:
        """The first item that holds exactly that file, if there is one."""
        with self.lock:
            return next((self._items[key] for key in self._keys_of_path.get(path, ())), None)

    def items_with_file(self, section_key: int, matches: Callable[[str], bool]) -> list[PlexItem]:
        """The items of a section that hold a file whose path matches."""
        with self.lock:
            items = self._items_of_section[section_key]
            found = (keys for path, keys in self._keys_of_path.items() if matches(path))
            return [items[key] for key in dict.fromkeys(chain.from_iterable(found)) if key in items]

    def remove_item(self, rating_key: int | str) -> None:
        """Take an item out, as an emptied trash does."""
        with self.lock:
            self._take_out(self._items[int(rating_key)])

    def trash_item(self, rating_key: int | str) -> None:
        """Mark an item as deleted; it stays listed until it is removed."""
        with self.lock:
            item = self._items[int(rating_key)]
            item.deleted_at = self._now()
            self.touch(item)

    def trash_file(self, path: str) -> None:
        """Mark a file as deleted, as a scan that does not find it any more; an item with others stays."""
        with self.lock:
            for key in self._keys_of_path[path]:
                item = self._items[key]
                for part in item.parts:
                    if part.file == path:
                        part.deleted_at = self._now()
                self.touch(item)

    def optimize(self, rating_key: int | str, target: str = "Mobile", size: int = 500) -> str:
        """Make a version of an item for a device, as the server does; returns the path of its file."""
        with self.lock:
            item = self._items[int(rating_key)]
            folder, _, name = item.files[0].rpartition("/")
            path = f"{folder}/Plex Versions/Optimized for {target}/{name.rpartition('.')[0]}.mp4"
            self._forget_files(item)
            version = self._new_version(((path, size),))
            version.made_for = target
            item.versions.append(version)
            self._note_files(item)
            self.touch(item)
            return path

    def rekey_item(self, rating_key: int | str) -> int:
        """Let Plex scan the item's files anew: another rating key, and nothing of what was written."""
        with self.lock:
            old = self._items[int(rating_key)]
            self._take_out(old)
            versions = [[(part.file, part.size) for part in version.parts] for version in old.versions]
            return self.add_item(old.section_key, versions=versions, duration=old.duration).rating_key

    def move_file(self, old: str, new: str) -> None:
        """Move a file as a scan that sees both ends does: the item keeps its rating key."""
        with self.lock:
            for key in list(self._keys_of_path[old]):
                item = self._items[key]
                self._forget_files(item)
                for part in item.parts:
                    if part.file == old:
                        part.file = new
                self._note_files(item)
                self.touch(item)

    def edit_by_hand(self, rating_key: int | str, **fields: Any) -> None:
        """Change fields as a person in Plex does: what was changed is locked."""
        with self.lock:
            item = self._items[int(rating_key)]
            self.set_fields(item, fields)
            names = {attribute: name for name, attribute in (FIELD_ATTRIBUTES | TAG_ATTRIBUTES).items()}
            item.locked.update(names[attribute] for attribute in fields)
            self.touch(item)

    def refresh_metadata(self, rating_key: int | str) -> None:
        """Let fields that are not locked fall back to what the file gives, as without an agent."""
        with self.lock:
            item = self._items[int(rating_key)]
            has_agent = self.sections[item.section_key].has_agent
            for name, attribute in (FIELD_ATTRIBUTES | TAG_ATTRIBUTES).items():
                # Plex takes the year out of the date and keeps both with one lock.
                lock = "originallyAvailableAt" if name == "year" else name
                if lock in item.locked or name in _KEPT_BY_REFRESH:
                    continue
                setattr(item, attribute, _value_without_metadata(item, attribute, has_agent))
            self.show_automatic_images(item)
            self.touch(item)

    def set_fields(self, item: PlexItem, fields: dict[str, Any]) -> None:
        """Set attributes of an item; tags take the spelling that the server knows them by."""
        kinds = {attribute: kind for kind, attribute in TAG_ATTRIBUTES.items()}
        for attribute, value in fields.items():
            if not hasattr(item, attribute):
                raise TypeError(f"A Plex item has no {attribute!r}")
            if attribute in kinds:
                value = list(dict.fromkeys(self.tag(kinds[attribute], name).name for name in value))
            setattr(item, attribute, value)
        if "date" in fields and "year" not in fields:
            item.year = int(item.date[:4]) if item.date else None
        if "added_at" in fields:
            self.generation += 1

    def reset_item(self, rating_key: int | str) -> None:
        """Unlock all of an item's fields and refresh it, as a person can, or as happens to a lost file."""
        with self.lock:
            item = self._items[int(rating_key)]
            item.locked.clear()
            self.refresh_metadata(rating_key)

    def touch(self, item: PlexItem | Collection) -> None:
        """Note that an item was changed."""
        item.updated_at = max(self._now(), item.updated_at)
        self.sections[item.section_key].content_changed_at += 1

    # Files that no scan has seen yet

    def put_on_disk(self, section_key: int, path: str, size: int) -> None:
        """Lay a file where Plex will find it at the next scan of its folder."""
        with self.lock:
            self._pending[path] = (section_key, size)

    def scan(self, section_key: int | None = None, folder: str | None = None) -> list[PlexItem]:
        """Find the files that lie on the disk, everywhere or under one folder of one section."""
        with self.lock:
            found = []
            for path, (key, size) in list(self._pending.items()):
                if section_key in (None, key) and (folder is None or lies_in(path, folder)):
                    del self._pending[path]
                    found.append(self.add_item(key, ((path, size),)))
            return found

    # Tags, collections and images

    def tag(self, kind: str, name: str, spelling: str | None = None) -> Tag:
        """The tag of that name, found without regard to case, or a new one (written as `spelling`)."""
        with self.lock:
            place = (kind, name.casefold())
            if place not in self._tags:
                self._tags[place] = Tag(self._next("tag"), kind, spelling or name)
            return self._tags[place]

    def collections(self, section_key: int) -> list[Collection]:
        """The collections of a section: those with at least one member, by title."""
        with self.lock:
            return self.all_collections.of_section(section_key)

    def collection(self, section_key: int, title: str) -> Collection:
        """The collection of that title, which has to be there."""
        with self.lock:
            found = self.all_collections.named(section_key, title)
            assert found is not None, f"There is no collection {title!r}"
            return found

    def new_collection(self, section_key: int, title: str) -> Collection:
        """One that a tag has just made."""
        now = self._now()
        return Collection(self._next("item"), section_key, title, now, now)

    def with_images(self, rating_key: int | str) -> PlexItem | Collection | None:
        """The item or the collection that has images under this rating key, if anything has."""
        with self.lock:
            return self._items.get(int(rating_key)) or self.all_collections.get(rating_key)

    def _having_images(self, rating_key: int | str) -> PlexItem | Collection:
        found = self.with_images(rating_key)
        if found is None:
            raise KeyError(rating_key)
        return found

    def upload_image(self, rating_key: int | str, kind: str, data: bytes, selects: bool = True) -> str:
        """Add an image (of IMAGE_ATTRIBUTES) and select and lock it, unless the item has these bytes already.

        Plex knows images by the sha1 of their bytes: the same ones again add nothing and select nothing.
        """
        with self.lock:
            item = self._having_images(rating_key)
            sha1 = hashlib.sha1(data).hexdigest()
            if sha1 not in getattr(item, IMAGE_ATTRIBUTES[kind][0]):
                self._keep_image(item, kind, data)
                if selects:
                    self.select_image(rating_key, kind, sha1)
            return sha1

    def select_image(self, rating_key: int | str, kind: str, sha1: str | None, locks: bool = True) -> None:
        """Choose one of an item's images, or none, as a person does; the choice is locked."""
        with self.lock:
            item = self._having_images(rating_key)
            _, selected, stamp, lock_name = IMAGE_ATTRIBUTES[kind]
            setattr(item, selected, sha1)
            setattr(item, stamp, self._new_stamp())
            if locks:
                item.locked.add(lock_name)
                self.touch(item)

    def show_automatic_images(self, item: PlexItem | Collection) -> None:
        """Show the server's own images where none is shown and nobody locked that."""
        for kind, sha1 in item.automatic.items():
            if images_of(item, kind).selected is None and IMAGE_ATTRIBUTES[kind][3] not in item.locked:
                self.select_image(item.rating_key, kind, sha1, locks=False)

    # Inside

    def _now(self) -> int:
        return int(self.clock())

    def _next(self, sequence: str) -> int:
        self._last_number[sequence] = self._last_number.get(sequence, 0) + 1
        return self._last_number[sequence]

    def _new_stamp(self) -> int:
        self._last_number["stamp"] = max(self._now(), self._last_number.get("stamp", 0) + 1)
        return self._last_number["stamp"]

    def _new_version(self, files: Files) -> Version:
        parts = [Part(self._next("part"), path, size) for path, size in files]
        return Version(self._next("version"), parts)

    def _insert(self, item: PlexItem) -> None:
        self._items[item.rating_key] = item
        self._items_of_section[item.section_key][item.rating_key] = item
        self._note_files(item)
        self.generation += 1
        self.sections[item.section_key].content_changed_at += 1

    def _take_out(self, item: PlexItem) -> None:
        del self._items[item.rating_key]
        del self._items_of_section[item.section_key][item.rating_key]
        self._forget_files(item)
        self.generation += 1
        self.sections[item.section_key].content_changed_at += 1

    def _note_files(self, item: PlexItem) -> None:
        for path in item.files:
            self._keys_of_path.setdefault(path, []).append(item.rating_key)

    def _forget_files(self, item: PlexItem) -> None:
        for path in item.files:
            self._keys_of_path[path].remove(item.rating_key)
            if not self._keys_of_path[path]:
                del self._keys_of_path[path]

    def _keep_image(self, item: PlexItem | Collection, kind: str, data: bytes) -> None:
        sha1 = hashlib.sha1(data).hexdigest()
        self.images[sha1] = data
        images_of(item, kind).all.append(sha1)


def _title_from_file(item: PlexItem) -> str:
    return title_of_file(item.files[0]) if item.files else ""


def _date_from_file(item: PlexItem) -> str | None:
    return date_of_file(item.files[0]) if item.files else None


def _value_without_metadata(item: PlexItem, attribute: str, has_agent: bool) -> Any:
    if attribute == "title":
        return _title_from_file(item)
    if attribute in TAG_ATTRIBUTES.values():
        return []
    if attribute in ("date", "year") and not has_agent:
        date = _date_from_file(item)
        return date if attribute == "date" or date is None else int(date[:4])
    return (
        "" if isinstance(getattr(item, attribute), str) and attribute not in ("title_sort", "date") else None
    )
