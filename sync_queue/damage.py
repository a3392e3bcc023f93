"""Setting a database aside that cannot be used; nothing is ever deleted.

The hook path imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

import os
import sqlite3
import time


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault, rather than a lock, a full disk or missing rights."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def set_aside(path: str) -> str:
    """Rename a database with its write-ahead log; returns the new name. Raises OSError."""
    name = f"{path}.set-aside-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.replace(path + suffix, name + suffix)
    return os.path.basename(name)
