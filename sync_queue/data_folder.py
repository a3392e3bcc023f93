"""The folder in which queue and state are kept: opening a database there, or setting it aside.

Nothing is ever deleted. A hook imports this module where it fails, so it needs the standard library alone.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from stash.process_lock import AlreadyRunning, exclusive

# As mypy knows it: this module is on the hook path (CONTRIBUTING.md).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Opened = TypeVar("Opened")

# What opening and using a database there may raise.
FOLDER_ERRORS = (OSError, sqlite3.Error)
QUEUE_DATABASE = "queue.db"
# Seconds for which another process that uses a database is waited for, where no person waits meanwhile.
PATIENCE = 30.0
# Held by whoever sets a database aside, so that nobody does so with the new one.
LOCK = "set-aside.lock"
SET_ASIDE = ".set-aside-"
# A database and the files that SQLite keeps beside it.
SUFFIXES = ("", "-wal", "-shm")
# What SQLite says of a file that is damaged or not ours, beside the errors that are of no other class.
DAMAGE = (
    "unsupported file format",
    "malformed database schema",
    "no such column",
    "no such table",
    "has no column named",
    "values were supplied",
    "Could not decode to UTF-8",
)


class Unusable(Exception):
    """A database that cannot be used by this version; the text says why."""


_waits = [PATIENCE]


def usual_patience() -> float:
    """For how many seconds other processes are waited for at present."""
    return _waits[-1]


@contextmanager
def waiting_at_most(seconds: float) -> Iterator[None]:
    """Wait for other processes no longer than this: a person waits meanwhile."""
    _waits.append(seconds)
    try:
        yield
    finally:
        _waits.pop()


def open_database(path: str, open_it: Callable[[str], Opened]) -> tuple[Opened, str]:
    """What `open_it` makes of the file at `path`, which is for its owner only, and what was set aside.

    The second value is empty, or says of a file that could not be used why, and under which name it is
    kept; `open_it` then got a new one. `open_it` may raise Unusable. Raises OSError or sqlite3.Error.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        return _open(path, open_it), ""
    except (Unusable, sqlite3.Error) as error:
        if not _reason(path, error):
            raise
    with setting_aside(path):
        # Another process may have set it aside meanwhile: what is there now is its new one.
        try:
            return _open(path, open_it), ""
        except (Unusable, sqlite3.Error) as error:
            reason = _reason(path, error)
            if not reason:
                raise
        kept = set_aside(path)
        told = f"{os.path.basename(path)} cannot be used: {reason}. It is kept as {kept}"
        return _open(path, open_it), told


@contextmanager
def setting_aside(path: str) -> Iterator[None]:
    """Be the only process that sets databases of this folder aside. Raises OSError."""
    patience = usual_patience()
    try:
        with exclusive(os.path.join(os.path.dirname(path), LOCK), patience):
            yield
    except AlreadyRunning as problem:
        raise OSError(f"another process has held {LOCK} for {patience:.0f} seconds") from problem


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is at fault, rather than a lock, a full disk, missing rights or our code."""
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in DAMAGE)
    return isinstance(error, Unusable) or type(error) is sqlite3.DatabaseError


def examine(connection: sqlite3.Connection, columns: Mapping[str, Collection[str]]) -> None:
    """Look at every page and for these columns of these tables; takes as long as reading it all.

    Raises Unusable, or sqlite3.Error.
    """
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Unusable(f"it is damaged ({found})")
    for table, wanted in columns.items():
        lacking = set(wanted) - columns_of(connection, table)
        if lacking:
            raise Unusable(f"it is damaged (no column {min(lacking)} in {table})")


def columns_of(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of a table's columns; none where there is no such table."""
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def set_aside(path: str) -> str:
    """Rename a database with its write-ahead log; returns the new name. Raises OSError."""
    name = f"{path}{SET_ASIDE}{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    while os.path.lexists(name):
        name += "-again"
    for suffix in SUFFIXES:
        if os.path.lexists(path + suffix):
            os.replace(path + suffix, name + suffix)
    return os.path.basename(name)


def problem_text(data_dir: str, problem: BaseException) -> str:
    """What to tell the user of a folder that cannot be used."""
    return (
        f"The data folder {data_dir} cannot be used ({problem}). "
        "Stash must be able to write there; set STASH2PLEX_DATA_DIR to use another folder."
    )


def check(data_dir: str) -> int:
    """Write a file there and take it away again; returns how many bytes are free.

    Raises OSError where the folder, or a database in it, cannot be written.
    """
    import errno
    import shutil
    import tempfile

    os.makedirs(data_dir, mode=0o700, exist_ok=True)
    with tempfile.TemporaryFile(dir=data_dir) as file:
        file.write(b"\0" * 4096)
    for name in sorted(os.listdir(data_dir)):
        # Another user's, as when Stash ran as somebody else before.
        if name.endswith(".db") and not os.access(os.path.join(data_dir, name), os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
    return shutil.disk_usage(data_dir).free


def _open(path: str, open_it: Callable[[str], Opened]) -> Opened:
    if not os.path.exists(path):
        # Made before SQLite makes it, to be readable for its owner only.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    deadline = time.monotonic() + usual_patience()
    while True:
        try:
            return open_it(path)
        except sqlite3.OperationalError as error:
            # Several processes make the database at once: the change to WAL mode waits for no lock.
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(0.02)


def _reason(path: str, error: BaseException) -> str:
    """Why the file at `path` has to be set aside; empty where it has not."""
    if any(os.path.isdir(path + suffix) for suffix in SUFFIXES):
        return "there is a folder in its place"
    if isinstance(error, Unusable):
        return str(error)
    return f"it is damaged ({error})" if is_damage(error) else ""
