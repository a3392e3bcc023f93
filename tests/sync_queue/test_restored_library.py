"""Plex's database was restored from a backup, or made anew with the same keys: what is old is no edit."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sync

pytestmark = pytest.mark.unmeasured

FILMS = 6


@pytest.fixture(params=[False, True], ids=["stash wins", "plex wins"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        bench.world.settings["preserve_plex_edits"] = request.param
        yield bench


def hours_pass(bench: Bench) -> None:
    """Plex's clock goes on; its times are in whole seconds."""
    library = bench.world.plex.library
    before = library.clock
    library.clock = lambda: before() + 3_600


def films(bench: Bench, word: str) -> list[int]:
    world = bench.world
    return [
        world.add_film(
            f"film {n}",
            title=f"{word} title {n}",
            details=f"{word} text",
            date="2014-01-01",
            studio=world.studio_id(f"{word} studio"),
            rating100=70,
            tags=world.tag_ids("Sea", word),
            performers=world.performer_ids(f"{word} Ada"),
            cover=a_picture(f"{word} {n}"),
            plex={},
        )
        for n in range(FILMS)
    ]


def edit_in_stash(bench: Bench, ids: list[int], word: str) -> None:
    world = bench.world
    for n, scene_id in enumerate(ids):
        world.stash.library.update_scene(
            scene_id,
            title=f"{word} title {n}",
            details="",
            date="2015-01-01",
            studio=world.studio_id(f"{word} studio"),
            rating100=90,
            tags=world.tag_ids("Sea", word),
            performers=world.performer_ids(f"{word} Ada"),
            cover=a_picture(f"{word} {n}"),
        )


def backup(bench: Bench) -> dict[int, dict[str, Any]]:
    library = bench.world.plex.library
    return {item.rating_key: copy.deepcopy(vars(item)) for item in library.items()}


def restore(bench: Bench, kept: dict[int, dict[str, Any]]) -> None:
    for rating_key, values in kept.items():
        vars(bench.world.plex.library.item(rating_key)).update(copy.deepcopy(values))


def shown(bench: Bench, n: int) -> tuple[Any, ...]:
    item = bench.world.item(f"film {n}")
    texts = (item.title, item.summary, item.date, item.studio, item.user_rating)
    lists = (sorted(item.genres), item.roles, item.collections)
    return (*texts, *lists, item.selected_poster)


def synced_backed_up_and_synced_again(bench: Bench) -> dict[int, dict[str, Any]]:
    ids = films(bench, "Old")
    sync(bench)
    kept = backup(bench)
    hours_pass(bench)
    edit_in_stash(bench, ids, "New")
    sync(bench)
    assert bench.world.item("film 0").title == "New title 0"
    return kept


def test_items_of_a_restored_backup_are_found_and_brought_up_to_date_with_their_covers(bench: Bench) -> None:
    kept = synced_backed_up_and_synced_again(bench)
    right = [shown(bench, n) for n in range(FILMS)]
    hours_pass(bench)
    restore(bench, kept)
    assert shown(bench, 0) != right[0]
    assert bench.reconcile().stale_sync_count == FILMS
    bench.drain()
    assert [shown(bench, n) for n in range(FILMS)] == right
    bench.world.clear_requests()
    assert bench.reconcile().total_gaps == 0
    bench.drain()
    assert changing_requests(bench) == []


def test_a_persons_edit_that_the_backup_still_has_is_still_a_persons(bench: Bench) -> None:
    ids = films(bench, "Old")
    sync(bench)
    library = bench.world.plex.library
    key = bench.world.item("film 0").rating_key
    hours_pass(bench)
    library.edit_by_hand(key, summary="Words by hand", genres=["Sea", "Old", "By Hand"])
    own = library.upload_image(key, "poster", a_picture("own poster"))
    bench.reconcile()
    kept = backup(bench)
    hours_pass(bench)
    bench.world.stash.library.update_scene(ids[0], title="New title 0")
    sync(bench)
    restore(bench, kept)
    sync(bench)
    item = bench.world.item("film 0")
    assert (item.title, item.summary, item.selected_poster) == ("New title 0", "Words by hand", own)
    assert set(item.genres) == {"Sea", "Old", "By Hand"}


def test_a_library_made_anew_with_the_same_keys_gets_texts_and_covers_again(bench: Bench) -> None:
    films(bench, "Old")
    sync(bench)
    right = [shown(bench, n) for n in range(FILMS)]
    hours_pass(bench)
    library = bench.world.plex.library
    for n in range(FILMS):
        item = bench.world.item(f"film {n}")
        item.posters, item.selected_poster, item.poster_stamp = [], None, 0
        item.user_rating, item.collections = None, []
        library.reset_item(item.rating_key)
    assert bench.reconcile().total_gaps == FILMS
    bench.drain()
    assert [shown(bench, n) for n in range(FILMS)] == right
    assert bench.reconcile().total_gaps == 0


def test_what_a_person_edits_after_plexs_wrong_clock_was_set_right_is_no_old_value(bench: Bench) -> None:
    library = bench.world.plex.library
    library.clock = lambda: time.time() + 365 * 86_400
    ids = films(bench, "First")
    sync(bench)
    library.clock = time.time
    library.edit_by_hand(bench.world.item("film 0").rating_key, title="By hand")
    bench.world.item("film 0").updated_at = int(time.time())
    bench.save(*ids)
    bench.drain()
    sync(bench)
    assert bench.world.item("film 0").title == "By hand"
