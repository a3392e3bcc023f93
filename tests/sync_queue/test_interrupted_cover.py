"""Promises about a worker that is killed while a cover is on its way, where edits in Plex are preserved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import plex.artwork
from sync_queue import pictures
from sync_queue.state import SyncState
from tests.builders.bench import Bench, a_bench
from tests.builders.killed import Killed, die, then_die
from tests.builders.sync import a_picture, let_time_pass, sha1_of

pytestmark = pytest.mark.unmeasured

A, B, C, D = a_picture("a"), a_picture("b"), a_picture("c"), a_picture("d")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        bench.world.settings["preserve_plex_edits"] = True
        yield bench


# Where it is killed: (module or class, name of what it is doing then, whether that still happens)
POINTS = {
    "before the upload is noted": (SyncState, "record_begun_artwork", False),
    "before the upload": (pictures, "upload_and_choose", False),
    "between upload and choice": (plex.artwork, "choose", False),
    "after the choice": (pictures, "upload_and_choose", True),
    "before the record": (SyncState, "record_artwork", False),
    "after the record": (SyncState, "record_artwork", True),
    "before the texts are recorded": (SyncState, "record_pushed", False),
}


def killed(bench: Bench, scene_id: int, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, happens = POINTS[point]
    bench.save(scene_id)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, then_die(getattr(place, name)) if happens else die)
        with pytest.raises(Killed):
            bench.drain()


def new_cover(bench: Bench, scene_id: int, cover: bytes) -> None:
    bench.world.stash.library.update_scene(scene_id, cover=cover)


def a_synced_film(bench: Bench) -> int:
    """A film whose cover A has arrived."""
    scene_id = bench.world.add_film("one", details="Text", cover=A, plex={})
    bench.save(scene_id)
    bench.drain()
    return scene_id


@pytest.mark.parametrize("point", POINTS)
def test_a_first_cover_that_was_interrupted_arrives_and_so_do_later_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    scene_id = bench.world.add_film("one", details="Text", cover=A, plex={})
    killed(bench, scene_id, point, monkeypatch)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(A)
    new_cover(bench, scene_id, B)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(B)


@pytest.mark.parametrize("point", POINTS)
def test_a_cover_that_changed_again_after_an_interruption_arrives(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    scene_id = a_synced_film(bench)
    new_cover(bench, scene_id, B)
    killed(bench, scene_id, point, monkeypatch)
    new_cover(bench, scene_id, C)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(C)


@pytest.mark.parametrize("point", POINTS)
def test_a_cover_that_changed_again_after_each_of_two_interruptions_arrives(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    scene_id = a_synced_film(bench)
    new_cover(bench, scene_id, B)
    killed(bench, scene_id, "after the choice", monkeypatch)
    new_cover(bench, scene_id, C)
    killed(bench, scene_id, point, monkeypatch)
    new_cover(bench, scene_id, D)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(D)


def test_an_upload_that_plex_ends_long_after_its_interruption_is_no_persons_choice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_synced_film(bench)
    new_cover(bench, scene_id, B)
    killed(bench, scene_id, "before the upload", monkeypatch)
    new_cover(bench, scene_id, C)
    bench.save(scene_id)
    bench.drain()
    bench.world.plex.library.upload_image(bench.world.item("one").rating_key, "poster", B)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(C)


@pytest.mark.parametrize("point", POINTS)
def test_a_poster_that_a_person_chose_after_an_interruption_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    scene_id = bench.world.add_film("one", details="Text", cover=A, plex={})
    killed(bench, scene_id, point, monkeypatch)
    own = bench.world.plex.library.upload_image(
        bench.world.item("one").rating_key, "poster", a_picture("own")
    )
    for cover in (B, C):
        new_cover(bench, scene_id, cover)
        bench.save(scene_id)
        bench.drain()
        assert bench.world.item("one").selected_poster == own


@pytest.mark.parametrize("is_first", [True, False])
def test_a_poster_chosen_after_an_interruption_stays_until_the_cover_changes_in_every_mode(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    bench.world.settings["preserve_plex_edits"] = False
    if is_first:
        scene_id = bench.world.add_film("one", details="Text", cover=A, plex={})
    else:
        scene_id = a_synced_film(bench)
        new_cover(bench, scene_id, B)
    killed(bench, scene_id, "after the choice", monkeypatch)
    own = bench.world.plex.library.upload_image(
        bench.world.item("one").rating_key, "poster", a_picture("own")
    )
    for _ in range(2):
        bench.save(scene_id)
        bench.drain()
        assert bench.world.item("one").selected_poster == own
    new_cover(bench, scene_id, C)
    bench.save(scene_id)
    bench.drain()
    assert bench.world.item("one").selected_poster == sha1_of(C)
