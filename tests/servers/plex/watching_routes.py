"""What a Plex Media Server answers to who watches: marks, progress, and the history of all accounts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.servers.plex.messages import Request, Response, error
from tests.servers.plex.watching import HistoryEntry
from tests.servers.plex.xml import Element

if TYPE_CHECKING:
    from tests.servers.plex.routes import PlexRoutes

Route = tuple[str, re.Pattern[str], Callable[..., Response]]
_HISTORY = "/status/sessions/history/all"
# The columns of the history by the names of its filters.
_COLUMNS: dict[str, Callable[[HistoryEntry], int]] = {
    "accountID": lambda entry: entry.account,
    "metadataItemID": lambda entry: entry.rating_key,
    "librarySectionID": lambda entry: entry.section_key,
    "viewedAt": lambda entry: entry.viewed_at,
}
# By what stands before the equals sign: `viewedAt>=5` has the name `viewedAt>` and the value 5.
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "": lambda one, other: one == other,
    ">": lambda one, other: one >= other,
    "<": lambda one, other: one <= other,
    ">>": lambda one, other: one > other,
    "<<": lambda one, other: one < other,
}


def watching_routes(routes: PlexRoutes) -> list[Route]:
    """The routes of watching, which act on the library that is served at the time."""

    def scrobble(request: Request) -> Response:
        return _act(routes, request, lambda key: routes.library.mark_watched(key, account=request.account))

    def unscrobble(request: Request) -> Response:
        return _act(routes, request, lambda key: routes.library.unwatch(key, request.account))

    def progress(request: Request) -> Response:
        time = request.query.get("time", "")
        if not time.isdigit():
            return error(400)
        return _act(
            routes, request, lambda key: routes.library.stop_at(key, int(time), account=request.account)
        )

    def history(request: Request) -> Response:
        return _history(routes, request)

    return [
        ("GET|PUT", re.compile(r"/:/scrobble"), scrobble),
        ("GET|PUT", re.compile(r"/:/unscrobble"), unscrobble),
        ("GET|PUT", re.compile(r"/:/progress"), progress),
        ("GET", re.compile(_HISTORY), history),
    ]


def _act(routes: PlexRoutes, request: Request, act: Callable[[int], None]) -> Response:
    item = next(iter(routes.known([request.query.get("key", "")])), None)
    if item is None:
        return error(404)
    act(item.rating_key)
    return Response()


def _history(routes: PlexRoutes, request: Request) -> Response:
    """The lines that the filters let through; a guest sees none but his own."""
    ignored = routes.behaviour.ignored_filters
    entries = list(routes.library.history)
    if request.account != 1:
        entries = [entry for entry in entries if entry.account == request.account]
    for argument in request.arguments:
        found = re.fullmatch(r"(\w+?)([<>]{0,2})", argument.name)
        if found and found[1] in _COLUMNS and found[1] not in ignored and argument.value.isdigit():
            column, holds = _COLUMNS[found[1]], _COMPARISONS[found[2]]
            entries = [entry for entry in entries if holds(column(entry), int(argument.value))]
    sort = request.query.get("sort", "viewedAt:desc")
    entries.sort(key=lambda entry: (entry.viewed_at, entry.id), reverse=sort.endswith(":desc"))
    return _page(routes, request, entries)


def _page(routes: PlexRoutes, request: Request, entries: list[HistoryEntry]) -> Response:
    start, size = (request.plex_number(f"X-Plex-Container-{name}") for name in ("Start", "Size"))
    attributes: dict[str, Any] = {}
    total = len(entries)
    if start is not None or size is not None:
        limits = [most for most in (size, routes.behaviour.page_cap) if most is not None]
        entries = entries[start or 0 :][: min(limits)] if limits else entries[start or 0 :]
        attributes = {"totalSize": total, "offset": start or 0}
    if request.halved:
        entries = entries[: (len(entries) + 1) // 2]
    elements = [_entry(routes, entry) for entry in entries]
    container = Element("MediaContainer", {"size": len(elements), **attributes}, elements)
    return routes.document(request, container, "Metadata")


def _entry(routes: PlexRoutes, entry: HistoryEntry) -> Element:
    """A line of the history; where its item is gone it leads to none."""
    is_there = routes.library.item(entry.rating_key) is not None
    named = is_there or routes.behaviour.history_names_what_is_gone
    return Element(
        "Video",
        {
            "historyKey": f"/status/sessions/history/{entry.id}",
            "key": f"/library/metadata/{entry.rating_key}" if named else None,
            "ratingKey": str(entry.rating_key) if named else None,
            "librarySectionID": str(entry.section_key),
            "title": entry.title,
            "type": "movie",
            "viewedAt": entry.viewed_at,
            "accountID": entry.account,
            "deviceID": 1,
        },
    )
