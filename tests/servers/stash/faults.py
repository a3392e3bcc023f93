"""Faults on demand: how a test makes the server misbehave, for which requests and how often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "refuse",
    "hang",
    "drop",
    "drip",
    "slow_headers",
    "endless",
    "bomb",
    "status",
    "invalid_json",
    "graphql_error",
    "change",
    "unauthorized",
]


Change = Callable[[dict[str, Any]], Any]


@dataclass
class Fault:
    """One way to misbehave, after it let `after` requests that fit pass; `when` looks at their variables.

    refuse: the connection is reset without an answer. hang: no answer until `Faults.release`.
    drop: half of the answer, then the end. drip: the answer in `pieces` with `pause` seconds between.
    slow_headers: the answer's head a byte at a time, with `pause` seconds between.
    endless: a body without end. bomb: `size` bytes of blanks, packed into very few.
    status: the status `code` with `headers`, `body` and `content_type`. invalid_json: 200 with half of
    a JSON document. graphql_error: 200 with an error `message` and no data. change: what `change` makes
    of the real GraphQL answer, errors included. unauthorized: as with an expired session.
    """

    kind: Kind
    match: str = "graphql"
    times: int | None = None
    code: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "database is locked"
    pause: float = 0.05
    pieces: int = 20
    body: bytes = b""
    content_type: str = "text/plain"
    size: int = 0
    change: Change = lambda content: content
    after: int = 0
    when: Callable[[Mapping[str, Any]], bool] = lambda variables: True
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

    def add(self, kind: Kind, match: str = "graphql", times: int | None = None, **settings: Any) -> Fault:
        """Misbehave for "graphql", a path prefix, or the queries of a root field; `times` or always.

        `settings` are the other attributes of a Fault.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"unknown fault {kind}")
        fault = Fault(kind, match, times, **settings)
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

    @property
    def is_released(self) -> bool:
        return self._released.is_set()

    def wait_for_release(self, timeout: float = 120.0) -> bool:
        return self._released.wait(timeout)

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the release."""
        self._released.wait(seconds)

    def take(
        self, path: str, root_fields: tuple[str, ...], variables: Mapping[str, Any] | None = None
    ) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if not fault.fits(path, root_fields) or not fault.when(variables or {}):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times is None or fault.used < fault.times:
                    fault.used += 1
                    self.reached.set()
                    return fault
        return None
