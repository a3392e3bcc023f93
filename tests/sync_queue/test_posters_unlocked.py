"""A poster that nobody holds any more gives way to the scene's cover, and to no older one of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, image_requests, let_time_pass, sha1_of, sync

OURS, NEW, HERS = a_picture("ours"), a_picture("new"), a_picture("hers")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def unlock(bench: Bench, name: str = "one") -> None:
    """A person opens the lock of a poster."""
    library, item = bench.world.plex.library, bench.world.item(name)
    with library.lock:
        item.locked.discard("thumb")
        library.clock = lambda: float(item.updated_at + 60)
        library.touch(item)


def poster(bench: Bench) -> Any:
    return bench.world.item("one").selected_poster


@pytest.mark.parametrize("preserve", [False, True])
def test_a_poster_that_a_person_chose_and_unlocked_again_gives_way(bench: Bench, preserve: bool) -> None:
    bench.world.settings["preserve_plex_edits"] = preserve
    scene_id = bench.world.add_film("one", details="Text", cover=OURS, plex={})
    sync(bench)
    bench.world.plex.library.upload_image(bench.world.item("one").rating_key, "poster", HERS)
    for text in ("Edited", "Edited again"):
        bench.world.stash.library.update_scene(scene_id, details=text)
        sync(bench)
        assert poster(bench) == sha1_of(HERS)
    unlock(bench)
    sync(bench)
    assert poster(bench) == sha1_of(OURS)
    assert bench.world.plex.uploads == []
    bench.save(scene_id)
    bench.world.clear_requests()
    bench.drain()
    assert image_requests(bench) == []


def test_one_that_stayed_at_the_first_sync_gives_way_once_it_is_unlocked(bench: Bench) -> None:
    bench.world.settings["preserve_plex_edits"] = True
    bench.world.add_film("one", details="Text", cover=OURS, plex={"poster": HERS, "locked": ["thumb"]})
    sync(bench)
    assert poster(bench) == sha1_of(HERS)
    unlock(bench)
    sync(bench)
    assert poster(bench) == sha1_of(OURS)


def test_a_poster_of_ours_that_is_unlocked_is_looked_at_once(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", cover=OURS, plex={})
    sync(bench)
    unlock(bench)
    sync(bench)
    sync(bench)
    assert (poster(bench), image_requests(bench)) == (sha1_of(OURS), [])


def test_an_item_that_was_reset_gets_the_new_cover_and_never_the_old_one(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", details="Text", cover=OURS, plex={"poster": HERS})
    sync(bench)
    item = bench.world.item("one")
    bench.world.plex.library.select_image(item.rating_key, "poster", sha1_of(HERS), locks=False)
    unlock(bench)
    bench.world.stash.library.update_scene(scene_id, cover=NEW)
    sync(bench)
    chosen = [
        one.query["url"].rpartition("/")[2]
        for one in list(bench.world.plex.requests)
        if one.method == "PUT" and one.path.endswith("/poster")
    ]
    assert (poster(bench), chosen) == (sha1_of(NEW), [sha1_of(NEW)])
