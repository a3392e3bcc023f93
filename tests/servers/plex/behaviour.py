"""How a test makes the Plex test server differ: switches for what nobody knows of Plex, and faults."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.plex.items import TAG_ATTRIBUTES

FaultKind = Literal["refuse", "hang", "drop", "drip", "status", "invalid_xml", "half_page", "apply_then_drop"]
MAINTENANCE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Response code="503" title="Maintenance" '
    b'status="Plex Media Server is currently running database migrations."/>\n'
)


@dataclass
class PlexBehaviour:
    """One switch for each thing that is not settled about the real server."""

    # A tag list in an edit replaces what the item has; otherwise it is added.
    tags_replace: bool = False
    # Where the actors of an edit come: behind those that are there, in their order before all others, or as
    # all actors by their numbers.
    role_order: Literal["behind", "as_sent", "by_number"] = "behind"
    # Listings are sorted by number where somebody asks for that alone; otherwise they come by title.
    sorts_by_id: bool = True
    # What happens to the case of a tag that the server did not know.
    title_case_new_tags: Literal["all_words", "first_letter", "off"] = "all_words"
    # The kinds of tag (as in edits: genre, actor …) that this holds for.
    title_cased_kinds: frozenset[str] = frozenset(TAG_ATTRIBUTES)
    # A page has at most so many items, whatever was asked.
    page_cap: int | None = None
    # A request for more items than this by their keys gets an empty answer.
    multi_id_cap: int | None = None
    # A longer address is refused with 414.
    maximum_url: int | None = None
    # Texts and tags lose the white space around them.
    trims_text: bool = False
    # What a date does that is none: the edit fails, the field stays, or the field is emptied.
    invalid_date: Literal["400", "ignored", "cleared"] = "ignored"
    # Bytes that are no image are refused with 400.
    refuses_non_images: bool = False
    # What the server says of logos; an older one does not know them, and says so in one of these ways.
    logos: Literal["known", "404", "400", "nothing", "ignored"] = "known"
    # In the names of uploaded logos.
    logo_folder: str = "clearLogos"
    # An image that is uploaded is the one that is shown from then on, and locked.
    upload_selects: bool = True
    # Where an image was taken away, that of the server itself is shown once it is unlocked; otherwise after
    # the next refresh.
    automatic_image_returns_at_once: bool = False
    # The filter by file looks anywhere in the path, or compares the file's name; ASCII letters in either
    # case are the same to it, and accents are what bytes they are.
    file_filter: Literal["part_of_path", "file_name"] = "part_of_path"
    # What a guest meets who asks for what is the owner's: an edit, or the list of accounts.
    refusal_of_guests: Literal[401, 403] = 401
    # What becomes of the time of a rating that is taken away.
    clearing_a_rating: Literal["dates_it", "keeps_its_date", "drops_its_date"] = "dates_it"
    # An edit of a rating together with other fields notes its time, as the click on a star does.
    edits_date_a_rating: bool = True
    # What a rating of 0 to 10 is kept as: as it was sent, in halves of a point, or in points (half stars).
    ratings_are_kept: Literal["as_sent", "in_halves", "in_half_stars"] = "as_sent"
    # Somebody who leaves a film in its middle has viewed it at that time.
    leaving_is_viewing: bool = True
    # Marking a film as watched leaves a line in the history, as watching it does.
    marking_leaves_history: bool = False
    # A line of the history keeps the rating key of an item that is gone.
    history_names_what_is_gone: bool = False
    # Filters that are passed over, in listings and in the history (lastViewedAt, accountID, viewedAt …).
    ignored_filters: frozenset[str] = frozenset()
    # `>>=` lets through what is equal as well.
    after_is_inclusive: bool = False
    # A scan that was asked for happens at once; otherwise only when the test calls `library.scan`.
    scans_at_once: bool = True
    # Answers are compressed for those who accept it.
    gzip: bool = True


@dataclass(eq=False)
class Fault:
    """One way in which the server fails, for the requests that match."""

    kind: FaultKind
    path: str | re.Pattern[str] = ""
    method: str | None = None
    times: int | None = None
    after: int = 0
    code: int = 503
    body: bytes = MAINTENANCE
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.5
    hits: int = 0
    # Set once a request has met the fault; a test waits for this instead of sleeping.
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def matches(self, method: str, target: str) -> bool:
        """Tell whether the fault is meant for a request; `target` is its path with the query."""
        if self.method is not None and method != self.method:
            return False
        if isinstance(self.path, str):
            return target.startswith(self.path)
        return self.path.search(target) is not None


class Faults:
    """The faults that are set at the moment; the first one that matches a request is used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        kind: FaultKind,
        path: str | re.Pattern[str] = "",
        *,
        method: str | None = None,
        times: int | None = None,
        after: int = 0,
        code: int = 503,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = 0.5,
    ) -> Fault:
        """Let requests fail.

        `path` is how the path begins, or a pattern that is searched for in path and query; `times` is how
        often the fault strikes (None: always), after it has let `after` matching requests pass.

        The kinds:
        refuse: the connection is closed without an answer.
        hang: the request waits until it is released, then is answered as if nothing had been.
        drop: half of the answer comes, then the connection is closed.
        drip: the answer comes in small pieces over so many `seconds`.
        status: the answer is `code` with `body` and `headers`; nothing is applied. For 503 the body is what
            a server says that is migrating its database.
        invalid_xml: the answer is whole as HTTP, but its document breaks off in the middle.
        half_page: a listing has half of the items that were asked for.
        apply_then_drop: the request is carried out, but its answer never comes.
        """
        if body is None:
            body = MAINTENANCE if code == 503 else error_page(code)
        fault = Fault(kind, path, method, times, after, code, body, headers or {}, seconds)
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Take one fault back, and let go who hangs in it."""
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)
        fault.released.set()

    def clear(self) -> None:
        """Take all faults back."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.released.set()

    def release(self) -> None:
        """Let go every request that hangs; those that come later do not hang either."""
        with self._lock:
            for fault in self._faults:
                fault.released.set()

    def strike(self, method: str, target: str) -> Fault | None:
        """The fault that a request meets, counted."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(method, target):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is None or fault.hits < fault.times:
                    fault.hits += 1
                    return fault
        return None


_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    414: "Request-URI Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_TO_WEB_APP = (
    "<script>window.location = window.location.href.match(/(^.+\\/)[^\\/]*$/)[1] + 'web/index.html';</script>"
)


def error_page(status: int, *, at_root: bool = False) -> bytes:
    """What Plex says of an error: HTML, to every client; at the root it leads browsers to the web app."""
    title = _TITLES.get(status, "Error")
    script = _TO_WEB_APP if at_root and status == 401 else ""
    head = f"<head>{script}<title>{title}</title></head>"
    return f"<html>{head}<body><h1>{status} {title}</h1></body></html>".encode()
