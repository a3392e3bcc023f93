"""Asking Stash to run Process Queue after a hook, once, however many hooks there are.

A hook first appends its job and then looks whether anybody is going to take it: a worker that is
running (it looks at the queue once more after it has released its lock), or one that was asked for
and has not started (a mark in the data folder, which the worker removes before its first job). Only
otherwise it asks. The hook path imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress

from sync_queue.exclusive import WORKER_LOCK, is_held, try_lock

# As mypy knows it; importing typing takes a hook as long as writing its job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLUGIN_ID = "Stash2Plex"
TASK_NAME = "Process Queue"
# The argument by which the task knows that no person asked for it.
AUTOMATIC = "automatic"
REQUESTED_MARK, OFF_MARK, ASKING_LOCK = "drain.requested", "drain.off", "drain.asking.lock"
# Stash forgets its waiting jobs when it restarts, and a person may cancel one: a mark that is
# older, or that another Stash process was asked under, is not believed without a look at Stash.
MARK_LASTS = 300.0
TIMEOUT = 3.0

_WAITING = "{ jobQueue { status description } }"
_RUN = (
    "mutation Run($plugin: ID!, $task: String, $args: Map)"
    " { runPluginTask(plugin_id: $plugin, task_name: $task, args_map: $args) }"
)


class AskingFailed(Exception):
    """Stash could not be asked; the jobs stay in the queue for the next hook or task."""


def ask_for_drain(data_dir: str, server_connection: Mapping[str, Any]) -> bool:
    """See to it that a worker takes the job that was just appended; whether Stash was asked for one.

    Raises AskingFailed.
    """
    if os.path.exists(os.path.join(data_dir, OFF_MARK)) or is_held(os.path.join(data_dir, WORKER_LOCK)):
        return False
    mark = os.path.join(data_dir, REQUESTED_MARK)
    if _is_believable(mark):
        return False
    lock = try_lock(os.path.join(data_dir, ASKING_LOCK))
    if lock is None:
        # Another hook is asking at this moment, for a worker that will find this job too.
        return False
    with lock:
        if _is_believable(mark):
            return False
        _write(mark, _stash_process())
        try:
            return run_unless_waiting(
                server_connection, TASK_NAME, {"mode": "process_queue", AUTOMATIC: True}
            )
        except BaseException:
            _remove(mark)
            raise


def forget_request(data_dir: str) -> None:
    """Remove the mark: the worker is here. To be called before it takes its first job."""
    _remove(os.path.join(data_dir, REQUESTED_MARK))


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
    try:
        age = time.time() - os.stat(mark).st_mtime
        with open(mark, encoding="utf-8") as file:
            return 0 <= age < MARK_LASTS and file.read() == _stash_process()
    except FileNotFoundError:
        return False


def _stash_process() -> str:
    """Names the process of Stash that started this one: its id and, on Linux, when it began."""
    parent = os.getppid()
    began = ""
    with (
        suppress(OSError, IndexError),
        open(f"/proc/{parent}/stat", encoding="utf-8", errors="replace") as file,
    ):
        # The second field is the name in brackets and may hold anything; the 22nd is the start.
        began = file.read().rpartition(")")[2].split()[19]
    return f"{parent} {began}"


def run_unless_waiting(server_connection: Mapping[str, Any], task: str, args: Mapping[str, Any]) -> bool:
    """Ask Stash to run a task of the plugin that does not wait in its job queue yet; whether it was asked.

    Raises AskingFailed.
    """
    from http.client import HTTPException
    from socket import SHUT_RDWR
    from threading import Timer

    try:
        connection = _connection(server_connection)
        connection.connect()
        # The time-out of a socket starts anew with every byte; this one does not.
        limit = Timer(TIMEOUT, connection.sock.shutdown, [SHUT_RDWR])
        limit.daemon = True
        limit.start()
        try:
            return _run_unless_waiting(connection, server_connection, task, args)
        finally:
            limit.cancel()
            connection.close()
    except (OSError, HTTPException, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise AskingFailed(f"Stash could not be asked to run {task} ({type(error).__name__}).") from error


def _run_unless_waiting(
    connection: Any, server_connection: Mapping[str, Any], task: str, args: Mapping[str, Any]
) -> bool:
    jobs = _post(connection, server_connection, _WAITING, {}).get("jobQueue") or []
    if any(job.get("status") == "READY" and _is_run_of(task, str(job.get("description"))) for job in jobs):
        return False
    variables = {"plugin": PLUGIN_ID, "task": task, "args": args}
    _post(connection, server_connection, _RUN, variables)
    return True


def _is_run_of(task: str, description: str) -> bool:
    return description.endswith(task) and "plugin task" in description


def _post(connection: Any, server_connection: Mapping[str, Any], query: str, variables: Any) -> Any:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    cookie = server_connection.get("SessionCookie")
    if isinstance(cookie, Mapping):
        headers["Cookie"] = f"session={cookie.get('Value')}"
    connection.request("POST", "/graphql", json.dumps({"query": query, "variables": variables}), headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    if answer.status != 200 or content.get("errors"):
        raise ValueError(f"Stash answered {answer.status}")
    return content["data"]


def _connection(server_connection: Mapping[str, Any]) -> Any:
    from http.client import HTTPConnection

    from validation.address import connectable_host

    host = connectable_host(server_connection.get("Host")).strip("[]")
    port = int(server_connection.get("Port") or 9999)
    if server_connection.get("Scheme") != "https":
        return HTTPConnection(host, port, timeout=TIMEOUT)
    import ssl
    from http.client import HTTPSConnection

    # The Stash that started this process, with a certificate that is nearly always its own.
    context = ssl._create_unverified_context()
    return HTTPSConnection(host, port, timeout=TIMEOUT, context=context)


def _write(path: str, text: str) -> None:
    draft = f"{path}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(draft, path)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.remove(path)
