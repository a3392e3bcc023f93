"""The order of actors: that of Stash's page where somebody wants it and Plex keeps it, and sent but once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import pytest
from plexapi.server import PlexServer

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import changing_requests, let_time_pass, sync
from tests.builders.values import raw_scene
from tests.servers.world import TOKEN
from validation.scene import parse_scene

Order = Literal["behind", "as_sent", "by_number"]
ORDERS = get_args(Order)
ON_THE_PAGE = ["Cay", "Ada", "Bea"]
IN_STASH = {"actor_order": "stash"}


@pytest.fixture(params=ORDERS)
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A Plex that orders actors in each way that is possible."""
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        bench.world.plex.behaviour.role_order = request.param
        yield bench


def a_film(bench: Bench, name: str = "one") -> int:
    world = bench.world
    ids = world.performer_ids("Ada", "Bea", "Cay")
    for performer, gender in zip(ids, ("MALE", None, "FEMALE"), strict=True):
        world.stash.library.change("performer", performer, gender=gender)
    return world.add_film(name, details="Text", performers=ids, plex={})


def actors(bench: Bench) -> list[str]:
    """As plexapi reads them."""
    server = PlexServer(bench.world.plex.url, TOKEN, timeout=5)
    return [role.tag for role in server.fetchItem(bench.world.item("one").rating_key).roles]


def keeps_order(bench: Bench) -> bool:
    return bench.world.plex.behaviour.role_order == "as_sent"


def test_actors_come_by_name_unless_somebody_wants_another_order(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    assert actors(bench) == ["Ada", "Bea", "Cay"]
    assert not any("gender" in request.query for request in bench.world.stash.requests)


def test_actors_come_as_the_page_of_stash_shows_them_from_the_first_sync(bench: Bench) -> None:
    a_film(bench)
    sync(bench, **IN_STASH)
    numbered = bench.world.plex.behaviour.role_order == "by_number"
    assert sorted(actors(bench)) == sorted(ON_THE_PAGE)
    assert numbered or actors(bench) == ON_THE_PAGE
    sync(bench, **IN_STASH)
    assert changing_requests(bench) == []


def test_another_order_is_sent_once_whether_plex_keeps_it_or_not(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    sync(bench, **IN_STASH)
    assert len(changing_requests(bench)) == 1
    assert actors(bench) == (ON_THE_PAGE if keeps_order(bench) else ["Ada", "Bea", "Cay"])
    for _ in range(2):
        bench.world.stash.library.update_scene(1, details="Again")
        sync(bench, **IN_STASH)
        assert not any("actor[0].tag.tag" in one.query for one in bench.world.plex.requests)


def test_another_gender_in_stash_changes_the_order(bench: Bench) -> None:
    a_film(bench)
    sync(bench, **IN_STASH)
    (bea,) = bench.world.performer_ids("Bea")
    bench.world.stash.library.change("performer", bea, gender="FEMALE")
    sync(bench, **IN_STASH)
    assert len(changing_requests(bench)) == 1
    assert actors(bench) == ["Bea", "Cay", "Ada"] or not keeps_order(bench)


def test_an_actor_whom_plex_alone_has_stays_behind_those_of_stash(bench: Bench) -> None:
    a_film(bench)
    sync(bench, **IN_STASH)
    bench.world.plex.library.edit_by_hand(1, roles=["By Hand", "Ada", "Bea", "Cay"])
    bench.world.stash.library.update_scene(
        1, performers=bench.world.performer_ids("Ada", "Bea", "Cay", "Dot")
    )
    sync(bench, **IN_STASH)
    assert set(actors(bench)) == {"By Hand", "Ada", "Bea", "Cay", "Dot"}
    if keeps_order(bench):
        assert actors(bench) == ["Cay", "Ada", "Bea", "Dot", "By Hand"]


def test_a_list_that_a_person_locked_before_the_first_sync_stays_where_plex_edits_are_preserved(
    bench: Bench,
) -> None:
    a_film(bench)
    bench.world.plex.library.edit_by_hand(1, roles=["Bea", "Ada", "Cay"])
    sync(bench, preserve_plex_edits=True, **IN_STASH)
    assert actors(bench) == ["Bea", "Ada", "Cay"]


def test_performers_of_one_gender_come_by_name_and_unknown_ones_last() -> None:
    given = [("zoe", "FEMALE"), ("Bo", "OTHER"), ("Al", None), ("ann", "FEMALE"), ("Max", "MALE")]
    people = [{"name": name, "disambiguation": "", "gender": gender} for name, gender in given]
    assert parse_scene(raw_scene(performers=people)).performers == ("ann", "zoe", "Max", "Al", "Bo")
