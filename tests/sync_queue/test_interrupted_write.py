"""Promises about a worker that is killed between a write and its record."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sync_queue import sending
from sync_queue.begun import MAY_STILL_COME
from sync_queue.state import SyncState
from tests.back_to_stash.bench import take_a_look
from tests.builders.bench import Bench
from tests.builders.killed import Killed, die
from tests.builders.sync import sync


def killed_before_it_records(bench: Bench, monkeypatch: pytest.MonkeyPatch, is_sent: bool = True) -> None:
    place, name = (SyncState, "record_pushed") if is_sent else (sending, "write")
    with monkeypatch.context() as patch:
        patch.setattr(place, name, die)
        with pytest.raises(Killed):
            bench.drain()


def test_a_tag_written_by_a_killed_worker_and_then_removed_in_stash_is_removed_in_plex(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", tags=world.tag_ids("Boat"), plex={})
    bench.save(scene_id)
    bench.drain()
    world.stash.library.update_scene(scene_id, tags=world.tag_ids("Boat", "Candle"))
    bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch)
    assert world.item("one").genres == ["Boat", "Candle"]
    world.stash.library.update_scene(scene_id, tags=world.tag_ids("Boat"))
    bench.save(scene_id)
    bench.drain()
    assert world.item("one").genres == ["Boat"]


def test_a_title_written_by_a_killed_worker_and_then_taken_back_in_stash_is_taken_back_in_plex(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", plex={})
    bench.save(scene_id)
    bench.drain()
    world.stash.library.update_scene(scene_id, title="Wrong")
    bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch)
    world.stash.library.update_scene(scene_id, title="One")
    bench.save(scene_id)
    bench.drain()
    assert world.item("one").title == "One"


def by_hand(bench: Bench, **fields: Any) -> None:
    bench.world.plex.library.edit_by_hand(bench.world.item("one").rating_key, **fields)


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "not sent"])
@pytest.mark.parametrize("is_first", [True, False], ids=["first contact", "later"])
def test_what_a_person_enters_in_plex_after_a_worker_was_killed_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_sent: bool, is_first: bool
) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", rating100=70, plex={"title": "File", "user_rating": 1.0})
    bench.save(scene_id)
    if not is_first:
        bench.drain()
        world.stash.library.update_scene(scene_id, title="Two", rating100=80)
        bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch, is_sent)
    by_hand(bench, title="Mine", user_rating=9.0)
    for _ in range(2):
        bench.save(scene_id)
        bench.drain()
    item = world.item("one")
    assert (item.title, item.user_rating) == ("Mine", 9.0)
    world.stash.library.update_scene(scene_id, title="Three", rating100=30)
    bench.save(scene_id)
    bench.drain()
    item = world.item("one")
    assert (item.title, item.user_rating) == ("Three", 3.0)


def test_a_rating_given_in_plex_after_a_worker_was_killed_comes_to_stash(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    world.settings["back_to_stash"] = "ratings"
    scene_id = world.add_film("one", title="One", rating100=70, plex={})
    bench.save(scene_id)
    bench.drain()
    take_a_look(bench)
    world.stash.library.update_scene(scene_id, rating100=80)
    bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch)
    world.plex.library.rate(world.item("one").rating_key, 9.0)
    bench.save(scene_id)
    bench.drain()
    take_a_look(bench)
    assert (world.stash.library.scene(scene_id).rating100, world.item("one").user_rating) == (90, 9.0)


def a_film_written_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> int:
    """A film whose second values were on their way when the worker was killed; the third ones arrived."""
    world = bench.world
    scene_id = world.add_film("one", title="One", rating100=70, tags=world.tag_ids("Boat"), plex={})
    bench.save(scene_id)
    bench.drain()
    world.stash.library.update_scene(
        scene_id, title="Two", rating100=80, tags=world.tag_ids("Boat", "Candle")
    )
    bench.save(scene_id)
    killed_before_it_records(bench, monkeypatch, is_sent=False)
    world.stash.library.update_scene(scene_id, title="Three", rating100=90, tags=world.tag_ids("Boat"))
    bench.save(scene_id)
    bench.drain()
    return scene_id


@pytest.mark.parametrize("comes_back", ["", "ratings"])
def test_a_write_that_plex_carries_out_after_a_newer_one_is_no_persons_edit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, comes_back: str
) -> None:
    world = bench.world
    world.settings["back_to_stash"] = comes_back
    scene_id = a_film_written_twice(bench, monkeypatch)
    by_hand(bench, title="Two", user_rating=8.0, genres=["Boat", "Candle"])
    if comes_back:
        take_a_look(bench)
    sync(bench)
    item = world.item("one")
    assert (item.title, item.user_rating, item.genres) == ("Three", 9.0, ["Boat"])
    assert world.stash.library.scene(scene_id).rating100 == 90


def test_long_after_an_interruption_the_same_values_are_a_persons(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film_written_twice(bench, monkeypatch)
    bench.world.plex.library.clock = lambda: time.time() + MAY_STILL_COME + 5
    by_hand(bench, title="Two", user_rating=8.0, genres=["Boat", "Candle"])
    bench.save(scene_id)
    bench.drain()
    item = bench.world.item("one")
    assert (item.title, item.user_rating, item.genres) == ("Two", 8.0, ["Boat", "Candle"])


@pytest.mark.parametrize("comes_back", ["", "ratings"])
@pytest.mark.parametrize("is_late", [False, True], ids=["before the second one", "after both"])
def test_what_plex_carries_out_of_two_killed_workers_is_no_persons_edit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_late: bool, comes_back: str
) -> None:
    world = bench.world
    world.settings["back_to_stash"] = comes_back
    scene_id = world.add_film("one", title="One", rating100=70, tags=world.tag_ids("Boat"), plex={})
    bench.save(scene_id)
    bench.drain()
    for title, rating100, tags in (("Two", 80, ("Boat", "Candle")), ("Three", 90, ("Boat",))):
        world.stash.library.update_scene(
            scene_id, title=title, rating100=rating100, tags=world.tag_ids(*tags)
        )
        bench.save(scene_id)
        killed_before_it_records(bench, monkeypatch, is_sent=title == "Two" and not is_late)
    by_hand(bench, title="Two", user_rating=8.0, genres=["Boat", "Candle"])
    if comes_back:
        take_a_look(bench)
    sync(bench)
    item = world.item("one")
    assert (item.title, item.user_rating, item.genres) == ("Three", 9.0, ["Boat"])
    assert world.stash.library.scene(scene_id).rating100 == 90
