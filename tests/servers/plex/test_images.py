"""The Plex test server keeps, shows and takes away images as a real one does; asked through plexapi."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from plexapi.exceptions import BadRequest, NotFound
from plexapi.server import PlexServer

from tests.servers.plex.arrangement import OTHER_PNG, PNG, a_film, ask
from tests.servers.plex.server import PlexTestServer

SHA1, OTHER_SHA1 = (hashlib.sha1(data).hexdigest() for data in (PNG, OTHER_PNG))


def test_a_logo_is_uploaded_chosen_locked_and_shown(
    server: PlexTestServer, plex: PlexServer, tmp_path: Path
) -> None:
    item = a_film(server.library)
    film = plex.fetchItem(item.rating_key)
    assert (film.logos(), film.logo) == ([], None)
    for number, data in enumerate((PNG, OTHER_PNG)):
        picture = tmp_path / f"{number}.png"
        picture.write_bytes(data)
        film.uploadLogo(filepath=str(picture))
    first, second = film.logos()
    assert (first.ratingKey, bool(first.selected)) == (f"upload://clearLogos/{SHA1}", False)
    assert second.selected
    film.setLogo(first)
    assert (item.selected_logo, item.locked) == (SHA1, {"clearLogo"})
    film.reload()
    assert ask(server, film.logo).content == ask(server, first.key).content == PNG
    film.unlockLogo()
    assert item.locked == set()
    film.lockLogo()
    assert item.locked == {"clearLogo"}


def test_an_upload_selects_nothing_where_it_is_switched_so(
    server: PlexTestServer, plex: PlexServer, tmp_path: Path
) -> None:
    server.behaviour.upload_selects = False
    item = a_film(server.library, poster=PNG)
    (tmp_path / "one.png").write_bytes(OTHER_PNG)
    plex.fetchItem(item.rating_key).uploadPoster(filepath=str(tmp_path / "one.png"))
    assert (item.posters, item.selected_poster, item.locked) == ([SHA1, OTHER_SHA1], SHA1, set())


@pytest.mark.parametrize("says", ["404", "400", "nothing"])
def test_an_older_server_does_not_know_logos(server: PlexTestServer, plex: PlexServer, says: str) -> None:
    server.behaviour.logos = says  # type: ignore[assignment]
    item = a_film(server.library)
    for method in ("GET", "POST"):
        answer = ask(server, f"/library/metadata/{item.rating_key}/clearLogos", method, data=PNG)
        assert (answer.status_code, answer.content if says == "nothing" else b"") == (
            200 if says == "nothing" else int(says),
            b"",
        )
    assert item.logos == []
    if says != "nothing":
        with pytest.raises((NotFound, BadRequest)):
            plex.fetchItem(item.rating_key).logos()


def test_an_image_that_is_taken_away_leaves_its_field_locked_and_the_file_there(
    server: PlexTestServer, plex: PlexServer
) -> None:
    item = a_film(server.library, poster=PNG, art=PNG, clear_logo=PNG)
    film = plex.fetchItem(item.rating_key)
    film.deletePoster()
    film.deleteArt()
    film.deleteLogo()
    assert (item.selected_poster, item.selected_art, item.selected_logo) == (None, None, None)
    assert item.locked == {"thumb", "art", "clearLogo"}
    assert item.posters == item.arts == item.logos == [SHA1]
    film.reload()
    assert (film.thumb, film.art, film.logo) == (None, None, None)


def test_before_1_43_no_image_can_be_taken_away(server: PlexTestServer, plex: PlexServer) -> None:
    server.library.version = "1.42.2.10156-f737b826c"
    item = a_film(server.library, poster=PNG)
    with pytest.raises(NotFound):
        plex.fetchItem(item.rating_key).deletePoster()
    assert (item.selected_poster, item.locked) == (SHA1, set())


@pytest.mark.parametrize("at_once", [True, False])
def test_the_servers_own_image_comes_back_where_none_is_shown_and_locked(
    server: PlexTestServer, plex: PlexServer, at_once: bool
) -> None:
    server.behaviour.automatic_image_returns_at_once = at_once
    item = a_film(server.library, automatic={"poster": PNG})
    film = plex.fetchItem(item.rating_key)
    (poster,) = film.posters()
    assert (poster.selected, poster.ratingKey.startswith("media://"), item.locked) == (True, True, set())
    film.deletePoster()
    film.unlockPoster()
    assert item.selected_poster == (SHA1 if at_once else None)
    server.library.refresh_metadata(item.rating_key)
    assert (item.selected_poster, item.locked) == (SHA1, set())
    film.setPoster(poster)
    assert item.locked == {"thumb"}
