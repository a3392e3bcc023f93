"""The preview as one HTML file that needs nothing else: every change, old value and new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import IO

from back_to_stash.brought import Change as ChangeInStash
from back_to_stash.brought import describe
from plex.merge import Change
from reconciliation.html_page import Links, report_page
from reconciliation.reports import Place
from sync_queue.listing import cut
from sync_queue.previewed import LONGEST_VALUE

# More than this nobody reads, and a telephone does not open.
SCENES_IN_REPORT = 2_000


@contextmanager
def preview_report(place: Place, links: Links, made_at: float) -> Iterator[PreviewReport]:
    """A report to be filled; it takes its place when the block ends well. `made_at`: seconds since 1970."""
    with report_page(
        place,
        title="Stash2Plex preview",
        heading="What a sync would write to Plex",
        introduction="Nothing was written. Struck out: what Plex shows now. Green: what it would show.",
        columns="9rem 1fr 1fr",
        links=links,
        made_at=made_at,
    ) as file:
        yield PreviewReport(file, links)


class PreviewReport:
    """Writes the report item by item."""

    def __init__(self, file: IO[str], links: Links) -> None:
        self._file = file
        self._links = links
        self._scenes = 0

    def add_item(self, scene_id: int, rating_key: int, title: str, changes: Iterable[Change]) -> None:
        """Add one item's changes."""
        self._scenes += 1
        if self._scenes > SCENES_IN_REPORT:
            return
        links = f"{self._links.scene(scene_id)}, {self._links.item(rating_key)}"
        self._file.write(f"<h2>{escape(title)} <small>{links}</small></h2>\n<dl>\n")
        for change in changes:
            self._file.write(_change(change))
        self._file.write("</dl>\n")

    def finish(self, items: int, fields: Mapping[str, int]) -> None:
        """Add the totals."""
        if self._scenes > SCENES_IN_REPORT:
            left_out = self._scenes - SCENES_IN_REPORT
            self._file.write(f"<p>{left_out:,} more items would be written; they are counted below.</p>\n")
        totals = ", ".join(f"{escape(title)} {count:,}" for title, count in sorted(fields.items()))
        self._file.write(f"<p>Items that would be written: {items:,}. {totals}</p>\n")

    def add_back(self, changes: Sequence[ChangeInStash]) -> None:
        """Add what would come from Plex to Stash, if anything would."""
        if not changes:
            return
        self._file.write("<h2>What would come from Plex to Stash</h2>\n<dl>\n")
        for change in changes[:SCENES_IN_REPORT]:
            link, words = self._links.scene(change.scene_id), escape(describe(change))
            self._file.write(f'<div class="row"><dt>{link}</dt><dd>{words}</dd></div>\n')
        self._file.write("</dl>\n")
        if len(changes) > SCENES_IN_REPORT:
            self._file.write(f"<p>… and {len(changes) - SCENES_IN_REPORT:,} more.</p>\n")


def _change(change: Change) -> str:
    if isinstance(change.new, tuple):
        # Of a list what comes and goes is shown, or all where only its order changes.
        is_other = bool(change.added or change.removed)
        gone, come = (change.removed, change.added) if is_other else (change.old, change.new)
        old = "\n".join(f"<del>{_value(name)}</del>" for name in gone)
        new = "\n".join(f"<ins>{_value(name)}</ins>" for name in come)
    else:
        old = f"<del>{_value(str(change.old))}</del>" if change.old else ""
        new = f"<ins>{_value(change.new)}</ins>" if change.new else ""
    title = escape(change.field.title)
    return f'<div class="row"><dt>{title}</dt><dd>{old or "–"}</dd><dd>{new or "–"}</dd></div>\n'


def _value(text: str) -> str:
    return escape(cut(text, LONGEST_VALUE))
