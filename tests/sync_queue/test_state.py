"""What is remembered between runs, and that losing it loses no file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.base import Base
from plex.index import SCHEMA
from sync_queue.data_folder import waiting_at_most
from sync_queue.pushed import Pushed
from sync_queue.state import SyncState
from tests.builders.bench import read_log, some_fields
from tests.servers.made_up_collection import make_collection
from tests.servers.world import ROOT

VALUES = some_fields(title="One", genre=("Drama", "Nature"))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SyncState]:
    state = SyncState(tmp_path)
    state.use_server("one", "")
    yield state
    state.close()


def set_aside(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".set-aside-" in path.name]


def test_what_was_pushed_is_known_after_reopening(tmp_path: Path) -> None:
    first = SyncState(tmp_path)
    first.use_server("one", "")
    first.record_pushed([Pushed(7, 70, VALUES)])
    first.set_fact("last run", "today")
    first.close()
    second = SyncState(tmp_path)
    second.use_server("one", "")
    assert second.pushed_fingerprints([7, 8]) == {(7, 70): VALUES.fingerprint()}
    record = second.item_record(70)
    assert record is not None
    assert (record.scene_id, record.base) == (7, Base.of(VALUES))
    assert second.fact("last run") == "today"
    second.close()


def test_nothing_is_known_before_the_first_time(state: SyncState) -> None:
    assert state.item_record(1) is None
    assert state.fact("never") is None
    assert state.pushed_fingerprints([]) == {}


def test_the_last_push_is_the_one_that_counts(state: SyncState) -> None:
    later = some_fields(title="Two")
    state.record_pushed([Pushed(1, 10, VALUES)])
    state.record_pushed([Pushed(1, 10, later)])
    assert state.pushed_fingerprints([1]) == {(1, 10): later.fingerprint()}


def test_each_item_of_a_scene_has_its_own_record(state: SyncState) -> None:
    state.record_pushed([Pushed(1, 10, VALUES)])
    state.record_pushed([Pushed(1, 11, some_fields(title="Two"))])
    assert set(state.pushed_fingerprints([1])) == {(1, 10), (1, 11)}


def test_what_was_pushed_to_one_server_is_not_known_of_another_and_not_forgotten(state: SyncState) -> None:
    state.record_pushed([Pushed(1, 10, VALUES)])
    state.use_server("other", "")
    assert state.pushed_fingerprints([1]) == {}
    assert state.item_record(10) is None
    state.use_server("one", "")
    assert set(state.pushed_fingerprints([1])) == {(1, 10)}


def test_a_deleted_scene_is_forgotten_for_every_server(state: SyncState) -> None:
    state.record_pushed([Pushed(1, 10, VALUES)])
    state.use_server("other", "")
    state.record_pushed([Pushed(1, 20, VALUES)])
    state.record_pushed([Pushed(2, 21, VALUES)])
    state.forget_scene(1)
    assert set(state.pushed_fingerprints([1, 2])) == {(2, 21)}
    state.use_server("one", "")
    assert state.pushed_fingerprints([1, 2]) == {}


def test_more_scenes_than_one_statement_takes_are_looked_up(state: SyncState) -> None:
    for scene_id in range(1, 2001, 500):
        state.record_pushed([Pushed(scene_id, scene_id, VALUES)])
    assert {scene_id for scene_id, _ in state.pushed_fingerprints(range(1, 2001))} == {1, 501, 1001, 1501}


NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20), max_size=6)


@given(st.text(max_size=40), NAMES, NAMES)
def test_a_base_comes_back_from_the_disk_as_it_was(title: str, genres: list[str], roles: list[str]) -> None:
    base = Base.of(some_fields(title=title, genre=tuple(genres), actor=tuple(roles)))
    back = Base.from_json(base.to_json())
    assert back == base


def test_a_typical_scene_takes_at_most_500_bytes(tmp_path: Path) -> None:
    state = SyncState(tmp_path)
    state.use_server("0123456789abcdef0123456789abcdef01234567", "/data=>/media")
    state.close()
    empty = (tmp_path / "state.db").stat().st_size
    state = SyncState(tmp_path)
    state.use_server("0123456789abcdef0123456789abcdef01234567", "/data=>/media")
    videos = make_collection(400)
    for video in videos:
        fields = some_fields(
            title=video.title,
            summary=video.details,
            originallyAvailableAt=video.date or "",
            studio=video.studio or "",
            actor=video.performers,
            genre=video.tags,
            director=(video.director,) if video.director else (),
            collection=(video.studio,) if video.studio else (),
        )
        state.record_pushed([Pushed(video.number, 100_000 + video.number, fields)])
    state.close()
    assert (tmp_path / "state.db").stat().st_size - empty <= 500 * len(videos)


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but it is long enough" * 40, b"SQLite format 3\0junk"]
)
def test_a_damaged_state_is_set_aside_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    log = read_log(capsys)
    (tmp_path / "state.db").write_bytes(content)
    state = SyncState(tmp_path)
    state.set_fact("works", "yes")
    state.close()
    (kept,) = set_aside(tmp_path)
    assert kept.read_bytes() == content
    (line,) = log()
    assert line.level == "warning"
    assert kept.name in line.text


def test_a_state_of_a_newer_version_is_set_aside_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = read_log(capsys)
    SyncState(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    SyncState(tmp_path).close()
    (kept,) = [path for path in set_aside(tmp_path) if not path.name.endswith(("-wal", "-shm"))]
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (999,)
    assert "newer version" in log()[0].text


def test_a_state_of_an_older_version_comes_to_have_the_tables_of_a_new_index(tmp_path: Path) -> None:
    SyncState(tmp_path).close()
    with (
        closing(sqlite3.connect(tmp_path / "state.db")) as grown,
        closing(sqlite3.connect(":memory:")) as new,
    ):
        new.executescript(SCHEMA)
        for table, *_ in new.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table}')"
            assert grown.execute(columns).fetchall() == new.execute(columns).fetchall()


def test_an_empty_file_is_taken_for_a_new_state(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    state = SyncState(tmp_path)
    state.set_fact("works", "yes")
    assert state.fact("works") == "yes"
    state.close()
    assert set_aside(tmp_path) == []


def test_a_state_that_is_locked_is_not_taken_for_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("sync_queue.state_database._migrate", locked)
    with waiting_at_most(0.0), pytest.raises(sqlite3.OperationalError, match="locked"):
        SyncState(tmp_path)
    assert set_aside(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such modes")
def test_only_its_owner_may_read_the_state(tmp_path: Path) -> None:
    SyncState(tmp_path / "data").close()
    assert (tmp_path / "data" / "state.db").stat().st_mode & 0o077 == 0


KILLED_WHILE_RECORDING = """
import sys
from pathlib import Path
from sync_queue.pushed import Pushed
from sync_queue.state import SyncState
from tests.builders.bench import some_fields
state = SyncState(Path(sys.argv[1]))
state.use_server("one", "")
for scene_id in range(1, 1_000_000):
    state.record_pushed([Pushed(scene_id, scene_id, some_fields(title=str(scene_id)))])
    print(scene_id, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_what_was_recorded_before_a_kill_is_known_after_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_WHILE_RECORDING, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(25)]
        os.kill(process.pid, signal.SIGKILL)
    state = SyncState(tmp_path)
    state.use_server("one", "")
    pushed = state.pushed_fingerprints(told)
    state.close()
    assert pushed == {(n, n): some_fields(title=str(n)).fingerprint() for n in told}
    assert set_aside(tmp_path) == []
