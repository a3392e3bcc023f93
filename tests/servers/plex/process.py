"""Runs a Plex test server in a process of its own, so that a benchmark does not share its time with it.

    with PlexProcess() as plex:
        section = plex.add_section("Films")
        plex.add_items(section, [{"files": [["/media/one.mkv", 1000]], "genres": ["Drama"]}])
        ...  # plex.url, plex.token

The two talk in lines of JSON over the process's standard input and output. The process ends when its
standard input is closed, so it cannot outlive who started it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from tests.servers.plex.items import PlexItem
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer

_ROOT = Path(__file__).resolve().parents[3]


class PlexProcess:
    """A Plex test server in another process; a context manager. Not for several threads at once."""

    def __init__(self, token: str = "test-token", port: int = 0, latency: float = 0.0) -> None:
        self.token = token
        command = [sys.executable, "-m", "tests.servers.plex.process"]
        command += ["--token", token, "--port", str(port), "--latency", str(latency)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self.port: int = self._read()["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> PlexProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait(timeout=10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def add_section(self, title: str, locations: Sequence[str] = ("/media",)) -> int:
        """Make a library; its key."""
        key: int = self.call("add_section", title=title, locations=list(locations))
        return key

    def add_items(self, section_key: int, items: Iterable[dict[str, Any]]) -> list[int]:
        """Add items, each given by the arguments of `PlexLibrary.add_item`; their rating keys."""
        keys: list[int] = self.call("add_items", section_key=section_key, items=list(items))
        return keys

    def item(self, *, rating_key: int | None = None, path: str | None = None) -> dict[str, Any] | None:
        """An item's attributes as `PlexItem` has them (sets as sorted lists); None where there is none."""
        found: dict[str, Any] | None = self.call("item", rating_key=rating_key, path=path)
        return found

    def edit_by_hand(self, rating_key: int, **fields: Any) -> None:
        """Change an item as a person in Plex does."""
        self.call("edit_by_hand", rating_key=rating_key, fields=fields)

    def set_latency(self, seconds: float) -> None:
        """Let each request wait so long."""
        self.call("set_latency", seconds=seconds)

    def counts(self) -> dict[str, int]:
        """How many requests came, in all and by method, and how many writes and uploads."""
        counts: dict[str, int] = self.call("counts")
        return counts

    def requests(self) -> list[dict[str, Any]]:
        """The requests that came."""
        requests: list[dict[str, Any]] = self.call("requests")
        return requests

    def clear_requests(self) -> None:
        """Forget the requests, writes and uploads."""
        self.call("clear_requests")

    def behave(self, **switches: Any) -> None:
        """Set switches of `PlexBehaviour`."""
        self.call("behave", switches=switches)

    def add_fault(self, kind: str, path: str = "", **settings: Any) -> None:
        """Let requests fail, as `Faults.add` does; `path` is how their path begins."""
        self.call("add_fault", kind=kind, path=path, settings=settings)

    def clear_faults(self) -> None:
        """Take all faults back."""
        self.call("clear_faults")

    def call(self, command: str, **arguments: Any) -> Any:
        """Let the process carry out a command. Raises RuntimeError with what went wrong there."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The Plex test server's process has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


class _Commands:
    """What the parent may ask of the process: each public method is a command."""

    def __init__(self, server: PlexTestServer) -> None:
        self._server = server

    def add_section(self, title: str, locations: list[str]) -> int:
        return self._server.library.add_section(title, locations=locations).key

    def add_items(self, section_key: int, items: list[dict[str, Any]]) -> list[int]:
        return [self._server.library.add_item(section_key, **item).rating_key for item in items]

    def item(self, rating_key: int | None, path: str | None) -> dict[str, Any] | None:
        library = self._server.library
        with library.lock:
            found = library.item_for_path(path) if path is not None else library.item(rating_key or 0)
            return None if found is None else _plain(found)

    def edit_by_hand(self, rating_key: int, fields: dict[str, Any]) -> None:
        self._server.library.edit_by_hand(rating_key, **fields)

    def set_latency(self, seconds: float) -> None:
        self._server.latency = seconds

    def counts(self) -> dict[str, int]:
        requests = list(self._server.requests)
        by_method = Counter(request.method for request in requests)
        writes = {"writes": len(self._server.writes), "uploads": len(self._server.uploads)}
        return {"requests": len(requests), **by_method, **writes}

    def requests(self) -> list[dict[str, Any]]:
        return [asdict(request) for request in list(self._server.requests)]

    def clear_requests(self) -> None:
        self._server.clear_requests()

    def behave(self, switches: dict[str, Any]) -> None:
        for name, value in switches.items():
            if not hasattr(self._server.behaviour, name):
                raise ValueError(f"There is no switch {name!r}")
            setattr(self._server.behaviour, name, value)

    def add_fault(self, kind: Any, path: str, settings: dict[str, Any]) -> None:
        self._server.faults.add(kind, path, **settings)

    def clear_faults(self) -> None:
        self._server.faults.clear()


def _plain(item: PlexItem) -> dict[str, Any]:
    return {**asdict(item), "locked": sorted(item.locked), "files": item.files}


def serve(server: PlexTestServer, commands: TextIO, answers: TextIO) -> None:
    """Carry out commands until there are no more."""
    known = _Commands(server)
    for line in commands:
        asked = json.loads(line)
        try:
            result = getattr(known, asked["command"])(**asked["arguments"])
            answer = {"result": result}
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def main() -> None:
    """Serve an empty library at the port that is printed first, as a line of JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--token", default="test-token")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    with PlexTestServer(PlexLibrary(), options.token, options.port, options.latency) as server:
        print(json.dumps({"port": server.port}), flush=True)
        serve(server, sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
