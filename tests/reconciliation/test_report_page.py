"""The reports say when they were made, and lead to the scenes and items that they are about."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reconciliation.html_page import Links, report_page
from reconciliation.reports import Place
from tests.builders.entry import Here
from tests.reconciliation.test_preview import Page
from tests.servers.world import World

LINKS = Links("http://stash:9999", "http://plex:32400", "made-up-machine")
MADE_AT = 1_700_000_000.0


def links_in(page: Page) -> list[str | None]:
    return [attributes["href"] for tag, attributes in page.elements if tag == "a"]


def the_page(folder: Path) -> Path:
    path = folder / "a report.html"
    texts = {"title": "t", "heading": "h", "introduction": "Nothing was changed.", "columns": "1fr"}
    with report_page(
        Place(path, folder / "a report.html.new"), links=LINKS, made_at=MADE_AT, **texts
    ) as file:
        file.write("<p>body</p>")
    return path


def test_a_report_says_when_it_was_made_and_where_its_links_lead(tmp_path: Path) -> None:
    (introduction, _) = Page(the_page(tmp_path).read_text(encoding="utf-8")).texts["p"]
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(MADE_AT))
    assert introduction.startswith(f"Nothing was changed. Made on {made}.")
    assert "http://stash:9999" in introduction
    assert "http://plex:32400" in introduction


def test_a_link_in_the_place_of_the_draft_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "somebody's file"
    victim.write_text("precious")
    (tmp_path / "a report.html.new").symlink_to(victim)
    path = the_page(tmp_path)
    assert victim.read_text() == "precious"
    assert not path.is_symlink()


def test_the_preview_leads_to_scene_and_item(world: World, here: Here) -> None:
    scene_id = world.add_film("one", details="Text", plex={})
    here.run({"mode": "preview"})
    page = Page((world.reports / "preview.html").read_text(encoding="utf-8"))
    to_scene, to_item = links_in(page)
    assert to_scene == f"{world.stash.url}/scenes/{scene_id}"
    key = world.item("one").rating_key
    machine = world.plex.library.machine_identifier
    path = f"/web/index.html#!/server/{machine}/details?key=%2Flibrary%2Fmetadata%2F{key}"
    assert to_item == world.plex.url + path


def test_the_orphans_lead_to_their_items(world: World, here: Here) -> None:
    world.add_film("one", plex={})
    item = world.plex.library.add_item(1, (("/media/Films/left over.mp4", 5),), title="Left Over")
    here.run({"mode": "find_orphans"})
    (link,) = links_in(Page((world.reports / "orphans.html").read_text(encoding="utf-8")))
    assert str(link).endswith(f"%2Flibrary%2Fmetadata%2F{item.rating_key}")


def test_the_address_that_players_use_is_the_one_that_leads_to_scenes(world: World, here: Here) -> None:
    world.settings["performer_image_address"] = "http://192.168.1.10:9999"
    scene_id = world.add_film("one", details="Text", plex={})
    here.run({"mode": "preview"})
    page = Page((world.reports / "preview.html").read_text(encoding="utf-8"))
    assert links_in(page)[0] == f"http://192.168.1.10:9999/scenes/{scene_id}"


@pytest.mark.parametrize("orphans", [0, 1])
def test_orphans_are_said_to_be_listed_only_where_there_are_some(
    world: World, here: Here, orphans: int
) -> None:
    world.add_film("one", plex={})
    for n in range(orphans):
        world.plex.library.add_item(1, ((f"/media/Films/left over {n}.mp4", 5),))
    last = here.run({"mode": "find_orphans"}).texts("info")[-1]
    expected = f"Plex items without a scene are listed in the report {world.reports / 'orphans.html'}"
    assert last == (expected if orphans else "Every Plex item has a scene.")
