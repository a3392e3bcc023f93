"""A websocket as RFC 6455 has it, as far as a page and this server use it: short texts, no extensions."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedIOBase
from threading import Lock

KEY_ENDING = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FINAL = MASKED = 0x80
LONGEST = 1_000_000


def accepting_key(key: str) -> str:
    """What the server has to answer to the key of a request."""
    return base64.b64encode(hashlib.sha1(key.encode() + KEY_ENDING).digest()).decode()


@dataclass
class WebSocket:
    """The server's end; any thread may send, one reads. `sent` keeps what was sent."""

    incoming: BufferedIOBase
    outgoing: BufferedIOBase
    sent: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sending = Lock()

    def texts(self) -> Iterator[str]:
        """What the client sends, until either end closes."""
        while (frame := self._frame()) is not None:
            kind, content = frame
            if kind == CLOSE:
                self._send(CLOSE, content[:2])
                return
            if kind == PING:
                self._send(PONG, content)
            elif kind == TEXT:
                yield content.decode()

    def send(self, text: str) -> None:
        """Send one text; OSError or ValueError where the connection is gone."""
        self.sent.append(text.encode())
        self._send(TEXT, text.encode())

    def _send(self, kind: int, content: bytes) -> None:
        size = len(content)
        head = bytes([FINAL | kind])
        if size < 126:
            head += bytes([size])
        elif size < 65_536:
            head += b"\x7e" + size.to_bytes(2, "big")
        else:
            head += b"\x7f" + size.to_bytes(8, "big")
        with self._sending:
            self.outgoing.write(head + content)
            self.outgoing.flush()

    def _frame(self) -> tuple[int, bytes] | None:
        """The next frame; None at the end, or where it is none that a page sends."""
        try:
            first, second = self._read(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(self._read(2 if size == 126 else 8), "big")
            if not first & FINAL or not second & MASKED or size > LONGEST:
                return None
            mask, content = self._read(4), self._read(size)
        except (EOFError, OSError):
            return None
        return first & 0x0F, bytes(byte ^ mask[position % 4] for position, byte in enumerate(content))

    def _read(self, size: int) -> bytes:
        content = self.incoming.read(size)
        if len(content) < size:
            raise EOFError
        return content
