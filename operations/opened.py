"""The plugin's databases, open for one operation, and what every list is asked for and answers with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from pydantic import Field

from operations.context import Context
from operations.model import Request, Result
from reconciliation.html_page import address_of_item
from stash import log
from sync_queue.facts import PLEX_ADDRESS
from sync_queue.job_queue import JobQueue
from sync_queue.listing import Page
from sync_queue.manager import QueueManager
from sync_queue.state import SyncState
from sync_queue.state_database import DATABASE

# Nobody looks for more, and no list is that long.
LONGEST_SEARCH, LAST_PAGE = 1_000, 10_000_000


class SearchRequest(Request):
    """Which rows of a list; `search` is looked for in title and file, whatever its case."""

    search: str = Field("", max_length=LONGEST_SEARCH)

    @property
    def searched(self) -> str:
        """What is searched, as the state keeps titles and files for it."""
        return self.search.strip().casefold()


class ListRequest(SearchRequest):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=LAST_PAGE)


class Listed(Result):
    """A page of a list, of which there are so many; `total` is how many rows fit."""

    total: int
    page: int
    pages: int


def numbers_of(page: Page[Any]) -> dict[str, int]:
    """What of a page is the same for every list."""
    return {"total": page.total, "page": page.page, "pages": page.pages}


@contextmanager
def open_state(context: Context) -> Iterator[SyncState]:
    """The state, open for a moment. Raises OSError or sqlite3.Error."""
    with closing(SyncState(context.data_dir)) as state:
        yield state


@contextmanager
def open_queue(context: Context) -> Iterator[JobQueue]:
    """The queue, open for a moment, with what hooks wrote down. Raises OSError or sqlite3.Error."""
    with closing(QueueManager(context.data_dir)) as manager:
        if manager.notice:
            log.warning(manager.notice)
        yield manager.get_queue()


def titles_in(context: Context) -> str:
    """The database that has the titles of scenes, which the queue's list is searched by."""
    return os.path.join(context.data_dir, DATABASE)


def cover_of(scene_id: int) -> str:
    """Where Stash shows the cover of a scene."""
    return f"/scene/{scene_id}/screenshot"


class PlexAddresses:
    """Where a browser shows the items of the Plex that was compared last."""

    def __init__(self, state: SyncState) -> None:
        self._plex = state.fact(PLEX_ADDRESS) or ""
        self._machine_identifier = state.machine_identifier

    def of(self, rating_key: int | None) -> str | None:
        """The address of an item's page; None where there is no item, or nothing is known of Plex."""
        if not rating_key or not self._plex or not self._machine_identifier:
            return None
        return address_of_item(self._plex, self._machine_identifier, rating_key)
