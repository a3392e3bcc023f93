"""Titles, files and libraries of whatever kind: nothing of them runs, nothing breaks out, all can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.page.visitor import NARROW, WIDE, Host, Visitor, a_host
from tests.servers.world import PLEX_ROOT, World

TITLES = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script>&lt;b&gt;",
    "out of an attribute": "\"'><svg onload=alert(3)>{{7*7}}${alert(4)}",
    "right to left": "\u202eرحلة إلى البحيرة\u2066 טיול",
    "long": "Harbour " * 2500,
    "long word": "a" * 20_000,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f3d6\ufe0f" * 30,
    "none": "",
}
TABS = ("overview", "set_up", "settings", "gaps", "preview", "queue", "orphans")


@pytest.fixture(scope="module")
def host(browser: Browser, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with a_host(tmp_path_factory.mktemp("hostile"), browser, python=python) as host:
        fill(host.world)
        for task in ("Reconcile Library (All)", "Preview Sync (Dry Run)", "Find Orphans"):
            host.world.stash.run_task(task)
        yield host
        assert not host.world.stash.crashes
        assert not host.world.plex.failures


def fill(world: World) -> None:
    """Scenes with and without an item in Plex, and items without a scene, under every title."""
    library = world.plex.library
    section = library.add_section(TITLES["markup"], locations=(f"{PLEX_ROOT}/Odd",))
    for number, title in enumerate(TITLES.values()):
        more: dict[str, Any] = {
            "title": title,
            "details": title or "x",
            "tags": world.tag_ids(title[:200] or "x"),
        }
        world.add_film(f"{number} {title[:80].replace('/', '')}", **more, plex={"title": title[::-1]})
        world.add_film(f"{number} missing {title[:80].replace('/', '')}", **more)
        library.add_item(section.key, files=((f"{PLEX_ROOT}/Odd/{number} {title}.mp4", 900),), title=title)


@pytest.mark.parametrize("tab", TABS)
def test_nothing_runs_nothing_overflows_and_everything_has_a_name_and_contrast(
    visitor: Visitor, tab: str
) -> None:
    visitor.opens(tab)
    wait_for_content(visitor, tab)
    for size in (WIDE, NARROW):
        visitor.page.set_viewport_size(size)
        assert visitor.overflow() == []
        assert visitor.faint() == []
    assert visitor.nameless() == []
    expect(visitor.page.locator("#root script, #root img[src=x], #root svg[onload]")).to_have_count(0)


def wait_for_content(visitor: Visitor, tab: str) -> None:
    if tab in ("gaps", "preview", "queue", "orphans"):
        expect(visitor.page.get_by_role("table").locator("tbody tr").first).to_be_visible()
    elif tab == "overview":
        expect(visitor.page.get_by_role("list", name="Libraries in Plex")).to_be_visible()
    else:
        expect(visitor.page.get_by_label("Plex URL")).to_be_visible()


def test_a_long_text_is_shown_whole_where_it_is_wanted(visitor: Visitor) -> None:
    long = TITLES["long word"]
    scene_id = next(
        scene.id for scene in visitor.host.world.stash.library.scenes.values() if scene.title == long
    )
    visitor.goes_to(f"/scenes/{scene_id}")
    visitor.page.get_by_role("tab", name="Plex").click()
    fields = visitor.page.get_by_label("Fields").first
    expect(fields).to_be_visible()
    assert long[:500] not in fields.inner_text()
    fields.get_by_role("button", name="Show all").first.click()
    assert long[:500] in fields.inner_text()
    visitor.page.set_viewport_size(NARROW)
    assert visitor.overflow() == []
