"""One worker at a time, however the last one ended."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from stash.process_lock import AlreadyRunning, exclusive, is_held, try_lock
from tests.servers.world import ROOT

HOLD = """
import sys
from pathlib import Path
from stash.process_lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def a_holder(lock: Path) -> subprocess.Popen[str]:
    """A process that has told that it holds the lock, and holds it until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def is_free(lock: Path) -> bool:
    try:
        with exclusive(str(lock)):
            return True
    except AlreadyRunning:
        return False


def test_a_second_process_is_told_at_once_that_another_one_runs(tmp_path: Path) -> None:
    with a_holder(tmp_path / "lock") as holder:
        assert not is_free(tmp_path / "lock")
        holder.kill()


def test_the_lock_is_free_again_when_its_holder_has_ended(tmp_path: Path) -> None:
    holder = a_holder(tmp_path / "lock")
    holder.communicate(timeout=30)
    assert holder.returncode == 0
    assert is_free(tmp_path / "lock")


def test_the_lock_is_free_again_when_its_holder_was_killed(tmp_path: Path) -> None:
    holder = a_holder(tmp_path / "lock")
    holder.kill()
    holder.communicate(timeout=30)
    assert holder.returncode != 0
    assert is_free(tmp_path / "lock")


def test_the_lock_is_free_again_after_an_error_in_the_block(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(str(tmp_path / "lock")):
        raise ZeroDivisionError
    assert is_free(tmp_path / "lock")


def test_two_locks_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    with exclusive(str(tmp_path / "one")):
        assert is_free(tmp_path / "other")


def test_a_folder_that_does_not_exist_is_no_lock_that_is_held(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), exclusive(str(tmp_path / "nowhere" / "lock")):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EIO])
def test_a_lock_that_cannot_be_had_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As on a network drive without locks: no answer to whether somebody holds it."""
    opened: list[IO[bytes]] = []

    def refuse(file: IO[bytes]) -> None:
        opened.append(file)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("stash.process_lock._lock", refuse)
    for ask in (try_lock, is_held):
        with pytest.raises(OSError, match=r"\S"):
            ask(str(tmp_path / "lock"))
    assert [file.closed for file in opened] == [True, True]


def test_asking_whether_a_lock_is_held_neither_makes_nor_keeps_it(tmp_path: Path) -> None:
    assert not is_held(str(tmp_path / "lock"))
    assert not (tmp_path / "lock").exists()
    with exclusive(str(tmp_path / "lock")):
        assert is_held(str(tmp_path / "lock"))
    assert not is_held(str(tmp_path / "lock"))
    assert is_free(tmp_path / "lock")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_lock_is_not_made_elsewhere_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        try_lock(str(tmp_path / "lock"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is told there as one without rights")
def test_a_folder_where_a_lock_belongs_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "some.lock"
    (path / "kept").mkdir(parents=True)
    with exclusive(str(path)):
        assert path.is_file()
    (aside,) = tmp_path.glob("some.lock.set-aside-*")
    assert (aside / "kept").is_dir()
