"""`make picture`: an item of the demo in Plex before and after a sync, drawn for the README.

The plugin runs between the made-up servers as in the demo, and what Plex then shows is drawn. The same code
draws the same picture everywhere, so a test can tell when the one in docs/ is out of date.
"""

from __future__ import annotations

import sys
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

from tests.servers.demo import SCENES, item_of
from tests.servers.made_up_collection import make_collection, plan_gaps
from tests.servers.plex.items import PlexItem
from tests.servers.world import ROOT, World, a_world

PICTURE = ROOT / "docs" / "before-and-after.svg"
# A video with something in every field, whose file has the name that its camera gave it.
NUMBER = 12
TASKS = ("Reconcile Library (All)", "Process Queue")

WIDTH, HEIGHT = 880, 404
CARD_WIDTH, MARGIN = 392, 24
POSTER_WIDTH, POSTER_HEIGHT = 132, 198
TOP = 66
# The picture has a ground of its own, so it can be read on a light page and on a dark one.
GROUND, EDGE, BRIGHT, TEXT, FAINT, ACCENT = "#1f2328", "#59636e", "#ffffff", "#d9dee3", "#949ca5", "#e8b339"
FONT = "-apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif"
# How wide a letter is at most on average, as a part of its height, whatever font the reader has.
LETTER = 0.51


class Shown(NamedTuple):
    """What Plex shows of an item; an empty text is shown as a dash."""

    title: str
    facts: Mapping[str, str]
    summary: str
    has_poster: bool


def main() -> int:
    """Write the picture; 0 in the end."""
    PICTURE.write_text(picture(), encoding="utf-8")
    sys.stdout.write(f"Drawn: {PICTURE.relative_to(ROOT)}\n")
    return 0


def picture() -> str:
    """The picture as SVG, from a run of the plugin."""
    collection = make_collection(SCENES, seed=8)
    plan = plan_gaps(collection, seed=8, missing=0.04)
    (video,) = (video for video in collection if video.number == NUMBER)
    with tempfile.TemporaryDirectory() as folder, a_world(Path(folder), [video], plan) as world:
        before = shown(item_of(world, video))
        for task in TASKS:
            run(world, task)
        return svg(before, shown(item_of(world, video)))


def run(world: World, task: str) -> None:
    """Run a task. Raises RuntimeError where it fails: the picture would show nothing of it."""
    result = world.stash.run_task(task)
    if result.error or result.exit_status:
        raise RuntimeError(f"No picture was drawn, because {task} failed: {result.error or result.log}")


def shown(item: PlexItem) -> Shown:
    """What Plex shows of this item."""
    facts = {
        "Studio": item.studio,
        "Date": item.date,
        "Cast": ", ".join(item.roles),
        "Genres": ", ".join(item.genres),
    }
    return Shown(
        item.title or "",
        {name: value or "" for name, value in facts.items()},
        item.summary or "",
        has_poster=item.selected_poster is not None,
    )


def svg(before: Shown, after: Shown) -> str:
    """Both cards side by side."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" font-family="{FONT}">',
        f"<title>{escape(f'{before.title} becomes {after.title}')}</title>",
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{HEIGHT - 2}" rx="12" fill="{GROUND}" '
        f'stroke="{EDGE}"/>',
        *card(MARGIN, "In Plex, before", before),
        f'<path d="M{WIDTH / 2} {MARGIN}V{HEIGHT - MARGIN}" stroke="{EDGE}" stroke-width="1"/>',
        *card(WIDTH - MARGIN - CARD_WIDTH, "In Plex, after", after),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def card(left: int, heading: str, item: Shown) -> Iterator[str]:
    """One item as Plex shows it: picture, title and facts beside it, the summary below."""
    yield text(left, 42, heading, 15, ACCENT, is_bold=True)
    yield from poster(left) if item.has_poster else frame(left)
    beside = left + POSTER_WIDTH + 18
    width = CARD_WIDTH - POSTER_WIDTH - 18
    y = TOP + 18
    for line in cut(item.title, width, 20, 2):
        yield text(beside, y, line, 20, BRIGHT, is_bold=True)
        y += 26
    y += 2
    for name, value in item.facts.items():
        yield text(beside, y, name, 12, FAINT)
        for line in cut(value, width - 54, 13, 2):
            yield text(beside + 54, y, line, 13, TEXT)
            y += 18
        y += 8
    y = TOP + POSTER_HEIGHT + 34
    yield text(left, y, "Summary", 12, FAINT)
    for line in cut(item.summary, CARD_WIDTH, 13, 4):
        y += 20
        yield text(left, y, line, 13, TEXT)


def cut(value: str, width: int, size: int, most: int) -> list[str]:
    """The value in lines that fit the width, in pixels, at this size of letters; a dash where it is empty."""
    letters = int(width / (size * LETTER))
    return textwrap.wrap(value, letters, max_lines=most, placeholder=" …") or ["–"]


def text(x: int, y: int, value: str, size: int, color: str, is_bold: bool = False) -> str:
    """A line of text that begins at this point."""
    weight = ' font-weight="600"' if is_bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{color}"{weight}>{escape(value)}</text>'


def frame(left: int) -> Iterator[str]:
    """What Plex takes for a picture where it has none: a grey frame out of the middle of the video."""
    middle, half = TOP + POSTER_HEIGHT // 2, POSTER_WIDTH * 9 // 32
    yield rectangle(left, TOP, POSTER_WIDTH, POSTER_HEIGHT, "#0f1114")
    yield rectangle(left, middle - half, POSTER_WIDTH, 2 * half, "#40464d")
    yield path(left, middle, "M0 30L40 8L74 26L104 12L132 24V37H0Z", "#343a41")


def poster(left: int) -> Iterator[str]:
    """The scene's cover: the sun above a fjord."""
    yield rectangle(left, TOP, POSTER_WIDTH, POSTER_HEIGHT, "#f3b562")
    yield f'<circle cx="{left + 84}" cy="{TOP + 66}" r="21" fill="#fdf0d0"/>'
    yield path(left, TOP, "M0 118L34 62L62 104L82 84L132 132V198H0Z", "#7b5e7b")
    yield path(left, TOP, "M132 96L98 118L70 140H132Z", "#57476b")
    yield path(left, TOP, "M0 138H132V198H0Z", "#2f6f8f")
    yield path(left, TOP, "M70 150H98M58 162H112M74 174H94", "none", "#fdf0d0")
    yield path(left, TOP, "M26 160H50L45 168H31ZM37 158V142L48 157Z", "#fdf6e6")


def rectangle(x: int, y: int, width: int, height: int, color: str) -> str:
    """A filled rectangle."""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{color}"/>'


def path(x: int, y: int, shape: str, fill: str, line: str = "none") -> str:
    """A shape whose points are counted from this one."""
    return (
        f'<path transform="translate({x} {y})" d="{shape}" fill="{fill}" stroke="{line}" stroke-width="2" '
        'stroke-linecap="round"/>'
    )


if __name__ == "__main__":
    sys.exit(main())
