"""The date added: Recently Added in Plex follows Stash, where a person wants that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from plexapi.server import PlexServer

from plex.added import added_at, as_seconds, as_text
from plex.client import connect
from plex.fields import names_carried
from sync_queue.undo import UndoFirstSync
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import changing_requests, let_time_pass, sync
from tests.builders.values import a_scene
from tests.servers.world import TOKEN

OLD = 1_500_000_000
NOW = 1_700_000_000.0
DAY = 1_406_887_200  # 2014-08-01 10:00 UTC


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def a_film(bench: Bench, name: str = "one", **scene: Any) -> int:
    return bench.world.add_film(
        name, plex={"added_at": OLD}, **{"details": "Text", "date": "2014-08", **scene}
    )


def added(bench: Bench, name: str = "one") -> tuple[int, bool]:
    """When the item was added, and whether that is locked."""
    item = bench.world.item(name)
    return item.added_at, "addedAt" in item.locked


def edit(bench: Bench, scene_id: int, **fields: Any) -> None:
    bench.world.stash.library.update_scene(scene_id, **fields)


def undo(bench: Bench, **settings: Any) -> int:
    config = bench.config(settings)
    plex = connect(config, bench.world.data_dir)
    with bench.state() as state:
        state.use_server(plex.machine_identifier, str(config.path_map))
        return UndoFirstSync(plex, state, carried=names_carried(config)).run().fields


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2014", 1_388_570_400),
        ("2014-08", DAY),
        ("2014-08-01", DAY),
        ("1970-01-01", 36_000),
        ("1969-12-31", 0),
        ("0001-01-01", 0),
        ("2023-11-15", 1_700_042_400),
        ("2023-11-16", 0),
        ("9999", 0),
        ("", 0),
    ],
)
def test_a_day_is_one_in_plex_unless_it_lies_before_its_time_or_is_still_to_come(
    date: str, expected: int
) -> None:
    text = added_at(a_scene(date=date), "date", NOW)
    assert (as_seconds(text) if text else 0) == expected


@pytest.mark.parametrize("hours", [-10, -5, 0, 5.5, 9, 13])
def test_the_day_is_that_of_stash_wherever_somebody_looks_at_plex(hours: float) -> None:
    seconds = as_seconds(added_at(a_scene(date="2014-08-01"), "date", NOW))
    there = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    assert there.date().isoformat() == "2014-08-01"


@pytest.mark.parametrize("seconds", [-5, 0, 10**15])
def test_a_time_that_no_calendar_has_is_none(seconds: int) -> None:
    assert as_text(seconds) == ""


def test_a_scene_counts_as_added_when_it_was_made_in_stash_whatever_its_clock() -> None:
    made = datetime(2014, 8, 1, 12, 0, 0, tzinfo=timezone(timedelta(hours=2)))
    assert added_at(a_scene(created_at=made), "created", NOW) == "2014-08-01 10:00:00 UTC"


def test_unless_somebody_switches_it_on_the_date_added_is_left_as_it_is(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    assert added(bench) == (OLD, False)
    assert not any("addedAt.value" in request.query for request in bench.world.plex.requests)


def test_recently_added_follows_stash_and_plexapi_reads_it(bench: Bench) -> None:
    for name, date in (("one", "2015"), ("two", "2017"), ("three", "2016")):
        a_film(bench, name, title=name, date=date)
    sync(bench, date_added="date")
    server = PlexServer(bench.world.plex.url, TOKEN, timeout=5)
    section = bench.world.section_keys["Films"]
    films = server.fetchItems(f"/library/sections/{section}/all?type=1&sort=addedAt:desc")
    assert [(film.title, film.addedAt.year) for film in films] == [
        ("two", 2017),
        ("three", 2016),
        ("one", 2015),
    ]
    assert films[0].reload().isLocked("addedAt")
    sync(bench, date_added="date")
    assert changing_requests(bench) == []


def test_the_date_comes_with_all_else_in_one_request(bench: Bench) -> None:
    a_film(bench)
    sync(bench, date_added="date")
    (request,) = (one for one in bench.world.plex.requests if one.method == "PUT")
    assert request.query["addedAt.value"] == str(DAY)
    assert request.query["summary.value"] == "Text"
    assert added(bench) == (DAY, True)


def test_the_time_of_a_scene_is_that_at_which_stash_made_it(bench: Bench) -> None:
    scene_id = a_film(bench)
    made = bench.world.stash.library.scenes[scene_id].created_at
    sync(bench, date_added="created")
    assert added(bench) == (int(datetime.fromisoformat(made).timestamp()), True)


def test_another_setting_reaches_what_was_synced_and_none_leaves_what_is_there(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    sync(bench, date_added="date")
    assert added(bench) == (DAY, True)
    sync(bench)
    assert added(bench) == (DAY, True)
    assert changing_requests(bench) == []


@pytest.mark.parametrize("preserve", [False, True])
def test_a_date_that_is_taken_away_in_stash_leaves_the_one_in_plex_which_the_next_one_replaces(
    bench: Bench, preserve: bool
) -> None:
    settings = {"date_added": "date", "preserve_plex_edits": preserve}
    scene_id = a_film(bench)
    sync(bench, **settings)
    edit(bench, scene_id, date="")
    sync(bench, **settings)
    assert added(bench) == (DAY, False)
    sync(bench, **settings)
    assert changing_requests(bench) == []
    edit(bench, scene_id, date="2014-08-02")
    sync(bench, **settings)
    assert added(bench) == (DAY + 86_400, True)


def test_what_a_person_chose_in_plex_stays_until_stash_has_another_date(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench, date_added="date")
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, added_at=OLD)
    edit(bench, scene_id, details="Another")
    sync(bench, date_added="date")
    assert added(bench) == (OLD, True)
    edit(bench, scene_id, date="2014-08-02")
    sync(bench, date_added="date")
    assert added(bench) == (DAY + 86_400, True)


def test_with_plex_edits_preserved_only_a_locked_date_counts_as_one(bench: Bench) -> None:
    a_film(bench, "one")
    a_film(bench, "two")
    bench.world.plex.library.edit_by_hand(bench.world.item("two").rating_key, added_at=OLD + 1)
    sync(bench, date_added="date", preserve_plex_edits=True)
    assert [added(bench, name) for name in ("one", "two")] == [(DAY, True), (OLD + 1, True)]


def test_undo_gives_the_earlier_date_back_and_unlocks_it_where_nothing_would_write_it_again(
    bench: Bench,
) -> None:
    a_film(bench)
    sync(bench, date_added="date")
    sync(bench)
    assert undo(bench) == 1
    assert added(bench) == (OLD, False)


def test_a_date_that_undo_gave_back_stays_though_the_setting_is_still_on(bench: Bench) -> None:
    a_film(bench)
    sync(bench, date_added="date")
    assert undo(bench, date_added="date") == 1
    assert added(bench) == (OLD, True)
    sync(bench, date_added="date")
    assert added(bench) == (OLD, True)


def test_undo_leaves_a_date_that_somebody_chose_since(bench: Bench) -> None:
    a_film(bench)
    sync(bench, date_added="date")
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, added_at=OLD + 5)
    undo(bench)
    assert added(bench) == (OLD + 5, True)


def test_a_date_that_a_person_had_locked_comes_back_locked(bench: Bench) -> None:
    a_film(bench)
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, added_at=OLD + 5)
    sync(bench, date_added="date")
    assert added(bench) == (DAY, True)
    undo(bench, date_added="date")
    assert added(bench) == (OLD + 5, True)
