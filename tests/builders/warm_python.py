"""A Python that has imported the plugin already: what tests start whose promise is not about the start.

    with a_warm_python(folder) as python: a_world(…, python=python)

The fixture `world` has one for tasks (tests/conftest.py); a hook starts sooner by itself. Stash starts it as
any other. What it starts hands its arguments, its environment and its three streams to a process that waits
with everything imported, and that goes on in a fork; it ends as that one ends.
"""

from __future__ import annotations

import io
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from tests.servers.world import ROOT

# Started for each run, so it imports what is in Python already, and nothing else.
STARTER = """#!{python} -IS
import _socket, os, sys
connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
directory = os.getcwd()
os.chdir({folder!r})
connection.connect({name!r})
environment = [part for pair in os.environb.items() for part in pair]
parts = [os.fsencode(sys.argv[-1]), os.fsencode(directory), *environment]
content = b"\\0".join(parts)
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)]
connection.sendmsg([len(content).to_bytes(8, "big")], rights)
connection.sendall(content)
status = connection.recv(1)
os._exit(status[0] if status else 1)
"""
# By its folder and this name it is found: a path as long as those of tests on macOS fits into no address.
SOCKET = "warm"
# It lies in the way of coverage, which would begin anew in each process.
NOT_MEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}


@contextmanager
def a_warm_python(folder: Path) -> Iterator[str]:
    """The path of such a Python, for as long as it is needed; where nothing can fork, of a usual one."""
    if sys.platform == "win32":
        yield sys.executable
        return
    starter = folder / "python"
    starter.write_text(STARTER.format(python=sys.executable, folder=str(folder), name=SOCKET))
    starter.chmod(0o700)
    command = [sys.executable, "-m", "tests.builders.warm_python", str(folder)]
    environment = {**os.environ, **NOT_MEASURED}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield str(starter)
    finally:
        process.kill()
        process.communicate()


def serve(folder: str) -> NoReturn:
    """Go on, in a fork, with each run that is handed over, until standard input ends with the tests."""
    from tests.end_to_end.forked import warm_up

    warm_up()
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.chdir(folder)
    server.bind(SOCKET)
    os.chdir(ROOT)
    server.listen(64)
    print("ready", flush=True)
    # What can be read: that a run has ended, or that whoever started it was killed.
    ends: dict[Any, tuple[int, socket.socket]] = {}
    starters: dict[Any, int] = {}
    while True:
        # Who was killed is gone before anything begins that was started later.
        for ready in select.select([*starters, *ends, server, sys.stdin], [], [])[0]:
            if ready is sys.stdin:
                os._exit(0)
            if ready is server:
                connection, _ = server.accept()
                begun = _begin(connection)
                if begun is None:
                    connection.close()
                    continue
                child, end = begun
                ends[end], starters[connection] = (child, connection), child
            elif isinstance(ready, int):
                child, connection = ends.pop(ready)
                os.close(ready)
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                starters.pop(connection, None)
                with suppress(OSError):
                    connection.sendall(bytes([status % 256]))
                connection.close()
            elif ready in starters:
                child = starters.pop(ready)
                os.kill(child, signal.SIGKILL)
                os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)


def _begin(connection: socket.socket) -> tuple[int, int] | None:
    """Begin a run: the fork that it goes on in, and what can be read when that has ended.

    None where whoever started it was killed before all was handed over.
    """
    start, streams, _, _ = socket.recv_fds(connection, 8, 3)
    content, is_there = b"", bool(start)
    while is_there and len(content) < int.from_bytes(start, "big"):
        more = connection.recv(1 << 16)
        content, is_there = content + more, bool(more)
    if not is_there:
        for stream in streams:
            os.close(stream)
        return None
    script, directory, *environment = content.split(b"\0")
    end, alive = os.pipe()
    child = os.fork()
    if child == 0:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(directory)
        os.environb.clear()
        os.environb.update(dict(zip(environment[::2], environment[1::2], strict=True)))
        _go_on(os.fsdecode(script))
    os.close(alive)
    for stream in streams:
        os.close(stream)
    return child, end


def _go_on(script: str) -> NoReturn:
    try:
        random.seed()
        sys.argv = [script]
        sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False))  # noqa: SIM115 - ends with the process
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        runpy.run_path(script, run_name="__main__")
    except BaseException:  # noqa: BLE001 - as Python ends with whatever it is
        traceback.print_exc()
    finally:
        os._exit(1)


if __name__ == "__main__":
    serve(sys.argv[1])
