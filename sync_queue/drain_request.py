"""Asking Stash to run Process Queue after a hook, once, however many hooks there are.

A hook first writes down its change and then looks whether anybody is going to take it: a worker that is
running (it looks once more after it has released its lock), or one that was asked for and has not started (a
mark in the data folder, which the worker removes before its first job). Only otherwise it asks, and while it
does it holds a lock beside a mark of its own: a hook that is killed in the middle leaves a mark without a
lock, which nobody believes. It is on the hook path.
"""

from __future__ import annotations

import os
import time

from stash.process_lock import WORKER_LOCK, is_held, try_lock

# As mypy knows it: this module is on the hook path (CONTRIBUTING.md).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from validation.plugin_input import ServerConnection

TASK_NAME = "Process Queue"
# The argument by which the task knows that no person asked for it.
AUTOMATIC = "automatic"
REQUESTED_MARK, OFF_MARK, ASKING_LOCK = "drain.requested", "drain.off", "drain.asking.lock"
ASKING_MARK, FAILED_MARK = "drain.asking", "drain.failed"
# Stash forgets its waiting jobs when it restarts, and a person may cancel one: a mark that is
# older, or that another Stash process was asked under, is not believed without a look at Stash.
MARK_LASTS = 300.0
# A request that failed is not repeated for so many times as long as it took: a Stash that does not answer
# costs a bulk edit a few hundredths of its time, and one that refuses is asked again soon.
PAUSE_FACTOR = 30.0
LONGEST_PAUSE = 60.0
# Seconds to wait for a hook that holds the lock and has not begun to ask, or has just ended.
PATIENCE = 0.5


def ask_for_drain(data_dir: str, connection: ServerConnection) -> bool:
    """See to it that a worker takes the change that was just written down; whether Stash was asked for one.

    Raises AskingFailed, and OSError where marks and locks cannot be made.
    """
    folder = os.path.join(data_dir, "")
    if os.path.exists(folder + OFF_MARK) or _is_believable(folder + REQUESTED_MARK):
        return False
    if is_held(folder + WORKER_LOCK) or _has_just_failed(folder + FAILED_MARK):
        return False
    deadline = time.monotonic() + PATIENCE
    while (lock := try_lock(folder + ASKING_LOCK)) is None:
        # Another hook is asking at this moment, for a worker that will find this change too, unless that
        # worker has begun already and has removed the mark.
        if _is_believable(folder + ASKING_MARK) or time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    with lock:
        return not _is_believable(folder + REQUESTED_MARK) and _ask(folder, connection)


def ask_as_a_person(data_dir: str, connection: ServerConnection) -> None:
    """See to it that a worker takes what was just queued, also where nothing is written automatically.

    Raises AskingFailed.
    """
    folder = os.path.join(data_dir, "")
    # One that runs looks once more when it has ended, and a hook that is asking asks for the same.
    if not is_held(folder + WORKER_LOCK) and (lock := try_lock(folder + ASKING_LOCK)) is not None:
        with lock:
            _ask(folder, connection, is_automatic=False)


def _ask(folder: str, connection: ServerConnection, is_automatic: bool = True) -> bool:
    from stash.exceptions import AskingFailed
    from stash.run_task import run_unless_waiting

    _write(folder + ASKING_MARK, _stash_process())
    began = time.monotonic()
    try:
        args: dict[str, str | bool] = {"mode": "process_queue"}
        if is_automatic:
            args[AUTOMATIC] = True
        is_asked = run_unless_waiting(connection, TASK_NAME, args)
    except AskingFailed:
        _remove(folder + ASKING_MARK)
        pause = min(PAUSE_FACTOR * (time.monotonic() - began), LONGEST_PAUSE)
        _write(folder + FAILED_MARK, repr(time.time() + pause))
        raise
    _rename(folder + ASKING_MARK, folder + REQUESTED_MARK)
    return is_asked


def forget_request(data_dir: str) -> None:
    """Remove the marks: the worker is here. To be called before it takes its first job."""
    # In the order in which one becomes the other.
    for name in (ASKING_MARK, REQUESTED_MARK, FAILED_MARK):
        _remove(os.path.join(data_dir, name))


def is_requested(data_dir: str) -> bool:
    """Whether Stash was asked for a worker that has not begun."""
    return _is_believable(os.path.join(data_dir, REQUESTED_MARK))


def switch_automatic(data_dir: str, is_on: bool) -> None:
    """Tell the hooks, which read no settings, whether to ask at all."""
    mark = os.path.join(data_dir, OFF_MARK)
    if is_on:
        _remove(mark)
    elif not os.path.exists(mark):
        _write(mark, "")


def _is_believable(mark: str) -> bool:
    """Whether this mark was made a short time ago, under the Stash that runs now."""
    try:
        age = time.time() - os.stat(mark).st_mtime
        return 0 <= age < MARK_LASTS and _read(mark) == _stash_process()
    except FileNotFoundError:
        return False


def _has_just_failed(mark: str) -> bool:
    try:
        return 0 < float(_read(mark)) - time.time() <= LONGEST_PAUSE
    except (FileNotFoundError, ValueError):
        return False


def _stash_process() -> str:
    """Names the process of Stash that started this one: its id and, on Linux, when it began."""
    parent = os.getppid()
    try:
        # The second field is the name in brackets and may hold anything; the 22nd is the start.
        began = _read(f"/proc/{parent}/stat").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        began = ""
    return f"{parent} {began}"


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    draft = f"{path}.{os.getpid()}"
    # No link is followed: it would write elsewhere.
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
        file.write(text)
    os.replace(draft, path)


def _rename(old: str, new: str) -> None:
    """Rename a mark that may be gone: the worker was quicker."""
    try:
        os.replace(old, new)
    except FileNotFoundError:
        return


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        return
