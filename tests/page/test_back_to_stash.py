"""What comes from Plex to Stash is ticked in the settings, shown beforehand, and brought by a button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.builders.sync import a_picture
from tests.page.visitor import NARROW, Visitor, a_host, a_visitor

TASK = "Bring Back From Plex"


@pytest.fixture
def visitor(tmp_path: Path, browser: Browser, python: str) -> Iterator[Visitor]:
    """A person who watched and rated a film of a group in Plex that Stash has."""
    with a_host(tmp_path, browser, python=python) as host:
        host.world.stash.library.add_group("Ports", image=a_picture("front"), synopsis="By the sea")
        host.world.add_film("harbour", title="Harbour", groups=[(1, 1)], plex={"duration": 1_000_000})
        key = host.world.item("harbour").rating_key
        host.world.plex.library.rate(key, 7.5)
        host.world.plex.library.watch(key)
        with a_visitor(host) as visitor:
            yield visitor
        assert not host.world.stash.crashes
        assert not host.world.plex.failures


def test_what_is_ticked_is_brought_by_a_button_that_is_not_there_otherwise(visitor: Visitor) -> None:
    world = visitor.host.world
    tasks = visitor.opens().page.get_by_role("region", name="Tasks")
    expect(tasks.get_by_role("button", name="Process Queue")).to_be_visible()
    expect(tasks.get_by_role("button", name=TASK)).to_have_count(0)
    group = visitor.opens("settings").page.get_by_role("region", name="Back to Stash")
    for kind in ("ratings", "plays"):
        group.get_by_role("checkbox", name=kind).check()
    expect(group.get_by_role("checkbox", name="resume")).not_to_be_checked()
    changes = visitor.page.get_by_role("group", name="Changes")
    changes.get_by_role("button", name="Save").click()
    expect(changes).to_have_count(0)
    assert world.settings["back_to_stash"] == "ratings, plays"
    shows_what_would_come(visitor)
    tasks = visitor.opens().page.get_by_role("region", name="Tasks")
    for task in ("Reconcile Library (All)", TASK):
        tasks.get_by_role("button", name=task).click()
        expect(tasks.get_by_role("button", name=task)).to_be_enabled()
        world.stash.wait_for_jobs()
    scene = world.stash.library.scene(1)
    assert (scene.rating100, scene.play_count, scene.resume_time) == (75, 1, 0.0)


def shows_what_would_come(visitor: Visitor) -> None:
    """A preview has what would go to items, to collections and to Stash, each with its count."""
    world, page = visitor.host.world, visitor.page
    world.settings["collection_details"] = True
    visitor.opens("preview").button("Preview Sync (Dry Run)").click()
    visitor.sees("Preview Sync (Dry Run) is done.")
    rows = visitor.table("Preview").locator("tbody").get_by_role("row")
    page.get_by_label("Field").select_option("title")
    expect(rows).to_contain_text("Harbour")
    kinds = page.get_by_role("group", name="What would be written")
    kinds.get_by_role("button", name=re.compile("^Collections in Plex.*1$")).click()
    expect(rows).to_contain_text("compared with the picture of group 1")
    expect(rows).to_contain_text("New in Films, of group 1")
    expect(rows.get_by_role("insertion")).to_have_text("By the sea")
    expect(page.get_by_role("list", name="Besides")).to_contain_text("Collections that would be made: 1")
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("columnheader")).to_have_text(["Collection", "Changes in Plex"])
    kinds.get_by_role("button", name=re.compile("^From Plex to Stash.*1$")).click()
    expect(visitor.table("Preview")).to_contain_text("Changes in Stash")
    expect(rows.get_by_role("deletion")).to_have_text("none")
    expect(rows.get_by_role("insertion").first).to_have_text("75")
    page.get_by_label("Field").select_option("plays (1)")
    for address in (page.url, page.url.replace("field=plays", "field=nonsense")):
        page.goto(address)
        expect(page.get_by_label("Field").locator("option:checked")).not_to_have_text(re.compile("^All"))
    page.set_viewport_size(NARROW)
    assert (visitor.overflow(), visitor.faint(), visitor.nameless()) == ([], [], [])
    assert [one.method for one in world.plex.requests if one.method not in ("GET", "HEAD")] == []
    scene = world.stash.library.scene(1)
    assert (scene.rating100, scene.play_count) == (None, 0)
