"""Keeping secrets out of the log, whatever text they turn up in."""

from __future__ import annotations

import re
from functools import cached_property

_PLAIN = re.compile("[A-Za-z0-9]+")


class Redaction:
    """Replaces a secret by “***”.

    It finds the secret as it is and in the forms in which servers and libraries repeat it: as part of
    an address, of JSON or of HTML, encoded twice, or each character in a way of its own.
    """

    def __init__(self, secret: str) -> None:
        self.secret = secret
        # Whatever form a secret has in a text, its letters and digits are as they are.
        self._plain = max(_PLAIN.findall(secret), key=len, default="")

    def clean(self, text: str) -> str:
        """The text without the secret."""
        if not self.secret or self._plain not in text:
            return text
        return self._pattern.sub("***", text)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # Made when it is needed, which is hardly ever: Stash gives a new secret with every answer.
        return re.compile("".join(map(_forms_of, self.secret)))


def _forms_of(character: str) -> str:
    """A pattern for one character of a secret. Nobody encodes ASCII letters and digits."""
    if character.isascii() and character.isalnum():
        return character
    encoded = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass")
    forms = [
        # The longest first: what is left of one would stay.
        _without_case("".join(rf"\\u{unit:04x}" for unit in _pairs(units))),
        _without_case("".join(rf"\\x{byte:02x}" for byte in encoded)),
        r"\\" + re.escape(character),
        _without_case("".join(f"%(?:25)?{byte:02x}" for byte in encoded)),
        _without_case(f"&#(?:0*{ord(character)}|x0*{ord(character):x});"),
        *(f"&{name};" for name in _HTML_NAMES.get(character, ())),
        *([r"\+"] if character == " " else []),
        re.escape(character),
    ]
    return f"(?:{'|'.join(forms)})"


_HTML_NAMES = {"&": ("amp",), "<": ("lt",), ">": ("gt",), '"': ("quot",), "'": ("apos",), "+": ("plus",)}


def _without_case(pattern: str) -> str:
    return f"(?i:{pattern})"


def _pairs(units: bytes) -> list[int]:
    return [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
