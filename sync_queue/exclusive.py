"""Locks between processes, which the operating system releases when their process ends, however it ends.

The hook path imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# As mypy knows it; importing typing takes a hook as long as writing its job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

WORKER_LOCK = "worker.lock"
# A hook holds the worker's lock for a moment, to see whether a worker does.
PATIENCE = 1.0


class AlreadyRunning(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of this file for the length of the block.

    Raises AlreadyRunning where another process holds it for longer than `patience` seconds,
    OSError where there can be no file.
    """
    deadline = time.monotonic() + patience
    while (file := try_lock(path)) is None:
        if time.monotonic() >= deadline:
            raise AlreadyRunning(path)
        time.sleep(0.02)
    with file:
        yield


def is_held(path: str) -> bool:
    """Whether a process holds the lock of this file."""
    if os.path.exists(path):
        file = try_lock(path)
        if file is None:
            return True
        file.close()
    return False


def try_lock(path: str) -> IO[bytes] | None:
    """The locked file, which holds the lock until it is closed; None where another process has it."""
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b")
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
