"""JSON by the part of Python's json module that is written in C, without the rest of it.

`import json` brings `re` and takes a hook longer than all that it has to do. What this module reads and
refuses is what json.loads does; where the C part is missing, or has anything to object, json itself is asked.

It is on the hook path: nothing but the standard library, and little of that.
"""

from __future__ import annotations

# As mypy knows it: this module is on the hook path (CONTRIBUTING.md).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_json: Any = None
try:
    import _json
except ImportError:
    # Another Python than CPython.
    _json = None

_SPACE = " \t\n\r"


class _Reading:
    """What the scanner wants to know: json's own defaults, but for `NaN` and the like."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: Mapping[str, str] = {}

    @staticmethod
    def parse_constant(name: str) -> Any:
        """`NaN`, `Infinity` and `-Infinity`: json knows what they are."""
        raise ValueError(name)


def decoded(raw: bytes) -> Any:
    """What json.loads makes of these bytes. Raises ValueError or RecursionError."""
    try:
        text = raw.decode().strip(_SPACE)
        value, end = _json.make_scanner(_Reading)(text, 0)
        if end == len(text):
            return value
    except (AttributeError, TypeError, ValueError, StopIteration, SystemError):
        # SystemError: it looks for json's own error, which is not there before json is loaded.
        pass
    import json

    return json.loads(raw)


def quoted(text: str) -> str:
    """The text as a JSON string in ASCII, as json.dumps writes it."""
    try:
        return str(_json.encode_basestring_ascii(text))
    except AttributeError:
        import json

        return json.dumps(text)
