"""Every tab of the page and what can be done there, where most scenes are in Plex and some are not.

The tests go on from each other's world, so each reads first what there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.page.demo import REFUSED, a_demo
from tests.page.visitor import NOT_MEASURED, Host, Visitor, a_window


@pytest.fixture(scope="module")
def host(browser: Browser, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("demo")
    with a_demo(folder, NOT_MEASURED, python=python) as world, a_window(world, browser) as host:
        yield host
        assert not world.stash.crashes
        assert not world.plex.failures


def rows(table: Locator) -> Locator:
    """The rows of a table, but for its head."""
    return table.locator("tbody").get_by_role("row")


def count_on(button: Locator) -> int:
    """The number that stands on a filter's button, or on what can be chosen in its list."""
    return int(re.sub(r"\D", "", button.inner_text()))


def titles(table: Locator) -> list[str]:
    return [row.get_by_role("link").first.inner_text() for row in rows(table).all()]


# -- overview --------------------------------------------------------------------------------------------


def test_the_overview_tells_how_the_scenes_stand_what_the_servers_are_and_what_to_do_next(
    visitor: Visitor,
) -> None:
    world = visitor.host.world
    visitor.goes_to("/")
    visitor.link("Stash2Plex").click()
    scenes = visitor.page.get_by_role("region", name="Scenes")
    expect(scenes).to_contain_text(f"{len(world.scene_ids)}Scenes")
    servers = visitor.page.get_by_role("region", name="Servers")
    for text in (world.stash.url, world.plex.url, "Films", "Clips"):
        expect(servers).to_contain_text(text)
    expect(visitor.next_step.get_by_role("button").or_(visitor.next_step.get_by_role("link"))).to_be_visible()
    visitor.page.get_by_role("region", name="Queue").get_by_role("link", name=f"{REFUSED} Failed").click()
    expect(rows(visitor.table("Queue and failures"))).to_have_count(REFUSED)


def test_a_task_that_runs_can_be_cancelled(visitor: Visitor) -> None:
    world = visitor.host.world
    visitor.opens("overview")
    fault = world.plex.faults.add("hang", "/library/sections")
    visitor.button("Reconcile Library (All)").click()
    assert fault.arrived.wait(20)
    visitor.sees("running…")
    visitor.button("Cancel Reconcile Library (All)").click()
    visitor.sees("Reconcile Library (All) was cancelled.")
    world.plex.faults.release()


