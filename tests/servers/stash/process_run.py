"""One run of a plugin: the process, what it is told on stdin, and what Stash makes of its output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.servers.stash.plugins import Plugin

LEVELS = {"t": "trace", "d": "debug", "i": "info", "w": "warning", "e": "error"}
LONGEST_LINE = 64 * 1024
DEFAULT_TIMEOUT = 120.0
_PREFIX = re.compile(r"\x01(.)\x02")


@dataclass(frozen=True)
class LogLine:
    """A line of Stash's log that came from a plugin."""

    level: str
    text: str


@dataclass
class PluginResult:
    """What a run of a plugin gave; `error` is what Stash logs, or a hook's caller never sees."""

    log: list[LogLine] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)
    output: Any = None
    error: str | None = None
    exit_status: int | None = None
    seconds: float = 0.0
    stdout: bytes = b""
    timed_out: bool = False

    def messages(self, level: str) -> list[str]:
        """The texts of one level."""
        return [line.text for line in self.log if line.level == level]


class PluginStartError(Exception):
    """The process could not be created."""


class PluginProcess:
    """A process of a plugin, started at once. `wait` collects it, `kill` ends it without a warning."""

    def __init__(
        self,
        plugin: Plugin,
        stdin: bytes,
        exec_args: Sequence[str] = (),
        python: str = sys.executable,
        working_directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
        on_progress: Callable[[float], None] | None = None,
        on_line: Callable[[LogLine], None] | None = None,
    ) -> None:
        self.plugin = plugin
        self.result = PluginResult()
        self._on_progress = on_progress
        self._on_line = on_line
        self._killed = False
        self._started = time.monotonic()
        command = _command(plugin, exec_args, python)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=working_directory,
                env=_environment(plugin, environment),
            )
        except OSError as error:
            raise PluginStartError(f"error running command: {error}") from error
        self._threads = [
            threading.Thread(target=target, args=arguments, daemon=True)
            for target, arguments in (
                (self._write, (self._process.stdin, stdin)),
                (self._read_log, (self._process.stderr,)),
                (self._read_output, (self._process.stdout,)),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End this process only; its children, if it has any, live on."""
        self._killed = True
        self._process.kill()

    def wait(self, timeout: float = DEFAULT_TIMEOUT) -> PluginResult:
        """The result, at the latest after `timeout` seconds: then the process is killed."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.result.timed_out = True
            self.kill()
            self._process.wait()
        for thread in self._threads:
            remaining = timeout - (time.monotonic() - self._started)
            thread.join(1.0 if self._killed else max(0.2, remaining))
        self.result.exit_status = self._process.returncode
        self.result.seconds = time.monotonic() - self._started
        _interpret_output(self.result)
        return self.result

    @staticmethod
    def _write(pipe: IO[bytes], content: bytes) -> None:
        with suppress(OSError):
            pipe.write(content)
        with suppress(OSError):
            pipe.close()

    def _read_output(self, pipe: IO[bytes]) -> None:
        with pipe:
            self.result.stdout = pipe.read()

    def _read_log(self, pipe: IO[bytes]) -> None:
        """A line over 64 KiB ends the reading for good, and the plugin's next write fails."""
        with pipe:
            while line := pipe.readline(LONGEST_LINE):
                if len(line) >= LONGEST_LINE and not line.endswith(b"\n"):
                    self._log("error", "plugin log: bufio.Scanner: token too long")
                    return
                self._take_line(line.decode("utf-8", "replace").rstrip("\r\n"))

    def _take_line(self, line: str) -> None:
        prefix = _PREFIX.match(line)
        level = prefix.group(1) if prefix else None
        text = (line[prefix.end() :] if prefix else line).strip()
        if level == "p":
            self._take_progress(text)
        elif level in LEVELS and text:
            self._log(LEVELS[level], text)
        elif text and self.plugin.error_log != "none":
            self._log(self.plugin.error_log, text)

    def _log(self, level: str, text: str) -> None:
        line = LogLine(level, text)
        self.result.log.append(line)
        if self._on_line:
            self._on_line(line)

    def _take_progress(self, text: str) -> None:
        try:
            progress = min(max(float(text), 0.0), 1.0)
        except ValueError:
            self._log("error", f'Error parsing progress value "{text}"')
            return
        self.result.progress.append(progress)
        if self._on_progress:
            self._on_progress(progress)


def plugin_input(server_connection: Mapping[str, Any], arguments: Mapping[str, Any]) -> bytes:
    """The document that a plugin reads from stdin, written as Go writes JSON."""
    return go_json({"server_connection": server_connection, "args": arguments})


def go_json(content: Any) -> bytes:
    """UTF-8, no spaces, and <, > and & escaped."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    text = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return text.encode("utf-8", "surrogatepass")


def _command(plugin: Plugin, exec_args: Sequence[str], python: str) -> list[str]:
    """The folder of the plugin is put in everywhere but in the first word; `python` is Stash's own."""
    words = [*plugin.exec, *exec_args]
    if not words:
        raise PluginStartError(f"plugin {plugin.id} has no exec")
    directory = str(plugin.directory)
    first = python if words[0] in ("python", "python3") else words[0]
    return [first, *(word.replace("{pluginDir}", directory) for word in words[1:])]


def _environment(plugin: Plugin, extra: Mapping[str, str] | None) -> dict[str, str]:
    environment = {**os.environ, **(extra or {})}
    if plugin.exec and plugin.exec[0] in ("python", "python3"):
        parent = str(plugin.directory.parent)
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{known}{os.pathsep}{parent}" if known else parent
    return environment


def _interpret_output(result: PluginResult) -> None:
    """stdout is {"error", "output"}; anything else as a whole is the output, as text."""
    text = result.stdout.decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    if content is None:
        content = {}
    error = content.get("error") if isinstance(content, dict) else 0
    if error is None or isinstance(error, str):
        result.error, result.output = error, content.get("output")
    else:
        result.output = text
    if result.exit_status and not result.error:
        killed = result.exit_status < 0
        result.error = "signal: killed" if killed else f"exit status {result.exit_status}"
