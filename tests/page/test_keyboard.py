"""The page without a mouse."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.visitor import Visitor

ENOUGH = 60
IS_SEEN = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"


def tab_to(visitor: Visitor, name: str) -> None:
    """Press Tab until what has this name is focused; the focus is seen all the way."""
    for _ in range(ENOUGH):
        visitor.page.keyboard.press("Tab")
        focused = visitor.page.locator(":focus")
        if name in (
            focused.get_attribute("aria-label"),
            focused.get_attribute("title"),
            focused.inner_text(),
        ):
            return
    raise AssertionError(f"“{name}” is not reached by Tab")


def test_a_list_is_reached_ticked_and_acted_on_by_the_keyboard_alone(visitor: Visitor) -> None:
    world = visitor.host.world
    world.add_film("harbour", title="Harbour", details="By the sea")
    world.stash.run_task("Reconcile Library (All)")
    visitor.goes_to("/")
    expect(visitor.link("Stash2Plex")).to_be_visible()
    tab_to(visitor, "Stash2Plex")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="Stash2Plex")).to_be_visible()
    tab_to(visitor, "Gaps")
    assert visitor.page.evaluate(IS_SEEN)
    visitor.page.keyboard.press("Enter")
    expect(visitor.table("Gaps").get_by_role("link", name="Harbour")).to_be_visible()
    tab_to(visitor, "Tick Harbour")
    assert visitor.page.evaluate(IS_SEEN)
    visitor.page.keyboard.press("Space")
    visitor.sees("1 of 1 ticked")
    bar = visitor.page.get_by_role("group", name="Act on those ticked")
    bar.get_by_role("button", name="Ignore").focus()
    visitor.page.keyboard.press("Enter")
    visitor.sees("1 scene ignored from now on.")
