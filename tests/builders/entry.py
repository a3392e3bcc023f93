"""Short words for tests of the entry: the plugin as processes, as forks to be killed, or in this process."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

import Stash2Plex as entry
from stash import log as user_log
from stash.log import IN_THE_LOG
from tests.builders.bench import Bench, Line, log_lines
from tests.servers.stash.process_run import PluginProcess, PluginResult, plugin_input
from tests.servers.world import World

ALL, RECENT, DRAIN = "Reconcile Library (All)", "Reconcile Library (Recent)", "Process Queue"
TOLD_LEVELS = ("info", "warning", "error")
# What a traceback or an exception that nobody put into words looks like.
ROUGH = ("Traceback", 'File "', "Error:", "Exception", "fault in Stash2Plex")


def hook(scene_id: object, type: object = "Scene.Update.Post") -> dict[str, Any]:
    """The arguments of a hook."""
    return {"hookContext": {"id": scene_id, "type": type, "input": None}}


def start(world: World, args: Mapping[str, Any]) -> PluginProcess:
    """Start the plugin as Stash does, but beside its queue."""
    stdin = plugin_input(world.stash.server_connection(), args)
    environment = {"STASH2PLEX_DATA_DIR": str(world.data_dir)}
    plugins = world.stash.plugins
    python = plugins.python(is_hook="hookContext" in args)
    return PluginProcess(plugins.plugin(), stdin, python=python, environment=environment)


def run(world: World, args: Mapping[str, Any]) -> PluginResult:
    """The same to its end."""
    return start(world, args).wait(60)


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that tells nobody when it happens."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@dataclass
class Told:
    """What a run told: its status, its answer, and its log."""

    status: int | None
    stdout: str
    lines: Sequence[Line]

    @classmethod
    def by(cls, result: PluginResult) -> Told:
        """What a process told."""
        lines = [Line(line.level, line.text) for line in result.log]
        return cls(result.exit_status, result.stdout.decode(), lines)

    @property
    def answer(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """Why the run did not end well, as its log and, to the page, its answer say; empty where it did."""
        told = str(self.answer.get("error", ""))
        return "\n".join(self.texts("error")) if told == IN_THE_LOG else told

    def texts(self, *levels: str) -> list[str]:
        """The log's texts of these levels; of info and above where none is named."""
        return [line.text for line in self.lines if line.level in (levels or TOLD_LEVELS)]


def assert_plain(told: Told, rough: Collection[str] = ROUGH) -> None:
    """One JSON object that agrees with the status and the log, and nothing that only a programmer reads.

    Stash logs the error of a task or a hook as well, so it is none of the lines that are in the log.
    """
    answer = told.answer
    assert isinstance(answer, dict)
    assert set(answer) in ({"output"}, {"error"})
    assert told.status == (1 if "error" in answer else 0)
    assert all(isinstance(value, str) and value for value in answer.values())
    if "error" in answer:
        assert told.texts("error"), "an error that is not in the log"
        assert not set(told.answer.values()) & set(told.texts("error")), "an error that is in the log twice"
    for text in (*told.texts(), told.error):
        assert not [word for word in rough if word in text], text


def assert_one_plain_error(told: Told, *words: str) -> None:
    """One line at error level, which the run ended with."""
    assert_plain(told)
    (line,) = told.texts("error")
    assert told.error == line
    for word in words:
        assert word in line


class Here:
    """Runs the entry in the test's own process, which is much faster; every run starts afresh."""

    def __init__(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.world = world
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("STASH2PLEX_DATA_DIR", str(world.data_dir))

    def run(self, args: Mapping[str, Any] | None = None, raw: bytes | None = None) -> Told:
        """Run with these arguments, or with these bytes on standard input."""
        from stashapi import log

        stdin = plugin_input(self.world.stash.server_connection(), args or {}) if raw is None else raw
        self._capsys.readouterr()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            for name in ("stash_interface", "config", "queue_manager"):
                patch.setattr(entry, name, None)
            patch.setattr(user_log, "_redactions", [])
            patch.setattr(log.sl, "filters", [])
            status = entry.main()
        written = self._capsys.readouterr()
        return Told(status, written.out, log_lines(written.err))

    def reconcile(self) -> Told:
        return self.run({"mode": "reconcile_all"})

    def drain(self) -> Told:
        return self.run({"mode": "process_queue"})

    def kept(self) -> set[int]:
        """The scenes that wait or have failed: those that are not lost."""
        bench = Bench(self.world)
        kept = {job.scene_id for job in (*bench.waiting(), *bench.failed()) if not job.entity}
        bench.manager.close()
        return kept
