"""Taking what hooks wrote down (sync_queue.hook) into the queue: nothing lost, whatever ends in the middle.

A file is renamed, so that hooks begin another; when those that had it open have written, it is read, put
into the queue and removed. A task that is killed in between leaves it for the next one, which may put a
change into the queue a second time; writing it twice changes nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from stash import log
from stash.process_lock import AlreadyRunning, exclusive, is_left
from sync_queue.data_folder import usual_patience
from sync_queue.hook import WAITING
from sync_queue.job import Job, parse_job
from validation.amounts import number

TAKEN = "hooks.taken"
TAKING_LOCK = "hooks.lock"
# Seconds to wait for another task that is taking changes in at this moment.
PATIENCE = 10.0
# Windows renames no file that a hook has open; a hook has it open for some milliseconds.
_TRIES, _PAUSE = 50, 0.02


def take_in(data_dir: str, put: Callable[[Sequence[Job]], object]) -> None:
    """Hand over what hooks wrote down to `put`, which keeps it for good before it returns, oldest first.

    Raises OSError, and whatever `put` raises; what it has not kept is handed over the next time.
    """
    if not _files(data_dir):
        return
    # Another task has them, and puts them into the same queue: without the lock they would be there twice.
    with suppress(AlreadyRunning), exclusive(os.path.join(data_dir, TAKING_LOCK), _patience()):
        for path in _files(data_dir):
            taken = path if _is_taken(path) else _taken(path)
            if taken and _is_left(taken):
                put(list(_jobs_in(taken)))
                os.remove(taken)


def _patience() -> float:
    return min(PATIENCE, usual_patience())


def _files(data_dir: str) -> list[str]:
    """The files that hooks have written or write, those first that an earlier task had renamed."""
    with suppress(FileNotFoundError):
        names = sorted(name for name in os.listdir(data_dir) if name.startswith((TAKEN, WAITING)))
        # A directory of that name stands in the way of hooks, which say so, and of no task.
        return [path for name in names if os.path.isfile(path := os.path.join(data_dir, name))]
    return []


def _is_taken(path: str) -> bool:
    return os.path.basename(path).startswith(TAKEN)


def _taken(path: str) -> str | None:
    """The file's new name, under which no hook writes any more; None where it cannot be renamed now."""
    taken = os.path.join(os.path.dirname(path), f"{TAKEN}.{time.time_ns():020}.{os.getpid()}")
    for _ in range(_TRIES):
        try:
            os.rename(path, taken)
            return taken
        except FileNotFoundError:
            return None
        except PermissionError:
            if os.name == "posix":
                raise
        time.sleep(_PAUSE)
    return None


def _is_left(path: str) -> bool:
    """Whether the hooks that found the file under its old name have written what they had to."""
    file = os.open(path, os.O_RDWR)
    try:
        return is_left(file)
    finally:
        os.close(file)


def _jobs_in(path: str) -> Iterator[Job]:
    with open(path, "rb") as file:
        lines = [line for line in file.read().split(b"\n") if line.strip()]
    unreadable = 0
    for line in lines:
        job = parse_job(line)
        if job is None:
            unreadable += 1
        else:
            yield job
    if unreadable:
        log.warning(
            f"{number(unreadable)} of {number(len(lines))} changes that hooks wrote down cannot be read, as "
            "after a power cut or on a full disk. Run Reconcile Library (All): it finds what they were.",
        )
