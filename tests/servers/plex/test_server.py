"""The Plex test server shows, scans and fails as a real one does; asked through the real plexapi."""

from __future__ import annotations

import json
import re
import threading
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
import requests
from plexapi.exceptions import BadRequest, NotFound, Unauthorized
from plexapi.server import PlexServer

from tests.servers.plex.arrangement import PNG, SECTION, a_film, a_library, ask, tags
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.process import PlexProcess
from tests.servers.plex.server import PlexTestServer

# Reading


def test_a_whole_section_is_read_in_pages(server: PlexTestServer, plex: PlexServer) -> None:
    for number in range(25):
        a_film(server.library, f"film {number}")
    section = plex.library.section("Films")
    server.clear_requests()
    films = section.all(container_size=10)
    assert len({film.ratingKey for film in films}) == 25
    assert [(request.start, request.size) for request in server.requests] == [(0, 10), (10, 10), (20, 10)]


def test_a_listing_has_files_but_only_the_first_tags(library: PlexLibrary, plex: PlexServer) -> None:
    four = ("One", "Two", "Three", "Four")
    a_film(
        library, genres=four, roles=four, labels=four, locked=("title",), studio="Studio", date="2020-02-03"
    )
    film = plex.library.section("Films").all()[0]
    film._autoReload = False
    assert tags(film.genres) == ["One", "Two"]
    assert tags(film.roles) == ["One", "Two", "Three"]
    assert (film.labels, film.fields) == ([], [])
    assert (film.studio, film.year, film.media[0].parts[0].file) == ("Studio", 2020, "/media/one.mkv")
    film.reload()
    assert tags(film.genres) == tags(film.roles) == tags(film.labels) == list(four)
    assert [(field.name, field.locked) for field in film.fields] == [("title", True)]


def test_versions_and_parts_are_told_apart(library: PlexLibrary, plex: PlexServer) -> None:
    library.add_item(1, versions=((("/media/a1.mkv", 1), ("/media/a2.mkv", 2)), (("/media/b.mkv", 3),)))
    film = plex.library.section("Films").all()[0]
    assert [[part.size for part in media.parts] for media in film.media] == [[1, 2], [3]]


def test_json_says_the_same_as_xml(server: PlexTestServer) -> None:
    a_film(server.library, title='A "good" <one> & more', genres=("Drama",), summary="x\ny")
    xml = ElementTree.fromstring(ask(server, f"{SECTION}?type=1").content)
    answer = ask(server, f"{SECTION}?type=1", headers={"Accept": "application/json"}).json()
    film = answer["MediaContainer"]["Metadata"][0]
    assert xml[0].attrib["title"] == film["title"] == 'A "good" <one> & more'
    assert xml[0].attrib["summary"] == film["summary"] == "x\ny"
    assert (film["ratingKey"], film["Media"][0]["Part"][0]["size"]) == ("1", 1000)
    assert film["Genre"] == [{"tag": "Drama"}]


def test_control_characters_break_the_xml_as_they_do_in_plex(server: PlexTestServer) -> None:
    a_film(server.library, summary="a\x0bb")
    answer = ask(server, f"{SECTION}?type=1")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(answer.content)


def test_what_is_excluded_is_not_sent(server: PlexTestServer) -> None:
    a_film(server.library, genres=("Drama",), summary="text", poster=PNG)
    slim = "excludeElements=Genre,Image,UltraBlurColors&excludeFields=summary,thumb"
    film = ElementTree.fromstring(ask(server, f"{SECTION}?type=1&{slim}").content)[0]
    assert {child.tag for child in film} == {"Media"}
    assert not {"summary", "thumb"} & set(film.attrib)


def test_a_listing_shows_every_change_at_once(server: PlexTestServer) -> None:
    film = a_film(server.library, genres=("Drama",))
    ask(server, f"{SECTION}?type=1")
    film.genres.append("Comedy")
    assert b"Comedy" in ask(server, f"{SECTION}?type=1").content


