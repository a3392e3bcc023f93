"""Small made-up pictures for the scenes of the demo: a sky, a sun, hills and water, in other colours each."""

from __future__ import annotations

import math
import struct
import zlib
from colorsys import hsv_to_rgb
from random import Random

WIDTH, HEIGHT = 160, 90


def landscape(number: int) -> bytes:
    """The picture with this number, as PNG; always the same bytes on one machine."""
    random = Random(number)
    hue = random.random()
    sky, low, far, near, water = (
        _colour(hue + shift, saturation, value)
        for shift, saturation, value in (
            (0.0, 0.45, 0.95),
            (0.06, 0.25, 1.0),
            (0.1, 0.4, 0.6),
            (0.55, 0.45, 0.38),
            (0.5, 0.5, 0.55),
        )
    )
    sun = (random.uniform(20, 140), random.uniform(14, 40), random.uniform(6, 11))
    far_hills, near_hills = _hills(random, 44, 14), _hills(random, 62, 8)
    shore = random.randint(66, 78)
    rows = []
    for y in range(HEIGHT):
        air = _mixed(sky, low, y / shore)
        row = bytearray(b"\0")
        for x in range(WIDTH):
            if y >= shore:
                row += water if (3 * y + x // 24) % 11 else _mixed(water, low, 0.4)
            elif y >= near_hills[x]:
                row += near
            elif y >= far_hills[x]:
                row += far
            else:
                row += low if math.dist((x, y), sun[:2]) < sun[2] else air
        rows.append(bytes(row))
    return _png(b"".join(rows))


def _colour(hue: float, saturation: float, value: float) -> bytes:
    return bytes(round(255 * part) for part in hsv_to_rgb(hue % 1, saturation, value))


def _mixed(one: bytes, other: bytes, share: float) -> bytes:
    return bytes(round(a + (b - a) * min(1.0, share)) for a, b in zip(one, other, strict=True))


def _hills(random: Random, height: float, swing: float) -> list[float]:
    """Where the ground begins, column by column."""
    waves = [(random.uniform(0.01, 0.06), random.uniform(0, 7), swing / (1 + step)) for step in range(3)]
    return [
        height + sum(size * math.sin(x * pace + start) for pace, start, size in waves) for x in range(WIDTH)
    ]


def _png(lines: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(lines, 9), b"IEND")
    pack = struct.Struct(">I").pack
    framed = (pack(len(chunk) - 4) + chunk + pack(zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)
