"""The pages of a listing by where they begin: the next one is on its way while the one before is handled.

Plex takes as long to make a page as its reader takes for it, so neither need wait for the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Event
from typing import NamedTuple

# What a page says of itself at its beginning, which is no more than a hint before all of it is read.
_CONTAINER = re.compile(rb"<MediaContainer\b[^>]*>")
_SIZES = re.compile(rb'\s(size|totalSize)="(\d{1,9})"')
_BEGINNING = 4096


class _OnItsWay(NamedTuple):
    start: int
    page: Future[bytes]


class PagesAhead:
    """Pages as bytes. `ask` gets the one that begins at a place; it is never called twice at once.

    A page that is not wanted after all, since the one before was not what it said, ends the asking ahead.
    """

    def __init__(self, ask: Callable[[int], bytes], thread: Executor) -> None:
        self._ask = ask
        self._thread = thread
        self._next: _OnItsWay | None = None
        self._is_ahead = True

    def at(self, start: int) -> bytes:
        """The page that begins here; raises what `ask` raises."""
        page = self._page(start)
        following = _following(start, page) if self._is_ahead else None
        self._next = self._begin(following) if following is not None else None
        return page

    def _page(self, start: int) -> bytes:
        coming, self._next = self._next, None
        if coming is not None and coming.start == start:
            return coming.page.result()
        if coming is not None:
            self._is_ahead = False
            # Whether it came or not, the connection is free then.
            coming.page.exception()
        return self._ask(start)

    def _begin(self, start: int) -> _OnItsWay:
        begun = Event()

        def ask() -> bytes:
            begun.set()
            return self._ask(start)

        page = self._thread.submit(ask)
        # Python lets a thread begin when another one waits; parsing would hold the request up till its end.
        begun.wait()
        return _OnItsWay(start, page)


def _following(start: int, page: bytes) -> int | None:
    """Where the next page is going to begin, by what this one says of itself; None where there is none.

    It begins with the last item of this one.
    """
    container = _CONTAINER.search(page, 0, _BEGINNING)
    sizes = dict(_SIZES.findall(container.group())) if container else {}
    size, total = int(sizes.get(b"size", 0)), int(sizes.get(b"totalSize", 0))
    return start + size - 1 if size > 1 and start + size < total else None
