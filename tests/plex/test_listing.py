"""Listings of libraries in which items come and go meanwhile: all that is there, or an error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plex.listing
from plex.client import ORDER, ORDER_WHERE_DATES_MOVE, Plex, connect
from plex.exceptions import PlexItemUnusable, PlexListingChanged
from plex.library import LibrarySection
from plex.listing import Listing, items_with_file_name
from tests.builders.values import a_config
from tests.servers import odd_documents
from tests.servers.plex.arrangement import a_film, a_library
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer

Change = Callable[[PlexLibrary], object]
FILMS = LibrarySection(1, "Films", ("/media",))
YEARS_AGO = 1_000_000_000


@pytest.fixture(autouse=True)
def by_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings are read four items at a time."""
    monkeypatch.setattr(plex.listing, "PAGE_SIZE", 4)


@pytest.fixture
def eleven(library: PlexLibrary) -> PlexLibrary:
    """A library of eleven films, the first ones added first."""
    for number in range(11):
        a_film(library, f"film {number}", added_at=1_600_000_000 + number)
    return library


def read(connection: Plex, library: PlexLibrary, change: Change, after: int) -> tuple[set[int], Listing]:
    """The rating keys of a listing during which the library changes; those that are gone left out."""
    listing = Listing(connection, FILMS)
    keys: set[int] = set()
    for number, page in enumerate(listing.pages(), start=1):
        keys.update(item.rating_key for item in page)
        if number == after:
            change(library)
    return keys - listing.gone, listing


def remove(*keys: int) -> Change:
    def change(library: PlexLibrary) -> None:
        for key in keys:
            library.remove_item(key)

    return change


def remove_at(library: PlexLibrary, place: int) -> None:
    items = library.items()
    if items:
        library.remove_item(items[place].rating_key)


def add_in_front(library: PlexLibrary) -> None:
    a_film(library, "of an older day", added_at=YEARS_AGO)


def exchange(library: PlexLibrary) -> None:
    """As many come as go, so that their number stays."""
    library.remove_item(2)
    a_film(library, "newest")


@pytest.mark.parametrize(
    "change",
    [remove(1), remove(2, 3), remove(10), remove(5, 6, 7, 8), add_in_front, exchange],
    ids=["one", "two", "at the end", "a page", "added in front", "exchanged"],
)
@pytest.mark.parametrize("after_pages", [1, 2])
def test_what_comes_and_goes_while_a_library_is_listed_lets_no_other_item_be_missed(
    plex: Plex, eleven: PlexLibrary, change: Change, after_pages: int
) -> None:
    keys, listing = read(plex, eleven, change, after_pages)
    there = {item.rating_key for item in eleven.items()}
    assert keys == there
    assert listing.count == len(there)


def test_items_that_were_added_in_one_second_are_each_listed_once(server: PlexTestServer, plex: Plex) -> None:
    for number in range(11):
        a_film(server.library, f"film {number}", added_at=YEARS_AGO)
    pages = list(Listing(plex, FILMS).pages())
    assert [item.rating_key for page in pages for item in page] == list(range(1, 12))
    assert len(server.requests) == 4


def test_a_library_that_changes_each_time_is_not_taken_for_known(plex: Plex, eleven: PlexLibrary) -> None:
    def remove_one(_: object) -> None:
        eleven.remove_item(eleven.items()[0].rating_key)

    with pytest.raises(PlexListingChanged, match="“Films” kept changing"):
        list(map(remove_one, Listing(plex, FILMS).pages()))


@pytest.mark.usefixtures("eleven")
def test_a_server_that_sends_the_same_page_again_and_again_is_not_read_for_ever(
    server: PlexTestServer, plex: Plex
) -> None:
    body = b'<MediaContainer size="4" totalSize="11">' + b'<Video ratingKey="1"/>' * 4 + b"</MediaContainer>"
    server.faults.add("status", "/library/sections/1/all", code=200, body=body)
    with pytest.raises(PlexListingChanged):
        list(Listing(plex, FILMS).pages())
    assert len(server.requests) < 20


@pytest.mark.usefixtures("eleven")
def test_a_file_that_an_unusable_item_may_have_is_not_said_to_be_in_no_item(
    server: PlexTestServer, plex: Plex
) -> None:
    a_film(server.library, "again/film 1")
    server.odd_answers.add(odd_documents.ONE_ODD_VALUE, "GET /library/sections/*/all by file")
    with pytest.raises(PlexItemUnusable, match="Plex sent item 2 with a file whose size"):
        items_with_file_name(plex, FILMS, "film 1.mkv")


EVENTS = st.lists(st.sampled_from(["remove first", "remove last", "add", "add in front"]), max_size=2)


@given(st.integers(0, 13), st.lists(EVENTS, max_size=6))
def test_a_listing_is_complete_or_an_error_whatever_happens_meanwhile(
    count: int, between: list[list[str]]
) -> None:
    library = a_library()
    changes: dict[str, Callable[[int], object]] = {
        "remove first": lambda _: remove_at(library, 0),
        "remove last": lambda _: remove_at(library, -1),
        "add": lambda number: a_film(library, f"new {number}"),
        "add in front": lambda number: a_film(library, f"old {number}", added_at=YEARS_AGO + number),
    }
    for number in range(count):
        a_film(library, f"film {number}", added_at=1_600_000_000)
    at_start = {item.rating_key for item in library.items()}
    with PlexTestServer(library) as server:
        listing = Listing(Plex(server.url, server.token, "x"), FILMS)
        keys: set[int] = set()
        try:
            for number, page in enumerate(listing.pages()):
                keys.update(item.rating_key for item in page)
                for place, event in enumerate(between[number] if number < len(between) else ()):
                    changes[event](10 * number + place)
        except PlexListingChanged:
            return
    there = {item.rating_key for item in library.items()}
    assert keys - listing.gone >= there & at_start


@pytest.mark.parametrize("order", [ORDER, ORDER_WHERE_DATES_MOVE])
@pytest.mark.parametrize(
    "moved", [{8: 1}, {1: 2_000_000_000}, {8: 1, 2: 2_000_000_000}, {4: 1}, {5: 1, 3: 9}]
)
@pytest.mark.parametrize("sorts_by_id", [True, False])
def test_dates_that_are_written_while_a_library_is_listed_let_no_item_be_missed(
    server: PlexTestServer, eleven: PlexLibrary, order: str, moved: dict[int, int], sorts_by_id: bool
) -> None:
    server.behaviour.sorts_by_id = sorts_by_id

    def move(library: PlexLibrary) -> None:
        for key, added_at in moved.items():
            library.edit_by_hand(key, added_at=added_at, title=f"{added_at:010} {key}")

    connection = Plex(server.url, server.token, "x", order=order)
    requests = len(server.requests)
    keys, listing = read(connection, eleven, move, 1)
    assert keys == {item.rating_key for item in eleven.items()}
    assert listing.count == 11
    if order == ORDER_WHERE_DATES_MOVE and sorts_by_id:
        assert len(server.requests) - requests == 4


def test_where_the_date_added_is_written_libraries_are_listed_by_what_no_edit_moves(
    server: PlexTestServer, tmp_path: Path
) -> None:
    settings = {"plex_url": server.url, "plex_token": server.token}
    assert connect(a_config(**settings), tmp_path).order == ORDER
    written = connect(a_config(**settings, date_added="created"), tmp_path)
    assert written.order == written.another().order == ORDER_WHERE_DATES_MOVE
