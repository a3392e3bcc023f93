"""What the owner did in Plex since the last look: one listing a library, and the history of views.

A listing tells the rating, the last view and where to go on of each item, so a look asks for the items that
were rated or watched since the last one. The first look, and one that a person asks for, list all items:
only so is a rating seen that was taken away where Plex keeps no time of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from back_to_stash.resume import ResumedItem, is_since
from plex.client import Plex
from plex.exceptions import PlexRefused
from plex.history import is_owner, newest_view, views_since
from plex.items import ListedItem
from plex.library import LibrarySection
from plex.listing import Listing
from sync_queue.brought_back import BroughtBack
from sync_queue.ratings import last_pushed
from sync_queue.state import SyncState

# Seconds: players that were not connected tell of a view days later, with its own time.
OVERLAP = 7 * 86_400


@dataclass
class News:
    """Items to look at, and how far the looks went: what and until when."""

    items: dict[int, ListedItem] = field(default_factory=dict)
    until: dict[str, int] = field(default_factory=dict)
    is_owner: bool = True


def read_news(
    plex: Plex,
    sections: Sequence[LibrarySection],
    state: SyncState,
    back: BroughtBack,
    kinds: Sequence[str],
    everything: bool,
) -> News:
    """List what was rated and watched; the views go into the journal. Raises PlexError."""
    news = News()
    if "ratings" in kinds or "resume" in kinds:
        known = back.resumes() if "resume" in kinds else {}
        since = back.until("viewed")
        for page in _pages(plex, sections, back, kinds, everything):
            _advance(news.until, page, kinds)
            if "ratings" in kinds:
                news.items.update((item.rating_key, item) for item in _newly_rated(page, state, back))
            for item in page if "resume" in kinds else ():
                key, use = item.rating_key, item.use
                is_new = is_since(use.viewed_at, since)
                if ResumedItem(key, use.offset, use.viewed_at, known.get(key), is_new).has_changed:
                    news.items[key] = item
    if "plays" in kinds:
        _read_history(plex, sections, back, everything, news)
    return news


def _pages(
    plex: Plex, sections: Sequence[LibrarySection], back: BroughtBack, kinds: Sequence[str], everything: bool
) -> Iterator[list[ListedItem]]:
    marks = {"ratings": ("rated", "lastRatedAt>>"), "resume": ("viewed", "lastViewedAt>>")}
    wanted = [marks[kind] for kind in marks if kind in kinds]
    until = {name: back.until(mark) for mark, name in wanted}
    filters = {name: max(0, (time or 0) - OVERLAP) for name, time in until.items()}
    is_first = any(time is None for time in until.values())
    for section in sections:
        yield from Listing(plex, section, either=None if everything or is_first else filters).pages()


def _advance(until: dict[str, int], page: Iterable[ListedItem], kinds: Sequence[str]) -> None:
    """How far this look goes, by Plex's own times; nothing that was ever looked at is 0."""
    if "ratings" in kinds:
        until["rated"] = max([until.get("rated", 0), *(item.use.rated_at for item in page)])
    if "resume" in kinds:
        until["viewed"] = max([until.get("viewed", 0), *(item.use.viewed_at for item in page)])


def _newly_rated(page: Sequence[ListedItem], state: SyncState, back: BroughtBack) -> Iterator[ListedItem]:
    """The items whose rating is another than when last it was the same in Stash."""
    keys = [item.rating_key for item in page]
    known = back.ratings_of(keys)
    records = state.item_records(key for key in keys if key not in known)
    for item in page:
        row = known.get(item.rating_key)
        if row is not None and row.begun is not None:
            yield item
            continue
        both = row.both if row is not None else None
        record = records.get(item.rating_key)
        if both is None and record is not None:
            both = last_pushed(record, item.use.rating)
        if item.use.rating != (both.plex if both else ""):
            yield item


def _read_history(
    plex: Plex, sections: Sequence[LibrarySection], back: BroughtBack, everything: bool, news: News
) -> None:
    """Take new views into the journal: those since the switch was turned on, unless all are asked for."""
    try:
        since = back.until("plays since")
        if since is None and not is_owner(plex):
            news.is_owner = False
            return
        if since is None:
            since = newest_view(plex)
            back.set_until("plays since", since)
            if not everything:
                return
        last = back.until("history")
        start = 0 if everything else max(since + 1, (last or 0) - OVERLAP)
        views = views_since(plex, start, {section.key for section in sections})
    except PlexRefused:
        news.is_owner = False
        return
    views = [view for view in views if not back.has_view(*view)]
    if views and not is_owner(plex):
        news.is_owner = False
        return
    back.add_views(views)
    news.until["history"] = max([last or 0, *(view.viewed_at for view in views)])
