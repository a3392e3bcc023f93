"""The address under which the Stash that started the plugin can be reached.

The hook path imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations


def connectable_host(host: object) -> str:
    """The host to connect to for the one Stash listens on ("0.0.0.0" means all of them); IPv6 in brackets."""
    text = str(host or "").strip("[] ")
    if text in ("", "0.0.0.0"):
        return "127.0.0.1"
    if text == "::":
        return "[::1]"
    return f"[{text}]" if ":" in text else text
