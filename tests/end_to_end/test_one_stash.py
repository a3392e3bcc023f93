"""A data folder belongs to one Stash database: another is refused, and no edit of the first one is lost."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from sync_queue.state_database import RECONCILE_WANTED
from tests.builders.bench import Bench
from tests.builders.entry import Here, Told, assert_one_plain_error, assert_plain
from tests.servers.stash.library import StashLibrary
from tests.servers.world import World

LATER = datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def only_by_hand(world: World) -> None:
    world.settings.update(manual_drain=True, leave_fields="poster, background")


def films(world: World, count: int = 5) -> list[int]:
    return [world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(count)]


def another_database(world: World, count: int) -> StashLibrary:
    """A Stash database that was made later, with scenes of its own under the same ids."""
    library = StashLibrary()
    for n in range(count):
        library.add_scene(
            title=f"Other {n}", files=((f"/data/other/{n}.mp4", 5),), updated_at=LATER + timedelta(hours=n)
        )
    return library


def save(world: World, *ids: int) -> None:
    bench = Bench(world)
    bench.save(*ids)
    bench.manager.close()


@pytest.mark.parametrize("count", [0, 3, 8])
@pytest.mark.parametrize("mode", ["process_queue", "reconcile_all"])
def test_another_database_is_refused_with_what_to_do_and_the_edits_are_kept(
    world: World, here: Here, count: int, mode: str
) -> None:
    ids = films(world)
    here.reconcile()
    here.drain()
    for scene_id in ids:
        world.stash.library.update_scene(scene_id, title=f"Newer {scene_id}")
    save(world, *ids)
    ours = world.stash.library
    world.stash.library = another_database(world, count)
    told = here.run({"mode": mode})
    assert_one_plain_error(told, str(world.data_dir), "STASH2PLEX_DATA_DIR")
    assert here.kept() == set(ids)
    world.stash.library = ours
    assert here.drain().status == 0
    assert [world.item(f"film {n}").title for n in range(5)] == [f"Newer {scene_id}" for scene_id in ids]


def test_a_new_database_starts_anew_once_the_folder_was_moved_away(world: World, here: Here) -> None:
    films(world)
    here.reconcile()
    world.stash.library = another_database(world, 3)
    assert here.reconcile().status == 1
    world.data_dir.rename(world.data_dir.parent / "moved away")
    assert here.reconcile().status == 0


def test_scenes_that_were_deleted_make_no_other_database(world: World, here: Here) -> None:
    ids = films(world, 6)
    here.reconcile()
    for scene_id in ids[:5]:
        world.stash.library.destroy_scene(scene_id)
    save(world, *ids)
    told = here.drain()
    assert_plain(told)
    assert told.status == 0
    assert told.texts("warning") == []


def test_a_stash_that_was_restored_from_a_backup_is_told_and_nothing_is_taken_away(
    world: World, here: Here
) -> None:
    ids = films(world, 12)
    here.reconcile()
    here.drain()
    for scene_id in ids[6:]:
        world.stash.library.destroy_scene(scene_id)
    told = here.reconcile()
    assert told.status == 0
    assert any("restored from a backup" in line for line in told.texts("warning"))
    bench = Bench(world)
    with bench.state() as state:
        assert not state.is_whole
    bench.manager.close()
    again: Told = here.reconcile()
    assert not any("restored" in line for line in again.texts("warning"))


def test_after_a_restored_backup_of_stash_a_full_reconcile_is_wanted(world: World, here: Here) -> None:
    ids = films(world, 12)
    here.reconcile()
    here.drain()
    for scene_id in ids[6:]:
        world.stash.library.destroy_scene(scene_id)
    assert any("Stash was restored from a backup:" in line for line in here.drain().texts("warning"))
    bench = Bench(world)
    with bench.state() as state:
        assert state.fact(RECONCILE_WANTED) == "Stash was restored from a backup"
    bench.manager.close()


@pytest.mark.parametrize("name", ["state.db", "queue.db"])
def test_a_file_of_another_stashs_folder_is_set_aside(
    world: World, here: Here, tmp_path: Path, name: str
) -> None:
    films(world)
    here.reconcile()
    here.drain()
    ours, kept = world.stash.library, world.data_dir.parent / "ours"
    world.data_dir.rename(kept)
    world.stash.library = another_database(world, 5)
    here.reconcile()
    theirs = world.data_dir.parent / "theirs"
    world.data_dir.rename(theirs)
    kept.rename(world.data_dir)
    world.stash.library = ours
    for suffix in ("", "-wal", "-shm"):
        (world.data_dir / f"{name}{suffix}").unlink(missing_ok=True)
    shutil.copy(theirs / name, world.data_dir)
    told = here.reconcile()
    assert_plain(told)
    assert told.status == 0
    assert any(f"{name} belongs to another Stash" in line for line in told.texts("warning"))
    assert list(world.data_dir.glob(f"{name}.set-aside-*"))
    assert here.drain().status == 0