def test_pages_carry_totals_and_a_size_of_zero_only_counts(server: PlexTestServer) -> None:
    for number in range(3):
        a_film(server.library, f"film {number}")
    paging = {"X-Plex-Container-Start": "1", "X-Plex-Container-Size": "1"}
    answer = ask(server, f"{SECTION}?type=1", headers=paging)
    container = ElementTree.fromstring(answer.content).attrib
    assert (container["size"], container["totalSize"], container["offset"]) == ("1", "3", "1")
    assert answer.headers["X-Plex-Container-Total-Size"] == "3"
    unpaged = ElementTree.fromstring(ask(server, f"{SECTION}?type=1").content)
    assert (len(unpaged), "totalSize" in unpaged.attrib) == (3, False)
    counted = ask(server, f"{SECTION}?type=1&X-Plex-Container-Start=0&X-Plex-Container-Size=0")
    assert ElementTree.fromstring(counted.content).attrib["totalSize"] == "3"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=1&file=two.mkv", ["two"]),
        ("type=1&file=none.mkv", []),
        ("type=1&sort=addedAt:desc", ["three", "two", "one"]),
        ("type=1&sort=id", ["one", "two", "three"]),
        ("type=1&addedAt>>=150", ["two", "three"]),
        ("type=1&addedAt%3E%3E=150&title=th", ["three"]),
        ("type=1&id=1,3&sort=id", ["one", "three"]),
        ("type=1&label=SEEN", ["two"]),
        ("type=1&title==two", ["two"]),
        ("type=4", []),
    ],
)
def test_a_listing_is_filtered_and_sorted_as_asked(
    server: PlexTestServer, query: str, found: list[str]
) -> None:
    a_film(server.library, "one", added_at=100)
    a_film(server.library, "two", added_at=200, labels=("Seen",))
    a_film(server.library, "three", added_at=300)
    films = ElementTree.fromstring(ask(server, f"{SECTION}?{query}").content)
    titles = [film.attrib["title"] for film in films]
    assert titles == found if "sort" in query else sorted(titles) == sorted(found)


def test_a_file_in_two_libraries_is_an_item_in_each(server: PlexTestServer) -> None:
    library = server.library
    other = library.add_section("Again")
    a_film(library)
    library.add_item(other.key, (("/media/one.mkv", 1000),))
    library.move_file("/media/one.mkv", "/media/two.mkv")
    target = "/library/sections/{}/all?type=1&file=two.mkv"
    found = [ElementTree.fromstring(ask(server, target.format(key)).content) for key in (1, other.key)]
    assert [[film.attrib["ratingKey"] for film in films] for films in found] == [["1"], ["2"]]
    assert library.item_for_path("/media/one.mkv") is None


def test_a_search_by_file_without_a_type_fails(server: PlexTestServer) -> None:
    assert ask(server, f"{SECTION}?file=one.mkv").status_code == 500


def test_several_items_are_read_at_once_and_unknown_ones_left_out(
    server: PlexTestServer, plex: PlexServer
) -> None:
    first, second = a_film(server.library, "one"), a_film(server.library, "two")
    wanted = [second.rating_key, 999, first.rating_key]
    assert [film.ratingKey for film in plex.fetchItems(wanted)] == [second.rating_key, first.rating_key]
    assert ask(server, "/library/metadata/998,999").status_code == 404
    server.behaviour.multi_id_cap = 2
    assert b'size="0"' in ask(server, "/library/metadata/1,2,3").content


# Scans


def test_a_file_appears_after_a_scan_of_its_folder(server: PlexTestServer, plex: PlexServer) -> None:
    server.library.put_on_disk(1, "/media/new/film.mkv", 7)
    section = plex.library.section("Films")
    section.update(path="/elsewhere")
    section.update(path="/media/ne")
    assert section.totalSize == 0
    section.update(path="/media/new")
    assert section.all()[0].title == "film"
    assert ask(server, "/library/sections/9/refresh?path=/media").status_code == 404


def test_a_refresh_takes_back_what_is_not_locked(library: PlexLibrary, plex: PlexServer) -> None:
    item = a_film(library, title="Title", summary="Text", genres=("Drama",), locked=("title",))
    plex.fetchItem(item.rating_key).refresh()
    assert (item.title, item.summary, item.genres) == ("Title", "", [])


