"""A person who looks at the page in a browser, and the host that the page is in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from tests.page import looks
from tests.page.tools import host_page
from tests.servers.made_up_collection import GapPlan, MadeUpVideo
from tests.servers.world import TOKEN, World, a_world

ADDRESS = "/plugins/stash2plex"
WIDE, NARROW = ViewportSize(width=1300, height=900), ViewportSize(width=390, height=844)
PATIENCE = 20_000
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    # One process draws all pages of a window, which takes longer to start than a page to load.
    "--process-per-site",
]
# Lines of other tests cover what the plugin's processes do, and to measure each start takes as long again.
NOT_MEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
NAMELESS = re.compile(
    r"^\s*- ((?:button|link|checkbox|switch|textbox|searchbox|combobox|radio)(?::| \[|$).*)", re.M
)
expect.set_options(timeout=PATIENCE)


@dataclass
class Host:
    """The servers, and the browser's window into them."""

    world: World
    context: BrowserContext

    @property
    def url(self) -> str:
        return self.world.stash.url


@contextmanager
def a_host(
    folder: Path,
    browser: Browser,
    videos: Sequence[MadeUpVideo] = (),
    plan: GapPlan | None = None,
    environment: Mapping[str, str] | None = None,
    **stash_options: Any,
) -> Iterator[Host]:
    """A world whose Stash has a page, and a window into it."""
    environment = {**NOT_MEASURED, **(environment or {})}
    with a_world(folder, videos, plan, environment, **stash_options) as world:
        world.stash.page = host_page()
        with a_window(world, browser) as host:
            yield host


@contextmanager
def a_window(world: World, browser: Browser) -> Iterator[Host]:
    """A browser's profile of its own, for a world whose Stash has a page."""
    context = browser.new_context(reduced_motion="reduce", viewport=WIDE, locale="en-GB")
    context.set_default_timeout(PATIENCE)
    # It stays open, and with it the process that draws the pages of this host.
    context.new_page().goto(f"{world.stash.url}/favicon.ico")
    try:
        yield Host(world, context)
    finally:
        context.close()


@dataclass
class Visitor:
    """Finds everything by role and name, as a screen reader does."""

    host: Host
    page: Page
    console: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def opens(self, tab: str = "", **parameters: str) -> Visitor:
        """Go to a tab of the page by its address."""
        given = {"tab": tab, **parameters} if tab else parameters
        query = "&".join(f"{key}={value}" for key, value in given.items())
        return self.goes_to(f"{ADDRESS}?{query}" if query else ADDRESS)

    def goes_to(self, path: str) -> Visitor:
        self.page.goto(self.host.url + path)
        return self

    @property
    def next_step(self) -> Locator:
        """The place of the one thing to do next."""
        return self.page.get_by_role("region", name="Next step")

    def tab(self, title: str) -> Locator:
        """The link to a tab of the page."""
        return self.page.get_by_role("navigation", name="Stash2Plex").get_by_role("link", name=title)

    def table(self, name: str) -> Locator:
        return self.page.get_by_role("table", name=name, exact=True)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def overflow(self) -> list[str]:
        """What reaches over the window's right edge and cannot be scrolled to."""
        return list(self.page.evaluate(looks.OVERFLOW))

    def faint(self) -> list[str]:
        """Texts that are hard to read on their ground."""
        return list(self.page.evaluate(looks.FAINT))

    def covered(self) -> list[str]:
        """The settings that lie under a bar when they are focused."""
        return list(self.page.evaluate(looks.COVERED))

    def nameless(self) -> list[str]:
        """Controls for which a screen reader has no name."""
        seen = "\n".join(part.aria_snapshot() for part in self.page.locator(".s2p").all())
        return NAMELESS.findall(seen)


@contextmanager
def a_visitor(host: Host) -> Iterator[Visitor]:
    """A new page; what it said on its console and every dialog are told when it is left."""
    page = host.context.new_page()
    visitor = Visitor(host, page)

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visitor.console.append(message.text)

    def asked(dialog: Any) -> None:
        visitor.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("console", heard)
    page.on("pageerror", lambda error: visitor.console.append(f"uncaught: {error}"))
    page.on("dialog", asked)
    try:
        yield visitor
        assert visitor.dialogs == [], "something in the data ran"
        assert visitor.console == []
        sent = host.world.stash.sent_to_browsers
        assert not [body for body in sent if TOKEN.encode() in body], "the token reached the browser"
    finally:
        page.close()
