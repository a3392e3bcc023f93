"""The Plex test server takes edits and images as a real one does; sent by the real plexapi."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from plexapi.server import PlexServer

from tests.servers.plex.arrangement import OTHER_PNG, PNG, SECTION, a_film, ask
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer

# Editing


def test_a_guest_reads_the_libraries_and_meets_a_refusal_where_only_the_owner_may(
    server: PlexTestServer, plex: PlexServer
) -> None:
    film = a_film(server.library)
    assert [account.name for account in plex.systemAccounts()] == ["", "owner", "guest"]
    server.guest_token = "the token of a guest"
    guest = {"X-Plex-Token": server.guest_token}
    for path in ("/", "/library/sections", f"{SECTION}?type=1"):
        assert ask(server, path, headers=guest).status_code == 200
    edit = f"{SECTION}?type=1&id={film.rating_key}&title.value=Theirs"
    for refusal in (401, 403):
        server.behaviour.refusal_of_guests = refusal
        assert ask(server, "/accounts", headers=guest).status_code == refusal
        assert ask(server, edit, "PUT", headers=guest).status_code == refusal
    assert (film.title, server.writes) == ("one", [])


def test_an_edit_sets_locks_and_clears(server: PlexTestServer, plex: PlexServer) -> None:
    item = a_film(server.library, studio="Old", summary="Old")
    film = plex.fetchItem(item.rating_key)
    film.batchEdits().editTitle("A & B").editSummary("x\ny").editOriginallyAvailable("2021-03-04").saveEdits()
    film.edit(**{"studio.value": "", "summary.locked": 0})
    assert (item.title, item.summary, item.date, item.year) == ("A & B", "x\ny", "2021-03-04", 2021)
    assert (item.studio, item.locked) == ("", {"title", "originallyAvailableAt"})
    assert [write.rating_keys for write in server.writes] == [(item.rating_key,)] * 2


def test_tags_are_added_and_removed_by_name_commas_and_all(library: PlexLibrary, plex: PlexServer) -> None:
    item = a_film(library, genres=("Drama", "Rock, Paper", "50% Off"))
    film = plex.fetchItem(item.rating_key)
    film.addGenre("Stone, Scissors")
    assert item.genres == ["Drama", "Rock, Paper", "50% Off", "Stone, Scissors"]
    film.removeGenre(["rock, paper", "50% Off"])
    assert item.genres == ["Drama", "Stone, Scissors"]
    assert item.locked == {"genre"}


@pytest.mark.parametrize(("replaces", "genres"), [(False, ["Old", "New"]), (True, ["New"])])
def test_a_tag_list_adds_or_replaces_by_switch(
    server: PlexTestServer, replaces: bool, genres: list[str]
) -> None:
    item = a_film(server.library, genres=("Old",))
    server.behaviour.tags_replace = replaces
    ask(server, f"{SECTION}?type=1&id=1&genre[0].tag.tag=New", "PUT")
    assert item.genres == genres
    ask(server, f"{SECTION}?type=1&id=1&genre[].tag.tag-=", "PUT")
    assert item.genres == []


def test_new_tags_get_capitals_and_known_ones_keep_their_spelling(server: PlexTestServer) -> None:
    a_film(server.library, genres=("sci-fi",))
    item = a_film(server.library, "two")
    for tag in ("SCI-FI", "leaving-soon", "shortlist_x", ".hidden", "of the hills"):
        ask(server, SECTION, "PUT", params={"type": 1, "id": 2, "genre[0].tag.tag": tag})
    assert item.genres == ["sci-fi", "Leaving-Soon", "Shortlist_x", ".Hidden", "Of The Hills"]


def test_roles_carry_a_text_and_people_a_picture(library: PlexLibrary, plex: PlexServer) -> None:
    film = plex.fetchItem(a_film(library).rating_key)
    picture = "http://127.0.0.1/ada.jpg"
    role = {"actor[0].tag.tag": "Ada", "actor[0].tagging.text": "Herself", "actor[0].tag.thumb": picture}
    film.edit(**role)
    shown = film.reload().roles[0]
    assert (shown.tag, shown.role, shown.thumb) == ("Ada", "Herself", picture)


def test_an_edit_without_an_id_changes_the_whole_library(server: PlexTestServer) -> None:
    first, second = a_film(server.library, "one"), a_film(server.library, "two")
    assert ask(server, f"{SECTION}?type=1&id=&studio.value=S", "PUT").status_code == 200
    assert first.studio == second.studio == "S"
    assert [write.rating_keys for write in server.whole_library_edits] == [(1, 2)]


@pytest.mark.parametrize(
    ("switch", "status", "date"),
    [("400", 400, "2020-01-01"), ("ignored", 200, "2020-01-01"), ("cleared", 200, None)],
)
def test_a_date_that_is_none_does_what_the_switch_says(
    server: PlexTestServer, switch: Any, status: int, date: str | None
) -> None:
    item = a_film(server.library, date="2020-01-01")
    server.behaviour.invalid_date = switch
    target = f"{SECTION}?type=1&id=1&originallyAvailableAt.value=2014-13"
    assert ask(server, target, "PUT").status_code == status
    assert item.date == date


def test_a_rating_by_star_does_not_lock_and_one_by_edit_does(library: PlexLibrary, plex: PlexServer) -> None:
    item = a_film(library)
    film = plex.fetchItem(item.rating_key)
    film.rate(7.5)
    assert (item.user_rating, item.locked) == (7.5, set())
    film.edit(**{"userRating.value": 8.0, "userRating.locked": 1})
    assert (item.user_rating, item.locked) == (8.0, {"userRating"})


def test_a_collection_lives_as_long_as_it_has_a_member(library: PlexLibrary, plex: PlexServer) -> None:
    film = plex.fetchItem(a_film(library).rating_key)
    section = plex.library.section("Films")
    film.addCollection("Best")
    assert [(one.title, one.childCount) for one in section.collections()] == [("Best", 1)]
    film.removeCollection("Best")
    assert section.collections() == []


# Images


def test_the_same_poster_is_kept_once_and_not_chosen_again(
    server: PlexTestServer, plex: PlexServer, tmp_path: Any
) -> None:
    item = a_film(server.library)
    film = plex.fetchItem(item.rating_key)
    for number, data in enumerate((PNG, OTHER_PNG, PNG)):
        picture = tmp_path / f"{number}.png"
        picture.write_bytes(data)
        film.uploadPoster(filepath=str(picture))
    sha1s = [hashlib.sha1(data).hexdigest() for data in (PNG, OTHER_PNG)]
    assert (item.posters, item.selected_poster, item.locked) == (sha1s, sha1s[1], {"thumb"})
    assert [upload.sha1 for upload in server.uploads] == [*sha1s, sha1s[0]]
    first = film.posters()[0]
    assert first.ratingKey == f"upload://posters/{sha1s[0]}"
    assert not first.selected
    film.setPoster(first)
    assert item.selected_poster == sha1s[0]
    assert ask(server, plex.fetchItem(item.rating_key).thumb).content == PNG
    assert ask(server, first.key).content == PNG


def test_bytes_that_are_no_image_are_refused_by_switch(server: PlexTestServer) -> None:
    item = a_film(server.library)
    server.behaviour.refuses_non_images = True
    assert ask(server, "/library/metadata/1/arts", "POST", data=b"<html>").status_code == 400
    assert ask(server, "/library/metadata/1/arts", "POST", data=PNG).status_code == 200
    assert (item.locked, len(item.arts)) == ({"art"}, 1)
