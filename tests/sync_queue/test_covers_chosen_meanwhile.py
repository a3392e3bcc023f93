"""A poster that a person chooses in Plex during a drain is as safe as one chosen before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plex.artwork import Artwork, ArtworkKind, artwork_of, upload_and_choose
from tests.builders.bench import Bench
from tests.builders.sync import a_picture, let_time_pass, sha1_of

HERS, OURS = a_picture("hers"), a_picture("ours")


@pytest.fixture
def choose_amid(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Two films with covers; a person chooses the second's poster while the first's is uploaded."""
    let_time_pass(bench.world)
    world = bench.world
    bench.save(*(world.add_film(name, details="Text", cover=OURS, plex={}) for name in ("one", "two")))
    bench.drain(leave_fields="poster")
    bench.save(1, 2)
    two = world.item("two").rating_key
    uploads: list[object] = []

    def upload(*arguments: Any) -> None:
        if not uploads:
            world.plex.library.upload_image(two, "poster", HERS)
        uploads.append(arguments)
        upload_and_choose(*arguments)

    monkeypatch.setattr("sync_queue.pictures.upload_and_choose", upload)
    return lambda: ArtworkKind.POSTER.uploaded(sha1_of(HERS))


def test_with_edits_preserved_a_poster_that_is_chosen_during_the_drain_stays(
    bench: Bench, choose_amid: Callable[[], str]
) -> None:
    bench.drain(preserve_plex_edits=True)
    assert bench.world.item("one").selected_poster == sha1_of(OURS)
    assert bench.world.item("two").selected_poster == sha1_of(HERS)


def test_a_poster_that_is_chosen_during_the_first_sync_can_be_put_back(
    bench: Bench, choose_amid: Callable[[], str]
) -> None:
    bench.drain()
    assert bench.world.item("two").selected_poster == sha1_of(OURS)
    with bench.state() as state:
        state.use_server(bench.world.plex.library.machine_identifier, str(bench.config({}).path_map))
        key = bench.world.item("two").rating_key
        kept = state.pictures_before([key])[key]["poster"]
    assert (kept.name, kept.was_locked) == (choose_amid(), True)


@pytest.mark.parametrize("is_lost", [False, True], ids=["ours is still there", "ours is gone"])
def test_a_poster_that_is_chosen_while_ours_is_to_be_shown_again_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_lost: bool
) -> None:
    let_time_pass(bench.world)
    library = bench.world.plex.library
    bench.save(bench.world.add_film("one", details="Text", cover=OURS, plex={}))
    bench.drain()
    item = bench.world.item("one")
    library.select_image(item.rating_key, "poster", None)
    item.locked.discard("thumb")
    if is_lost:
        item.posters.clear()

    def look(*arguments: Any) -> Artwork:
        library.upload_image(item.rating_key, "poster", HERS)
        return artwork_of(*arguments)

    monkeypatch.setattr("sync_queue.pictures.artwork_of", look)
    bench.save(1)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(HERS)
