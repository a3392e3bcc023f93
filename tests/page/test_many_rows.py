"""Lists that are longer than a page."""

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
