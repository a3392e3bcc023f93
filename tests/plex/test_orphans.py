"""Which items show no scene: the matching's own answer, looked at from Plex."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.index import SCHEMA, FileIndex, keys_of_files
from plex.matching import match_scenes
from plex.orphans import orphans_in
from tests.builders.values import a_listed_item, a_scene
from validation.path_map import PathMap

Files = tuple[tuple[str, "int | None"], ...]


@pytest.fixture
def index() -> Iterator[FileIndex]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    yield FileIndex(connection)
    connection.close()


def fill(index: FileIndex, scenes: dict[int, Files], items: dict[int, Files]) -> None:
    """Scenes by id, whose files are where Plex would see them, and items by rating key."""
    index.clear()
    index.put_scene_files(
        (scene_id, keys_of_files(a_scene(scene_id, files).files, PathMap()))
        for scene_id, files in scenes.items()
    )
    for rating_key, files in items.items():
        index.put_item(a_listed_item(rating_key, *files, section_key=rating_key % 2))


def orphans(index: FileIndex) -> dict[int, str]:
    return {
        orphan.rating_key: "uncertain" if orphan.is_uncertain else "orphan" for orphan in orphans_in(index)
    }


@pytest.mark.parametrize(
    ("scenes", "items", "expected"),
    [
        pytest.param({}, {1: (("/a.mp4", 1),)}, {1: "orphan"}, id="no scene at all"),
        pytest.param({1: (("/a.mp4", 1),)}, {1: (("/a.mp4", 1),)}, {}, id="by path"),
        pytest.param({1: (("/a.mp4", 1),)}, {1: (("/a.mp4", 9),)}, {}, id="by path, another size"),
        pytest.param({1: (("/A.mp4", 1),)}, {1: (("/a.mp4", 1),)}, {}, id="by path in another case"),
        pytest.param({1: (("/x/a.mp4", 1),)}, {1: (("/a.mp4", 1),)}, {}, id="by name and size"),
        pytest.param({1: (("/x/a.mp4", 1),)}, {1: (("/a.mp4", None),)}, {}, id="by name"),
        pytest.param({1: (("/x/a.mp4", 1),)}, {1: (("/a.mp4", 2),)}, {1: "orphan"}, id="another size"),
        pytest.param({1: (("/x/a.mp4", 1),)}, {1: (("/b.mp4", 1),)}, {1: "orphan"}, id="another name"),
        pytest.param(
            {1: (("/x/a.mp4", 1),)},
            {1: (("/a.mp4", 1),), 2: (("/b/a.mp4", 1),)},
            {1: "uncertain", 2: "uncertain"},
            id="two items fit one scene",
        ),
        pytest.param(
            {1: (("/x/a.mp4", 1),), 2: (("/y/a.mp4", 1),)},
            {1: (("/a.mp4", 1),)},
            {1: "uncertain"},
            id="two scenes fit one item",
        ),
        pytest.param(
            {1: (("/a.mp4", 1),)},
            {1: (("/a.mp4", 1),), 2: (("/copy/a.mp4", 1),)},
            {2: "orphan"},
            id="a copy of a file that is where it should be",
        ),
        pytest.param(
            {1: (("/a.mp4", 1), ("/x/b.mp4", 2))},
            {1: (("/a.mp4", 1),), 2: (("/b.mp4", 2),)},
            {2: "uncertain"},
            id="perhaps the second file of a scene that is found by its first",
        ),
        pytest.param(
            {1: (("/a.mp4", 1),), 2: (("/b.mp4", 2),)},
            {1: (("/a.mp4", 1), ("/b.mp4", 2))},
            {},
            id="an item of two scenes",
        ),
        pytest.param({1: (("/a.mp4", 1),)}, {1: (("/z.mp4", 5), ("/a.mp4", 1))}, {}, id="by a second part"),
        pytest.param(
            {1: (("/media/a.mp4", 1),)}, {1: (("\\media\\a.mp4", 1),)}, {}, id="the other kind of slash"
        ),
    ],
)
def test_an_item_is_an_orphan_where_no_scene_can_own_it(
    index: FileIndex, scenes: dict[int, Files], items: dict[int, Files], expected: dict[int, str]
) -> None:
    fill(index, scenes, items)
    assert orphans(index) == expected


def test_each_orphan_comes_with_its_library(index: FileIndex) -> None:
    fill(index, {}, {1: (("/a.mp4", 1),), 2: (("/b.mp4", 1),)})
    assert {orphan.rating_key: orphan.section_key for orphan in orphans_in(index)} == {1: 1, 2: 0}


def test_more_items_than_are_looked_at_at_once_are_all_judged(index: FileIndex) -> None:
    scenes: dict[int, Files] = {n: ((f"/x/{n}.mp4", n),) for n in range(1, 1200)}
    items: dict[int, Files] = {n: ((f"/{n}.mp4", n),) for n in range(1, 1500)}
    fill(index, scenes, items)
    assert orphans(index) == dict.fromkeys(range(1200, 1500), "orphan")


PATHS = st.builds("{}/{}.mp4".format, st.sampled_from(("/m", "/m/x", "/d")), st.sampled_from("aAbc"))
SOME_FILES = st.lists(st.tuples(PATHS, st.sampled_from((1, 2, None))), min_size=1, max_size=2).map(tuple)
MANY = st.lists(SOME_FILES, max_size=5).map(lambda files: dict(enumerate(files, 1)))


@given(MANY, MANY)
def test_what_a_sync_would_write_to_is_never_called_an_orphan_or_uncertain(
    scenes: dict[int, Files], items: dict[int, Files]
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    index = FileIndex(connection)
    fill(index, scenes, items)
    keys = {
        scene_id: keys_of_files(a_scene(scene_id, files).files, PathMap())
        for scene_id, files in scenes.items()
    }
    written = {key for match in match_scenes(keys, index).values() for key in match.rating_keys}
    found = orphans(index)
    connection.close()
    assert not written & set(found)
    names = {path.rpartition("/")[2].casefold() for files in scenes.values() for path, _ in files}
    for rating_key, files in items.items():
        if not names & {path.rpartition("/")[2].casefold() for path, _ in files}:
            assert found[rating_key] == "orphan"
