"""Opening the queue's database: whoever comes first makes its file, and a damaged one is set aside.

The hook path imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable

from sync_queue.damage import is_damage, set_aside

# As mypy knows it; importing typing takes a hook as long as writing its job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Opened = TypeVar("Opened")

OPENING_TIMEOUT = 30.0


def open_database(path: str, open_it: Callable[[str], Opened]) -> tuple[Opened, str]:
    """What `open_it` makes of the file at `path`, which is for its owner only, and a notice.

    The notice is a sentence for the log where a damaged file was set aside, else empty; `open_it` then
    got a new one. Raises OSError or sqlite3.Error.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        return _open(path, open_it), ""
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        notice = (
            f"{os.path.basename(path)} is damaged ({error}) and is kept as {set_aside(path)}. "
            "Run Reconcile Library (All): it finds again what was waiting."
        )
        return _open(path, open_it), notice


def _open(path: str, open_it: Callable[[str], Opened]) -> Opened:
    if not os.path.exists(path):
        # Made before SQLite makes it, to be readable for its owner only.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    deadline = time.monotonic() + OPENING_TIMEOUT
    while True:
        try:
            return open_it(path)
        except sqlite3.OperationalError as error:
            # Several processes make the database at once: the change to WAL mode waits for no lock.
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(0.02)
