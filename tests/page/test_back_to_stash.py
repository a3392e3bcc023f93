"""What comes from Plex to Stash is ticked in the settings and brought by a button that is there only then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.page.visitor import Visitor, a_host, a_visitor

TASK = "Bring Back From Plex"


@pytest.fixture
def visitor(tmp_path: Path, browser: Browser) -> Iterator[Visitor]:
    """A person who watched and rated a film in Plex that Stash has."""
    with a_host(tmp_path, browser) as host:
        host.world.add_film("harbour", title="Harbour", plex={"duration": 1_000_000})
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
    tasks = visitor.opens().page.get_by_role("region", name="Tasks")
    for task in ("Reconcile Library (All)", TASK):
        tasks.get_by_role("button", name=task).click()
        expect(tasks.get_by_role("button", name=task)).to_be_enabled()
        world.stash.wait_for_jobs()
    scene = world.stash.library.scene(1)
    assert (scene.rating100, scene.play_count, scene.resume_time) == (75, 1, 0.0)
