"""Covers out of Stash: what each answer of Stash says about a cover."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from stash.exceptions import CoverUnavailable, ImageUnusable, StashRefused
from transport.bounded_answer import AnswerTooLarge, read_whole
from validation.amounts import number

REFUSED = (401, 403, 498)
# How images begin: JPEG, PNG, GIF, BMP, TIFF, JPEG XL. WebP, AVIF and HEIC say so a few bytes later.
_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
)


@dataclass(frozen=True)
class NoCover:
    """Stash has no image: it drew its placeholder. Nothing else says so."""


@dataclass(frozen=True)
class CoverUnchanged:
    """The image is still the one of the ETag that was asked with."""

    etag: str


@dataclass(frozen=True)
class FetchedImage:
    """The bytes of an image, and the ETag under which Stash knows them."""

    content: bytes
    etag: str


Cover = NoCover | CoverUnchanged | FetchedImage


def read_cover(response: requests.Response, etag: str, largest: int, what: str = "cover") -> Cover:
    """What Stash's answer says of a cover that was asked for with `etag` (empty for none).

    `what` it is called in words. Raises StashRefused, CoverUnavailable where this is not known now,
    ImageUnusable.
    """
    status = response.status_code
    if status in REFUSED or "/login" in response.headers.get("Location", ""):
        raise StashRefused(f"Stash did not accept the plugin's session for a {what}. Run the task again.")
    if status == 304 and etag:
        return CoverUnchanged(etag)
    if status != 200:
        raise CoverUnavailable(f"Stash answered {status} for a {what}.")
    content = _content(response, largest, what)
    kind = response.headers.get("Content-Type", "").lower()
    # Stash generates no covers of this kind. It draws one for a scene that has none.
    if kind.startswith("image/svg") and b"<svg" in content[:1000]:
        return NoCover()
    if not kind.startswith("image/") or not _begins_like_an_image(content):
        raise CoverUnavailable(f"Stash answered something for a {what} that is no image.")
    return FetchedImage(content, response.headers.get("ETag", ""))


def _content(response: requests.Response, largest: int, what: str) -> bytes:
    try:
        return read_whole(response, largest)
    except AnswerTooLarge as error:
        # Stash says how large an image is; what only goes on and on is none.
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > largest:
            raise ImageUnusable(f"its {what} is larger than {number(largest)} bytes") from error
        raise CoverUnavailable(f"Stash sent a {what} that did not end.") from error
    except requests.RequestException as error:
        raise CoverUnavailable(f"Stash broke off a {what} ({type(error).__name__}).") from error


def _begins_like_an_image(content: bytes) -> bool:
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return content.startswith(_BEGINNINGS) or is_webp or content[4:8] == b"ftyp"
