"""`make page-pictures`: the pictures of the page in docs/, taken in the world of the demo."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, ViewportSize, expect, sync_playwright

from tests.page import tools
from tests.page.demo import a_demo
from tests.page.visitor import FLAGS, NOT_MEASURED, Visitor, a_visitor, a_window
from tests.servers.world import ROOT

FOLDER = ROOT / "docs"
SIZE, PHONE = ViewportSize(width=1200, height=720), ViewportSize(width=390, height=760)
# What is shown on GitHub has to come quickly.
LARGEST = 200_000


def main() -> int:
    """Take them all; 1 where one cannot be taken or is too large."""
    if missing := tools.what_is_missing():
        sys.stdout.write(f"The page cannot be shown: {missing}\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, a_person(Path(folder)) as visitor:
        sizes = list(take(visitor))
    return 0 if max(sizes) < LARGEST else 1


@contextmanager
def a_person(folder: Path) -> Iterator[Visitor]:
    """Somebody with a browser in the world of the demo."""
    with (
        a_demo(folder, NOT_MEASURED) as world,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=tools.chromium(), args=FLAGS) as browser,
        a_window(world, browser) as host,
        a_visitor(host) as visitor,
    ):
        yield visitor


def take(visitor: Visitor) -> Iterator[int]:
    """The pictures one after the other; the size of each in bytes."""
    page = visitor.page
    page.set_viewport_size(SIZE)
    visitor.opens("overview")
    yield picture(visitor, "overview", page.get_by_role("list", name="Libraries in Plex"))
    visitor.opens("set_up")
    visitor.button("Test").click()
    samples = page.get_by_role("table", name="Sample scenes")
    expect(samples).to_be_visible()
    page.get_by_role("heading", name="2. Libraries").evaluate("heading => heading.scrollIntoView()")
    page.mouse.wheel(0, -60)
    yield picture(visitor, "set-up", samples)
    visitor.opens("preview")
    yield picture(visitor, "preview", visitor.table("Preview"))
    page.set_viewport_size(PHONE)
    visitor.opens("gaps")
    yield picture(visitor, "gaps-on-a-phone", visitor.table("Gaps"))


def picture(visitor: Visitor, name: str, content: Locator) -> int:
    """Take one when its content and its covers are there."""
    expect(content).to_be_visible()
    visitor.page.wait_for_load_state("networkidle")
    path = FOLDER / f"page-{name}.png"
    visitor.page.screenshot(path=path)
    size = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(ROOT)}: {size // 1000} kB\n")
    return size


if __name__ == "__main__":
    sys.exit(main())
