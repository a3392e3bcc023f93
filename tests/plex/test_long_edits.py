"""A proxy that takes only short addresses costs no edit: what is short is written, what is long in parts."""

from __future__ import annotations

from typing import Any

import pytest

from plex.client import Plex
from plex.exceptions import PlexRejected, PlexTooLarge
from plex.library import read_items
from plex.merge import Change, Merge, merge
from plex.writing import write
from tests.builders.values import the_fields
from tests.servers.plex.arrangement import a_film
from tests.servers.plex.server import PlexTestServer

LONG = "日本語のあらすじ。" * 700
NAMES = tuple(f"Performer number {n}, of a rather long name" for n in range(300))


def bring(plex: Plex, **ours: Any) -> tuple[Change, ...]:
    """Write these values to the first item; what was sent of them."""
    item = read_items(plex, [1])[1]
    merged: Merge = merge(None, item.fields, the_fields(**ours), item.locked)
    return write(plex, item, merged)


@pytest.mark.parametrize("longest", [4_500, 8_190, 16_000])
def test_a_text_that_is_too_long_for_a_proxy_is_cut_and_all_the_rest_is_written(
    server: PlexTestServer, plex: Plex, longest: int
) -> None:
    film = a_film(server.library)
    server.behaviour.maximum_url = longest
    sent = bring(plex, title="Morning", summary=LONG, studio="Harbour", genre=("Sea", "Boats"))
    assert (film.title, film.studio, sorted(film.genres)) == ("Morning", "Harbour", ["Boats", "Sea"])
    assert LONG.startswith(film.summary)
    assert len(film.summary) > longest / 9 / 3
    assert {change.field.name: change.new for change in sent}["summary"] == film.summary
    assert {"title", "summary", "studio", "genre"} <= film.locked


def test_a_list_that_is_too_long_for_a_proxy_is_written_whole_in_pieces(
    server: PlexTestServer, plex: Plex
) -> None:
    film = a_film(server.library)
    server.behaviour.maximum_url = 8_190
    sent = bring(plex, title="Morning", actor=NAMES)
    assert film.title == "Morning"
    assert sorted(map(str.casefold, film.roles)) == sorted(map(str.casefold, NAMES))
    assert {change.field.name: change.new for change in sent}["actor"] == NAMES


def test_a_400_for_a_long_address_is_tried_in_parts_and_one_for_a_short_address_is_not(
    server: PlexTestServer, plex: Plex
) -> None:
    film = a_film(server.library)
    fault = server.faults.add("status", "/library/sections/1/all", method="PUT", code=400, times=1)
    bring(plex, title="Morning", summary=LONG)
    assert (film.title, film.summary) == ("Morning", LONG)
    server.faults.remove(fault)
    server.clear_requests()
    server.faults.add("status", "/library/sections/1/all", method="PUT", code=400)
    with pytest.raises(PlexRejected):
        bring(plex, title="Evening")
    assert [request.method for request in server.requests].count("PUT") == 1


def test_what_no_part_of_is_taken_is_refused_after_a_few_tries(server: PlexTestServer, plex: Plex) -> None:
    a_film(server.library)
    server.faults.add("status", "/library/sections/1/all", method="PUT", code=414)
    with pytest.raises(PlexTooLarge):
        bring(plex, title="Morning", summary=LONG, genre=("Sea", "Boats"))
    assert [request.method for request in server.requests].count("PUT") < 10
