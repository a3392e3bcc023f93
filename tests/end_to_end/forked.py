"""The plugin in a fork of this process: as fresh as a process of its own, without the time of its start."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tests.builders_entry import Told
from tests.builders_queue import log_lines
from tests.servers.stash_process_run import plugin_input

Item = TypeVar("Item")
ROOMS = ("Stash2Plex", "validation", "reconciliation", "sync_queue", "plex")


@dataclass(frozen=True)
class Run:
    """What a run told, and how long it took; None in place of the first where it had to be ended."""

    told: Told | None
    seconds: float
    log: str


def warm_up() -> None:
    """Import all that a run may need, so that each fork has it already."""
    import validation.bounded_answer
    import validation.stash  # noqa: F401


def set_limits(limits: Mapping[str, float]) -> Callable[[], None]:
    """Give constants of these names other values wherever a room uses them; returns what puts them back."""
    before = [
        (module, name, getattr(module, name))
        for room, module in list(sys.modules.items())
        if room.partition(".")[0] in ROOMS
        for name in limits
        if hasattr(module, name)
    ]
    unknown = set(limits) - {name for _, name, _ in before}
    assert not unknown, f"no room has a constant {unknown}"
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
    user: int | None = None,
) -> Run:
    """Run the entry with these arguments, as this user; it is ended after so many seconds."""
    stdin = plugin_input(dict(connection), args)
    ended, alive = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
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


def in_children(
    items: Iterable[Item], act: Callable[[Item], Any], at_a_time: int
) -> Iterator[tuple[Item, Any]]:
    """Do something for each of these in a fork of its own, several at a time; the answers as they come.

    An answer is what JSON makes of it. Raises RuntimeError where `act` raised in the fork.
    """
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
        from stashapi.log import sl

        for handler in sl.handlers:
            handler.stream = sys.stderr
        import Stash2Plex

        status = Stash2Plex.main()
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(alive, bytes([status]))
    finally:
        _end_at_once()


def _end_at_once() -> None:
    """Without anything that the parent has asked for at its exit."""
    os.kill(os.getpid(), signal.SIGKILL)


def _content(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "replace"))
