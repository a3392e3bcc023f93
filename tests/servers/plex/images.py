"""What a Plex Media Server answers about images: listed, uploaded, chosen, taken away and served."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.servers.plex import elements as plex_elements
from tests.servers.plex import xml as plex_xml
from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.items import IMAGE_ATTRIBUTES, images_of
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.messages import RecordedUpload, Request, Response, content_type, error

_FIRST_BYTES_OF_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")
# The kind of image by the last part of the addresses under which one is shown, or taken away.
_SHOWN_AS = {lock: kind for kind, (_, _, _, lock) in IMAGE_ATTRIBUTES.items()}
# From this version on, images can be taken away.
_TAKES_AWAY = (1, 43)


class ImageRoutes:
    """Answers requests about the images of items, and records what was uploaded."""

    def __init__(self, library: Callable[[], PlexLibrary], behaviour: PlexBehaviour) -> None:
        self._library_now = library
        self._behaviour = behaviour
        self.uploads: list[RecordedUpload] = []
        item = r"/library/metadata/(?P<key>\d+)"
        images = r"(?P<images>posters|arts|clearLogos)"
        shown = r"(?P<shown>thumb|art|clearLogo)"
        self.routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", f"{item}/{images}", self._list),
            ("POST", f"{item}/{images}", self._upload),
            ("PUT", item + r"/(?P<kind>poster|art|clearLogo)", self._select),
            ("DELETE", f"{item}/{shown}", self._take_away),
            ("GET", item + r"/file", self._file),
            ("GET", item + "/" + shown + r"/(?P<stamp>\d+)", self._selected),
        )

    @property
    def _library(self) -> PlexLibrary:
        return self._library_now()

    def _list(self, request: Request, key: str, images: str) -> Response:
        item, kind = self._library.with_images(key), images.removesuffix("s")
        unknown = self._unknown(kind)
        if item is None or unknown is not None:
            return unknown or error(404)
        container = plex_elements.images_container(item, kind, self._behaviour.logo_folder)
        body = plex_xml.document(container, as_json=request.wants_json, name="Metadata")
        return Response(200, body, content_type(request))

    def _upload(self, request: Request, key: str, images: str) -> Response:
        kind = images.removesuffix("s")
        unknown = self._unknown(kind)
        if self._library.with_images(key) is None or unknown is not None:
            return unknown or error(404)
        data = request.body or _fetched(request.query.get("url", ""))
        is_refused = self._behaviour.refuses_non_images and not data.startswith(_FIRST_BYTES_OF_IMAGES)
        if not data or is_refused:
            return error(400)
        if kind == "clearLogo" and self._behaviour.logos == "ignored":
            return Response()
        sha1 = self._library.upload_image(key, kind, data, selects=self._behaviour.upload_selects)
        self.uploads.append(RecordedUpload(time.time(), int(key), kind, sha1, len(data)))
        return Response()

    def _select(self, request: Request, key: str, kind: str) -> Response:
        item, name = self._library.with_images(key), request.query.get("url", "")
        unknown = self._unknown(kind)
        if item is None or unknown is not None:
            return unknown or error(404)
        names = plex_elements.image_names(item, kind, self._behaviour.logo_folder)
        sha1 = next((sha1 for sha1, known in names.items() if known == name), None)
        if sha1 is None:
            return error(404)
        self._library.select_image(key, kind, sha1)
        return Response()

    def _take_away(self, request: Request, key: str, shown: str) -> Response:
        version = tuple(map(int, self._library.version.split(".")[:2]))
        if self._library.with_images(key) is None or version < _TAKES_AWAY:
            return error(404)
        self._library.select_image(key, _SHOWN_AS[shown], None)
        return Response()

    def _file(self, request: Request, key: str) -> Response:
        item, name = self._library.with_images(key), request.query.get("url", "")
        if item is None:
            return error(404)
        for kind in IMAGE_ATTRIBUTES:
            for sha1, known in plex_elements.image_names(item, kind, self._behaviour.logo_folder).items():
                if known == name:
                    return self._image(sha1)
        return error(404)

    def _selected(self, request: Request, key: str, shown: str, stamp: str) -> Response:
        item = self._library.with_images(key)
        sha1 = item and images_of(item, _SHOWN_AS[shown]).selected
        return self._image(sha1) if sha1 else error(404)

    def _image(self, sha1: str) -> Response:
        data = self._library.images[sha1]
        return Response(body=data, content_type="image/png" if data[:4] == b"\x89PNG" else "image/jpeg")

    def _unknown(self, kind: str) -> Response | None:
        """What a server says of a kind of image that it does not know; None where it knows it."""
        if kind != "clearLogo" or self._behaviour.logos in ("known", "ignored"):
            return None
        return Response() if self._behaviour.logos == "nothing" else error(int(self._behaviour.logos))


def _fetched(url: str) -> bytes:
    """The image at an address; the test server goes nowhere but to its own machine."""
    if urlsplit(url).scheme != "http" or urlsplit(url).hostname != "127.0.0.1":
        return b""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            data: bytes = answer.read()
            return data
    except OSError:
        return b""
