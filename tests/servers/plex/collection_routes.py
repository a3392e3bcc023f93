"""What a Plex Media Server answers about its collections, beside their listing and their images."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.servers.plex import elements as plex_elements
from tests.servers.plex import xml as plex_xml
from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.collections import FIELDS, TitleTaken
from tests.servers.plex.edits import new_spelling
from tests.servers.plex.items import Collection
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.messages import RecordedWrite, Request, Response, content_type, error
from tests.servers.plex.xml import Element

# More children than this are given in pages only.
_MOST_CHILDREN = 100


class CollectionRoutes:
    """Answers requests about collections, and records what they changed."""

    def __init__(
        self, library: Callable[[], PlexLibrary], behaviour: PlexBehaviour, writes: list[RecordedWrite]
    ) -> None:
        self._library_now = library
        self._behaviour = behaviour
        self._writes = writes
        collection = r"/library/(?:collections|metadata)/(?P<key>\d+)"
        self.routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", r"/library/collections/(?P<key>\d+)", self._details),
            ("GET", collection + "/children", self._children),
            ("PUT", collection + "/prefs", self._prefs),
            ("PUT", collection + r"/items/(?P<item>\d+)/move", self._move),
        )

    @property
    def _library(self) -> PlexLibrary:
        return self._library_now()

    def known(self, keys: list[str]) -> list[Collection]:
        """The collections with these rating keys."""
        found = (self._library.all_collections.get(key) for key in dict.fromkeys(keys) if key.isdigit())
        return [collection for collection in found if collection is not None]

    def edit(self, request: Request, section_key: int) -> Response:
        """An edit of a section's items of type 18; as with others, without an id it is for all of them."""
        keys = [key for key in request.query.get("id", "").split(",") if key]
        chosen = self.known(keys) if keys else self._library.collections(section_key)
        collections = [one for one in chosen if one.section_key == section_key]
        arguments = {name: value for name, value in request.query.items() if name not in ("id", "type")}
        values = {name[:-6]: value for name, value in arguments.items() if name.endswith(".value")}
        locks = {name[:-7]: value == "1" for name, value in arguments.items() if name.endswith(".locked")}
        for collection in collections:
            try:
                known = {name: value for name, value in values.items() if name in FIELDS}
                self._library.all_collections.change(collection, self._as_written(collection, known))
            except TitleTaken:
                return error(409)
            for name, locked in locks.items():
                (collection.locked.add if locked else collection.locked.discard)(name)
        rating_keys = tuple(collection.rating_key for collection in collections)
        self._writes.append(RecordedWrite(time.time(), rating_keys, arguments, not keys))
        return Response()

    def _as_written(self, collection: Collection, values: dict[str, str]) -> dict[str, str]:
        """The values as the server keeps them: a title that it does not know it may write in its own way."""
        if self._behaviour.trims_text:
            values = {name: value.strip() for name, value in values.items()}
        title = values.get("title")
        if title and title.casefold() != collection.title.casefold():
            values["title"] = self._library.tag(
                "collection", title, new_spelling("collection", title, self._behaviour)
            ).name
        return values

    def _details(self, request: Request, key: str) -> Response:
        collections = self.known([key])
        if not collections:
            return error(404)
        elements = [plex_elements.detailed_collection(self._library, one) for one in collections]
        container = Element(
            "MediaContainer", {"size": 1, "identifier": "com.plexapp.plugins.library"}, elements
        )
        return Response(
            200,
            plex_xml.document(container, as_json=request.wants_json, name="Metadata"),
            content_type(request),
        )

    def _children(self, request: Request, key: str) -> Response:
        collections = self.known([key])
        if not collections:
            return error(404)
        members = self._library.all_collections.members(collections[0])
        start = request.plex_number("X-Plex-Container-Start")
        size = request.plex_number("X-Plex-Container-Size")
        if start is None and size is None and len(members) > _MOST_CHILDREN:
            return error(400)
        begin = start or 0
        shown = members[begin : begin + (len(members) if size is None else size)]
        attributes = {"size": len(shown), "totalSize": len(members), "offset": begin}
        elements = [plex_elements.listed_item(self._library, item) for item in shown]
        container = Element("MediaContainer", attributes, elements)
        return Response(
            200,
            plex_xml.document(container, as_json=request.wants_json, name="Metadata"),
            content_type(request),
        )

    def _prefs(self, request: Request, key: str) -> Response:
        collections = self.known([key])
        sort, mode = request.query.get("collectionSort"), request.query.get("collectionMode")
        if not collections:
            return error(404)
        if sort is not None and sort not in ("0", "1", "2"):
            return error(400)
        if sort is not None:
            self._library.all_collections.sort_by(collections[0], int(sort))
        if mode is not None:
            collections[0].mode = int(mode)
        self._library.touch(collections[0])
        return Response()

    def _move(self, request: Request, key: str, item: str) -> Response:
        collections, after = self.known([key]), request.query.get("after")
        if not collections:
            return error(404)
        behind = int(after) if after and after.isdigit() else None
        if not self._library.all_collections.move(collections[0], int(item), behind):
            return error(404)
        self._library.touch(collections[0])
        return Response()
