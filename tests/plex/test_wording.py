"""Titles and summaries by template, in the fields that Plex gets."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plex.fields import FIELDS, PlexFields, fields_of_scene
from tests.builders.values import a_config, a_scene
from validation.scene import Scene
from validation.scene_fragment import CODE, URLS, needed_by
from validation.template import NAMES

FULL = a_scene(
    files=(("/data/North/one.two.mp4", 1),),
    title="The Harbour",
    code="N-1",
    date="2014-08",
    studio="North",
    parent_studio="Coast",
    performers=("Bea", "Ada"),
    groups=("Series", "Best"),
    rating100=75,
    url="https://north.example/1",
    details="Long\nago",
)
texts = st.text(alphabet=st.characters(), max_size=12)
scenes = st.builds(
    lambda long, **texts: a_scene(**{**texts, "title": texts["title"] * long}),
    long=st.sampled_from([1, 1, 400]),
    **dict.fromkeys(("title", "code", "details", "studio", "parent_studio", "url"), texts),
    performers=st.lists(texts, max_size=2).map(tuple),
    rating100=st.none() | st.integers(1, 100),
)
LIMITS = {field.name: field.limit for field in FIELDS}
JOINED = "\U0001f9dc\u200d\u2640"
PIECES = ("{title}", "{code}", "[{studio}: ]", "{details}", r"\n", "[ {performers|url}]", JOINED, " - ")
some_pieces = st.lists(st.sampled_from(PIECES), min_size=1)
some_templates = some_pieces.map(lambda pieces: "".join([*pieces, "{title}"]))


def titled(template: str, scene: Scene = FULL, **stored: Any) -> PlexFields:
    return fields_of_scene(scene, a_config(title_template=template, **stored))


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "title": "The Harbour",
        "code": "N-1",
        "date": "2014-08",
        "year": "2014",
        "studio": "North",
        "parent_studio": "Coast",
        "performers": "Ada, Bea",
        "groups": "Series, Best",
        "rating": "7.5",
        "url": "https://north.example/1",
        "filename": "one.two",
        "details": "Long ago",
    }.items(),
)
def test_every_name_stands_for_what_the_scene_has(name: str, expected: str) -> None:
    assert titled(f"{{{name}}}").text("title") == expected


def test_every_name_is_empty_for_a_scene_of_which_nothing_is_known() -> None:
    for name in NAMES:
        assert titled(f"{{{name}}}", a_scene(files=())).text("title") == ""


def test_a_summary_keeps_its_lines_and_a_title_has_one() -> None:
    fields = titled(r"{title}\n{details}", summary_template=r"[{url}\n]{details}")
    assert fields.text("title") == "The Harbour Long ago"
    assert fields.text("summary") == "https://north.example/1\nLong\nago"


def test_the_sort_title_is_that_of_the_title_that_plex_gets() -> None:
    assert titled("{title} ({year})").text("titleSort") == "Harbour (2014)"
    assert titled("{studio}: {title}").text("titleSort") == ""


def test_a_scene_without_title_gets_the_name_of_its_file_only_where_the_template_says_so() -> None:
    scene = a_scene(studio="North")
    assert fields_of_scene(scene, a_config()).text("title") == ""
    assert titled("{title}[ ({year})]", scene).text("title") == ""
    assert titled("{title|filename}", scene).text("title") == "one"


def test_stash_is_asked_for_more_only_where_a_template_names_it() -> None:
    assert needed_by(a_config()) == frozenset()
    assert needed_by(a_config(title_template="[{code} ]{title}")) == {CODE}
    assert needed_by(a_config(summary_template="{details|url}")) == {URLS}


@given(scenes, some_templates)
def test_a_title_is_one_line_without_control_characters_and_ends_with_a_whole_character(
    scene: Scene, template: str
) -> None:
    title = titled(template, scene).text("title")
    assert len(title) <= LIMITS["title"]
    assert title == title.strip()
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in title)
    assert not title.endswith("\u200d")


@given(scenes, some_templates)
def test_a_summary_has_no_control_characters_but_line_breaks(scene: Scene, template: str) -> None:
    summary = fields_of_scene(scene, a_config(summary_template=template)).text("summary")
    assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in summary if one not in "\n\x85")


@pytest.mark.parametrize("before", range(5))
def test_a_summary_that_is_too_long_ends_with_a_whole_character(before: int) -> None:
    astronaut = "\U0001f469\u200d\U0001f680"
    scene = a_scene(details="x" * before + astronaut * 10_000)
    summary = fields_of_scene(scene, a_config(summary_template="{details}")).text("summary")
    assert LIMITS["summary"] - 5 <= len(summary) <= LIMITS["summary"]
    assert not summary.endswith(("\u200d", "\U0001f469"))


@given(scenes)
def test_a_scene_with_a_title_has_one_under_a_template_that_names_it(scene: Scene) -> None:
    plain = fields_of_scene(scene, a_config()).text("title")
    assert bool(titled("[{studio}: ]{title|code|filename}", scene).text("title")) or not plain
