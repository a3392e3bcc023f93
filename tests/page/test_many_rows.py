"""Lists that are longer than a page, or have a scene in more than one row."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.page.visitor import Visitor

SCENES = 64


def test_all_rows_of_all_pages_are_acted_on_and_a_page_is_kept_in_the_address(visitor: Visitor) -> None:
    world = visitor.host.world
    for number in range(SCENES):
        world.add_film(f"film {number:02}", title=f"Film {number:02}", details="Not in Plex")
    world.stash.run_task("Reconcile Library (All)")
    visitor.opens("gaps")
    rows = visitor.table("Gaps").locator("tbody").get_by_role("row")
    visitor.sees(f"1–50 of {SCENES}")
    visitor.button("Next").click()
    expect(rows).to_have_count(SCENES - 50)
    assert "page=2" in visitor.page.url
    visitor.page.go_back()
    expect(rows).to_have_count(50)
    visitor.page.get_by_label("Tick all on this page").check()
    visitor.sees(f"50 of {SCENES} ticked")
    visitor.button(f"Tick all {SCENES}").click()
    visitor.sees(f"{SCENES} of {SCENES} ticked")
    bar = visitor.page.get_by_role("group", name="Act on those ticked")
    bar.get_by_role("button", name="Ignore", exact=True).click()
    visitor.sees(f"{SCENES} scenes ignored from now on.")
    visitor.page.get_by_role("button", name=re.compile("^Ignored")).click()
    visitor.sees(f"1–50 of {SCENES}")


def test_a_scene_with_two_items_is_two_rows_of_a_preview_each_with_its_own_changes(visitor: Visitor) -> None:
    world = visitor.host.world
    world.stash.library.add_scene(
        title="Twice",
        details="In two items",
        files=(("/data/Films/first.mp4", 1), ("/data/Films/second.mp4", 2)),
    )
    for name, size, title in (("first", 1, "Twice"), ("second", 2, "Another")):
        files = ((f"/media/Films/{name}.mp4", size),)
        world.plex.library.add_item(world.section_keys["Films"], files=files, title=title)
    world.add_film("once", title="Once", details="In one item", plex={"title": "Other"})
    world.stash.run_task("Preview Sync (Dry Run)")
    visitor.opens("preview", search="films")
    rows = visitor.table("Preview").locator("tbody").get_by_role("row")
    expect(rows).to_have_count(3)
    visitor.page.get_by_label("Field").select_option("title")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Another")
    expect(rows.nth(1)).to_contain_text("Once")
    visitor.page.get_by_label("Field").select_option("")
    expect(rows).to_have_count(3)
    ticks = (
        visitor.page.get_by_role("row").get_by_role("checkbox").evaluate_all("all => all.map(one => one.id)")
    )
    assert len(set(ticks)) == len(ticks)
