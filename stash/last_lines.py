"""The last lines of a task: Stash loses those that it has not read when the process ends."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable

# Seconds: how long a Stash that reads nothing is waited for, between two looks, and where nobody can look.
LONGEST, BETWEEN_LOOKS, BLINDLY = 0.5, 0.001, 0.05


def let_be_read(descriptor: int, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until everything that was written to this file, standard error, is out of the pipe to Stash.

    Stash reads as it comes, so that is nearly at once; but when the process ends, it closes the pipe.
    """
    for _ in range(round(LONGEST / BETWEEN_LOOKS)):
        unread = _unread(descriptor)
        if unread is None:
            sleep(BLINDLY)
        if not unread:
            return
        sleep(BETWEEN_LOOKS)


def _unread(descriptor: int) -> int | None:
    """How many bytes nobody has read yet; None where the system does not tell."""
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return 0
        if sys.platform == "linux" and stat.S_ISFIFO(mode):
            from fcntl import ioctl
            from termios import FIONREAD

            return int.from_bytes(ioctl(descriptor, FIONREAD, bytes(4)), sys.byteorder)
    except OSError:
        # A file that has no such answer, or that is closed.
        return None
    return None
