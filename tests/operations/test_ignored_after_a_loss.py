"""What a person ignores is known nowhere else, and outlives the database in which it stands."""

from __future__ import annotations

import pytest

from sync_queue.ignored import NAME
from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.builders.page import rows_of
from tests.builders.sync import logged
from tests.servers.world import World


@pytest.fixture
def ignored_scene(world: World, bench: Bench, operations: Operations) -> int:
    """The id of a scene that is in sync and ignored."""
    scene_id = world.add_film("one", details="Text", plex={})
    bench.save(scene_id)
    bench.drain()
    operations.result("ignore", scenes=[scene_id], is_ignored=True)
    return scene_id


def delete_state(world: World) -> None:
    for path in world.data_dir.glob("state.db*"):
        path.unlink()


def save_and_drain(world: World, bench: Bench, scene_id: int) -> str:
    """What Plex shows after an edit and a drain."""
    world.stash.library.update_scene(scene_id, details="Newer text")
    bench.save(scene_id)
    bench.drain()
    summary: str = world.item("one").summary
    return summary


def test_an_ignored_scene_is_not_written_after_state_db_was_deleted(
    world: World, bench: Bench, operations: Operations, ignored_scene: int
) -> None:
    delete_state(world)
    assert save_and_drain(world, bench, ignored_scene) == "Text"
    assert [row["scene_id"] for row in rows_of(operations, "gaps", kind="ignored")] == [ignored_scene]


def test_an_ignored_orphan_stays_ignored_after_state_db_was_deleted(
    world: World, bench: Bench, operations: Operations, ignored_scene: int
) -> None:
    with bench.state() as state:
        state.ignored.add_items([7])
    delete_state(world)
    bench.reconcile()
    with bench.state() as state:
        assert state.ignored.item_keys() == {7}


def test_a_scene_that_is_ignored_no_longer_is_written_even_where_an_older_state_db_comes_back(
    world: World, bench: Bench, operations: Operations, ignored_scene: int
) -> None:
    with bench.state() as state:
        older = {path.name: path.read_bytes() for path in world.data_dir.glob("state.db*")}
        assert state.ignored.scene_ids()
    operations.result("ignore", scenes=[ignored_scene], is_ignored=False)
    bench.drain()
    delete_state(world)
    for name, content in older.items():
        (world.data_dir / name).write_bytes(content)
    world.plex.library.edit_by_hand(world.item("one").rating_key, summary="")
    assert save_and_drain(world, bench, ignored_scene) == "Newer text"


def test_a_list_of_what_is_ignored_that_cannot_be_read_is_told_and_stops_nothing(
    world: World, bench: Bench, caplog: pytest.LogCaptureFixture, ignored_scene: int
) -> None:
    (world.data_dir / NAME).write_text("[")
    delete_state(world)
    save_and_drain(world, bench, ignored_scene)
    assert any("what you had ignored is not known any more" in line for line in logged(caplog, "WARNING"))
