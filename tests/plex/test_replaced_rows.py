"""Listings that replace what was known: whatever came before, the table is what the last one said."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.index import SCHEMA, FileIndex, KnownPart, key_of_part, key_of_path
from plex.items import ListedItem, Part

PATHS = ("/media/a.mkv", "/media/b.mkv", "/other/a.mkv", "/media/A.mkv")
items = st.builds(
    ListedItem,
    rating_key=st.integers(1, 6),
    section_key=st.integers(1, 2),
    has_metadata=st.booleans(),
    parts=st.lists(
        st.builds(Part, st.sampled_from(PATHS), st.sampled_from((None, 1, 2))), max_size=3, unique=True
    ).map(tuple),
    updated_at=st.integers(0, 2),
    in_trash=st.booleans(),
)
listings = st.lists(items, max_size=6, unique_by=lambda item: item.rating_key)
# What comes between two listings: items as a drain reads them.
Step = tuple[list[ListedItem], set[int], list[ListedItem]]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(listings, st.sets(st.integers(1, 2)), listings), min_size=1, max_size=4
)
scene_files = st.dictionaries(
    st.integers(1, 6), st.lists(st.sampled_from(PATHS), unique=True, max_size=3), max_size=6
)


def rows_of(item: ListedItem) -> set[KnownPart]:
    told = (item.rating_key, item.section_key, item.has_metadata, item.updated_at, item.in_trash)
    return {KnownPart(*key_of_part(part), *map(int, told)) for part in item.parts}


def known_parts(connection: sqlite3.Connection) -> list[KnownPart]:
    return [KnownPart(*row) for row in connection.execute("SELECT * FROM part")]


def list_into(index: FileIndex, listing: list[ListedItem], kept_sections: Iterable[int] = ()) -> None:
    with index.replacing_parts() as replacement:
        replacement.add_items(listing)
        for section_key in kept_sections:
            replacement.keep_known(section_key)


@given(steps)
def test_after_any_listings_an_item_has_the_files_that_the_last_one_named_and_each_once(
    steps: list[Step],
) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        known: dict[int, set[KnownPart]] = {}
        for listing, kept_sections, drained in steps:
            list_into(index, listing, kept_sections)
            unread = {
                key: rows for key, rows in known.items() if {row.section_key for row in rows} <= kept_sections
            }
            known = unread | {item.rating_key: rows for item in listing if (rows := rows_of(item))}
            there = known_parts(connection)
            assert len(there) == len(set(there))
            assert set(there) == set().union(*known.values())
            for item in drained:
                index.put_item(item)
                known[item.rating_key] = rows_of(item)


@given(st.lists(scene_files, min_size=1, max_size=4))
def test_after_any_readings_a_scene_has_the_files_of_the_last_one_and_each_once(
    readings: list[dict[int, list[str]]],
) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        for reading in readings:
            keys = {
                scene_id: [key_of_path(path, None) for path in paths] for scene_id, paths in reading.items()
            }
            with index.replacing_scene_files() as replacement:
                replacement.add_scene_files(keys.items())
            there = connection.execute("SELECT * FROM scene_file").fetchall()
            assert sorted(there, key=str) == sorted(
                ((*key, scene_id) for scene_id, files in keys.items() for key in files), key=str
            )


def test_a_listing_with_little_that_is_new_writes_little(tmp_path: Path) -> None:
    listing = [
        ListedItem(key, 1, True, (Part(f"/media/{key}.mkv", key % 2 or None),)) for key in range(1, 501)
    ]
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        list_into(index, listing)
        listing[3] = ListedItem(4, 1, False, listing[3].parts)
        del listing[200]
        connection.execute("CREATE TABLE written (what TEXT)")
        for change in ("INSERT", "DELETE"):
            connection.execute(
                f"CREATE TRIGGER {change}ed AFTER {change} ON part "
                f"BEGIN INSERT INTO written VALUES ('{change}'); END"
            )
        list_into(index, listing)
        list_into(index, listing[::-1])
        written = connection.execute("SELECT what, COUNT(*) FROM written GROUP BY what").fetchall()
    assert written == [("DELETE", 2), ("INSERT", 1)]


def test_a_listing_that_is_killed_while_it_is_written_leaves_the_one_before(tmp_path: Path) -> None:
    before = [ListedItem(key, 1, True, (Part(f"/media/{key}.mkv", key),)) for key in range(1, 6)]
    after = [*before[:2], ListedItem(3, 1, False, before[2].parts), ListedItem(9, 1, True, before[3].parts)]
    expected = [set().union(*map(rows_of, listing)) for listing in (before, after)]
    found: list[set[KnownPart]] = []

    def look_as_if_killed_here(_statement: str) -> None:
        """What a process finds that starts after this one was killed at this statement."""
        copy = tmp_path / "found"
        copy.mkdir()
        for file in tmp_path.glob("state.db*"):
            shutil.copy(file, copy)
        with closing(sqlite3.connect(copy / "state.db")) as other:
            found.append(set(known_parts(other)))
        shutil.rmtree(copy)

    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        list_into(index, before)
        connection.set_trace_callback(look_as_if_killed_here)
        list_into(index, after)
        connection.set_trace_callback(None)
        assert set(known_parts(connection)) == expected[1]
    assert found[0] == expected[0]
    assert found[-1] == expected[1]
    assert found == sorted(found, key=expected.index)


def test_a_listing_that_cannot_be_written_leaves_the_one_before_and_the_next_is_written() -> None:
    before = [ListedItem(key, 1, True, (Part(PATHS[0], 1),)) for key in range(1, 6)]
    after = [ListedItem(key, 1, False, (Part(PATHS[1], 1),)) for key in range(3, 9)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        index = FileIndex(connection)
        list_into(index, before)
        connection.execute(
            "CREATE TRIGGER full_disk BEFORE INSERT ON part WHEN new.rating_key = 7"
            " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        with pytest.raises(sqlite3.IntegrityError):
            list_into(index, after)
        assert set(known_parts(connection)) == set().union(*map(rows_of, before))
        connection.execute("DROP TRIGGER full_disk")
        list_into(index, after)
        assert set(known_parts(connection)) == set().union(*map(rows_of, after))