def test_a_file_scanned_anew_has_another_key_and_nothing_written(library: PlexLibrary) -> None:
    item = a_film(library, title="Title", genres=("Drama",), locked=("title",))
    again = library.item(library.rekey_item(item.rating_key))
    assert again is not None
    assert library.item(item.rating_key) is None
    assert (again.files, again.title, again.genres, again.locked) == (item.files, "one", [], set())
    assert library.item_for_path("/media/one.mkv") is again


# Errors and faults


def test_a_wrong_token_gets_401_everywhere_but_at_identity(server: PlexTestServer) -> None:
    with pytest.raises(Unauthorized):
        PlexServer(server.url, "wrong")
    answer = requests.get(server.url + "/library", timeout=5)
    assert (answer.status_code, len(answer.content), answer.headers["Content-Type"]) == (401, 91, "text/html")
    identity = requests.get(server.url + "/identity", timeout=5)
    assert server.library.machine_identifier in identity.text


def test_success_is_an_empty_page_and_connections_are_kept(server: PlexTestServer) -> None:
    a_film(server.library)
    with requests.Session() as session:
        session.headers["X-Plex-Token"] = server.token
        answer = session.put(f"{server.url}{SECTION}?type=1&id=1&title.value=x", timeout=5)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, b"", "text/html")
    assert answer.headers["Keep-Alive"] == "timeout=20"


def test_what_is_not_there_is_404(server: PlexTestServer, plex: PlexServer) -> None:
    with pytest.raises(NotFound):
        plex.fetchItem(999)
    targets = ("/library/sections/9/all?type=1", "/library/metadata/9/posters", "/nothing")
    assert [ask(server, target).status_code for target in targets] == [404] * 3


def test_a_server_in_maintenance_says_503_until_it_is_done(server: PlexTestServer, plex: PlexServer) -> None:
    a_film(server.library)
    server.faults.add("status", times=1, after=1)
    assert plex.fetchItem(1)
    with pytest.raises(BadRequest, match=r"\(503\).*database migrations"):
        plex.fetchItem(1)
    assert plex.fetchItem(1)


def test_a_status_can_carry_headers_and_strike_one_method_only(server: PlexTestServer) -> None:
    a_film(server.library)
    server.faults.add("status", re.compile("id=1&"), method="PUT", code=429, headers={"Retry-After": "7"})
    refused = ask(server, f"{SECTION}?type=1&id=1&title.value=x", "PUT")
    assert (refused.status_code, refused.headers["Retry-After"], server.writes) == (429, "7", [])
    assert ask(server, "/library/metadata/1").status_code == 200


def test_an_edit_whose_answer_is_lost_was_applied_all_the_same(server: PlexTestServer) -> None:
    item = a_film(server.library)
    server.faults.add("apply_then_drop", method="PUT")
    with pytest.raises(requests.ConnectionError):
        ask(server, f"{SECTION}?type=1&id=1&title.value=x", "PUT")
    assert (item.title, len(server.writes)) == ("x", 1)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("refuse", requests.ConnectionError),
        ("drop", (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)),
    ],
)
def test_connections_break_on_demand(server: PlexTestServer, kind: Any, error: Any) -> None:
    a_film(server.library)
    server.faults.add(kind, times=1)
    with pytest.raises(error):
        ask(server, f"{SECTION}?type=1")
    assert ask(server, f"{SECTION}?type=1").status_code == 200


def test_documents_break_off_and_drip_on_demand(server: PlexTestServer) -> None:
    a_film(server.library)
    server.faults.add("invalid_xml", times=1)
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(ask(server, f"{SECTION}?type=1").content)
    server.faults.add("drip", times=1, seconds=0.05)
    assert len(ElementTree.fromstring(ask(server, f"{SECTION}?type=1").content)) == 1


