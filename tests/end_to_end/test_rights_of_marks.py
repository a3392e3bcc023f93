"""Promises about who may read the data folder."""

import stat

from tests.builders.entry import hook, run
from tests.servers.world import World


def test_every_file_in_the_data_folder_is_readable_for_its_owner_only(world: World) -> None:
    world.data_dir.mkdir(mode=0o755)
    scene_id = world.add_film("one", title="One", plex={})
    run(world, hook(scene_id))
    world.stash.wait_for_jobs()
    world.settings["manual_drain"] = True
    for mode in ("reconcile_all", "process_queue", "preview"):
        run(world, {"mode": mode})
    rights = {
        path.name: oct(stat.S_IMODE(path.stat().st_mode))
        for path in world.data_dir.iterdir()
        if path.is_file()
    }
    assert rights
    assert {name: mode for name, mode in rights.items() if mode != "0o600"} == {}
