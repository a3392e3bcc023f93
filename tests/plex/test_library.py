"""Reading Plex's libraries, over real HTTP with the real plexapi."""

from __future__ import annotations

from typing import Any

import pytest

import plex.listing
from plex.client import Plex
from plex.exceptions import LibraryNotFound, NoMovieLibrary, PlexAnswerInvalid
from plex.items import ListedItem, Part
from plex.library import (
    LibrarySection,
    read_items,
    read_sections,
)
from plex.listing import Listing, count_items, items_with_file_name
from tests.servers import odd_answers, odd_documents
from tests.servers.plex.arrangement import a_film
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer


def listed(connection: Plex, section: LibrarySection) -> list[ListedItem]:
    return [item for page in Listing(connection, section).pages() for item in page]


@pytest.fixture
def by_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listings are read four items at a time."""
    monkeypatch.setattr(plex.listing, "PAGE_SIZE", 4)


# Sections


@pytest.fixture
def several(library: PlexLibrary) -> PlexLibrary:
    library.add_section("Clips", locations=("/clips", "/more clips"))
    library.add_section("Shows", type="show")
    library.add_section("Musik & Töne", type="artist")
    return library


@pytest.mark.usefixtures("several")
def test_all_movie_libraries_are_meant_where_none_is_named(plex: Plex) -> None:
    assert read_sections(plex, ()) == [
        LibrarySection(1, "Films", ("/media",)),
        LibrarySection(2, "Clips", ("/clips", "/more clips")),
    ]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("name", ["Clips", "clips", "CLIPS"])
def test_a_library_is_found_without_regard_to_case(plex: Plex, name: str) -> None:
    assert [section.key for section in read_sections(plex, (name,))] == [2]


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("wrong", ["Flims", "Shows", "Musik & Töne", ""])
def test_a_library_that_plex_does_not_have_for_films_is_named_with_those_it_has(
    plex: Plex, wrong: str
) -> None:
    with pytest.raises(LibraryNotFound) as raised:
        read_sections(plex, ("Films", wrong))
    words = str(raised.value)
    assert f"(plex_library) names “{wrong}”," in words
    assert words.endswith("Movie libraries in Plex: “Films”, “Clips”.")


def test_a_server_without_movie_libraries_says_none(plex: Plex, library: PlexLibrary) -> None:
    library.sections[1].type = "show"
    with pytest.raises(NoMovieLibrary):
        read_sections(plex, ())
    with pytest.raises(LibraryNotFound, match=r"Movie libraries in Plex: none\."):
        read_sections(plex, ("Films",))


@pytest.mark.parametrize("wanted", [(), ("Films",)])
def test_a_server_that_lists_no_library_at_all_is_not_said_to_lack_the_one_that_a_setting_names(
    plex: Plex, library: PlexLibrary, wanted: tuple[str, ...]
) -> None:
    library.sections.clear()
    with pytest.raises(NoMovieLibrary):
        read_sections(plex, wanted)


@pytest.mark.usefixtures("several")
@pytest.mark.parametrize("kind", [odd_answers.NULL, odd_documents.ONE_WITHOUT_KEY])
def test_half_a_list_of_libraries_is_not_taken_for_all_of_them(
    server: PlexTestServer, plex: Plex, kind: str
) -> None:
    server.odd_answers.add(kind, "GET /library/sections")
    with pytest.raises(PlexAnswerInvalid):
        read_sections(plex, ("Clips",))


# Listings

LISTED = "GET /library/sections/*/all"


@pytest.mark.usefixtures("by_four")
@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (4, 1), (5, 2), (7, 2), (8, 3), (10, 3)])
def test_every_item_is_listed_once_across_page_borders(
    server: PlexTestServer, plex: Plex, films: LibrarySection, count: int, requests: int
) -> None:
    for number in range(count):
        a_film(server.library, f"film {number}")
    assert [item.rating_key for item in listed(plex, films)] == list(range(1, count + 1))
    assert len(server.requests) == requests
    assert count_items(plex, films) == count


@pytest.mark.usefixtures("by_four")
@pytest.mark.parametrize("cap", [1, 3])
def test_pages_that_are_smaller_than_asked_for_lose_no_item(
    server: PlexTestServer, plex: Plex, films: LibrarySection, cap: int
) -> None:
    server.behaviour.page_cap = cap
    for number in range(10):
        a_film(server.library, f"film {number}")
    assert [item.rating_key for item in listed(plex, films)] == list(range(1, 11))


@pytest.mark.usefixtures("by_four")
def test_half_a_page_loses_no_item(server: PlexTestServer, plex: Plex, films: LibrarySection) -> None:
    for number in range(10):
        a_film(server.library, f"film {number}")
    server.faults.add("half_page", times=2)
    assert [item.rating_key for item in listed(plex, films)] == list(range(1, 11))


@pytest.mark.usefixtures("by_four")
def test_an_item_that_is_edited_during_the_listing_shifts_no_other(
    server: PlexTestServer, plex: Plex, films: LibrarySection
) -> None:
    for number in range(10):
        a_film(server.library, f"film {number}", title=f"{number}", added_at=1_600_000_000 + number)
    pages = Listing(plex, films).pages()
    found = [item.rating_key for item in next(pages)]
    server.library.edit_by_hand(2, title="zzz")
    server.library.edit_by_hand(9, title="0")
    assert found + [item.rating_key for page in pages for item in page] == list(range(1, 11))


@pytest.mark.usefixtures("by_four")
def test_a_listing_that_ends_too_early_is_an_error_not_a_small_library(
    server: PlexTestServer, plex: Plex, films: LibrarySection
) -> None:
    for number in range(10):
        a_film(server.library, f"film {number}")
    empty = b'<?xml version="1.0"?><MediaContainer size="0" totalSize="10" offset="4"/>'
    server.faults.add("status", "/library/sections/1/all", after=1, code=200, body=empty)
    with pytest.raises(PlexAnswerInvalid, match=r"announced 10 items in library “Films” and sent 4"):
        listed(plex, films)


def test_a_listing_without_a_total_is_read(server: PlexTestServer, plex: Plex, films: LibrarySection) -> None:
    body = (
        b'<?xml version="1.0"?><MediaContainer size="1"><Video ratingKey="7" summary="x"><Media>'
        b'<Part file="/media/a.mkv" size="5"/><Part file="/media/b.mkv"/></Media></Video></MediaContainer>'
    )
    server.faults.add("status", "/library/sections/1/all", code=200, body=body)
    assert listed(plex, films) == [
        ListedItem(7, 1, True, (Part("/media/a.mkv", 5), Part("/media/b.mkv", None)))
    ]


@pytest.mark.parametrize("kind", [odd_documents.ONE_WITHOUT_KEY, odd_documents.ONE_ODD_VALUE])
def test_a_listed_item_that_cannot_be_used_is_named_and_the_others_are_listed(
    server: PlexTestServer, plex: Plex, films: LibrarySection, kind: str
) -> None:
    for name in ("bad", "two", "three"):
        a_film(server.library, name)
    server.odd_answers.add(kind, LISTED)
    listing = Listing(plex, films)
    assert [item.rating_key for page in listing.pages() for item in page] == [2, 3]
    (unusable,) = listing.unusable
    assert (listing.count, unusable.paths) == (3, ("/media/bad.mkv",))


@pytest.mark.parametrize(
    "container",
    [
        b"<MediaContainer/>",
        b'<MediaContainer size="0"/>',
        b'<MediaContainer size="0" totalSize=""/>',
        b'<MediaContainer size="3" offset="0"/>',
        b'<MediaContainer size="0" totalSize="0" librarySectionID="2"/>',
    ],
)
def test_nothing_is_no_number_of_items(
    server: PlexTestServer, plex: Plex, films: LibrarySection, container: bytes
) -> None:
    a_film(server.library)
    server.faults.add("status", "/library/sections/1/all", code=200, body=container)
    for ask in (lambda: count_items(plex, films), lambda: listed(plex, films)):
        with pytest.raises(PlexAnswerInvalid, match="“Films”"):
            ask()
    with pytest.raises(PlexAnswerInvalid):
        items_with_file_name(plex, films, "one.mkv")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"title": "A title", "directors": ("D",), "collections": ("C",), "labels": ("L",)}, False),
        ({"user_rating": 8.0, "content_rating": "XXX"}, False),
        ({"studio": "S"}, True),
        ({"summary": "s"}, True),
        ({"date": "2014-01-01"}, False),
        ({"genres": ("One", "Two", "Three", "Four")}, True),
        ({"roles": ("R",)}, True),
    ],
)
def test_an_item_is_empty_while_plex_knows_nothing_but_its_file(
    server: PlexTestServer, plex: Plex, films: LibrarySection, fields: dict[str, Any], expected: bool
) -> None:
    a_film(server.library, **fields)
    (item,) = listed(plex, films)
    assert item.has_metadata is expected
    assert read_items(plex, [1])[1].as_listed() == item


@pytest.mark.parametrize(("locked", "expected"), [((), False), (("originallyAvailableAt",), True)])
def test_a_date_out_of_the_file_is_no_metadata_and_a_locked_one_is(
    server: PlexTestServer, plex: Plex, locked: tuple[str, ...], expected: bool
) -> None:
    film = a_film(server.library, locked=locked)
    assert film.date
    assert read_items(plex, [1])[1].as_listed().has_metadata is expected


def test_control_characters_in_an_item_spoil_nothing(
    server: PlexTestServer, plex: Plex, films: LibrarySection
) -> None:
    a_film(server.library, summary="a\x0bb\x00c", genres=("x\x1fy",))
    a_film(server.library, "two")
    assert [item.rating_key for item in listed(plex, films)] == [1, 2]
    fields = read_items(plex, [1])[1].fields
    assert (fields.text("summary"), fields.tags("genre")) == ("abc", ("xy",))


def test_all_files_of_all_versions_are_listed(
    server: PlexTestServer, plex: Plex, films: LibrarySection
) -> None:
    versions = ((("/media/a1.mkv", 1), ("/media/a2.mkv", 2)), (("/media/b.mkv", 3),))
    server.library.add_item(1, versions=versions)
    expected = (Part("/media/a1.mkv", 1), Part("/media/a2.mkv", 2), Part("/media/b.mkv", 3))
    assert listed(plex, films)[0].parts == expected
    assert read_items(plex, [1])[1].parts == expected


def test_items_are_found_by_a_files_name(server: PlexTestServer, plex: Plex, films: LibrarySection) -> None:
    for name in ("Ärger & Co, 100% #1+1", "other"):
        a_film(server.library, name)
    found = items_with_file_name(plex, films, "Ärger & Co, 100% #1+1.mkv")
    assert [item.rating_key for item in found] == [1]
    assert items_with_file_name(plex, films, "nothing.mkv") == []


# Items in full


def test_an_item_in_full_has_every_value_every_tag_and_the_locks(server: PlexTestServer, plex: Plex) -> None:
    many = tuple(f"Tag {number}" for number in range(30))
    a_film(
        server.library,
        title="A title",
        summary="one\ntwo",
        date="2014-08-01",
        studio="S",
        genres=many,
        roles=many,
        directors=("D",),
        collections=("C",),
        locked=("title", "genre"),
    )
    item = read_items(plex, [1])[1]
    values = item.fields.values
    assert (values["genre"], values["actor"]) == (many, many)
    assert (values["title"], values["summary"], values["originallyAvailableAt"]) == (
        "A title",
        "one\ntwo",
        "2014-08-01",
    )
    assert (values["studio"], values["director"], values["collection"]) == ("S", ("D",), ("C",))
    assert (item.locked, item.section_key) == (frozenset({"title", "genre"}), 1)


UNUSABLE = {
    "rating": (b'userRating="good"', "with a rating that is no number"),
    "infinite rating": (b'userRating="inf"', "with a rating that is no number"),
    "library": (b'librarySectionID=""', "without a usable librarySectionID"),
    "size": (b"", "with a file whose size is no number of bytes"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_item_that_cannot_be_used_is_named_and_keeps_no_other_from_being_read(
    server: PlexTestServer, plex: Plex, kind: str
) -> None:
    attribute, words = UNUSABLE[kind]
    section = b"" if kind == "library" else b'librarySectionID="1"'
    size = b"9223372036854775808" if kind == "size" else b"5"
    bad = b'<Video ratingKey="1" %b %b><Media><Part file="/a.mkv" size="%b"/></Media></Video>'
    good = b'<Video ratingKey="2" librarySectionID="1" updatedAt="1700000000"/>'
    body = b'<MediaContainer size="2">' + bad % (section, attribute, size) + good + b"</MediaContainer>"
    server.faults.add("status", code=200, body=body)
    read = read_items(plex, [1, 2])
    assert ([*read], read[2].updated_at) == ([2], 1_700_000_000)
    assert str(read.unusable[1]) == f"Plex sent item 1 {words}."
    assert read.unusable[1].paths == ("/a.mkv",)


def test_items_that_plex_does_not_have_are_left_out(server: PlexTestServer, plex: Plex) -> None:
    a_film(server.library)
    a_film(server.library, "two")
    assert sorted(read_items(plex, [1, 99, 2, 1, 98])) == [1, 2]
    assert read_items(plex, [99]) == read_items(plex, [98, 99]) == read_items(plex, []) == {}


@pytest.mark.parametrize("kind", ["status 404", odd_answers.HALF, odd_answers.NOTHING, odd_answers.NULL])
def test_an_item_is_not_there_where_plex_says_so_of_it_alone(
    server: PlexTestServer, plex: Plex, kind: str
) -> None:
    for number in range(5):
        a_film(server.library, f"film {number}")
    server.odd_answers.add(kind, "GET /library/metadata/*", times=1)
    assert sorted(read_items(plex, [1, 2, 3, 4, 5, 9])) == [1, 2, 3, 4, 5]


def test_an_item_of_which_plex_sends_nothing_is_not_said_to_be_gone(
    server: PlexTestServer, plex: Plex
) -> None:
    a_film(server.library)
    server.odd_answers.add(odd_answers.NOTHING, "GET /library/metadata/*")
    read = read_items(plex, [1])
    assert (dict(read), [*read.unusable]) == ({}, [1])


@pytest.mark.parametrize("cap", [None, 1, 7, 49])
def test_a_server_that_answers_long_lists_of_ids_with_nothing_loses_no_item(
    server: PlexTestServer, plex: Plex, cap: int | None
) -> None:
    server.behaviour.multi_id_cap = cap
    for number in range(60):
        a_film(server.library, f"film {number}")
    assert sorted(read_items(plex, range(1, 70))) == list(range(1, 61))


def test_many_items_are_read_in_few_requests(server: PlexTestServer, plex: Plex) -> None:
    for number in range(100):
        a_film(server.library, f"film {number}")
    assert len(read_items(plex, range(1, 101))) == 100
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("location", "folder", "expected"),
    [
        ("/media", "/media", True),
        ("/media", "/media/Films", True),
        ("/media", "/media 2", False),
        ("/", "/media/Films", True),
        ("D:\\Films\\", "D:/Films/new", True),
    ],
)
def test_a_library_holds_the_folders_below_its_own(location: str, folder: str, expected: bool) -> None:
    assert LibrarySection(1, "Films", (location,)).holds(folder) is expected
