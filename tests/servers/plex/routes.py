"""What a Plex Media Server answers at each of its addresses."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote

from tests.servers.plex import elements as plex_elements
from tests.servers.plex import xml as plex_xml
from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.collection_routes import CollectionRoutes
from tests.servers.plex.edits import RefusedEdit, apply_edit, parse_edit
from tests.servers.plex.images import ImageRoutes
from tests.servers.plex.items import Collection, PlexItem
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.listing import Listings
from tests.servers.plex.messages import RecordedWrite, Request, Response, content_type, error
from tests.servers.plex.watching_routes import watching_routes
from tests.servers.plex.xml import Element, Exclusions, ListingTexts

Shown = TypeVar("Shown")


class PlexRoutes:
    """Answers requests from a library, and records what they changed."""

    def __init__(self, library: PlexLibrary, behaviour: PlexBehaviour) -> None:
        self.library = library
        self.behaviour = library.behaviour = behaviour
        self.writes: list[RecordedWrite] = []
        self.images = ImageRoutes(lambda: self.library, behaviour)
        self.collections = CollectionRoutes(lambda: self.library, behaviour, self.writes)
        self._texts = ListingTexts()
        self._listings = Listings()
        item = r"/library/metadata/(?P<key>\d+)"
        routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", r"/identity", self._identity),
            ("GET", r"/", self._root),
            ("GET", r"/accounts/?", self._accounts),
            ("GET", r"/library/?", self._library_root),
            ("GET", r"/library/sections(?:/all)?/?", self._sections),
            ("GET", r"/library/sections/(?P<section>\d+)", self._section),
            ("GET", r"/library/sections/(?P<section>\d+)/all", self._list),
            ("PUT", r"/library/sections/(?P<section>\d+)/all", self._edit_section),
            ("GET", r"/library/sections/(?P<section>\d+)/collections", self._list_collections),
            ("GET|POST", r"/library/sections/(?P<section>\d+)/refresh", self._scan),
            ("GET", r"/library/metadata/(?P<keys>\d+(?:,\d+)*)", self._details),
            ("PUT", r"/library/metadata/(?P<keys>\d+(?:,\d+)*)", self._edit_items),
            ("PUT", item + r"/refresh", self._refresh),
            *self.images.routes,
            *self.collections.routes,
            ("GET|PUT", r"/:/rate", self._rate),
        )
        self._routes = [
            *((methods, re.compile(pattern), answer) for methods, pattern, answer in routes),
            *watching_routes(self),
        ]

    def replace_library(self, library: PlexLibrary) -> None:
        """Answer from another library from now on."""
        library.behaviour = self.behaviour
        self.library = library
        self._texts.clear()

    def answer(self, request: Request) -> Response:
        """Answer a request whose token was accepted."""
        path = unquote(request.path)
        known = False
        for methods, pattern, answer in self._routes:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            known = True
            if request.method in methods.split("|"):
                with self.library.lock:
                    return answer(request, **found.groupdict())
        return error(405 if known else 404)

    # The server

    def _identity(self, request: Request) -> Response:
        attributes = {
            "size": 0,
            "claimed": True,
            "machineIdentifier": self.library.machine_identifier,
            "version": self.library.version,
        }
        return self.document(request, Element("MediaContainer", attributes))

    def _root(self, request: Request) -> Response:
        names = ("library", "hubs", "playlists", "search", "status")
        directories = [Element("Directory", {"count": 1, "key": name, "title": name}) for name in names]
        attributes = {
            "size": len(directories),
            "allowMediaDeletion": True,
            "allowSync": True,
            "friendlyName": self.library.friendly_name,
            "machineIdentifier": self.library.machine_identifier,
            "multiuser": True,
            "myPlex": True,
            "myPlexUsername": "owner@example.org",
            "platform": "Linux",
            "updatedAt": int(self.library.clock()),
            "version": self.library.version,
        }
        return self.document(request, Element("MediaContainer", attributes, directories))

    def _accounts(self, request: Request) -> Response:
        accounts = [
            Element("Account", {"id": number, "key": f"/accounts/{number}", "name": name})
            for number, name in enumerate(("", "owner", "guest"))
        ]
        attributes = {"size": len(accounts), "identifier": "com.plexapp.system.accounts"}
        return self.document(request, Element("MediaContainer", attributes, accounts), "Account")

    # Libraries

    def _library_root(self, request: Request) -> Response:
        directories = [Element("Directory", {"key": "sections", "title": "Library Sections"})]
        attributes = {"size": 1, "allowSync": False, "identifier": "com.plexapp.plugins.library"}
        attributes |= {"title1": "Plex Library"}
        return self.document(request, Element("MediaContainer", attributes, directories))

    def _sections(self, request: Request) -> Response:
        return self.document(request, plex_elements.sections_container(self.library))

    def _section(self, request: Request, section: str) -> Response:
        if int(section) not in self.library.sections:
            return error(404)
        directories = [
            Element("Directory", {"key": name, "title": name.title()}) for name in ("all", "collections")
        ]
        attributes = plex_elements.section_container(self.library, int(section), size=len(directories))
        return self.document(request, Element("MediaContainer", attributes, directories))

    def _list(self, request: Request, section: str) -> Response:
        if int(section) not in self.library.sections:
            return error(404)
        query = request.query
        kind = query.get("type")
        if kind is None and "file" in query:
            return error(500)
        if kind == "18":
            return self._list_collections(request, section)
        items: list[PlexItem] = []
        if kind in (None, "1"):
            items = self._listings.items(self.library, int(section), request.arguments, self.behaviour)
            items = self.library.seen_by(request.account, items)
        exclusions = _exclusions(query)
        as_json = request.wants_json

        def text(item: PlexItem) -> str:
            return self._texts.text(
                item,
                exclusions,
                lambda: plex_elements.listed_item(self.library, item, exclusions),
                as_json=as_json,
            )

        return self._page(request, int(section), items, text)

    def _list_collections(self, request: Request, section: str) -> Response:
        if int(section) not in self.library.sections:
            return error(404)
        collections = self.library.collections(int(section))

        def text(collection: Collection) -> str:
            element = plex_elements.listed_collection(collection)
            return plex_xml.element_text(element, as_json=request.wants_json)

        return self._page(request, int(section), collections, text)

    def _scan(self, request: Request, section: str) -> Response:
        if int(section) not in self.library.sections:
            return error(404)
        folder = request.query.get("path")
        inside = folder is None or self.library.sections[int(section)].holds(folder)
        if inside and self.behaviour.scans_at_once:
            self.library.scan(int(section), folder)
        return Response()

    # Items

    def _details(self, request: Request, keys: str) -> Response:
        wanted = keys.split(",")
        cap = self.behaviour.multi_id_cap
        items = self.known(wanted)
        collections = self.collections.known([key for key in wanted if self.library.item(key) is None])
        if cap is not None and len(wanted) > cap:
            items, collections = [], []
        elif not items and not collections:
            return error(404)
        items = self.library.seen_by(request.account, items)
        exclusions = _exclusions(request.query)
        elements = [plex_elements.detailed_item(self.library, item, exclusions) for item in items]
        elements += [plex_elements.detailed_collection(self.library, one) for one in collections]
        attributes = {**plex_elements.detail_container(self.library, items), "size": len(elements)}
        return self.document(request, Element("MediaContainer", attributes, elements), "Metadata")

    def _edit_section(self, request: Request, section: str) -> Response:
        if int(section) not in self.library.sections:
            return error(404)
        if request.query.get("type") == "18":
            return self.collections.edit(request, int(section))
        # The ids only narrow down whom the edit is for: without any it is for every item of the section.
        keys = [key for key in request.query.get("id", "").split(",") if key]
        items = self.known(keys) if keys else self.library.items(int(section))
        items = [item for item in items if item.section_key == int(section)]
        return self._edit(request, items, whole_library=not keys)

    def _edit_items(self, request: Request, keys: str) -> Response:
        items = self.known(keys.split(","))
        return self._edit(request, items, whole_library=False) if items else error(404)

    def _edit(self, request: Request, items: list[PlexItem], *, whole_library: bool) -> Response:
        arguments = {
            name: value
            for name, value in request.query.items()
            if name not in ("id", "type") and not name.startswith("X-Plex-")
        }
        try:
            edit = parse_edit([(argument.name, argument.value) for argument in request.arguments])
            apply_edit(self.library, items, edit, self.behaviour)
        except RefusedEdit:
            return error(400)
        rating_keys = tuple(item.rating_key for item in items)
        self.writes.append(RecordedWrite(time.time(), rating_keys, arguments, whole_library))
        return Response()

    def _refresh(self, request: Request, key: str) -> Response:
        if self.library.item(key) is None:
            return error(404)
        self.library.refresh_metadata(key)
        return Response()

    def _rate(self, request: Request) -> Response:
        item = next(iter(self.known([request.query.get("key", "")])), None)
        if item is None:
            return error(404)
        try:
            rating = float(request.query.get("rating", ""))
        except ValueError:
            return error(400)
        self.library.rate(item.rating_key, None if rating < 0 else rating, account=request.account)
        return Response()

    # Inside, and for the routes of watching

    def known(self, keys: list[str]) -> list[PlexItem]:
        """The items that there are of these keys."""
        items = (self.library.item(key) for key in dict.fromkeys(keys) if key.isdigit())
        return [item for item in items if item is not None]

    def _page(
        self, request: Request, section_key: int, shown: list[Shown], text: Callable[[Shown], str]
    ) -> Response:
        """One page of a listing, or all of it where no page was asked for."""
        start = request.plex_number("X-Plex-Container-Start")
        size = request.plex_number("X-Plex-Container-Size")
        limit = request.query.get("limit", "")
        if limit.isdigit():
            shown = shown[: int(limit)]
        total = len(shown)
        headers = {}
        attributes: dict[str, int] = {}
        if start is not None or size is not None:
            start = start or 0
            limits = [most for most in (size, self.behaviour.page_cap) if most is not None]
            shown = shown[start : start + min(limits)] if limits else shown[start:]
            headers = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Total-Size": str(total)}
            attributes = {"totalSize": total, "offset": start}
        if request.halved:
            shown = shown[: (len(shown) + 1) // 2]
        if limit:
            attributes.pop("totalSize", None)
        attributes = {"size": len(shown), **attributes}
        container = plex_elements.section_container(self.library, section_key, **attributes)
        texts = [text(one) for one in shown]
        body = plex_xml.document_of_texts(container, texts, as_json=request.wants_json, name="Metadata")
        return Response(200, body, content_type(request), headers)

    def document(self, request: Request, container: Element, name: str = "Directory") -> Response:
        """A whole document, as XML or as JSON."""
        body = plex_xml.document(container, as_json=request.wants_json, name=name)
        return Response(200, body, content_type(request))


def _exclusions(query: dict[str, str]) -> Exclusions:
    elements = frozenset(query.get("excludeElements", "").split(","))
    return Exclusions(elements, frozenset(query.get("excludeFields", "").split(",")))
