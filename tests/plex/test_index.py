"""The index of files: what it keeps, what it replaces, what it forgets."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.index import SCHEMA, FileIndex, key_of_path, keys_of_files
from plex.items import ListedItem, Part
from tests.builders.values import a_listed_item, a_scene
from validation.path_map import PathMap

ONE, TWO = ("/media/one.mkv", 1), ("/media/two.mkv", 2)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


@pytest.fixture
def index(connection: sqlite3.Connection) -> FileIndex:
    return FileIndex(connection)


def items_at(index: FileIndex, path: str) -> list[int]:
    key = key_of_path(path, None).path
    return sorted(part.rating_key for part in index.parts_by_path([key]).get(key, []))


def test_an_item_is_found_by_each_of_its_files(index: FileIndex) -> None:
    index.put_item(a_listed_item(7, ONE, TWO))
    assert items_at(index, ONE[0]) == items_at(index, TWO[0]) == [7]
    assert index.count_items() == 1


def test_an_item_whose_file_moved_is_not_found_at_the_old_place(index: FileIndex) -> None:
    index.put_item(a_listed_item(7, ONE))
    index.put_item(a_listed_item(7, TWO))
    assert (items_at(index, ONE[0]), items_at(index, TWO[0])) == ([], [7])


def test_one_file_may_be_in_two_libraries(index: FileIndex) -> None:
    index.put_item(a_listed_item(7, ONE, section_key=1))
    index.put_item(a_listed_item(8, ONE, section_key=2))
    assert items_at(index, ONE[0]) == [7, 8]
    index.forget_items([7])
    assert items_at(index, ONE[0]) == [8]


def test_a_listing_replaces_what_was_known_when_it_is_complete(index: FileIndex) -> None:
    index.put_item(a_listed_item(7, ONE))
    with index.replacing_parts() as replacement:
        replacement.add_items([a_listed_item(8, TWO)])
        assert items_at(index, ONE[0]) == [7]
    assert (items_at(index, ONE[0]), items_at(index, TWO[0])) == ([], [8])


def test_a_listing_that_breaks_off_leaves_what_was_known(index: FileIndex) -> None:
    index.put_item(a_listed_item(7, ONE))

    def break_off() -> None:
        with index.replacing_parts() as replacement:
            replacement.add_items([a_listed_item(8, TWO)])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()
    assert (items_at(index, ONE[0]), items_at(index, TWO[0])) == ([7], [])
    with index.replacing_parts() as replacement:
        replacement.add_items([a_listed_item(9, TWO)])
    assert items_at(index, TWO[0]) == [9]


def test_nobody_waits_for_the_database_while_a_listing_is_being_read(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as first, sqlite3.connect(path, timeout=0) as second:
        first.executescript(SCHEMA)
        with FileIndex(first).replacing_parts() as replacement:
            replacement.add_items([a_listed_item(7, ONE)])
            FileIndex(second).put_item(a_listed_item(8, TWO))
        assert items_at(FileIndex(second), ONE[0]) == [7]


def test_the_files_of_scenes_are_replaced_and_forgotten(index: FileIndex) -> None:
    old, new = key_of_path("/media/old.mkv", 1), key_of_path("/media/new.mkv", 2)
    index.put_scene_files([(1, (old,)), (2, (old, new))])
    assert index.scenes_by_path([old.path, new.path]) == {old.path: {1, 2}, new.path: {2}}
    index.put_scene_files([(1, (new,))])
    assert index.scenes_by_path([old.path, new.path]) == {old.path: {2}, new.path: {1, 2}}
    assert sorted(index.files_by_name([new.name])[new.name]) == [(new, 1), (new, 2)]
    index.forget_scenes([2])
    assert index.scenes_by_path([old.path, new.path]) == {new.path: {1}}
    with index.replacing_scene_files() as replacement:
        replacement.add_scene_files([(3, (old,))])
    assert index.scenes_by_path([old.path, new.path]) == {old.path: {3}}


def test_another_server_begins_with_nothing(index: FileIndex) -> None:
    key = key_of_path(*ONE)
    index.put_item(a_listed_item(7, ONE))
    index.put_scene_files([(1, (key,))])
    index.clear()
    assert (index.count_items(), index.scenes_by_path([key.path])) == (0, {})


def test_thousands_of_files_are_looked_up_at_once(index: FileIndex) -> None:
    keys = [key_of_path(f"/media/{number}.mkv", number) for number in range(2500)]
    with index.replacing_parts() as replacement:
        replacement.add_items(
            a_listed_item(number, (f"/media/{number}.mkv", number)) for number in range(2500)
        )
    assert len(index.parts_by_path(key.path for key in keys)) == 2500
    assert len(index.parts_by_name(key.name for key in keys)) == 2500
    assert len(index.parts_of_items(range(2500))) == 2500


def test_no_path_is_kept_as_text(connection: sqlite3.Connection, index: FileIndex) -> None:
    index.put_item(a_listed_item(7, ("/media/private name.mkv", 1)))
    index.put_scene_files([(1, (key_of_path("/media/private name.mkv", 1),))])
    assert "private" not in "\n".join(connection.iterdump())


# Keys


@pytest.mark.parametrize(
    "same", [r"\media\É.mkv", "/media//É.mkv", unicodedata.normalize("NFD", "/media/É.mkv")]
)
def test_slashes_and_the_spelling_of_accents_do_not_tell_files_apart(same: str) -> None:
    assert key_of_path(same, 5) == key_of_path(unicodedata.normalize("NFC", "/media/É.mkv"), 5)


def test_case_tells_paths_apart_but_not_names() -> None:
    upper, lower = key_of_path("/media/A.mkv", 5), key_of_path("/media/a.mkv", 5)
    assert upper.path != lower.path
    assert (upper.folded, upper.name) == (lower.folded, lower.name)


def test_the_files_of_a_scene_are_looked_for_where_plex_sees_them() -> None:
    files = a_scene(files=(("/data/a.mkv", 1), ("/other/b.mkv", None))).files
    expected = (key_of_path("/media/a.mkv", 1), key_of_path("/other/b.mkv", None))
    assert keys_of_files(files, PathMap.parse("/data=>/media")) == expected


@given(st.text(max_size=20), st.integers(0, 2**63 - 1) | st.none())
def test_any_path_has_a_key_that_a_database_keeps(path: str, size: int | None) -> None:
    key = key_of_path(path, size)
    assert all(-(2**63) <= number < 2**63 for number in key if number is not None)
    assert key == key_of_path(path, size)


def test_when_an_item_was_last_changed_is_kept_with_its_files(index: FileIndex) -> None:
    index.put_item(ListedItem(7, 1, False, (Part(*ONE),), updated_at=1_700_000_000))
    (part,) = index.parts_of_items([7])[7]
    assert part.updated_at == 1_700_000_000
