"""One worker at a time: a lock that the operating system releases when its process ends, however it ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class AlreadyRunning(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of this file for the length of the block.

    Raises AlreadyRunning at once where another process holds it, OSError where there can be no file.
    """
    with path.open("a+b") as file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:
            raise AlreadyRunning(str(path)) from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
