"""Promises about a hook whose Stash answers in drops."""

import time
from pathlib import Path

from tests.servers.world import a_world


def test_where_stash_answers_in_drops_the_hook_ends_within_seconds(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        scene_id = world.add_film("one", details="Text", plex={})
        world.stash.faults.add("drip", "jobQueue", pieces=20, pause=1.0)
        began = time.monotonic()
        assert world.stash.fire_hook("Scene.Update.Post", scene_id).exit_status == 0
        assert time.monotonic() - began < 2
        world.stash.faults.clear()
