"""Any other answer than the true one: what a proxy, a sick server or a broken line may send instead.

Both test servers hand every request to their `OddAnswers`, by a name such as `GET /library/sections/*/all`
or `query Page`. What is sent instead is made out of the true answer, so that half a list is half of the
list that was asked for.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from tests.servers.odd_documents import (
    ONE_ODD_VALUE,
    ONE_WITHOUT_KEY,
    SPOILT,
    document_of,
)

EMPTY, PAGE = "an empty 200", "an HTML page as 200"
NOTHING, HALF, NULL = "nothing in it", "half a list", "null for a list"
PARTIAL = "an error beside partial data"
SHRINKING = "a list that shrinks while it is read"
CUT, GARBLED, DRIP, ENDLESS, HANGING = "cut", "garbled", "one byte a second", "endless", "hanging"
STATUSES = (204, 301, 400, 401, 403, 404, 408, 413, 414, 429, 498, 500, 502, 503, 504)
STATUS = {f"status {status}": status for status in STATUSES}
KINDS = (
    *(EMPTY, PAGE, NOTHING, HALF, SHRINKING, ONE_WITHOUT_KEY, ONE_ODD_VALUE, NULL, PARTIAL),
    *STATUS,
    *(CUT, GARBLED, DRIP, ENDLESS, HANGING),
)
# What the client sees of these is a request that was carried out: only its answer is spoilt.
CARRIED_OUT = {NOTHING, HALF, SHRINKING, ONE_WITHOUT_KEY, ONE_ODD_VALUE, NULL, PARTIAL} | {
    *(CUT, GARBLED, DRIP, ENDLESS)
}
# What an endless answer sends before it only holds the line: a client without a bound would take it all.
ENDLESS_BYTES = 64 * 1024 * 1024
_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Sent:
    """An answer as it goes out: what is in it, and how it comes (`manner`: "", or one of the slow kinds)."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    manner: str = ""


@dataclass
class Rule:
    """Answer the requests of this name like this, from the `first` on, so many `times` (None: always)."""

    kind: str
    name: str
    first: int = 1
    times: int | None = None
    met: int = 0
    used: int = 0


@dataclass(frozen=True)
class Seen:
    """A request that came while the server was learning, and the kinds of answer it could have had."""

    name: str
    kinds: frozenset[str]


@dataclass
class OddAnswers:
    """What a server answers instead of the truth, and which requests came in."""

    # Seconds between two bytes of a slow answer.
    pause: float = 0.1
    learning: bool = False
    seen: list[Seen] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, name: str, first: int = 1, times: int | None = None) -> Rule:
        """Answer requests of this name by this kind of answer."""
        if kind not in KINDS:
            raise ValueError(f"no such answer: {kind}")
        rule = Rule(kind, name, first, times)
        with self.lock:
            self.rules.append(rule)
            self.released.clear()
        return rule

    def clear(self) -> None:
        """Tell the truth again; whoever waits is let go."""
        with self.lock:
            self.rules.clear()
        self.released.set()

    def take(self, name: str) -> Rule | None:
        """The rule for a request that has just come in."""
        with self.lock:
            for rule in self.rules:
                if rule.name == name:
                    rule.met += 1
                    if rule.met >= rule.first and (rule.times is None or rule.used < rule.times):
                        rule.used += 1
                        return rule
        return None

    def learn(self, name: str, true: Sent) -> None:
        """Note a request and what could have been said to it instead."""
        if self.learning:
            answers = {kind: instead(kind, true, 2) for kind in KINDS}
            kinds = frozenset(kind for kind, sent in answers.items() if sent is not None and sent != true)
            with self.lock:
                self.seen.append(Seen(name, kinds))

    def counts(self) -> Counter[str]:
        """How often each request came while the server was learning."""
        return Counter(seen.name for seen in self.seen)


def name_of(method: str, path: str, arguments: Iterable[str] = ()) -> str:
    """The name of a request by its address: numbers are whichever, and a search is not a listing."""
    plain = re.sub(r"\d+(?:,\d+)*", "*", path)
    return f"{method} {plain}" + (" by file" if "file" in arguments else "")


