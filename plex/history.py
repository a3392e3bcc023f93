"""What was watched, out of Plex's history: each view with its item and its time, those of the owner alone.

A listing tells how often an item was viewed and when for the last time; only the history has every view.
"Mark as unwatched" takes nothing out of it, and "mark as watched" puts nothing into it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element

from plex.client import Plex
from plex.exceptions import PlexAnswerInvalid
from plex.items import number_in
from plex.listing import PAGE_SIZE, window_headers

# On every server the account of its owner has this number; plexapi relies on it too.
OWNER = 1
_HISTORY = "/status/sessions/history/all"


class View(NamedTuple):
    """An item that was watched to its end, and when, in seconds since 1970."""

    rating_key: int
    viewed_at: int


def is_owner(plex: Plex) -> bool:
    """Whether the token is the owner's, whose views are those that are read. Raises PlexError."""
    return str(OWNER) in (plex.account_ids() or ())


def newest_view(plex: Plex) -> int:
    """When the owner watched anything for the last time; 0 for never. Raises PlexError."""
    page = plex.get(_HISTORY, {"sort": "viewedAt:desc", "accountID": OWNER}, window_headers(0, PAGE_SIZE))
    return max((view.viewed_at for view in _views(page, ())), default=0)


def views_since(plex: Plex, since: int, sections: Collection[int]) -> list[View]:
    """The owner's views at or after a time, of items of these libraries, each once. Raises PlexError."""
    views = {view for page in _pages(plex, since) for view in _views(page, sections)}
    return sorted(view for view in views if view.viewed_at >= since)


def _pages(plex: Plex, since: int) -> Iterator[Element]:
    """The pages of the history since a time, oldest first: what is watched meanwhile comes at its end."""
    arguments = {"sort": "viewedAt:asc", "accountID": OWNER, "viewedAt>": max(0, since - 1)}
    start, total = 0, 1
    while start < total:
        page = plex.get(_HISTORY, arguments, window_headers(start, PAGE_SIZE))
        came = len(list(page))
        announced = number_in(page.get("totalSize", ""))
        if announced is None and came == number_in(page.get("size", "")):
            announced = start + came
        if announced is None or (not came and start < announced):
            raise PlexAnswerInvalid("Plex did not send the whole history of what was watched. " + _LATER)
        total = announced
        yield page
        start += came


_LATER = "Run the task again."


def _views(page: Element, sections: Collection[int]) -> Iterator[View]:
    """The owner's views in a page; what the item of a view was, Plex does not tell once it is gone."""
    for video in page:
        rating_key = number_in(video.get("ratingKey", ""))
        viewed_at = number_in(video.get("viewedAt", ""))
        section = number_in(video.get("librarySectionID", ""))
        is_elsewhere = bool(sections) and section is not None and section not in sections
        if video.get("accountID") == str(OWNER) and rating_key and viewed_at and not is_elsewhere:
            yield View(rating_key, viewed_at)
