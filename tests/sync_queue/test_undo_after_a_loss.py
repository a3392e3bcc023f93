"""What we locked ourselves is no person's: Undo First Sync never puts it back, whatever was lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plex.client import Plex, client_identifier
from sync_queue.undo import UndoFirstSync, UndoSummary
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of, sync
from tests.servers.world import TOKEN

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def undo(bench: Bench) -> UndoSummary:
    bench.world.clear_requests()
    plex = Plex(bench.world.plex.url, TOKEN, client_identifier(bench.world.data_dir))
    with bench.state() as state:
        state.use_server(plex.machine_identifier, str(bench.config({}).path_map))
        return UndoFirstSync(plex, state).run()


def a_synced_film(bench: Bench) -> int:
    world = bench.world
    scene_id = world.add_film(
        "one", title="One", details="Text", tags=world.tag_ids("Sea"), cover=a_picture("a"), plex={}
    )
    sync(bench)
    return scene_id


def lose_the_state(bench: Bench, is_noticed: bool) -> None:
    for path in bench.world.data_dir.glob("state.db*"):
        path.unlink()
    if is_noticed:
        with bench.state() as state:
            state.mark_lost()


@pytest.mark.parametrize("is_noticed", [False, True])
def test_after_a_loss_and_a_full_sync_there_is_nothing_to_put_back(bench: Bench, is_noticed: bool) -> None:
    a_synced_film(bench)
    lose_the_state(bench, is_noticed)
    sync(bench)
    summary = undo(bench)
    assert (summary.fields, summary.restored, changing_requests(bench)) == (0, 0, [])
    assert bench.world.item("one").selected_poster == sha1_of(a_picture("a"))


def test_what_changed_in_stash_around_a_noticed_loss_is_not_put_back_either(bench: Bench) -> None:
    scene_id = a_synced_film(bench)
    lose_the_state(bench, is_noticed=True)
    sync(bench)
    bench.world.stash.library.update_scene(
        scene_id, title="Two", tags=bench.world.tag_ids("Wind"), cover=a_picture("b")
    )
    sync(bench)
    item = bench.world.item("one")
    assert (item.title, item.genres, item.selected_poster) == ("Two", ["Wind"], sha1_of(a_picture("b")))
    summary = undo(bench)
    assert (summary.fields, summary.restored, changing_requests(bench)) == (0, 0, [])


def test_a_poster_of_ours_that_was_unlocked_around_a_noticed_loss_is_not_put_back(bench: Bench) -> None:
    scene_id = a_synced_film(bench)
    lose_the_state(bench, is_noticed=True)
    bench.world.item("one").locked.discard("thumb")
    bench.world.stash.library.update_scene(scene_id, cover=a_picture("b"))
    sync(bench)
    assert bench.world.item("one").selected_poster == sha1_of(a_picture("b"))
    assert undo(bench).restored == 0
    assert bench.world.item("one").selected_poster == sha1_of(a_picture("b"))
