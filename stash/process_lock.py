"""Locks between processes, which the operating system releases when their process ends, however it ends.

It is on the hook path: nothing but the standard library, and little of that.
"""

from __future__ import annotations

import os
import sys
import time

from validation.exceptions import Stash2PlexError

# As mypy knows it: this module is on the hook path (CONTRIBUTING.md).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

WORKER_LOCK = "worker.lock"
# A hook holds the worker's lock for a moment, to see whether a worker does.
PATIENCE = 1.0
# A lock that somebody made a link of would lock, and make, a file elsewhere.
_FLAGS = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)


class AlreadyRunning(Stash2PlexError):
    """Another process holds the lock."""


class Exclusive:
    """Holds the lock of a file for the length of a `with` block."""

    def __init__(self, path: str, patience: float) -> None:
        self._path = path
        self._patience = patience

    def __enter__(self) -> None:
        deadline = time.monotonic() + self._patience
        while (file := try_lock(self._path)) is None:
            if time.monotonic() >= deadline:
                raise AlreadyRunning(f"Another process holds {self._path}.")
            time.sleep(0.02)
        self._file = file

    def __exit__(self, *error: object) -> None:
        self._file.close()


def exclusive(path: str, patience: float = PATIENCE) -> Exclusive:
    """Hold the lock of this file for the length of the block.

    Raises AlreadyRunning where another process holds it for longer than `patience` seconds,
    OSError where there can be no file, or no lock.
    """
    return Exclusive(path, patience)


def is_held(path: str) -> bool:
    """Whether a process holds the lock of this file. Raises OSError where that cannot be known."""
    if os.path.exists(path):
        file = try_lock(path)
        if file is None:
            return True
        file.close()
    return False


def try_lock(path: str) -> IO[bytes] | None:
    """The locked file, which holds the lock until it is closed; None where another process has it.

    Raises OSError where there can be no file, or no lock, as on some network drives.
    """
    try:
        file = os.fdopen(os.open(path, _FLAGS, 0o600), "r+b")
    except IsADirectoryError:
        # Whoever made it: a lock is an empty file, and nobody would get any further.
        os.rename(path, f"{path}.set-aside-{time.time_ns()}")
        file = os.fdopen(os.open(path, _FLAGS, 0o600), "r+b")
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    except BaseException:
        file.close()
        raise
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def try_to_share(_file: int) -> bool:
        """Nothing to do: this system renames no file that is open."""
        return True

    def is_left(_file: int) -> bool:
        """Nothing to do: this system renames no file that is open."""
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def try_to_share(file: int) -> bool:
        """Lock an open file beside others that share it, until it is closed; whether that was possible."""
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        except OSError:
            return False

    def is_left(file: int) -> bool:
        """Whether nobody shares an open file any more, or soon, as far as this drive can tell."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
            except OSError:
                return True
            time.sleep(0.002)
