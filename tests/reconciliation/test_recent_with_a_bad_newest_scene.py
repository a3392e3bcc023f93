"""Promises about a recent reconcile whose newest scene is unusable."""

from pathlib import Path

from tests.builders.bench import a_bench


def test_a_newest_scene_without_a_usable_time_does_not_end_a_recent_reconcile(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        bench.world.add_film("good", title="Good", details="x", plex={})
        bad = bench.world.add_film("bad", title="Bad", plex={})
        bench.world.stash.malformed_scenes[bad] = lambda scene: scene.update(updated_at=None)
        assert bench.reconcile("recent").enqueued_count == 1
