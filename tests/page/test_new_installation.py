"""The first look at the page, before the plugin's Python packages are there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.builders.packages import a_bare_python
from tests.page.visitor import Visitor, a_host, a_visitor
from tests.servers.world import ROOT, SHIPPED


@pytest.fixture
def visitor(tmp_path: Path, browser: Browser) -> Iterator[Visitor]:
    """A person whose Stash has a Python with nothing but pip, and the plugin's files as they are unpacked."""
    python = a_bare_python(tmp_path / "python")
    with a_host(tmp_path, browser, environment={"PIP_NO_INDEX": "1"}, python=python) as host:
        folder = host.world.stash.plugins.plugin().directory
        for name in (*SHIPPED, "requirements.txt"):
            (folder / name).unlink(missing_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        with a_visitor(host) as visitor:
            yield visitor


def test_the_page_offers_the_task_that_fetches_what_is_missing_and_says_how_it_ended(
    visitor: Visitor,
) -> None:
    visitor.opens("settings")
    visitor.sees("install the Python packages")
    visitor.button("Check Setup").click()
    visitor.sees("Check Setup failed.")
    visitor.goes_to(f"/scenes/{visitor.host.world.add_film('harbour')}")
    visitor.page.get_by_role("tab", name="Plex").click()
    expect(visitor.link("Open Stash2Plex")).to_be_visible()
