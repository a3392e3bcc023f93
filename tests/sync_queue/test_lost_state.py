"""What is known of whose edit is whose can be lost: then nothing is taken away, and that is told once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sync_queue.state_database import DATABASE
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, let_time_pass, logged, sha1_of


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        yield bench


def lose_the_state(bench: Bench) -> None:
    """Start a new database, which knows that there was one."""
    for path in bench.world.data_dir.glob("state.db*"):
        path.unlink()
    with bench.state() as state:
        state.mark_lost()


def a_synced_film_that_a_person_edited(bench: Bench) -> int:
    world = bench.world
    scene_id = world.add_film(
        "one", title="One", details="Text", tags=world.tag_ids("Boat", "Candle"), plex={}
    )
    bench.save(scene_id)
    bench.drain()
    world.plex.library.edit_by_hand(
        world.item("one").rating_key, genres=["Boat", "Candle", "By Hand"], summary="Words by hand"
    )
    return scene_id


def test_after_a_loss_a_persons_tags_and_texts_stay_and_new_tags_come(bench: Bench) -> None:
    scene_id = a_synced_film_that_a_person_edited(bench)
    lose_the_state(bench)
    bench.world.stash.library.update_scene(scene_id, tags=bench.world.tag_ids("Boat", "Door"))
    bench.save(scene_id)
    bench.drain()
    item = bench.world.item("one")
    assert item.genres == ["Boat", "Candle", "By Hand", "Door"]
    assert item.summary == "Words by hand"


def test_that_values_stay_after_a_loss_is_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    scene_id = a_synced_film_that_a_person_edited(bench)
    lose_the_state(bench)
    for _ in range(2):
        bench.save(scene_id)
        bench.drain()
    told = [line for line in logged(caplog, "INFO") if "nobody knows whose edit" in line]
    assert len(told) == 1
    assert told[0].startswith(f"Scene {scene_id}: summary, genres differ in Plex and stay as they are")


def test_what_changes_in_stash_after_a_loss_is_carried_as_ever(bench: Bench) -> None:
    scene_id = a_synced_film_that_a_person_edited(bench)
    lose_the_state(bench)
    bench.save(scene_id)
    bench.drain()
    bench.world.stash.library.update_scene(scene_id, title="Two", tags=bench.world.tag_ids("Boat"))
    bench.save(scene_id)
    bench.drain()
    item = bench.world.item("one")
    assert (item.title, item.genres) == ("Two", ["Boat", "By Hand"])


@contextmanager
def an_older_copy_comes_back(bench: Bench) -> Iterator[None]:
    """After this block the state is as it was before it."""
    database, copied = bench.world.data_dir / DATABASE, bench.world.data_dir.parent / "copied.db"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copied)) as target:
        source.backup(target)
    yield
    for path in bench.world.data_dir.glob(f"{DATABASE}*"):
        path.unlink()
    copied.rename(database)


def test_an_older_copy_of_the_record_is_no_reason_to_write_over_a_persons_text(bench: Bench) -> None:
    world = bench.world
    scene_id = world.add_film("one", title="One", details="Text", tags=world.tag_ids("Boat"), plex={})
    bench.save(scene_id)
    bench.drain()
    with an_older_copy_comes_back(bench):
        world.stash.library.update_scene(scene_id, details="Newer text", tags=world.tag_ids("Candle"))
        bench.save(scene_id)
        bench.drain()
        world.plex.library.edit_by_hand(
            world.item("one").rating_key, summary="Words by hand", genres=["Candle", "By Hand"]
        )
    bench.reconcile()
    bench.drain()
    item = world.item("one")
    assert (item.summary, item.genres) == ("Words by hand", ["Candle", "By Hand"])
    world.stash.library.update_scene(scene_id, details="Newest text", title="Two")
    bench.save(scene_id)
    bench.drain()
    assert (world.item("one").summary, world.item("one").title) == ("Newest text", "Two")


def test_an_older_copy_of_the_record_is_no_reason_to_replace_a_poster_that_a_person_chose(
    bench: Bench,
) -> None:
    world = bench.world
    let_time_pass(world)
    scene_id = world.add_film("one", details="Text", cover=a_picture("first"), plex={})
    bench.save(scene_id)
    bench.drain()
    with an_older_copy_comes_back(bench):
        world.stash.library.set_cover(scene_id, a_picture("second"))
        bench.save(scene_id)
        bench.drain()
        world.plex.library.upload_image(world.item("one").rating_key, "poster", a_picture("by hand"))
    bench.reconcile()
    bench.drain()
    assert world.item("one").selected_poster == sha1_of(a_picture("by hand"))
    world.stash.library.set_cover(scene_id, a_picture("third"))
    bench.save(scene_id)
    bench.drain()
    assert world.item("one").selected_poster == sha1_of(a_picture("third"))
