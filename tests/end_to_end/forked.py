"""The plugin in a fork of this process: as fresh as a process of its own, without the time of its start."""

from __future__ import annotations

import ctypes
import gc
import importlib.metadata
import io
import json
import os
import pkgutil
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import Stash2Plex as entry
from stash import log as user_log
from tests.builders.bench import log_lines
from tests.builders.entry import Told
from tests.servers.stash.process_run import plugin_input
from tests.servers.world import MODULES, PACKAGES

Item = TypeVar("Item")
OURS = (*MODULES, *PACKAGES)


@dataclass(frozen=True)
class Run:
    """What a run told, and how long it took; None in place of the first where it had to be ended."""

    told: Told | None
    seconds: float
    log: str


def warm_up() -> None:
    """Import all that a run may need, and look at what is installed, so that each fork has it behind it."""
    for name in OURS:
        module = import_module(name)
        for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
            import_module(f"{name}.{found.name}")
    import_module("stashapi.log")
    for line in Path("requirements.txt").read_text(encoding="utf-8").splitlines():
        version(line.partition(">=")[0])


@contextmanager
def nothing_is_installed_meanwhile() -> Iterator[None]:
    """Look only once at what is installed: that takes a fifth of a run."""
    whole = importlib.metadata.version
    importlib.metadata.version = cache(whole)
    try:
        yield
    finally:
        importlib.metadata.version = whole


def set_limits(limits: Mapping[str, float]) -> Callable[[], None]:
    """Give constants of these names other values wherever they are used; returns what puts them back."""
    before = [
        (module, name, getattr(module, name))
        for room, module in list(sys.modules.items())
        if room.partition(".")[0] in OURS
        for name in limits
        if hasattr(module, name)
    ]
    unknown = set(limits) - {name for _, name, _ in before}
    assert not unknown, f"nothing of ours has a constant {unknown}"
    for module, name, _ in before:
        setattr(module, name, limits[name])

    def put_back() -> None:
        for module, name, value in before:
            setattr(module, name, value)

    return put_back


def run_plugin(
    connection: Mapping[str, Any],
    args: Mapping[str, Any],
    data_dir: Path,
    longest: float,
    obeys_rights: bool = False,
) -> Run:
    """Run the entry with these arguments; it is ended after so many seconds.

    It writes nothing that is read-only where it `obeys_rights`, not even if it runs as root.
    """
    stdin = plugin_input(dict(connection), args)
    ended, alive = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            if obeys_rights and os.geteuid() == 0:
                _obey_rights()
            _be_the_plugin(stdin, str(data_dir), out.fileno(), log.fileno(), alive)
        os.close(alive)
        is_ended = bool(select.select([ended], [], [], longest)[0])
        status = int.from_bytes(os.read(ended, 1), "big") if is_ended else None
        seconds = time.monotonic() - began
        os.close(ended)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        written, logged = _content(out), _content(log)
    told = None if status is None else Told(status, written, log_lines(logged))
    return Run(told, seconds, written + logged)


def run_in_this_fork(
    connection: Mapping[str, Any], args: Mapping[str, Any], data_dir: Path, longest: float
) -> Run:
    """Run the entry in this very process, which is a fork that is there for little else.

    That takes half of what another fork does. What a process would have taken with it at its end, such as
    what it reads ahead, is waited for.
    """
    out, log = io.StringIO(), io.StringIO()
    threads_before = set(threading.enumerate())
    streams = sys.stdin, sys.stdout, sys.stderr
    began, status = time.monotonic(), None
    before = signal.signal(signal.SIGALRM, _end_run)
    try:
        signal.setitimer(signal.ITIMER_REAL, longest)
        sys.stdin = io.TextIOWrapper(io.BytesIO(plugin_input(dict(connection), args)))
        sys.stdout, sys.stderr = out, log
        os.environ["STASH2PLEX_DATA_DIR"] = str(data_dir)
        _forget_earlier_runs()
        status = entry.main()
        seconds = time.monotonic() - began
        for thread in set(threading.enumerate()) - threads_before:
            if "process_request_thread" not in thread.name:
                thread.join()
    except _OverdueError:
        status, seconds = None, time.monotonic() - began
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.stdin, sys.stdout, sys.stderr = streams
    told = None if status is None else Told(status, out.getvalue(), log_lines(log.getvalue()))
    return Run(told, seconds, out.getvalue() + log.getvalue())


class _OverdueError(BaseException):
    """A run takes too long; nothing of the plugin catches it."""


def _end_run(*_: object) -> None:
    raise _OverdueError


def _forget_earlier_runs() -> None:
    """What a process does not have when it starts."""
    from stashapi import log as client_log

    for name in ("stash_interface", "config", "queue_manager"):
        setattr(entry, name, None)
    user_log._redactions.clear()
    client_log.sl.filters.clear()


def in_children(
    items: Iterable[Item], act: Callable[[Item], Any], at_a_time: int
) -> Iterator[tuple[Item, Any]]:
    """Do something for each of these in a fork of its own, several at a time; the answers as they come.

    An answer is what JSON makes of it. Raises RuntimeError where `act` raised in the fork.
    """
    # To look for what can be freed, a fork would have to copy all that there is.
    gc.freeze()
    waiting = iter(items)
    running: dict[int, tuple[Item, int]] = {}
    try:
        while True:
            for item in islice(waiting, at_a_time - len(running)):
                child, reading = _begin(act, item)
                running[reading] = (item, child)
            if not running:
                return
            for reading in select.select(list(running), [], [])[0]:
                item, child = running.pop(reading)
                with os.fdopen(reading, "rb") as pipe:
                    content = pipe.read()
                os.waitpid(child, 0)
                answer = json.loads(content) if content else {"crash": "the process ended"}
                if "crash" in answer:
                    raise RuntimeError(f"{item}: {answer['crash']}")
                yield item, answer["answer"]
    finally:
        gc.unfreeze()
        for _, child in running.values():
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _begin(act: Callable[[Item], Any], item: Item) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            answer = json.dumps({"answer": act(item)})
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent has to know
            answer = json.dumps({"crash": "".join(traceback.format_exception(error))})
        with os.fdopen(writing, "w") as pipe:
            pipe.write(answer)
        _end_at_once()
    os.close(writing)
    return child, reading


def _be_the_plugin(stdin: bytes, data_dir: str, out: int, log: int, alive: int) -> None:
    try:
        os.dup2(out, 1)
        os.dup2(log, 2)
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - ends with the process
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        os.environ["STASH2PLEX_DATA_DIR"] = data_dir
        import Stash2Plex

        status = Stash2Plex.main()
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(alive, bytes([status]))
    finally:
        _end_at_once()


def _obey_rights() -> None:
    """Give up what lets root read and write whatever it likes (Linux: man capset)."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    # Of each half of the rights: those in effect, permitted, inherited.
    rights = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    dac_override, dac_read_search = 1 << 1, 1 << 2
    for kind in (0, 1):
        rights[kind] &= ~(dac_override | dac_read_search)
    assert libc.capset(header, rights) == 0


def _end_at_once() -> None:
    """Without anything that the parent has asked for at its exit."""
    os.kill(os.getpid(), signal.SIGKILL)


def _content(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))
