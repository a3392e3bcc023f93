"""Addresses and tokens as people paste them: what belongs to the server is taken out of what came along."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

# Where pages of Plex lie that a person may have open: none of it is part of the server's address.
_PLEX_PAGES = re.compile(r"/(?:web|library|identity|status|accounts|servers|hubs|playlists|photo|:)(?:/|$)")
_TOKEN = re.compile(r"X-Plex-Token\s*(?:=|:|%3D)\s*([^&\s\"'“”#;,<>]+)", re.IGNORECASE)
_AROUND = "\"'`“”„‘’<> \t\r\n"
PLEX_WEB_SITE = "plex.tv"


def address_in(text: str, example: str) -> str:
    """The server's address, without what pages and queries add. Raises ValueError with what is wrong."""
    text = text.strip(_AROUND)
    if "://" not in text:
        text = "http://" + text
    wrong = f"is not a web address ({without_query(text)}). Give one such as {example}."
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise ValueError(wrong)
    if parts.hostname.endswith(f".{PLEX_WEB_SITE}") or parts.hostname == PLEX_WEB_SITE:
        raise ValueError(
            f"is the address of Plex's own web site ({parts.hostname}). Give that of your server, such as "
            f"{example}."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = _PLEX_PAGES.split(parts.path, maxsplit=1)[0].rstrip("/")
    return f"{parts.scheme.lower()}://{host}{port}{path}"


def without_query(text: str) -> str:
    """The address without what may hold a password or a token."""
    return re.split(r"[?#]", re.sub(r"//.*@", "//", text, flags=re.DOTALL))[0]


def token_in(text: str) -> str:
    """The token, out of the quotation marks or the address in which it may stand; the text itself else."""
    return named_token_in(text) or text.strip(_AROUND)


def named_token_in(text: str) -> str:
    """The token that stands behind X-Plex-Token= in an address or a header; empty where none does."""
    found = _TOKEN.search(text)
    return unquote(found[1]) if found else ""
