"""Promises about a hook that meets a damaged queue."""

from pathlib import Path

from tests.servers.world import a_world, log_text


def test_a_hook_that_sets_a_damaged_queue_aside_says_so(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.data_dir.mkdir()
        (world.data_dir / "queue.db").write_bytes(b"no database at all " * 100)
        scene_id = world.add_film("one", details="Text", plex={})
        result = world.stash.fire_hook("Scene.Update.Post", scene_id)
        world.stash.wait_for_jobs()
        assert list(world.data_dir.glob("queue.db.set-aside-*"))
        assert "queue.db cannot be used: it is damaged" in log_text(result, "warning")
