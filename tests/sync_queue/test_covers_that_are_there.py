"""A cover that Plex shows already is not uploaded once more because nothing is known of it."""

from __future__ import annotations

from sync_queue.claims import Outcome
from sync_queue.manager import QueueManager
from tests.builders.bench import Bench
from tests.builders.sync import a_picture, let_time_pass, sha1_of, sync


def begin_anew(bench: Bench) -> None:
    """A data folder without anything in it, as for a full new sync."""
    bench.manager.close()
    for file in bench.world.data_dir.iterdir():
        file.unlink()
    bench.manager = QueueManager(bench.world.data_dir)
    bench.world.clear_requests()


def test_a_full_new_sync_neither_uploads_the_covers_that_are_there_nor_counts_them_as_written(
    bench: Bench,
) -> None:
    let_time_pass(bench.world)
    for n in range(3):
        bench.world.add_film(f"film {n}", details=f"Text {n}", cover=a_picture(f"{n}"), plex={})
    sync(bench)
    assert len(bench.world.plex.uploads) == 3
    begin_anew(bench)
    bench.reconcile()
    summary = bench.drain()
    assert bench.world.plex.uploads == []
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.UNCHANGED]) == (0, 3)


def test_a_full_new_sync_brings_a_cover_that_is_another_one(bench: Bench) -> None:
    let_time_pass(bench.world)
    scene_id = bench.world.add_film("one", details="Text", cover=a_picture("first"), plex={})
    sync(bench)
    begin_anew(bench)
    bench.world.stash.library.update_scene(scene_id, cover=a_picture("second"))
    sync(bench)
    assert [upload.sha1 for upload in bench.world.plex.uploads] == [sha1_of(a_picture("second"))]
