"""What the settings change in the fields that Plex gets."""

from __future__ import annotations

from typing import Any

import pytest

from plex.fields import FIELDS, PlexFields, fields_of_scene
from tests.builders.values import NOON, a_config, a_scene
from validation.config import FIELD_NAMES

SCENE = a_scene(
    title="The Morning",
    studio="Harbour",
    parent_studio="Coast",
    groups=("Series",),
    tags=("Sea", "Boats", "Secret"),
    performers=("Ada",),
    rating100=85,
    created_at=NOON,
)


def under(**stored: Any) -> PlexFields:
    return fields_of_scene(SCENE, a_config(**stored))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, ("Sea", "Boats", "Secret")),
        ({"tags_exclude": "secret, nothing"}, ("Sea", "Boats")),
        ({"tags_include": "SEA,Boats"}, ("Sea", "Boats")),
        ({"tags_include": "Sea,Secret", "tags_exclude": "Secret"}, ("Sea",)),
        ({"tags_rename": "sea=>Ocean; boats => Ships"}, ("Ocean", "Ships", "Secret")),
        ({"tags_rename": "sea=>Boats"}, ("Boats", "Secret")),
        ({"tags_as": "Genres"}, ("Sea", "Boats", "Secret")),
        ({"tags_as": "labels"}, ()),
        ({"tags_as": "collections"}, ()),
    ],
)
def test_genres_are_the_tags_that_the_settings_admit(
    stored: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert under(**stored).tags("genre") == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, ("Harbour", "Series")),
        ({"parent_studio_collection": True}, ("Harbour", "Series", "Coast")),
        ({"collection_prefix": "Stash:"}, ("Stash:Harbour", "Stash:Series")),
        ({"tags_as": "collections", "tags_include": "Sea"}, ("Harbour", "Series", "Sea")),
    ],
)
def test_collections_are_studio_and_groups_and_what_the_settings_add(
    stored: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert under(**stored).tags("collection") == expected


def test_a_prefix_makes_no_collection_of_a_scene_without_studio() -> None:
    fields = fields_of_scene(a_scene(title="one"), a_config(collection_prefix="Stash:"))
    assert fields.tags("collection") == ()


def test_labels_are_carried_only_where_tags_are_labels() -> None:
    assert under(tags_as="labels").tags("label") == ("Sea", "Boats", "Secret")
    assert under().tags("label") == ()


def test_the_content_rating_is_the_one_that_the_setting_names() -> None:
    assert under(content_rating="XXX").text("contentRating") == "XXX"
    assert under().text("contentRating") == ""


@pytest.mark.parametrize(
    ("rating", "expected"), [(None, ""), (1, "0.1"), (20, "2.0"), (85, "8.5"), (100, "10.0")]
)
def test_a_rating_of_100_in_stash_is_10_in_plex(rating: int | None, expected: str) -> None:
    assert fields_of_scene(a_scene(rating100=rating), a_config()).text("userRating") == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The Morning", "Morning"),
        ("a morning", "morning"),
        ("An Evening", "Evening"),
        ("Theory", ""),
        ("The", ""),
        ("Morning", ""),
        ("", ""),
    ],
)
def test_a_title_is_sorted_without_its_article(title: str, expected: str) -> None:
    assert fields_of_scene(a_scene(title=title), a_config()).text("titleSort") == expected


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_that_is_to_be_left_alone_is_not_carried(field: Any) -> None:
    tags_as = "labels" if field.name == "label" else "genres"
    settings = {"tags_as": tags_as, "content_rating": "XXX", "date_added": "created"}
    with_it = under(**settings)
    without = under(**settings, leave_fields=f" {field.title.upper()} ")
    assert set(with_it.values) - set(without.values) == {field.name}
    assert without.fingerprint() != with_it.fingerprint()


def test_every_field_can_be_named_in_the_setting() -> None:
    assert {field.title for field in FIELDS} <= set(FIELD_NAMES)
