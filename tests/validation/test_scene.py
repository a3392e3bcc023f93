"""A scene of Stash's GraphQL answer is read, or refused by its id and the field."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.values import NOON, a_scene, raw_scene
from validation.exceptions import SceneMalformed
from validation.scene import Scene, SceneFile, parse_scene, parse_timestamp

MADE_UP = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_infinity=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("name", "path", "size", "group", "screenshot")), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_everything_a_person_curated_is_read() -> None:
    raw = raw_scene(
        id="7",
        title="Morning",
        details="Two\nlines.",
        date="2024-05-06",
        director="Dee",
        rating100=80,
        studio={"name": "Harbour", "parent_studio": {"name": "Coast"}},
        performers=[{"name": "Ada"}, {"name": "Bo"}],
        tags=[{"name": "Sea"}],
        groups=[{"group": {"name": "Series"}}],
        files=[{"path": "/data/a.mp4", "size": 5}, {"path": "/data/b.mp4", "size": None}],
        paths={"screenshot": "http://stash/7"},
    )
    assert parse_scene(raw) == Scene(
        id=7,
        updated_at=NOON,
        title="Morning",
        details="Two\nlines.",
        date="2024-05-06",
        director="Dee",
        rating100=80,
        studio="Harbour",
        parent_studio="Coast",
        performers=("Ada", "Bo"),
        tags=("Sea",),
        groups=("Series",),
        files=(SceneFile("/data/a.mp4", 5), SceneFile("/data/b.mp4", None)),
        screenshot_url="http://stash/7",
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_text_both_mean_not_set(nothing: str | None) -> None:
    raw = raw_scene(
        title=nothing, details=nothing, director=nothing, date=nothing, paths={"screenshot": nothing}
    )
    assert parse_scene(raw) == a_scene()


@pytest.mark.parametrize("date", ["2014", "2014-08", "2014-08-03", "0001-01-01"])
def test_a_date_may_be_partial(date: str) -> None:
    assert parse_scene(raw_scene(date=date)).date == date


@pytest.mark.parametrize("rating", [(None, None), (0, None), (1, 1), (100, 100)])
def test_a_rating_of_zero_is_no_rating(rating: tuple[int | None, int | None]) -> None:
    assert parse_scene(raw_scene(rating100=rating[0])).rating100 == rating[1]


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-28T12:00:00Z",
        "2025-12-28T04:00:00-08:00",
        "2025-12-28T17:30:00+05:30",
        "2025-12-28T12:00:00.123456789Z",
        "2025-12-28T04:00:00.5-08:00",
        " 2025-12-28T12:00:00Z ",
        "2025-12-28T12:00:00",
    ],
)
def test_timestamps_in_any_offset_are_the_same_instant(text: str) -> None:
    assert parse_timestamp(text) == NOON


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)),
    st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters))),
)
def test_every_timestamp_keeps_its_instant(moment: datetime, zone: timezone) -> None:
    whole = moment.replace(microsecond=0, tzinfo=zone)
    assert parse_timestamp(whole.isoformat()) == whole


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 5),
        ("title", ["a"]),
        ("details", {"text": "a"}),
        ("director", False),
        ("date", "May 2014"),
        ("date", "2014-8-3"),
        ("date", "２０１４"),
        ("date", 2014),
        ("date", "2014-13-01"),
        ("date", "2014-02-30"),
        ("date", "2014-00"),
        ("date", "0000"),
        ("rating100", "80"),
        ("rating100", 101),
        ("rating100", -1),
        ("rating100", 4.5),
        ("rating100", True),
        ("updated_at", None),
        ("updated_at", "yesterday"),
        ("updated_at", 1700000000),
        ("studio", "Harbour"),
        ("studio", {"id": "1"}),
        ("studio", {"name": None}),
        ("performers", None),
        ("performers", ["Ada"]),
        ("performers", [{"name": None}]),
        ("tags", None),
        ("tags", [None]),
        ("groups", [{"group": None}]),
        ("files", None),
        ("files", [{"path": "/a.mp4"}]),
        ("files", [{"path": "", "size": 1}]),
        ("files", [{"path": None, "size": 1}]),
        ("files", [{"path": "/a.mp4", "size": "big"}]),
        ("files", [{"path": "/a.mp4", "size": -1}]),
        ("files", [{"path": "/a.mp4", "size": 2**63}]),
        ("files", [{"path": "/a.mp4", "size": 10**400}]),
        ("files", [{"path": "/a.mp4", "size": 1.5}]),
        ("files", [{"path": "/a.mp4", "size": float("nan")}]),
        ("files", [{"path": "/a.mp4", "size": True}]),
        ("files", [{"path": "/a.mp4", "size": "9" * 5000}]),
        ("files", {}),
        ("files", "/a.mp4"),
        ("tags", {}),
        ("groups", None),
        ("performers", [{"name": "Ada", "disambiguation": 1}, {"name": "Ada", "disambiguation": None}]),
        ("paths", ["a"]),
    ],
)
def test_a_malformed_field_is_named_with_the_scenes_id(field: str, value: object) -> None:
    with pytest.raises(SceneMalformed, match=rf"Scene 42: .* for its {field};") as raised:
        parse_scene(raw_scene(id="42", **{field: value}))
    assert raised.value.scene_id == "42"


def test_the_largest_size_that_a_database_can_keep_is_a_size() -> None:
    raw = raw_scene(files=[{"path": "/a.mp4", "size": 2**63 - 1}, {"path": "/b.mp4", "size": "12"}])
    assert [file.size for file in parse_scene(raw).files] == [2**63 - 1, 12]


def test_performers_of_one_name_are_told_apart_as_stash_tells_them_apart() -> None:
    performers = [
        {"name": "Ada Heath", "disambiguation": "actress", "image_path": "/performer/1/image"},
        {"name": "ada heath", "disambiguation": "", "image_path": "/performer/2/image"},
        {"name": "Ada Heath", "disambiguation": " singer ", "image_path": "/performer/3/image?default=true"},
        {"name": "Bo Lind", "disambiguation": "dancer", "image_path": "/performer/4/image"},
        {"name": "Cy", "disambiguation": None},
        {"name": "Di"},
    ]
    scene = parse_scene(raw_scene(performers=performers))
    told_apart = ("Ada Heath (actress)", "ada heath", "Ada Heath (singer)", "Bo Lind", "Cy", "Di")
    assert scene.performers == told_apart
    assert scene.performer_pictures == (
        ("Ada Heath (actress)", "/performer/1/image"),
        ("ada heath", "/performer/2/image"),
        ("Bo Lind", "/performer/4/image"),
    )


def test_a_field_that_stash_left_out_is_named() -> None:
    raw = raw_scene()
    del raw["files"]
    with pytest.raises(SceneMalformed, match=r"Scene 1: .* its files"):
        parse_scene(raw)


@pytest.mark.parametrize(
    "raw", [None, [], "scene", 5, {}, {"id": None}, {"id": "x"}, {"id": "-1"}, {"id": "１"}]
)
def test_what_is_no_scene_is_refused(raw: object) -> None:
    with pytest.raises(SceneMalformed, match="Scene without an id"):
        parse_scene(raw)


@pytest.mark.parametrize(
    "field",
    ["details", "date", "studio", "performers", "tags", "title", "director", "rating100", "groups"],
)
def test_a_scene_with_any_curated_field_is_worth_pushing(field: str) -> None:
    value: Any = ("Ada",) if field in ("performers", "tags", "groups") else "2014"
    assert a_scene(**{field: value}).is_worth_pushing


def test_a_scene_as_a_scan_leaves_it_is_bare() -> None:
    assert a_scene().is_bare
    assert not a_scene(title="one").is_bare


@given(st.dictionaries(st.sampled_from(tuple(raw_scene())), MADE_UP, max_size=4))
@settings(max_examples=80)
def test_any_json_is_a_scene_or_is_refused_as_malformed(changes: dict[str, Any]) -> None:
    raw = json.loads(json.dumps(raw_scene(**changes)))
    scene, refused = None, ""
    try:
        scene = parse_scene(raw)
    except SceneMalformed as error:
        refused = str(error)
    assert isinstance(scene, Scene) or refused.startswith("Scene ")
