"""Collections as python-plexapi, unmodified, finds them in the Plex test server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plexapi.collection import Collection
from plexapi.exceptions import BadRequest
from plexapi.server import PlexServer

from tests.servers.plex.arrangement import OTHER_PNG, PNG, SECTION, a_film, a_library, ask
from tests.servers.plex.server import PlexTestServer


@pytest.fixture
def server() -> Iterator[PlexTestServer]:
    """Three films of one series, dated against the order of their names."""
    library = a_library()
    for name, date in (("a", "2003-01-01"), ("b", "2002-01-01"), ("c", "2001-01-01")):
        a_film(library, name, title=name, date=date, collections=["Series"])
    with PlexTestServer(library) as running:
        yield running


def read(server: PlexTestServer) -> Collection:
    """The only collection."""
    (collection,) = PlexServer(server.url, server.token).library.section("Films").collections()
    return collection


def shown(server: PlexTestServer) -> list[str]:
    return [item.title for item in read(server).items()]


def edit(server: PlexTestServer, arguments: str) -> int:
    return ask(server, f"{SECTION}?type=18&id={read(server).ratingKey}&{arguments}", "PUT").status_code


def test_a_collection_shows_its_summary_and_locks_once_it_was_edited(server: PlexTestServer) -> None:
    assert edit(server, "summary.value=All%20three&summary.locked=1") == 200
    collection = read(server)
    collection.reload()
    assert collection.summary == "All three"
    assert [field.name for field in collection.fields] == ["summary"]
    assert collection.childCount == 3


def test_a_collection_shows_a_picture_of_its_items_until_it_has_a_poster(server: PlexTestServer) -> None:
    collection = read(server)
    assert "composite" in collection.thumb
    target = f"/library/metadata/{collection.ratingKey}/posters"
    for picture in (PNG, OTHER_PNG):
        assert ask(server, target, "POST", data=picture).status_code == 200
    collection.reload()
    assert f"/library/metadata/{collection.ratingKey}/thumb/" in collection.thumb
    assert [bool(poster.selected) for poster in collection.posters()] == [False, True]


def test_a_renamed_collection_is_another_tag_of_its_items_and_keeps_its_key(server: PlexTestServer) -> None:
    before = read(server).ratingKey
    assert edit(server, "title.value=Saga&title.locked=1") == 200
    collection = read(server)
    assert (collection.title, collection.ratingKey) == ("Saga", before)
    assert {tag.tag for item in collection.items() for tag in item.collections} == {"Saga"}


def test_a_title_that_another_collection_has_is_refused(server: PlexTestServer) -> None:
    library = server.library
    library.set_fields(library.items(1)[0], {"collections": ["Series", "Saga"]})
    key = library.collection(1, "Series").rating_key
    assert ask(server, f"{SECTION}?type=18&id={key}&title.value=saga", "PUT").status_code == 409
    assert [one.title for one in library.collections(1)] == ["Saga", "Series"]


@pytest.mark.parametrize(("sort", "order"), [(0, "cba"), (1, "abc")])
def test_items_come_by_date_or_alphabet(server: PlexTestServer, sort: int, order: str) -> None:
    key = read(server).ratingKey
    assert ask(server, f"/library/collections/{key}/prefs?collectionSort={sort}", "PUT").status_code == 200
    assert shown(server) == list(order)
    assert read(server).collectionSort == sort


def test_a_moved_item_makes_the_order_a_custom_one(server: PlexTestServer) -> None:
    items = read(server).items()
    read(server).moveItem(items[2], after=items[0])
    assert shown(server) == ["c", "a", "b"]
    read(server).moveItem(items[1])
    assert shown(server) == ["b", "c", "a"]
    assert read(server).collectionSort == 2


@pytest.mark.parametrize(("begins", "order"), [("as_shown", "cba"), ("as_added", "abc")])
def test_a_custom_order_begins_in_one_of_two_ways(server: PlexTestServer, begins: str, order: str) -> None:
    server.library.all_collections.custom_order_begins = begins  # type: ignore[assignment]
    ask(server, f"/library/collections/{read(server).ratingKey}/prefs?collectionSort=2", "PUT")
    assert shown(server) == list(order)


@pytest.mark.parametrize(("place", "order"), [("last", "cbad"), ("first", "dcba")])
def test_what_comes_later_is_first_or_last_in_a_custom_order(
    server: PlexTestServer, place: str, order: str
) -> None:
    server.library.all_collections.new_members_come = place  # type: ignore[assignment]
    ask(server, f"/library/collections/{read(server).ratingKey}/prefs?collectionSort=2", "PUT")
    a_film(server.library, "d", title="d", collections=["Series"])
    assert shown(server) == list(order)


def test_a_collection_without_items_is_gone_and_comes_back_as_a_new_one(server: PlexTestServer) -> None:
    before = read(server).ratingKey
    edit(server, "summary.value=Old")
    for item in server.library.items(1):
        item.collections = []
    assert PlexServer(server.url, server.token).library.section("Films").collections() == []
    server.library.items(1)[0].collections = ["Series"]
    assert read(server).ratingKey != before
    assert read(server).summary == ""


def test_more_than_a_hundred_children_come_in_pages_only(server: PlexTestServer) -> None:
    for number in range(120):
        a_film(server.library, f"n{number}", collections=["Series"])
    target = f"/library/collections/{read(server).ratingKey}/children"
    assert ask(server, target).status_code == 400
    assert len(read(server).items()) == 123


def test_two_libraries_have_two_collections_of_one_name(server: PlexTestServer) -> None:
    server.library.add_section("Clips", locations=("/clips",))
    server.library.add_item(2, (("/clips/x.mkv", 1),), title="x", collections=["Series"])
    edit(server, "summary.value=Films%20alone&title.value=Saga")
    plex = PlexServer(server.url, server.token)
    (other,) = plex.library.section("Clips").collections()
    assert (other.title, other.summary) == ("Series", "")


def test_an_unknown_collection_or_sort_is_refused(server: PlexTestServer) -> None:
    key = read(server).ratingKey
    assert ask(server, f"/library/collections/{key}/prefs?collectionSort=9", "PUT").status_code == 400
    assert ask(server, f"/library/collections/{key}/items/9999/move", "PUT").status_code == 404
    assert ask(server, "/library/collections/9999/children").status_code == 404
    with pytest.raises(BadRequest):
        read(server).sortUpdate("nonsense")