def test_a_task_that_ends_with_an_error_says_so_and_why(visitor: Visitor) -> None:
    world = visitor.host.world
    visitor.opens("orphans")
    visitor.button("Find Orphans").click()
    visitor.sees("Find Orphans is done.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(world.settings, "plex_url", "http://127.0.0.1:1")
        visitor.button("Find Orphans").click()
        visitor.sees("Find Orphans failed.")
    visitor.sees("Plex cannot be reached")


# -- preview ---------------------------------------------------------------------------------------------


def test_the_preview_shows_old_and_new_of_each_field_and_one_field_alone(visitor: Visitor) -> None:
    visitor.opens("preview")
    table = visitor.table("Preview")
    row = rows(table).filter(has_text="second cut").first
    expect(row.get_by_role("deletion").first).to_be_visible()
    expect(row.get_by_role("insertion").filter(has_text="second cut")).to_be_visible()
    field = visitor.page.get_by_label("Field")
    rating = field.get_by_text(re.compile("^rating"))
    number = count_on(rating)
    field.select_option(rating.inner_text())
    expect(rows(table)).to_have_count(number)
    expect(rows(table).first.get_by_text("8.0")).to_be_visible()
    report = visitor.link("Open the report")
    expect(report).to_have_attribute("target", "_blank")
    answer = visitor.page.request.get(visitor.host.url + str(report.get_attribute("href")))
    assert answer.ok
    assert "second cut" in answer.text()
    assert "<script" not in answer.text()


# -- gaps ------------------------------------------------------------------------------------------------


def test_gaps_are_told_with_reason_and_cure_and_found_by_kind_and_by_search(visitor: Visitor) -> None:
    visitor.opens("gaps")
    table = visitor.table("Gaps")
    missing = visitor.page.get_by_role("button", name=re.compile("^Missing"))
    expect(missing).to_be_visible()
    number = count_on(missing)
    assert number
    missing.click()
    expect(rows(table)).to_have_count(number)
    expect(rows(table).first).to_contain_text("Plex has none of its files.")
    file = rows(table).nth(1).locator(".s2p-file").inner_text()
    visitor.page.get_by_role("searchbox").fill(file.rpartition("/")[2].upper())
    expect(rows(table)).to_have_count(1)
    visitor.page.reload()
    expect(rows(table)).to_have_count(1)
    expect(visitor.page.get_by_role("searchbox")).to_have_value(file.rpartition("/")[2].upper())
    visitor.page.get_by_role("searchbox").fill("no such file")
    visitor.sees("Nothing fits this search.")
    visitor.page.get_by_role("searchbox").fill("")
    expect(rows(table)).to_have_count(number)
    visitor.page.go_back()
    expect(missing).to_have_attribute("aria-pressed", "false")


def test_scenes_that_are_ticked_are_written_to_plex_at_once(visitor: Visitor) -> None:
    world = visitor.host.world
    visitor.opens("gaps", kind="stale")
    table = visitor.table("Gaps")
    expect(rows(table).first).to_be_visible()
    before, waiting = rows(table).count(), rows(table).filter(has_text="waiting")
    two = [waiting.nth(place).get_by_role("link").first.inner_text() for place in (-1, -2)]
    for place in (-1, -2):
        waiting.nth(place).get_by_role("checkbox").check()
    visitor.sees(f"2 of {before} ticked")
    visitor.page.get_by_role("group", name="Act on those ticked").get_by_role(
        "button", name="Sync now"
    ).click()
    visitor.sees("2 scenes queued.")
    visitor.sees("Process Queue is done.")
    expect(rows(table)).to_have_count(REFUSED)
    assert set(two) <= {item.title for item in world.plex.library.items()}


def test_a_scene_that_is_ignored_is_no_gap_until_it_is_no_longer_ignored(visitor: Visitor) -> None:
    visitor.opens("gaps", kind="missing")
    table = visitor.table("Gaps")
    expect(rows(table).first).to_be_visible()
    before = titles(table)
    rows(table).first.get_by_role("button", name="Ignore", exact=True).click()
    visitor.sees("1 scene ignored from now on.")
    expect(rows(table)).to_have_count(len(before) - 1)
    visitor.page.get_by_role("button", name=re.compile("^Ignored")).click()
    expect(rows(table)).to_have_count(1)
    assert titles(table) == before[:1]
    rows(table).first.get_by_role("button", name="Stop ignoring").click()
    visitor.sees("1 scene no longer ignored.")


# -- queue -----------------------------------------------------------------------------------------------


def test_what_failed_is_told_with_its_reason_and_retried(visitor: Visitor) -> None:
    world = visitor.host.world
    visitor.opens("queue", state="failed")
    table = visitor.table("Queue and failures")
    expect(rows(table)).to_have_count(REFUSED)
    expect(rows(table).first).to_contain_text("Plex refused it")
    world.plex.faults.clear()
    visitor.button(f"Tick all {REFUSED}").click()
    visitor.page.get_by_role("group", name="Act on those ticked").get_by_role("button", name="Retry").click()
    visitor.sees(f"{REFUSED} scenes queued.")
    visitor.sees("Nothing failed.")


def test_what_waits_is_removed_from_the_queue_only_after_a_question(visitor: Visitor) -> None:
    visitor.opens("queue", state="later")
    table = visitor.table("Queue and failures")
    expect(rows(table).first).to_be_visible()
    number = rows(table).count()
    remove = rows(table).first.get_by_role("button", name="Remove from the queue")
    remove.click()
    question = visitor.page.get_by_role("dialog")
    expect(question).to_contain_text("Nothing changes in Stash or Plex")
    visitor.page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    remove.click()
    question.get_by_role("button", name="Remove from the queue").click()
    visitor.sees("1 scene removed from the queue.")
    expect(rows(table)).to_have_count(number - 1)


# -- orphans ---------------------------------------------------------------------------------------------


def test_orphans_are_listed_by_library_and_ignored_one_by_one_or_all(visitor: Visitor) -> None:
    visitor.opens("orphans")
    table = visitor.table("Orphans")
    expect(rows(table)).to_have_count(3)
    rows(table).filter(has_text="School play").get_by_role("button", name="Ignore", exact=True).click()
    visitor.sees("1 item ignored from now on.")
    visitor.page.get_by_label("Library").select_option("Films (2)")
    expect(rows(table).filter(has_text="Ferry to the islands")).to_be_visible()
    visitor.page.get_by_role("button", name=re.compile("^Tick all")).click()
    visitor.page.get_by_role("group", name="Act on those ticked").get_by_role(
        "button", name="Ignore", exact=True
    ).click()
    visitor.sees("ignored from now on.")
    expect(rows(table)).to_have_count(0)
    visitor.page.get_by_role("button", name=re.compile("^Ignored")).click()
    expect(rows(table)).to_have_count(3)


# -- settings --------------------------------------------------------------------------------------------


def test_a_setting_is_checked_as_it_is_typed_and_saving_keeps_all_others(visitor: Visitor) -> None:
    stash = visitor.host.world.stash
    stash.plugin_settings["Another"] = {"colour": "blue"}
    before = dict(visitor.host.world.settings)
    visitor.opens("settings")
    expect(visitor.page.get_by_label("Plex token")).to_have_value("")
    days = visitor.page.get_by_label("Recent days")
    days.fill("999")
    expect(days).to_have_attribute("aria-invalid", "true")
    changes = visitor.page.get_by_role("group", name="Changes")
    expect(changes.get_by_role("button", name="Save")).to_be_disabled()
    days.fill("7")
    expect(days).to_have_attribute("aria-invalid", "false")
    visitor.page.get_by_label("Tags as").select_option("labels")
    visitor.page.evaluate("scrollTo(0, 0)")
    assert visitor.covered() == []
    changes.get_by_role("button", name="Save").click()
    expect(changes).to_have_count(0)
    assert visitor.host.world.settings == {**before, "recent_days": 7, "tags_as": "labels"}
    assert stash.plugin_settings["Another"] == {"colour": "blue"}
    stash.plugin_settings["Stash2Plex"] = before


def test_stashs_own_page_of_settings_has_what_is_required_first_and_leads_to_the_page(
    visitor: Visitor,
) -> None:
    visitor.goes_to("/settings")
    expect(visitor.page.get_by_role("heading", name="Plex URL")).to_be_visible()
    headings = visitor.page.get_by_role("tabpanel", name="Plugins").get_by_role("heading").all_inner_texts()
    assert headings.index("Plex URL") < headings.index("Plex token") < headings.index("Cover as background")
    visitor.link("Open the page").click()
    expect(visitor.page.get_by_label("Plex URL")).to_be_visible()
    # Stash itself sends all settings to its page of settings.
    visitor.host.world.stash.sent_to_browsers.clear()


# -- a scene ---------------------------------------------------------------------------------------------


def test_a_scenes_own_page_says_whose_value_each_field_is_and_syncs_it(visitor: Visitor) -> None:
    world = visitor.host.world
    scene_id = world.scene_ids[max(number for number, keys in world.rating_keys.items() if keys)]
    world.stash.library.update_scene(scene_id, title="Another title altogether")
    visitor.goes_to(f"/scenes/{scene_id}")
    visitor.page.get_by_role("tab", name="Plex").click()
    fields = visitor.page.get_by_label("Fields").first
    expect(fields).to_contain_text("Another title altogether")
    expect(visitor.link("Open in Plex").first).to_have_attribute("target", "_blank")
    visitor.button("Sync now").click()
    visitor.sees("1 scene queued.")
    world.stash.wait_for_jobs()
    visitor.button("Read again").click()
    expect(fields).to_contain_text("Both: Another title altogether")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(world.settings, "organized_only", True)
        visitor.button("Read again").click()
        visitor.sees("Not chosen")
        expect(visitor.button("Sync now")).to_have_count(0)
