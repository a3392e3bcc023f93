"""A file can come to belong to another scene; what we wrote for the old one is ours and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, let_time_pass, logged, sha1_of, sync

pytestmark = pytest.mark.unmeasured

PATH = ("/data/Films/one.mp4", 1000)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def alpha(bench: Bench) -> int:
    """A scene with something in every field, brought to Plex."""
    world = bench.world
    scene_id = world.add_film(
        "one",
        title="The Alpha",
        details="About Alpha",
        date="2014-01-02",
        rating100=90,
        director="Jane",
        studio=world.studio_id("North"),
        tags=world.tag_ids("Sea", "Boats"),
        performers=world.performer_ids("Ada"),
        cover=a_picture("alpha"),
        plex={},
    )
    sync(bench)
    return scene_id


def reassigned(bench: Bench, old: int, **scene: Any) -> int:
    """The old scene is still there and has another file."""
    library = bench.world.stash.library
    new = library.add_scene(files=(("/data/Films/elsewhere.mp4", 77),), **scene)
    library.assign_file(new.id, library.scene(old).files[0].id)
    library.assign_file(old, new.files[0].id)
    return int(new.id)


def destroyed(bench: Bench, old: int, **scene: Any) -> int:
    """The old scene is gone, and its file was scanned once more; a hook told of both."""
    bench.world.stash.library.destroy_scene(old)
    bench.save(old)
    bench.drain()
    return int(bench.world.stash.library.add_scene(files=(PATH,), **scene).id)


def destroyed_without_a_hook(bench: Bench, old: int, **scene: Any) -> int:
    bench.world.stash.library.destroy_scene(old)
    return int(bench.world.stash.library.add_scene(files=(PATH,), **scene).id)


WAYS = [reassigned, destroyed, destroyed_without_a_hook]
NewOwner = Callable[..., int]


@pytest.mark.parametrize("preserve", [False, True])
@pytest.mark.parametrize("new_owner", WAYS)
def test_the_item_shows_the_new_scene_and_nothing_of_the_old_one(
    bench: Bench, new_owner: NewOwner, preserve: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.settings["preserve_plex_edits"] = preserve
    old = alpha(bench)
    new_owner(bench, old, title="Beta", tags=bench.world.tag_ids("Wind"), cover=a_picture("beta"))
    assert bench.reconcile().total_gaps >= 1
    bench.drain()
    item = bench.world.item("one")
    assert (item.title, item.genres, item.selected_poster) == ("Beta", ["Wind"], sha1_of(a_picture("beta")))
    assert (item.summary, item.studio, item.date, item.user_rating) == ("", "", None, None)
    assert (item.roles, item.directors, item.collections) == ([], [], [])
    assert not [line for line in logged(caplog, "INFO") if "changed in Plex" in line]


@pytest.mark.parametrize("new_owner", WAYS)
def test_an_empty_scene_that_gets_the_file_leaves_nothing_of_the_old_one_in_plex(
    bench: Bench, new_owner: NewOwner
) -> None:
    old = alpha(bench)
    new_owner(bench, old)
    assert bench.reconcile().total_gaps >= 1
    bench.drain()
    item = bench.world.item("one")
    assert (item.title, item.summary, item.studio, item.genres, item.roles) == ("one", "", "", [], [])
    assert "title" not in item.locked
    assert {job.scene_id for job in bench.waiting()} <= {old}
    bench.world.clear_requests()
    assert bench.reconcile().stale_sync_count == 0


def test_a_persons_own_values_stay_when_the_file_gets_another_scene(bench: Bench) -> None:
    old = alpha(bench)
    key = bench.world.item("one").rating_key
    bench.world.plex.library.edit_by_hand(
        key, genres=["Sea", "Boats", "Mine"], collections=["North", "Shelf"], summary="My words"
    )
    reassigned(bench, old, title="Beta", tags=bench.world.tag_ids("Wind"))
    sync(bench)
    item = bench.world.item("one")
    assert (set(item.genres), item.collections, item.summary) == ({"Mine", "Wind"}, ["Shelf"], "My words")


def test_a_file_that_comes_back_to_its_first_scene_shows_that_again(bench: Bench) -> None:
    old = alpha(bench)
    new = reassigned(bench, old, title="Beta")
    sync(bench)
    library = bench.world.stash.library
    (taken,) = [file.id for file in library.scene(new).files if file.path == PATH[0]]
    library.assign_file(old, taken)
    sync(bench)
    item = bench.world.item("one")
    assert (item.title, item.studio, sorted(item.genres)) == ("The Alpha", "North", ["Boats", "Sea"])


def test_a_title_that_is_taken_away_in_stash_gives_way_to_the_files_name(bench: Bench) -> None:
    old = alpha(bench)
    bench.world.stash.library.update_scene(old, title="")
    sync(bench)
    item = bench.world.item("one")
    assert (item.title, item.title_sort or "one") == ("one", "one")
    assert not {"title", "titleSort"} & item.locked
    bench.world.stash.library.update_scene(old, title="Alpha again")
    sync(bench)
    assert bench.world.item("one").title == "Alpha again"
