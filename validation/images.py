"""Covers out of Stash, bounded in size and time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

CHUNK = 64 * 1024
LONGEST_SECONDS = 60.0


class ImageUnusable(Exception):
    """Stash has an image that cannot be carried over, in a sentence; trying again changes nothing."""


@dataclass(frozen=True)
class FetchedImage:
    """The bytes of an image and its ETag; `content` is None where it is still the one of that ETag."""

    content: bytes | None
    etag: str


def local_path(url: str) -> str:
    """Path and query of an image's address.

    Host and scheme are those of Stash's public address where it has one, which may not be reachable
    from here and must not get our session.
    """
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def read_bounded(response: requests.Response, largest: int) -> bytes:
    """The body, as long as it is no larger than `largest` bytes and comes in reasonable time.

    Raises ImageUnusable for a larger one, requests.Timeout for a slow one.
    """
    deadline = time.monotonic() + LONGEST_SECONDS
    content = bytearray()
    for chunk in response.iter_content(CHUNK):
        content += chunk
        if len(content) > largest:
            raise ImageUnusable(f"its cover is larger than {largest:,} bytes")
        if time.monotonic() > deadline:
            raise requests.Timeout("the image came too slowly")
    return bytes(content)
