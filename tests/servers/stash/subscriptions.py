"""GraphQL subscriptions over a websocket, by the protocol that Stash and its page speak."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    execute_sync,
    parse,
    validate,
)

from tests.servers.stash.schema import stash_schema
from tests.servers.stash.websocket import WebSocket

PROTOCOL = "graphql-transport-ws"
Listener = Callable[[Any], None]


class Feed:
    """Something that happens again and again, told to all who listen at that moment."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def tell(self, event: Any) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)

    def listen(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        with self._lock, suppress(ValueError):
            self._listeners.remove(listener)


class Subscriptions:
    """What the page at the other end of one websocket listens to; `feeds` are by root field."""

    def __init__(self, socket: WebSocket, feeds: Mapping[str, Feed]) -> None:
        self._socket = socket
        self._feeds = feeds
        self._running: dict[str, tuple[Feed, Listener]] = {}
        self._waiting: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def serve(self) -> None:
        """Read and answer until the page leaves."""
        sender = threading.Thread(target=self._send, name="stash-websocket", daemon=True)
        sender.start()
        for text in self._socket.texts():
            self._take(json.loads(text))
        for name in list(self._running):
            self._end(name)
        self._waiting.put(None)
        sender.join(5)

    def _send(self) -> None:
        with suppress(OSError, ValueError):
            while (message := self._waiting.get()) is not None:
                self._socket.send(json.dumps(message))

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "connection_init":
            self._waiting.put({"type": "connection_ack"})
        elif kind == "ping":
            self._waiting.put({"type": "pong"})
        elif kind == "subscribe":
            self._begin(message["id"], message["payload"]["query"])
        elif kind == "complete":
            self._end(message["id"])

    def _begin(self, name: str, query: str) -> None:
        try:
            document = parse(query)
            if errors := validate(stash_schema(), document):
                raise errors[0]
        except GraphQLError as error:
            self._waiting.put({"id": name, "type": "error", "payload": [{"message": error.message}]})
            return
        field = _root_field(document)
        feed = self._feeds.get(field, Feed())

        def listener(event: Any) -> None:
            self._waiting.put({"id": name, "type": "next", "payload": _told(document, field, event)})

        self._running[name] = (feed, listener)
        feed.listen(listener)

    def _end(self, name: str) -> None:
        if running := self._running.pop(name, None):
            feed, listener = running
            feed.leave(listener)


def _root_field(document: DocumentNode) -> str:
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    (field,) = operation.selection_set.selections
    assert isinstance(field, FieldNode)
    return field.name.value


def _told(document: DocumentNode, field: str, event: Any) -> dict[str, Any]:
    """An event as this document asks for it."""
    result = execute_sync(stash_schema(), document, root_value={field: event})
    return {"data": result.data}