def test_pages_come_short_on_demand(server: PlexTestServer) -> None:
    for number in range(6):
        a_film(server.library, f"film {number}")
    target = f"{SECTION}?type=1&X-Plex-Container-Start=0&X-Plex-Container-Size=4"
    server.faults.add("half_page", times=1)
    assert len(ElementTree.fromstring(ask(server, target).content)) == 2
    server.behaviour.page_cap = 3
    assert ElementTree.fromstring(ask(server, target).content).attrib["totalSize"] == "6"
    assert len(ElementTree.fromstring(ask(server, target).content)) == 3


def test_a_request_hangs_until_it_is_released(server: PlexTestServer) -> None:
    a_film(server.library)
    fault = server.faults.add("hang", SECTION)
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(ask(server, f"{SECTION}?type=1").status_code))
    asking.start()
    assert fault.arrived.wait(5)
    assert answers == []
    server.faults.release()
    asking.join(5)
    assert answers == [200]


def test_an_address_that_is_too_long_is_refused_by_switch(server: PlexTestServer) -> None:
    item = a_film(server.library)
    long = "x" * 200_000
    assert ask(server, f"{SECTION}?type=1&id=1&summary.value={long}", "PUT").status_code == 200
    assert item.summary == long
    server.behaviour.maximum_url = 8192
    assert ask(server, f"{SECTION}?type=1&id=1&summary.value={long}", "PUT").status_code == 414


def test_another_server_can_take_over_the_address(server: PlexTestServer) -> None:
    a_film(server.library)
    server.replaced_by(PlexLibrary(machine_identifier="another"))
    assert b"another" in ask(server, "/identity").content
    assert ask(server, "/library/metadata/1").status_code == 404


def test_a_closed_server_can_come_back_at_its_port(library: PlexLibrary) -> None:
    with PlexTestServer(library) as server:
        assert ask(server, "/library").status_code == 200
    with pytest.raises(requests.ConnectionError):
        ask(server, "/library")
    with PlexTestServer(library, port=server.port) as again:
        assert ask(again, "/library").status_code == 200


def test_the_server_runs_in_a_process_of_its_own() -> None:
    with PlexProcess() as process:
        section = process.add_section("Films")
        process.add_items(section, [{"files": [["/media/one.mkv", 5]], "genres": ["Drama"]}])
        film = PlexServer(process.url, process.token, timeout=5).fetchItem(1)
        film.edit(**{"title.value": "New", "title.locked": 1})
        item = process.item(path="/media/one.mkv")
        assert item is not None
        assert (item["title"], item["locked"], json.dumps(item["genres"])) == ("New", ["title"], '["Drama"]')
        assert (process.counts()["PUT"], process.counts()["writes"]) == (1, 1)
        process.clear_requests()
        assert process.counts()["requests"] == 0
        with pytest.raises(RuntimeError, match="no switch"):
            process.behave(nothing=1)


def test_items_that_an_order_does_not_tell_apart_come_in_another_one_at_each_request() -> None:
    library = a_library()
    for number in range(5):
        a_film(library, f"film {number}", added_at=1_600_000_000)
    with PlexTestServer(library) as server:
        for sort, is_settled in (("addedAt", False), ("addedAt,id", True)):
            orders = {
                tuple(re.findall(r'ratingKey="(\d+)"', ask(server, f"{SECTION}?type=1&sort={sort}").text))
                for _ in range(4)
            }
            assert (len(orders) == 1) is is_settled


def test_a_version_made_for_a_device_and_a_file_in_the_trash_are_marked_as_such() -> None:
    library = a_library()
    film = library.add_item(1, (("/media/one.mkv", 5), ("/media/two.mkv", 6)))
    path = library.optimize(film.rating_key)
    library.trash_file("/media/two.mkv")
    with PlexTestServer(library) as server:
        for target in (f"{SECTION}?type=1", f"/library/metadata/{film.rating_key}"):
            root = ElementTree.fromstring(ask(server, target).content)
            marked = {
                part.get("file"): (media.get("proxyType"), part.get("deletedAt"))
                for media in root.iter("Media")
                for part in media.iter("Part")
            }
            assert marked == {
                "/media/one.mkv": (None, None),
                "/media/two.mkv": (None, "1700000000"),
                path: ("42", None),
            }
    assert path == "/media/Plex Versions/Optimized for Mobile/one.mp4"
