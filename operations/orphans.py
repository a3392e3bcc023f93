"""The operation `orphans`: the Plex items that no scene owns, as the last search found them."""

from __future__ import annotations

from typing import Literal

from operations.context import Context
from operations.model import Result
from operations.opened import Listed, ListRequest, PlexAddresses, numbers_of, open_state
from plex.items import number_in
from sync_queue.facts import ORPHANS_AT
from sync_queue.orphan_records import FoundOrphan

Kind = Literal["all", "orphans", "uncertain", "ignored"]


class OrphansRequest(ListRequest):
    """Which items: of one library, by its key, or of all; `ignored` has those that are in no other list."""

    library: str | None = None
    kind: Kind = "all"


class OrphanRow(Result):
    """An item without a scene; title and file are empty where no more than its key was read."""

    rating_key: int
    title: str
    file: str
    library: str
    plex_address: str | None
    is_uncertain: bool
    is_ignored: bool


class LibraryRow(Result):
    """How many items a library has, and how many of them surely and perhaps belong to no scene."""

    key: str
    title: str
    items: int
    orphans: int
    uncertain: int


class Orphans(Listed):
    """A page of them, when they were found, and how many there are in each library."""

    rows: list[OrphanRow]
    found_at: float | None
    libraries: list[LibraryRow]


def section_key_of(library: str | None) -> int | None:
    """The key of a library that was asked for, None for all; one that no library has where it is none."""
    if not library:
        return None
    return number_in(library) or -1


def list_orphans(request: OrphansRequest, context: Context) -> Orphans:
    """What the last search found."""
    with open_state(context) as state:
        section_key = section_key_of(request.library)
        page = state.orphans.page(request.kind, section_key, request.searched, request.page)
        addresses = PlexAddresses(state)
        return Orphans(
            **numbers_of(page),
            rows=[_row(orphan, addresses) for orphan in page.rows],
            found_at=state.time(ORPHANS_AT),
            libraries=[
                LibraryRow(
                    key=str(one.section_key),
                    title=one.title,
                    items=one.items,
                    orphans=one.orphans,
                    uncertain=one.uncertain,
                )
                for one in state.orphans.libraries()
            ],
        )


def _row(orphan: FoundOrphan, addresses: PlexAddresses) -> OrphanRow:
    return OrphanRow(
        rating_key=orphan.rating_key,
        title=orphan.title,
        file=orphan.file,
        library=orphan.library,
        plex_address=addresses.of(orphan.rating_key),
        is_uncertain=orphan.is_uncertain,
        is_ignored=orphan.is_ignored,
    )
