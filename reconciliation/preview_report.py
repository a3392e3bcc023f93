"""The preview as one HTML file that needs nothing else: every change, old value and new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from types import TracebackType
from typing import IO

from plex.merge import Change

# More than this nobody reads, and a telephone does not open.
SCENES_IN_REPORT = 2_000
LONGEST_VALUE = 300

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Stash2Plex preview</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .3rem; overflow-wrap: anywhere; }
h2 small { font-weight: normal; opacity: .7; }
dl { margin: 0; }
div.change { border-top: 1px solid #8884; padding: .3rem 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
del { color: #b3261e; } ins { color: #1b7f3b; text-decoration: none; }
@media (prefers-color-scheme: dark) { del { color: #ff8a80; } ins { color: #7bd88f; } }
@media (min-width: 40rem) {
  div.change { display: grid; grid-template-columns: 9rem 1fr 1fr; gap: 0 1rem; }
}
</style>
</head>
<body>
<h1>What a sync would write to Plex</h1>
<p>Nothing was written. Struck out: what Plex shows now. Green: what it would show.</p>
"""


class ReportWriter:
    """Writes the report scene by scene; it takes its place when the block ends well."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(path.name + ".new")
        self._scenes = 0

    def __enter__(self) -> ReportWriter:
        self._draft.touch(mode=0o600)
        self._file: IO[str] = self._draft.open("w", encoding="utf-8", errors="replace")
        self._file.write(_HEAD)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink()

    def add_scene(self, scene_id: int, title: str, changes: Iterable[Change]) -> None:
        """Add one item's changes."""
        self._scenes += 1
        if self._scenes > SCENES_IN_REPORT:
            return
        self._file.write(f"<h2>{escape(title)} <small>scene {scene_id}</small></h2>\n<dl>\n")
        for change in changes:
            self._file.write(_change(change))
        self._file.write("</dl>\n")

    def finish(self, items: int, fields: Mapping[str, int]) -> None:
        """Add the totals and end the page."""
        if self._scenes > SCENES_IN_REPORT:
            left_out = self._scenes - SCENES_IN_REPORT
            self._file.write(f"<p>{left_out:,} more items would be written; they are counted below.</p>\n")
        totals = ", ".join(f"{escape(title)} {count:,}" for title, count in sorted(fields.items()))
        self._file.write(f"<p>Items that would be written: {items:,}. {totals}</p>\n</body>\n</html>\n")


def _change(change: Change) -> str:
    if isinstance(change.new, tuple):
        old = "\n".join(f"<del>{_value(name)}</del>" for name in change.removed)
        new = "\n".join(f"<ins>{_value(name)}</ins>" for name in change.added)
    else:
        old = f"<del>{_value(str(change.old))}</del>" if change.old else ""
        new = f"<ins>{_value(change.new)}</ins>" if change.new else ""
    title = escape(change.field.title)
    return f'<div class="change"><dt>{title}</dt><dd>{old or "–"}</dd><dd>{new or "–"}</dd></div>\n'


def _value(text: str) -> str:
    return escape(text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…")
