"""From nothing to a synced library by the page alone, and how much a person has to click and type for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.page.visitor import Host, Visitor, a_host, a_visitor
from tests.servers.account.server import PIN_LASTS, AccountServer
from tests.servers.made_up_collection import make_collection, plan_gaps
from tests.servers.world import PLEX_ROOT, STASH_ROOT, TOKEN

# What a person may have to do at most, clicks and fields together.
GOAL = 12
COMPARE, WRITE = "Compare with Plex", "Write to Plex now"


class Counting:
    """Does what a person does, and counts it."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def click(self, what: Locator) -> None:
        self.steps.append(f"click {what}")
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        self.steps.append(f"fill {what}")
        what.fill(text)


@pytest.fixture
def account() -> Iterator[AccountServer]:
    with AccountServer(token=TOKEN) as account:
        yield account


@pytest.fixture
def visitor(tmp_path: Path, browser: Browser, python: str, account: AccountServer) -> Iterator[Visitor]:
    """A person whose Stash has just got the plugin: no setting is set, but another plugin's are."""
    videos = make_collection(12, seed=3)
    plan = plan_gaps(videos, seed=3, missing=0.0)
    environment = {"STASH2PLEX_ACCOUNT_SERVICE": account.url}
    with a_host(tmp_path, browser, videos, plan, environment, python=python) as host:
        stash = host.world.stash
        stash.plugin_settings.clear()
        stash.plugin_settings["Another"] = {"colour": "blue"}
        account.add_server("Attic", host.world.plex.library.machine_identifier, host.world.plex.url)
        host.context.route("https://app.plex.tv/**", lambda route: route.fulfill(body="Sign in to Plex"))
        with a_visitor(host) as visitor:
            yield visitor


def test_signing_in_leads_to_a_synced_library_in_a_few_clicks_and_no_field(
    visitor: Visitor, account: AccountServer
) -> None:
    person = Counting()
    visitor.goes_to("/")
    person.click(visitor.link("Stash2Plex"))
    person.click(visitor.next_step.get_by_role("link"))
    with visitor.page.context.expect_page() as opened:
        person.click(visitor.button("Sign in to Plex").last)
    sees_plexs_own_page(opened.value)
    account.sign_in()
    save(visitor, person)
    person.click(visitor.button(COMPARE))
    visitor.sees("Reconcile Library (All) is done.")
    person.click(visitor.button(WRITE))
    visitor.sees("Process Queue is done.")
    assert is_synced(visitor.host)
    settings = visitor.host.world.stash.plugin_settings
    assert settings["Stash2Plex"]["plex_token"] == TOKEN
    assert settings["Another"] == {"colour": "blue"}
    assert len(person.steps) <= GOAL, person.steps


def test_address_and_token_by_hand_lead_as_far_in_a_few_clicks_and_fields(visitor: Visitor) -> None:
    person = Counting()
    visitor.goes_to("/")
    person.click(visitor.link("Stash2Plex"))
    person.click(visitor.next_step.get_by_role("link"))
    person.click(visitor.button("By address and token"))
    person.fill(visitor.page.get_by_label("Plex URL"), visitor.host.world.plex.url)
    person.fill(visitor.page.get_by_label("Plex token"), "not the token")
    visitor.button("Test").click()
    expect(visitor.page.get_by_role("list", name="Findings")).to_contain_text("token")
    person.fill(visitor.page.get_by_label("Plex token"), TOKEN)
    person.click(visitor.button("Test"))
    save(visitor, person)
    expect(visitor.next_step.get_by_role("button", name=COMPARE)).to_be_visible()
    assert len([*person.steps, COMPARE, WRITE]) <= GOAL, person.steps


def test_a_sign_in_outlives_an_outage_and_one_that_was_cancelled_or_took_too_long_can_be_begun_again(
    visitor: Visitor, account: AccountServer
) -> None:
    visitor.opens("set_up")

    def begin() -> None:
        with visitor.page.context.expect_page() as opened:
            visitor.button("Sign in to Plex").last.click()
        opened.value.close()

    begin()
    visitor.button("Cancel").click()
    begin()
    with pytest.MonkeyPatch.context() as later:
        later.setattr(account, "clock", lambda: time.monotonic() + 2 * PIN_LASTS)
        visitor.sees("The sign-in took too long. Begin again.")
    begin()
    asked = len(account.asked)
    with pytest.MonkeyPatch.context() as outage:
        outage.setattr(account, "status", 503)
        visitor.page.wait_for_event("response", lambda _: len(account.asked) > asked + 1)
    account.sign_in()
    visitor.sees("Signed in as Ada")


def sees_plexs_own_page(page: Page) -> None:
    assert page.url.startswith("https://app.plex.tv/auth/")
    assert page.evaluate("window.opener") is None
    page.close()


def save(visitor: Visitor, person: Counting) -> None:
    """From a connection that works on: look at what is suggested, and save it."""
    samples = visitor.page.get_by_role("table", name="Sample scenes")
    expect(samples.get_by_role("row")).to_have_count(11)
    expect(samples.get_by_text("Not found")).to_have_count(0)
    person.click(visitor.button("Save"))
    expect(visitor.button("Saved")).to_be_visible()
    assert visitor.host.world.stash.plugin_settings["Stash2Plex"]["path_map"] == f"{STASH_ROOT}=>{PLEX_ROOT}"


def is_synced(host: Host) -> bool:
    """Whether a reconcile finds nothing to do."""
    log = host.world.stash.run_task("Reconcile Library (All)").messages("info")
    return "Gaps found: 0" in log
