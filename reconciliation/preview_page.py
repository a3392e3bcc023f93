"""The preview as one HTML file that needs nothing else: every change, old value and new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import IO

from back_to_stash.brought import Change as ChangeInStash
from back_to_stash.brought import describe
from plex.fields import Value
from plex.merge import Change
from reconciliation.html_page import Links, report_page
from reconciliation.reports import Place
from sync_queue.listing import cut
from sync_queue.previewed import COLLECTION_TITLES, LONGEST_VALUE, PreviewedChange, PreviewedCollection
from validation.amounts import number

# More than this nobody reads, and a telephone does not open.
SCENES_IN_REPORT = 2_000


@contextmanager
def preview_report(place: Place, links: Links, made_at: float) -> Iterator[PreviewReport]:
    """A report to be filled; it takes its place when the block ends well. `made_at`: seconds since 1970."""
    with report_page(
        place,
        title="Stash2Plex preview",
        heading="What a sync would write",
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
            self._file.write(
                f"<p>{number(left_out)} more items would be written; they are counted below.</p>\n"
            )
        totals = ", ".join(f"{escape(title)} {number(count)}" for title, count in sorted(fields.items()))
        self._file.write(f"<p>Items that would be written: {number(items)}. {totals}</p>\n")

    def add_collections(self, rows: Sequence[PreviewedCollection]) -> None:
        """Add what collections would get, if any would."""
        if not rows:
            return
        self._file.write("<h2>What collections would get</h2>\n<dl>\n")
        for row in rows[:SCENES_IN_REPORT]:
            name = f"{escape(cut(row.title, LONGEST_VALUE))} <small>{escape(row.place)}</small>"
            for change in row.changes:
                self._file.write(_of_collection(f"{name} {COLLECTION_TITLES[change.field]}", change))
            if not row.changes:
                self._file.write(_row(name, "", ""))
        self._file.write("</dl>\n")
        self._say_how_many_more(len(rows))

    def add_back(self, changes: Sequence[ChangeInStash]) -> None:
        """Add what would come from Plex to Stash, if anything would."""
        if not changes:
            return
        self._file.write("<h2>What would come from Plex to Stash</h2>\n<dl>\n")
        for change in changes[:SCENES_IN_REPORT]:
            link, words = self._links.scene(change.scene_id), escape(describe(change))
            self._file.write(f'<div class="row"><dt>{link}</dt><dd>{words}</dd></div>\n')
        self._file.write("</dl>\n")
        self._say_how_many_more(len(changes))

    def _say_how_many_more(self, count: int) -> None:
        if count > SCENES_IN_REPORT:
            self._file.write(f"<p>… and {number(count - SCENES_IN_REPORT)} more.</p>\n")


def _change(change: Change) -> str:
    if isinstance(change.new, tuple):
        # Of a list what comes and goes is shown, or all where only its order changes.
        is_other = bool(change.added or change.removed)
        gone, come = (change.removed, change.added) if is_other else (change.old, change.new)
    else:
        gone, come = _listed(change.old), _listed(change.new)
    return _row(escape(change.field.title), _marked("del", gone), _marked("ins", come))


def _of_collection(name: str, change: PreviewedChange) -> str:
    if change.old is None:
        # No value to be shown, but words about it.
        return _row(name, "", escape(str(change.new)))
    return _row(name, _marked("del", _listed(change.old)), _marked("ins", _listed(change.new)))


def _row(name: str, old: str, new: str) -> str:
    return f'<div class="row"><dt>{name}</dt><dd>{old or "–"}</dd><dd>{new or "–"}</dd></div>\n'


def _marked(element: str, values: Iterable[str]) -> str:
    return "\n".join(f"<{element}>{_value(value)}</{element}>" for value in values)


def _listed(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) * bool(value)


def _value(text: str) -> str:
    return escape(cut(text, LONGEST_VALUE))
