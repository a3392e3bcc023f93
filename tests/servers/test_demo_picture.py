"""The picture in the README shows what the plugin does today, and any title can be drawn in it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.servers.demo_picture import PICTURE, Shown, cut, picture, run, svg
from tests.servers.world import ROOT, a_world

BARE = Shown("VID_1", {"Studio": "", "Cast": ""}, "", has_poster=False)


def texts_in(drawing: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(drawing).iter() if element.text]


def test_the_picture_in_the_docs_is_the_one_that_make_picture_draws_today() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture()


def test_the_readme_shows_the_picture_before_its_first_heading() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
    assert f"]({PICTURE.relative_to(ROOT).as_posix()})" in first_screen


@pytest.mark.parametrize("title", ["<b>", "Rock & Roll", '"Quoted"', "Zoë’s “day”"])
def test_a_title_is_shown_as_it_is_whatever_characters_it_has(title: str) -> None:
    drawn = texts_in(svg(BARE, BARE._replace(title=title, facts={"Cast": title}, summary=title)))
    assert drawn.count(title) == 3


def test_what_is_empty_is_shown_as_a_dash() -> None:
    assert texts_in(svg(BARE, BARE)).count("–") == 2 * len(("studio", "cast", "summary"))


def test_a_text_that_is_too_long_ends_with_dots_on_its_last_line() -> None:
    lines = cut("word " * 100, width=200, size=13, most=2)
    assert len(lines) == 2
    assert lines[-1].endswith(" …")


def test_no_picture_is_drawn_of_a_sync_that_failed(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        world.settings["plex_token"] = ""
        with pytest.raises(RuntimeError, match="Process Queue failed"):
            run(world, "Process Queue")
