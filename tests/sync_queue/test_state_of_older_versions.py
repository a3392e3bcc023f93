"""What an older version of the plugin remembered is taken over, and compared once by the rules of today."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from plex.base import Base
from sync_queue.state import MIGRATIONS, SyncState
from tests.builders.bench import some_fields

BASE = Base.of(some_fields(title="One", genre=("Sea",)))


def an_older_database(folder: Path) -> None:
    """The first version of the database, with scene 7 brought to item 70 and a second write begun."""
    text = BASE.to_json().replace(',"":', ',"old":')
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute("PRAGMA user_version = 1")
        with connection:
            connection.execute("INSERT INTO pushed VALUES ('one', 7, 70, x'0102', ?)", (text,))
            connection.execute("INSERT INTO begun VALUES ('one', 7, 71, ?)", (text,))
            connection.execute("INSERT INTO artwork VALUES ('one', 7, 70, 'poster', '\"etag\"', 'aa', 5)")
            connection.execute("INSERT INTO replaced VALUES ('one', 70, 'title', 7, '\"Mine\"')")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SyncState]:
    an_older_database(tmp_path)
    with closing(SyncState(tmp_path)) as state:
        state.use_server("one", "")
        yield state


def test_what_was_pushed_is_still_known_as_ours(state: SyncState) -> None:
    record = state.item_record(70)
    assert record is not None
    assert (record.scene_id, record.base.texts["title"], record.base.tags["genre"]) == (
        7,
        BASE.texts["title"],
        BASE.tags["genre"],
    )
    assert state.begun(71).base is not None
    assert state.replaced() == {(7, 70): {"title": "Mine"}}
    assert state.is_whole


def test_a_field_that_an_older_record_does_not_name_was_carried_and_empty(state: SyncState) -> None:
    record = state.item_record(70)
    assert record is not None
    assert record.base.knows("studio")
    assert not record.base.had("studio")


def test_everything_is_compared_once(state: SyncState) -> None:
    assert state.pushed_fingerprints([7]) == {(7, 70): b""}
    assert state.was_pushed(7)


def test_covers_are_still_known_as_ours(state: SyncState) -> None:
    record = state.artwork(70, "poster")
    assert record is not None
    assert (record.scene_id, record.sha1, record.version) == (7, "aa", 5)
