"""Faults on demand: how a test makes the server misbehave, for which requests and how often."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["refuse", "hang", "drop", "drip", "status", "invalid_json", "graphql_error", "unauthorized"]


@dataclass
class Fault:
    """One way to misbehave.

    refuse: the connection is reset without an answer. hang: no answer until `Faults.release`.
    drop: half of the answer, then the end. drip: the answer in `pieces` with `pause` seconds between.
    status: the status `code` with `headers`. invalid_json: 200 with half of a JSON document.
    graphql_error: 200 with an error `message` and no data. unauthorized: as with an expired session.
    """

    kind: Kind
    match: str = "graphql"
    times: int | None = None
    code: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "database is locked"
    pause: float = 0.05
    pieces: int = 20
    used: int = 0

    def fits(self, path: str, root_fields: tuple[str, ...]) -> bool:
        if self.match == "graphql":
            return path == "/graphql"
        return path.startswith(self.match) if self.match.startswith("/") else self.match in root_fields


class Faults:
    """The faults of a server. The first one that fits a request is taken."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(
        self,
        kind: Kind,
        match: str = "graphql",
        times: int | None = None,
        *,
        code: int = 500,
        headers: Mapping[str, str] | None = None,
        message: str = "database is locked",
        pause: float = 0.05,
        pieces: int = 20,
    ) -> Fault:
        """Misbehave for "graphql", a path prefix, or the queries of a root field; `times` or always."""
        if kind not in get_args(Kind):
            raise ValueError(f"unknown fault {kind}")
        fault = Fault(kind, match, times, code, headers or {}, message, pause, pieces)
        with self._lock:
            self._faults.append(fault)
            self._released.clear()
            self.reached.clear()
        return fault

    def clear(self) -> None:
        """No more faults; requests that hang go on."""
        with self._lock:
            self._faults.clear()
        self.release()

    def release(self) -> None:
        """Let the requests that hang go on."""
        self._released.set()

    def wait_for_release(self, timeout: float = 120.0) -> bool:
        return self._released.wait(timeout)

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the release."""
        self._released.wait(seconds)

    def take(self, path: str, root_fields: tuple[str, ...]) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.fits(path, root_fields) and (fault.times is None or fault.used < fault.times):
                    fault.used += 1
                    self.reached.set()
                    return fault
        return None
