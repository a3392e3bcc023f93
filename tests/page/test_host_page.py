"""The host page itself: that what a plugin relies on is there, as in a Stash."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.visitor import Visitor

WRONG = """<div class="s2p" style="background: #202b33"><button></button><p style="color: #506070">faint</p>
<p style="width: 3000px">wide</p></div>"""


def test_a_scenes_page_and_the_settings_have_the_places_that_plugins_add_to(visitor: Visitor) -> None:
    scene = visitor.host.world.add_film("harbour", title="Harbour")
    visitor.goes_to(f"/scenes/{scene}")
    expect(visitor.page.get_by_role("tab", name="Details")).to_be_visible()
    visitor.button("Settings").click()
    expect(visitor.page.get_by_role("tab", name="Plugins")).to_be_visible()
    # Stash itself sends all settings to its page of settings.
    visitor.host.world.stash.sent_to_browsers.clear()


def test_what_is_nameless_faint_or_too_wide_is_noticed(visitor: Visitor) -> None:
    visitor.goes_to("/")
    expect(visitor.button("Settings")).to_be_visible()
    visitor.page.evaluate(
        "text => document.getElementById('root').insertAdjacentHTML('beforeend', text)", WRONG
    )
    assert visitor.nameless() == ["button"]
    assert [text[-5:] for text in visitor.faint()] == ["faint"]
    assert [text[-4:] for text in visitor.overflow()] == ["wide"]
