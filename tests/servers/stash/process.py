"""The Stash test server in a process of its own, for measurements that must not share an interpreter.

In the parent: `StashServerProcess`. The child prints its port as a line of JSON, then answers each line
of JSON on stdin, {"command": …}, with one on stdout, and ends when stdin closes.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer

REPOSITORY = Path(__file__).resolve().parents[3]


class StashServerProcess:
    """A Stash test server in another process, as a context manager; it starts from a copy of `library`."""

    def __init__(
        self,
        library: StashLibrary,
        *,
        credentials: bool = False,
        plugins_dir: Path | None = None,
        latency: float = 0.0,
        port: int = 0,
    ) -> None:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stash-seed-")))
            seed_file = folder / "library.pickle"
            seed_file.write_bytes(pickle.dumps(library))
            command = [sys.executable, "-m", "tests.servers.stash.process", "--seed-file", str(seed_file)]
            command += ["--port", str(port), "--latency", str(latency)]
            command += ["--credentials"] if credentials else []
            command += ["--plugins-dir", str(plugins_dir)] if plugins_dir else []
            self._process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            self.port: int = self._read()["port"]

    def __enter__(self) -> StashServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Close the child's stdin and wait for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def set_latency(self, seconds: float) -> None:
        self._ask("set_latency", seconds=seconds)

    def request_counts(self) -> dict[str, int]:
        """How often each root field was asked for; other requests count by their path."""
        counts: dict[str, int] = self._ask("request_counts")
        return counts

    def clear_requests(self) -> None:
        self._ask("clear_requests")

    def server_connection(self) -> dict[str, Any]:
        """What a plugin is told about the server."""
        connection: dict[str, Any] = self._ask("server_connection")
        return connection

    def add_fault(self, kind: str, **options: Any) -> None:
        """As `Faults.add`."""
        self._ask("add_fault", kind=kind, **options)

    def clear_faults(self) -> None:
        self._ask("clear_faults")

    def change(self, method: str, *arguments: Any, **options: Any) -> None:
        """Call a method of the child's library: `change("rename_tag", 7, "Outdoors")`."""
        self._ask("change", method=method, arguments=arguments, options=options)

    def _ask(self, command: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the Stash test server ended with status {self._process.wait(10)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def serve(server: StashServer, commands: Iterable[str], answers: TextIO) -> None:
    """Announce the port, then obey until there are no more commands."""
    print(json.dumps({"port": server.port}), file=answers, flush=True)
    for line in commands:
        request = json.loads(line)
        try:
            answer = {"result": _obey(server, request.pop("command"), request)}
        except Exception as error:  # noqa: BLE001 - it goes to the parent
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _obey(server: StashServer, command: str, given: dict[str, Any]) -> Any:
    if command == "set_latency":
        server.latency = given["seconds"]
        return None
    if command == "change":
        getattr(server.library, given["method"])(*given["arguments"], **given["options"])
        return None
    actions: dict[str, Callable[..., Any]] = {
        "request_counts": server.request_counts,
        "clear_requests": server.clear_requests,
        "server_connection": server.server_connection,
        "add_fault": server.faults.add,
        "clear_faults": server.faults.clear,
    }
    result = actions[command](**given)
    return None if command == "add_fault" else result


def main() -> None:
    """Entry point of the child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--credentials", action="store_true")
    parser.add_argument("--plugins-dir", type=Path)
    options = parser.parse_args()
    library = pickle.loads(options.seed_file.read_bytes())
    with StashServer(
        library,
        credentials=options.credentials,
        plugins_dir=options.plugins_dir,
        port=options.port,
        latency=options.latency,
    ) as server:
        serve(server, sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
