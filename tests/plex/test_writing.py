"""Writing an item over real HTTP: one request, every field, locks, and whatever a name may hold."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from plex.base import Base
from plex.client import Plex
from plex.exceptions import PlexRejected, PlexUnavailable
from plex.fields import FIELDS, PlexFields, fields_of_scene
from plex.library import read_items
from plex.merge import Merge, merge
from plex.writing import edit_arguments, not_taken, write
from tests.builders.values import a_config, a_scene, an_item, the_fields
from tests.servers.plex.arrangement import a_film
from tests.servers.plex.server import PlexTestServer

ODD = (
    "Comedy, Drama",
    "100% real",
    "50%2C off",
    "a+b",
    "a & b = c?",
    "#1; x/y\\z",
    '"quoted" ‘thing’ it\'s',
    "<b>bold</b>",
    "[0].tag.tag-",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
    "日本語 العربية",
    "Straße",
)
LONG = "Ünïcode, & 100% “text”.\nLine two. " * 600
CASES: list[Literal["all_words", "first_letter", "off"]] = ["all_words", "first_letter", "off"]


@pytest.fixture(params=[True, False], ids=["replacing", "adding"])
def either_way(request: pytest.FixtureRequest, server: PlexTestServer) -> None:
    """Nobody knows whether Plex replaces a list of tags or adds to it."""
    server.behaviour.tags_replace = request.param


@pytest.fixture(params=CASES)
def any_case(request: pytest.FixtureRequest, server: PlexTestServer) -> None:
    """Nor how it changes the case of tags that it creates."""
    server.behaviour.title_case_new_tags = request.param


def bring(plex: Plex, ours: PlexFields, base: PlexFields | None = None, rating_key: int = 1) -> Merge:
    """Read the item, merge, write; returns what was decided."""
    item = read_items(plex, [rating_key])[rating_key]
    outcome = merge(Base.of(base) if base else None, item.fields, ours, item.locked)
    write(plex, item, outcome)
    return outcome


def folded(names: Any) -> set[str]:
    return {name.casefold() for name in names}


def test_all_fields_of_an_item_are_written_in_one_request_and_locked(
    server: PlexTestServer, plex: Plex
) -> None:
    film = a_film(server.library)
    scene = a_scene(
        title="Morning",
        details="One.\nTwo.",
        date="2014-08",
        studio="Harbour",
        director="Dee",
        performers=("Ada", "Bo"),
        tags=("Sea", "Boats"),
    )
    bring(plex, fields_of_scene(scene, a_config()))
    assert [request.method for request in server.requests].count("PUT") == 1
    assert [write.rating_keys for write in server.writes] == [(film.rating_key,)]
    assert (film.title, film.summary, film.date, film.studio) == (
        "Morning",
        "One.\nTwo.",
        "2014-08-01",
        "Harbour",
    )
    assert (film.roles, film.directors, set(film.genres)) == (["Ada", "Bo"], ["Dee"], {"Sea", "Boats"})
    assert film.collections == ["Harbour"]
    written = {
        "title",
        "summary",
        "originallyAvailableAt",
        "studio",
        "actor",
        "director",
        "genre",
        "collection",
    }
    assert written <= film.locked


def test_a_refresh_in_plex_undoes_nothing(server: PlexTestServer, plex: Plex) -> None:
    film = a_film(server.library)
    bring(plex, the_fields(title="Morning", summary="One.", genre=("Sea",), actor=("Ada",)))
    server.library.refresh_metadata(film.rating_key)
    assert (film.title, film.summary, film.genres, film.roles) == ("Morning", "One.", ["Sea"], ["Ada"])


def test_a_value_that_plex_showed_already_is_locked_with_the_others(
    server: PlexTestServer, plex: Plex
) -> None:
    film = a_film(server.library, studio="Harbour")
    bring(plex, the_fields(studio="Harbour", title="Morning"))
    assert film.locked == {"studio", "title"}
    assert "studio.value" not in server.writes[0].arguments


def test_no_other_item_of_the_library_is_touched(server: PlexTestServer, plex: Plex) -> None:
    others = [a_film(server.library, f"film {number}", title="untouched") for number in range(3)]
    film = a_film(server.library)
    bring(plex, the_fields(title="Morning", genre=("Sea",)), rating_key=film.rating_key)
    assert [(other.title, other.genres, other.locked) for other in others] == [("untouched", [], set())] * 3


@pytest.mark.usefixtures("either_way", "any_case")
def test_odd_names_are_added_and_removed_whole(server: PlexTestServer, plex: Plex) -> None:
    film = a_film(server.library, locked=("genre",), genres=("By Hand",), collections=("Of a person",))
    before, after = the_fields(genre=ODD, collection=ODD), the_fields(genre=ODD[::2], collection=ODD[1::2])
    bring(plex, before, base=the_fields())
    assert folded(film.genres) == folded(("By Hand", *ODD))
    bring(plex, after, base=before)
    assert folded(film.genres) == folded(("By Hand", *ODD[::2]))
    assert folded(film.collections) == folded(("Of a person", *ODD[1::2]))


@pytest.mark.usefixtures("either_way", "any_case")
@pytest.mark.parametrize("name", ODD)
def test_a_single_odd_name_comes_and_goes(server: PlexTestServer, plex: Plex, name: str) -> None:
    film = a_film(server.library)
    bring(plex, the_fields(actor=(name,)))
    assert folded(film.roles) == folded([name])
    bring(plex, the_fields(), base=the_fields(actor=(name,)))
    assert film.roles == []


@pytest.mark.usefixtures("either_way", "any_case")
def test_what_was_written_is_not_written_again(server: PlexTestServer, plex: Plex) -> None:
    a_film(server.library, genres=("leaving-soon",))
    ours = the_fields(title="Morning", genre=("outdoor sex", "o'clock", *ODD), summary=LONG.strip())
    bring(plex, ours)
    server.clear_requests()
    assert bring(plex, ours).changes == ()
    assert bring(plex, ours, base=ours).changes == ()
    assert not [request for request in server.requests if request.method != "GET"]


def test_nothing_is_sent_when_nothing_changes(server: PlexTestServer, plex: Plex) -> None:
    film = a_film(server.library, title="Morning", genres=("Sea",))
    bring(plex, the_fields(title="Morning", genre=("SEA",)))
    assert (server.writes, film.locked) == ([], set())
    assert [request.method for request in server.requests] == ["GET"]


def test_a_summary_of_20_000_characters_survives(server: PlexTestServer, plex: Plex) -> None:
    film = a_film(server.library)
    ours = fields_of_scene(a_scene(details=LONG), a_config())
    assert len(ours.text("summary")) > 19_900
    bring(plex, ours)
    assert film.summary == ours.text("summary")
    assert read_items(plex, [1])[1].fields.text("summary") == film.summary


def test_a_field_that_stash_emptied_is_emptied_in_plex(server: PlexTestServer, plex: Plex) -> None:
    film = a_film(server.library, summary="One.", date="2014-01-01", studio="S", genres=("Sea",))
    base = the_fields(summary="One.", originallyAvailableAt="2014-01-01", studio="S", genre=("Sea",))
    bring(plex, the_fields(), base=base)
    assert (film.summary, film.date, film.studio, film.genres) == ("", None, "", [])


def test_a_date_that_is_none_is_an_error_of_that_item_in_plexs_words(
    server: PlexTestServer, plex: Plex
) -> None:
    server.behaviour.invalid_date = "400"
    film = a_film(server.library)
    with pytest.raises(PlexRejected, match="400"):
        bring(plex, the_fields(title="Morning", originallyAvailableAt="2014-02-31"))
    assert film.title == "one"


def test_a_write_whose_answer_was_lost_is_repeated_and_changes_nothing_more(
    server: PlexTestServer, plex: Plex
) -> None:
    film = a_film(server.library)
    server.faults.add("apply_then_drop", method="PUT", times=1)
    bring(plex, the_fields(title="Morning", genre=("Sea",)))
    assert (film.title, film.genres, len(server.writes)) == ("Morning", ["Sea"], 2)


def test_a_write_that_plex_did_not_take_is_an_error(server: PlexTestServer, plex: Plex) -> None:
    film = a_film(server.library)
    server.faults.add("status", method="PUT", code=503)
    with pytest.raises(PlexUnavailable):
        bring(plex, the_fields(title="Morning"))
    assert (film.title, server.writes) == ("one", [])


@pytest.mark.parametrize("rating_key", [0, -1])
def test_an_edit_without_an_item_is_never_sent(server: PlexTestServer, plex: Plex, rating_key: int) -> None:
    film = a_film(server.library)
    item = an_item(rating_key)
    outcome = merge(None, item.fields, the_fields(title="Morning"), item.locked)
    with pytest.raises(ValueError, match="would change the whole library"):
        write(plex, item, outcome)
    assert (film.title, server.requests) == ("one", [])


def test_every_edit_names_its_item_and_its_kind() -> None:
    item = an_item(7, title="a")
    arguments = edit_arguments(item, merge(None, item.fields, the_fields(title="b"), item.locked))
    assert arguments == {"type": 1, "id": 7, "title.value": "b", "title.locked": 1}


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({"title": "b", "genre": ("A", "c", "by hand")}, []),
        ({"title": "a", "genre": ("A", "c")}, ["title"]),
        ({"title": "b ", "genre": ("a", "b", "c")}, ["genre"]),
        ({"title": "b", "genre": ("a",)}, ["genre"]),
        ({"title": "", "genre": ()}, ["genre"]),
    ],
)
def test_what_plex_did_not_take_is_seen_when_the_item_is_read_again(shown: Any, words: list[str]) -> None:
    before, after = the_fields(title="a", genre=("a", "b")), the_fields(title="b", genre=("a", "c"))
    outcome = merge(Base.of(before), before, after, [field.name for field in FIELDS])
    assert [change.field.name for change in not_taken(outcome.changes, the_fields(**shown))] == words
