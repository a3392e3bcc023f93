"""What a browser gets beside GraphQL: Stash's page, and the scripts, styles and files of the plugins."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from tests.servers.stash.plugins import Plugin

TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
NOT_FOUND = b"404 page not found\n"
# What Stash allows its page, with what plugins add (`ui.csp` in their manifests).
POLICY = (
    "default-src data: 'self' 'unsafe-inline'; connect-src data: 'self' ws: wss:{connect}; img-src data: *; "
    "script-src 'self' http://www.gstatic.com https://www.gstatic.com 'unsafe-inline' 'unsafe-eval'{script}; "
    "style-src 'self' 'unsafe-inline'{style}; media-src blob: 'self'; worker-src blob:; child-src 'none'; "
    "object-src 'none'; form-action 'self';"
)


class Page(NamedTuple):
    """An answer that is no GraphQL."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def find_page(path: str, method: str, plugins: Iterable[Plugin], folder: Path | None) -> Page:
    """The answer to a path: a plugin's files, a file of Stash's own page, or that page for every other path.

    `folder` holds Stash's page, with `index.html`; without one only the plugins' files are served.
    """
    plugins = list(plugins)
    words = path.strip("/").split("/")
    if words[0] == "plugin":
        return _of_plugin(words[1:], path, method, plugins)
    if folder is None:
        return _not_found()
    named = folder / Path(path).name
    if path.startswith("/page/") and named.is_file():
        return Page(200, _type_of(named), named.read_bytes(), _unchanged(named.read_bytes()))
    if Path(path).suffix:
        return _not_found()
    body = (folder / "index.html").read_bytes()
    policy = ("Content-Security-Policy", content_policy(plugins))
    return Page(200, "text/html; charset=utf-8", body, (policy, ("Referrer-Policy", "same-origin")))


def content_policy(plugins: Iterable[Plugin]) -> str:
    """The header Content-Security-Policy of every page."""
    more: Mapping[str, list[str]] = {"connect": [], "script": [], "style": []}
    for plugin in plugins:
        for name, sources in more.items():
            sources += plugin.ui.csp.get(f"{name}-src", ())
    return POLICY.format(**{name: "".join(f" {one}" for one in more[name]) for name in more})


def _of_plugin(words: list[str], path: str, method: str, plugins: list[Plugin]) -> Page:
    plugin = next((one for one in plugins if words and one.id == words[0]), None)
    if plugin is None or len(words) < 2:
        return _not_found()
    if words[1] in ("javascript", "css") and len(words) == 2:
        if method == "HEAD":
            return Page(405, "text/plain; charset=utf-8", b"")
        names = plugin.ui.javascript if words[1] == "javascript" else plugin.ui.css
        body = b"".join((plugin.directory / name).read_bytes() + b"\n" for name in names)
        return Page(200, TYPES[".js" if words[1] == "javascript" else ".css"], body, _unchanged(body))
    if words[1] == "assets":
        return _asset(plugin, path.removeprefix(f"/plugin/{plugin.id}/assets"))
    return _not_found()


def _asset(plugin: Plugin, path: str) -> Page:
    """A file below a folder that the plugin's manifest names, or the list of such a folder."""
    path = unquote(path)
    for prefix, folder in plugin.ui.assets.items():
        below = plugin.directory / folder
        if not path.startswith(prefix) or ".." in path.split("/"):
            continue
        target = below / path.removeprefix(prefix).strip("/")
        if target.is_file():
            return Page(200, _type_of(target), target.read_bytes())
        if target.is_dir():
            names = sorted(one.name + "/" * one.is_dir() for one in target.iterdir())
            rows = "".join(f'<a href="{escape(name)}">{escape(name)}</a>\n' for name in names)
            return Page(200, "text/html; charset=utf-8", f"<pre>\n{rows}</pre>\n".encode())
    return _not_found()


def _type_of(path: Path) -> str:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _unchanged(body: bytes) -> tuple[tuple[str, str], ...]:
    """A browser asks each time whether this is still what it holds."""
    tag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return (("ETag", f'"{tag}"'), ("Cache-Control", "no-cache"))


def _not_found() -> Page:
    return Page(404, "text/plain; charset=utf-8", NOT_FOUND)
