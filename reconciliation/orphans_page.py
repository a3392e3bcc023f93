"""The orphans as one HTML file that needs nothing else: title and files of each item, by library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from typing import IO

from plex.items import PlexItem
from reconciliation.html_page import Links, report_page
from reconciliation.reports import Place
from validation.amounts import number


@contextmanager
def orphans_report(
    place: Place, problems: Iterable[str], links: Links, made_at: float
) -> Iterator[OrphansReport]:
    """A report to be filled, below these problems; it takes its place when the block ends well.

    `made_at` is in seconds since 1970.
    """
    with report_page(
        place,
        title="Stash2Plex orphans",
        heading="Plex items that no scene in Stash owns",
        introduction="Nothing was changed. An item is uncertain if its file has the name and size of a "
        "scene's, but other files do too, or if the scene is in Plex under another file.",
        columns="1fr 2fr",
        links=links,
        made_at=made_at,
    ) as file:
        file.writelines(f"<p><strong>{escape(problem)}</strong></p>\n" for problem in problems)
        yield OrphansReport(file, links)


class OrphansReport:
    """Writes the report library by library, page of items by page of items."""

    def __init__(self, file: IO[str], links: Links) -> None:
        self._file = file
        self._links = links

    def begin(self, library: str, what: str) -> None:
        """Begin a list; `what` says of what and how many."""
        self._file.write(f"<h2>{escape(library)} <small>{escape(what)}</small></h2>\n<dl>\n")

    def add(self, item: PlexItem) -> None:
        """Add an item to the list."""
        files = escape("\n".join(part.path for part in item.parts))
        title = escape(item.fields.text("title"))
        link = self._links.item(item.rating_key)
        self._file.write(f'<div class="row"><dt>{title}<small>{link}</small></dt><dd>{files}</dd></div>\n')

    def end(self, left_out: int) -> None:
        """End the list, of which so many items are not shown."""
        more = f"<p>{number(left_out)} more are not shown.</p>\n" if left_out else ""
        self._file.write(f"</dl>\n{more}")
