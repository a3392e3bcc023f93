"""The host page itself: that what a plugin relies on is there, as in a Stash."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.visitor import Visitor


def test_a_scenes_page_and_the_settings_have_the_places_that_plugins_add_to(visitor: Visitor) -> None:
    scene = visitor.host.world.add_film("harbour", title="Harbour")
    visitor.goes_to(f"/scenes/{scene}")
    expect(visitor.page.get_by_role("tab", name="Details")).to_be_visible()
    visitor.button("Settings").click()
    expect(visitor.page.get_by_role("tab", name="Plugins")).to_be_visible()
    # Stash itself sends all settings to its page of settings.
    visitor.host.world.stash.sent_to_browsers.clear()
