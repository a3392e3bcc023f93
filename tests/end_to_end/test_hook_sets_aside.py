"""Promises about a damaged queue that is met after an edit."""

from pathlib import Path

from tests.servers.world import a_world, log_text


def test_a_drain_that_sets_a_damaged_queue_aside_says_so_and_writes_the_edit(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.data_dir.mkdir()
        (world.data_dir / "queue.db").write_bytes(b"no database at all " * 100)
        scene_id = world.add_film("one", details="Text", plex={})
        assert world.stash.fire_hook("Scene.Update.Post", scene_id).log == []
        (drain,) = world.stash.wait_for_jobs()
        assert list(world.data_dir.glob("queue.db.set-aside-*"))
        assert "queue.db cannot be used: it is damaged" in log_text(drain, "warning")
        assert world.item("one").summary == "Text"
