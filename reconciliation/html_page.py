"""The frame of the reports that tasks leave as HTML files: a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import IO, TYPE_CHECKING

from reconciliation.reports import Place, open_new
from sync_queue.outage import moment
from validation.config import Stash2PlexConfig

if TYPE_CHECKING:
    from plex.client import Plex
    from stash.client import Stash

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }}
h1 {{ font-size: 1.4rem; }}
h2 {{ font-size: 1.05rem; margin: 1.5rem 0 .3rem; overflow-wrap: anywhere; }}
h2 small {{ font-weight: normal; opacity: .7; }}
dl {{ margin: 0; }}
div.row {{ border-top: 1px solid #8884; padding: .3rem 0; }}
dt {{ font-weight: 600; overflow-wrap: anywhere; }}
dt small {{ display: block; font-weight: normal; opacity: .7; }}
dd {{ margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }}
del {{ color: #b3261e; }} ins {{ color: #1b7f3b; text-decoration: none; }}
@media (prefers-color-scheme: dark) {{ del {{ color: #ff8a80; }} ins {{ color: #7bd88f; }} }}
@media (min-width: 40rem) {{
  div.row {{ display: grid; grid-template-columns: {columns}; gap: 0 1rem; }}
}}
</style>
</head>
<body>
<h1>{heading}</h1>
<p>{introduction}</p>
"""


@dataclass(frozen=True)
class Links:
    """Links to scenes and items, under addresses that are the plugin's own ways to Stash and Plex.

    A page in a file has no other: relative links would lead beside it.
    """

    stash: str
    plex: str
    machine_identifier: str

    @property
    def explanation(self) -> str:
        """What to know of the links."""
        return f"Links lead to Stash at {self.stash} and to Plex at {self.plex}."

    def scene(self, scene_id: int) -> str:
        """A link, in HTML, to a scene's page in Stash."""
        return _link(f"{self.stash}/scenes/{scene_id}", f"scene {scene_id}")

    def item(self, rating_key: int) -> str:
        """A link, in HTML, to an item's page in Plex."""
        address = address_of_item(self.plex, self.machine_identifier, rating_key)
        return _link(address, f"item {rating_key}")


def links_to(stash: Stash, plex: Plex, config: Stash2PlexConfig) -> Links:
    """Links to these servers, to Stash as players reach it where a setting says how."""
    address = config.performer_image_address or stash.connection.address
    return Links(address, config.plex_url, plex.machine_identifier)


def address_of_item(plex: str, machine_identifier: str, rating_key: int) -> str:
    """Where a browser shows an item of this server, whose address this is."""
    details = f"/server/{machine_identifier}/details?key=%2Flibrary%2Fmetadata%2F{rating_key}"
    return f"{plex}/web/index.html#!{details}"


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}" rel="noreferrer">{escape(text)}</a>'


@contextmanager
def report_page(
    place: Place,
    *,
    title: str,
    heading: str,
    introduction: str,
    columns: str,
    links: Links,
    made_at: float,
) -> Iterator[IO[str]]:
    """A page whose body is to be written, in HTML; it takes its place when the block ends well.

    Its rows (`<div class="row">` in a `<dl>`) have these `columns`, in the words of CSS. Only the owner of
    the file may read it, since it holds titles and paths. `made_at` is in seconds since 1970.
    """
    try:
        with open(open_new(place.draft), "w", encoding="utf-8", errors="replace") as file:
            introduction = f"{introduction} Made on {moment(made_at)}. {links.explanation}"
            texts = {"title": title, "heading": heading, "introduction": introduction}
            file.write(_HEAD.format(columns=columns, **{key: escape(text) for key, text in texts.items()}))
            yield file
            file.write("</body>\n</html>\n")
        place.take()
    except BaseException:
        place.draft.unlink(missing_ok=True)
        raise
