"""Asking Stash to run one of the plugin's tasks, with nothing but the standard library, and little of that.

A hook imports this module where it asks for a drain, and Stash waits for it: `http.client` alone would take
it three times as long as all the rest.
"""

from __future__ import annotations

import time

from stash.exceptions import AskingFailed
from validation.json_text import decoded, quoted
from validation.plugin_input import PLUGIN_ID, ServerConnection

# As mypy knows it: this module is on the hook path (CONTRIBUTING.md).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Seconds for all of the asking. Stash answers in milliseconds, and what it runs it runs later.
TIMEOUT = 1.0
# What an address or an answer of another form than Stash's ends in.
_ODD_ANSWER = (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError)
# Its job queue is some hundred bytes a job.
_MOST_BYTES = 4_000_000
_WAITING = "{ jobQueue { status description } }"
_RUN = (
    "mutation Run($plugin: ID!, $task: String, $args: Map)"
    " { runPluginTask(plugin_id: $plugin, task_name: $task, args_map: $args) }"
)


def run_unless_waiting(connection: ServerConnection, task: str, args: Mapping[str, str | bool]) -> bool:
    """Ask Stash to run a task of the plugin that does not wait in its job queue yet; whether it was asked.

    Raises AskingFailed.
    """
    try:
        deadline = time.monotonic() + TIMEOUT
        jobs = _answer_to(connection, _WAITING, "{}", deadline).get("jobQueue") or []
        if any(_is_waiting_run_of(task, job) for job in jobs):
            return False
        variables = f'{{"plugin":{quoted(PLUGIN_ID)},"task":{quoted(task)},"args":{_object_of(args)}}}'
        _answer_to(connection, _RUN, variables, deadline)
        return True
    except (OSError, *_ODD_ANSWER) as error:
        raise AskingFailed(f"Stash could not be asked to run {task} ({type(error).__name__}).") from error


def _is_waiting_run_of(task: str, job: Mapping[str, Any]) -> bool:
    description = str(job.get("description"))
    return job.get("status") == "READY" and description.endswith(task) and "plugin task" in description


def _object_of(args: Mapping[str, str | bool]) -> str:
    return "{" + ",".join(f"{quoted(name)}:{_value_of(value)}" for name, value in args.items()) + "}"


def _value_of(value: str | bool) -> str:
    if isinstance(value, str):
        return quoted(value)
    return "true" if value else "false"


def _answer_to(connection: ServerConnection, query: str, variables: str, deadline: float) -> Any:
    """The `data` of Stash's answer, which has to be there in time."""
    body = f'{{"query":{quoted(query)},"variables":{variables}}}'.encode()
    # By HTTP 1.0: the answer then ends where the connection does, in whatever pieces it comes.
    head = [
        "POST /graphql HTTP/1.0",
        f"Host: {connection.host}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
    ]
    if connection.cookie:
        head.append(f"Cookie: session={connection.cookie}")
    request = "\r\n".join([*head, "", ""]).encode("latin-1") + body
    status, content = _exchange(connection, request, deadline)
    answer = decoded(content)
    if status != 200 or answer.get("errors"):
        raise ValueError(f"Stash answered {status}")
    return answer["data"]


def _exchange(connection: ServerConnection, request: bytes, deadline: float) -> tuple[int, bytes]:
    """Send the request; the status and the content of the answer."""
    stash = _connected(connection, deadline)
    try:
        stash.settimeout(_left(deadline))
        stash.sendall(request)
        pieces = []
        size = 0
        while piece := stash.recv(65_536):
            pieces.append(piece)
            size += len(piece)
            if size > _MOST_BYTES:
                raise ValueError("the answer does not end")
            # The time-out of a socket starts anew with every piece; the deadline does not.
            stash.settimeout(_left(deadline))
    finally:
        stash.close()
    head, _, content = b"".join(pieces).partition(b"\r\n\r\n")
    return int(head.split(None, 2)[1]), content


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _connected(connection: ServerConnection, deadline: float) -> Any:
    """A connected socket."""
    host, port = connection.host.strip("[]"), connection.port
    if connection.scheme == "https":
        return _securely_connected(host, port, deadline)
    try:
        import _socket as sockets
    except ImportError:  # another Python than CPython
        import socket as sockets  # type: ignore[no-redef]
    # As bytes: for a text Python would load what knows of names in all scripts.
    name = host.encode() if host.isascii() else host
    problem: OSError = TimeoutError()
    for family, kind, protocol, _, address in sockets.getaddrinfo(name, port, 0, sockets.SOCK_STREAM):
        stash = sockets.socket(family, kind, protocol)
        try:
            stash.settimeout(_left(deadline))
            stash.connect(address)
            return stash
        except OSError as error:
            # A name such as localhost has two addresses, and Stash may listen on the second alone.
            stash.close()
            problem = error
    raise problem


def _securely_connected(host: str, port: int, deadline: float) -> Any:
    import socket
    import ssl

    # The Stash that started this process, with a certificate that is nearly always its own.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stash = socket.create_connection((host, port), _left(deadline))
    try:
        return context.wrap_socket(stash)
    except BaseException:
        stash.close()
        raise