def name_of_document(query: str) -> str:
    """The name of a GraphQL request: its operation's, or its first field's where it has none."""
    named = re.match(r"\s*(query|mutation)\s+(\w+)", query)
    first = re.search(r"\{\s*(?:\w+\s*:\s*)?(\w+)", query)
    return " ".join(named.groups()) if named else f"query {first.group(1) if first else ''}"


def instead(kind: str, true: Sent, nth: int, echo: str = "") -> Sent | None:
    """What is sent instead of the true answer, None where this kind cannot be made of it.

    `nth` counts how often this was answered so; `echo` is what an error page repeats of the request.
    """
    if kind in STATUS:
        return _status(STATUS[kind], echo)
    if kind in SPOILT or kind in (NOTHING, HALF, NULL, PARTIAL, SHRINKING):
        return _edited(kind, true, nth, echo)
    page = f"<!DOCTYPE html><html><title>Login</title><body>Please log in. {echo}</body></html>".encode()
    return {
        EMPTY: Sent(content_type=true.content_type) if true.body else None,
        PAGE: Sent(body=page),
        CUT: replace(true, manner=CUT),
        GARBLED: replace(true, body=_garbled(true.body)),
        DRIP: replace(true, manner=DRIP),
        ENDLESS: replace(true, body=true.body[: len(true.body) // 2], manner=ENDLESS),
        HANGING: replace(true, manner=HANGING),
    }[kind]


def _edited(kind: str, true: Sent, nth: int, echo: str) -> Sent | None:
    if kind == SHRINKING and nth < 2:
        return true
    document = document_of(true.body)
    if document is None:
        return None
    edits: dict[str, Callable[[], bytes | None]] = {
        NOTHING: document.emptied,
        HALF: document.halved,
        SHRINKING: document.without_first,
        NULL: document.nulled,
        PARTIAL: lambda: document.partial(f"context canceled {echo}".strip()),
        **{kind: partial(document.with_one_spoilt, kind) for kind in SPOILT},
    }
    body = edits[kind]()
    return None if body is None else replace(true, body=body)


def _status(status: int, echo: str) -> Sent:
    if status == 204:
        return Sent(204)
    headers = {301: (("Location", "http://127.0.0.1:9/"),), 429: (("Retry-After", "30"),)}.get(status, ())
    page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{echo}</p></body></html>"
    return Sent(status, page.encode(), headers=headers)


def _garbled(body: bytes) -> bytes:
    third = len(body) // 3
    return body[:third] + b"\xff\x00\xfe<{" + body[2 * third :]


def send(sent: Sent, write: Callable[[bytes], object], answers: OddAnswers) -> bool:
    """Send an answer in its manner; tells whether the connection can be used for the next one."""
    lines = [f"HTTP/1.1 {sent.status} Made up", f"Content-Type: {sent.content_type}"]
    if sent.manner != ENDLESS and sent.status != 204:
        lines.append(f"Content-Length: {len(sent.body)}")
    lines += [f"{name}: {value}" for name, value in sent.headers]
    lines.append(f"Connection: {'close' if sent.manner else 'keep-alive'}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    if sent.manner == CUT:
        write(head + sent.body[: len(sent.body) // 2] if sent.body else head[: len(head) // 2])
    elif sent.manner == DRIP:
        for byte in head + sent.body:
            write(bytes([byte]))
            if answers.released.wait(answers.pause):
                break
    elif sent.manner == ENDLESS:
        _send_without_end(head + sent.body, write, answers)
    else:
        write(head + sent.body)
    return not sent.manner


def _send_without_end(start: bytes, write: Callable[[bytes], object], answers: OddAnswers) -> None:
    write(start)
    for _ in range(ENDLESS_BYTES // _BLOCK):
        write(b" " * _BLOCK)
        if answers.released.wait(0.002):
            return
    answers.released.wait(120)
