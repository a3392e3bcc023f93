"""What each setting changes on the item in Plex, and that the next sync has nothing left to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_queue.claims import Outcome
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sync

pytestmark = pytest.mark.unmeasured

EVERYTHING = {
    "title": "The Harbour",
    "summary": "Details",
    "date": "2014-08-01",
    "studio": "North",
    "user_rating": 7.5,
    "roles": ["Ada", "Bea"],
    "directors": ["Doe, Jane"],
    "genres": ["Boats", "Sea"],
    "collections": ["North", "Series"],
}


@pytest.fixture
def bench(tmp_path: Path, warm_python: Callable[[], str]) -> Iterator[Bench]:
    with a_bench(tmp_path, python_of_tasks=warm_python) as bench:
        let_time_pass(bench.world)
        yield bench


def a_full_film(bench: Bench, **scene: Any) -> int:
    """The film “one”, with something in every field."""
    world, library = bench.world, bench.world.stash.library
    parent = library.add_studio("Whole Coast").id
    ada, bea = world.performer_ids("Ada", "Bea")
    library.change("performer", bea, disambiguation="Dancer")
    library.add_performer("bea")
    library.change("performer", ada, tags=world.tag_ids("Of Ada", "Sea"))
    values: dict[str, Any] = {
        "title": "The Harbour",
        "details": "Details",
        "date": "2014-08",
        "studio": library.add_studio("North", parent=parent).id,
        "rating100": 75,
        "performers": world.performer_ids("Bea", "Ada"),
        "director": "Doe, Jane",
        "tags": world.tag_ids("Sea", "Boats"),
        "groups": [(library.add_group("Series").id, None)],
        "cover": a_picture("cover"),
    }
    return world.add_film("one", plex={}, **{**values, **scene})


def shown(bench: Bench, *names: str) -> dict[str, Any]:
    """Attributes of the item; the order of names in a list is Plex's own, but for the actors'."""
    item = bench.world.item("one")
    values = {name: getattr(item, name) for name in names}
    return {
        name: sorted(value) if isinstance(value, list) and name != "roles" else value
        for name, value in values.items()
    }


def test_without_any_setting_every_field_is_carried(bench: Bench) -> None:
    a_full_film(bench)
    sync(bench)
    assert shown(bench, *EVERYTHING) == EVERYTHING
    assert shown(bench, "title_sort", "labels", "content_rating", "arts") == {
        "title_sort": "Harbour",
        "labels": [],
        "content_rating": "",
        "arts": [],
    }
    sync(bench)
    assert changing_requests(bench) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tags_as": "labels"}, {"labels": ["Boats", "Sea"], "genres": []}),
        ({"tags_as": "collections"}, {"collections": ["Boats", "North", "Sea", "Series"], "genres": []}),
        ({"tags_include": "sea, Unknown"}, {"genres": ["Sea"]}),
        ({"tags_exclude": "SEA"}, {"genres": ["Boats"]}),
        ({"tags_rename": "Sea=>Ocean; none=>some"}, {"genres": ["Boats", "Ocean"]}),
        ({"tags_rename": "Sea=>Boats"}, {"genres": ["Boats"]}),
        ({"tags_as": "labels", "tags_rename": "Sea=>Ocean", "tags_exclude": "Boats"}, {"labels": ["Ocean"]}),
        ({"collection_prefix": "Stash: -"}, {"collections": ["Stash: -North", "Stash: -Series"]}),
        ({"collection_prefix": "Z:"}, {"studio": "North", "genres": ["Boats", "Sea"]}),
        ({"parent_studio_collection": True}, {"collections": ["North", "Series", "Whole Coast"]}),
        ({"content_rating": "XXX"}, {"content_rating": "XXX"}),
        (
            {"title_template": "[{studio}: ]{title}[ ({year})]"},
            {"title": "North: The Harbour (2014)", "title_sort": None},
        ),
        ({"performer_tags": True}, {"genres": ["Boats", "Of Ada", "Sea"]}),
        ({"namesakes_everywhere": True}, {"roles": ["Ada", "Bea (Dancer)"]}),
        ({"performer_tags": True, "tags_exclude": "of ada"}, {"genres": ["Boats", "Sea"]}),
        ({"performer_tags": True, "tags_rename": "of ada=>Sea"}, {"genres": ["Boats", "Sea"]}),
        ({"summary_template": "{details}[\\n{performers}]"}, {"summary": "Details\nAda, Bea"}),
    ],
)
def test_a_setting_changes_what_its_name_says_from_the_first_sync_or_later(
    bench: Bench, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    a_full_film(bench)
    sync(bench, **settings)
    assert shown(bench, *expected) == expected
    sync(bench, **settings)
    assert changing_requests(bench) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"tags_as": "labels"}, {"labels": ["Boats", "Sea"], "genres": []}),
        ({}, {"tags_as": "collections"}, {"collections": ["Boats", "North", "Sea", "Series"], "genres": []}),
        (
            {"tags_as": "collections"},
            {},
            {"collections": ["North", "Series"], "genres": ["Boats", "Sea"]},
        ),
        ({}, {"tags_exclude": "Sea"}, {"genres": ["Boats"]}),
        ({"tags_exclude": "Sea"}, {}, {"genres": ["Boats", "Sea"]}),
        ({}, {"tags_rename": "Sea=>Ocean"}, {"genres": ["Boats", "Ocean"]}),
        ({}, {"collection_prefix": "S:"}, {"collections": ["S:North", "S:Series"]}),
        ({"collection_prefix": "S:"}, {}, {"collections": ["North", "Series"]}),
        ({"parent_studio_collection": True}, {}, {"collections": ["North", "Series"]}),
        ({"content_rating": "XXX"}, {"content_rating": "18"}, {"content_rating": "18"}),
        ({"content_rating": "XXX"}, {"content_rating": ""}, {"content_rating": ""}),
        ({}, {"performer_tags": True}, {"genres": ["Boats", "Of Ada", "Sea"]}),
        ({"performer_tags": True}, {}, {"genres": ["Boats", "Sea"]}),
        ({}, {"namesakes_everywhere": True}, {"roles": ["Ada", "Bea (Dancer)"]}),
        ({"namesakes_everywhere": True}, {}, {"roles": ["Ada", "Bea"]}),
        ({}, {"title_template": "{title}: {filename}"}, {"title": "The Harbour: one"}),
        ({"title_template": "{title}: {filename}"}, {}, {"title": "The Harbour"}),
        ({}, {"summary_template": "{code|url}"}, {"summary": ""}),
        ({"leave_fields": "summary, genres"}, {}, {"summary": "Details", "genres": ["Boats", "Sea"]}),
        ({}, {"leave_fields": "summary, genres"}, {"summary": "Details", "genres": ["Boats", "Sea"]}),
    ],
)
def test_a_setting_that_is_switched_reaches_what_was_synced_before(
    bench: Bench, before: dict[str, Any], after: dict[str, Any], expected: dict[str, Any]
) -> None:
    a_full_film(bench)
    sync(bench, **before)
    sync(bench, **after)
    assert shown(bench, *expected) == expected
    sync(bench, **after)
    assert changing_requests(bench) == []


@pytest.mark.parametrize(
    ("left", "attribute", "kept"),
    [
        ("title", "title", "By hand"),
        ("sort title", "title_sort", "Hand"),
        ("summary", "summary", "By hand"),
        ("date", "date", "1999-09-09"),
        ("studio", "studio", "By hand"),
        ("content rating", "content_rating", "PG"),
        ("rating", "user_rating", 1.0),
        ("actors", "roles", ["By Hand"]),
        ("directors", "directors", ["By Hand"]),
        ("genres", "genres", ["By Hand"]),
        ("collections", "collections", ["By Hand"]),
    ],
)
def test_a_field_to_leave_alone_keeps_what_plex_has_and_the_others_are_carried(
    bench: Bench, left: str, attribute: str, kept: Any
) -> None:
    scene_id = a_full_film(bench)
    bench.world.plex.library.set_fields(bench.world.item("one"), {attribute: kept})
    settings = {"leave_fields": left, "content_rating": "XXX"}
    sync(bench, **settings)
    others = [name for name in EVERYTHING if name != attribute]
    assert shown(bench, *others) == {name: EVERYTHING[name] for name in others}
    bench.world.stash.library.update_scene(
        scene_id, title="A", details="B", date="2001", studio=None, rating100=1, director="", tags=()
    )
    sync(bench, **settings)
    assert shown(bench, attribute) == {attribute: kept}
    assert attribute not in bench.world.item("one").locked
    sync(bench, **settings)
    assert changing_requests(bench) == []


@pytest.mark.parametrize("before", [{}, {"content_rating": "XXX"}], ids=["never set", "emptied"])
def test_a_content_rating_that_a_person_chose_in_plex_is_not_taken_away(
    bench: Bench, before: dict[str, Any]
) -> None:
    a_full_film(bench)
    sync(bench, **before)
    bench.world.plex.library.set_fields(bench.world.item("one"), {"content_rating": "PG"})
    sync(bench)
    assert shown(bench, "content_rating") == {"content_rating": "PG"}


def test_labels_to_leave_alone_keep_what_plex_has(bench: Bench) -> None:
    a_full_film(bench)
    bench.world.plex.library.set_fields(bench.world.item("one"), {"labels": ["Mine"]})
    sync(bench, tags_as="labels", leave_fields="labels")
    assert shown(bench, "labels", "summary") == {"labels": ["Mine"], "summary": "Details"}


def test_labels_and_collections_that_people_keep_in_plex_are_only_added_to(bench: Bench) -> None:
    a_full_film(bench)
    item = bench.world.item("one")
    bench.world.plex.library.set_fields(item, {"labels": ["Mine"], "collections": ["To Watch"]})
    sync(bench, tags_as="labels")
    assert shown(bench, "labels", "collections") == {
        "labels": ["Boats", "Mine", "Sea"],
        "collections": ["North", "Series", "To Watch"],
    }


def test_an_item_with_the_opt_out_label_gets_neither_texts_nor_images(bench: Bench) -> None:
    scene_id = a_full_film(bench)
    bench.world.plex.library.set_fields(bench.world.item("one"), {"labels": ["Hands Off"]})
    bench.save(scene_id)
    bench.world.clear_requests()
    outcomes = bench.drain(opt_out_label="hands off").outcomes
    assert (outcomes[Outcome.OPTED_OUT], changing_requests(bench)) == (1, [])
    assert (bench.waiting(), bench.failed()) == ([], [])


def test_an_item_whose_opt_out_label_is_taken_away_is_carried_at_the_next_sync(bench: Bench) -> None:
    a_full_film(bench)
    item = bench.world.item("one")
    bench.world.plex.library.set_fields(item, {"labels": ["Hands Off"]})
    sync(bench, opt_out_label="Hands Off")
    bench.world.plex.library.set_fields(item, {"labels": []})
    sync(bench, opt_out_label="Hands Off")
    assert item.summary == "Details"


def test_performers_pictures_are_shown_from_the_address_that_the_setting_gives(bench: Bench) -> None:
    library = bench.world.stash.library
    bench.world.stash.external_host = "https://elsewhere.example"
    pictured = library.add_performer("Ada", image=a_picture("ada")).id
    plain = library.add_performer("Bea").id
    a_full_film(bench, performers=[pictured, plain])
    bench.world.settings.update(performer_image_address="http://192.168.1.5:9999")
    for task in ("Reconcile Library (All)", "Process Queue"):
        assert bench.world.stash.run_task(task).exit_status == 0
    tags = {name: bench.world.plex.library.tag("actor", name).thumb for name in ("Ada", "Bea")}
    assert tags["Bea"] == ""
    assert tags["Ada"].startswith(f"http://192.168.1.5:9999/performer/{pictured}/image")
    bench.save(1)
    bench.world.clear_requests()
    assert bench.world.stash.run_task("Process Queue").exit_status == 0
    assert changing_requests(bench) == []


def test_without_that_setting_no_picture_is_given(bench: Bench) -> None:
    a_full_film(bench, performers=[bench.world.stash.library.add_performer("Ada", image=a_picture("ada")).id])
    sync(bench)
    assert bench.world.plex.library.tag("actor", "Ada").thumb == ""


@pytest.mark.parametrize(
    ("title", "expected"),
    [("The Sea", "Sea"), ("An Evening", "Evening"), ("a boat", "boat"), ("Theatre", None), ("The", None)],
)
def test_a_title_that_starts_with_an_article_is_sorted_without_it(
    bench: Bench, title: str, expected: str | None
) -> None:
    scene_id = a_full_film(bench, title=title)
    sync(bench)
    assert shown(bench, "title", "title_sort") == {"title": title, "title_sort": expected}
    bench.world.stash.library.update_scene(scene_id, title="Plain")
    sync(bench)
    item = bench.world.item("one")
    # Plex shows no sort title that is the title.
    assert (item.title, item.title_sort or "Plain", "titleSort" in item.locked) == ("Plain", "Plain", False)


@pytest.mark.parametrize(("rating", "expected"), [(100, 10.0), (75, 7.5), (1, 0.1), (None, None), (0, None)])
def test_a_rating_is_divided_by_ten_and_taken_away_with_stashs(
    bench: Bench, rating: int | None, expected: float | None
) -> None:
    scene_id = a_full_film(bench, rating100=rating)
    sync(bench)
    assert bench.world.item("one").user_rating == expected
    bench.world.stash.library.update_scene(scene_id, rating100=None)
    sync(bench)
    assert bench.world.item("one").user_rating is None


@pytest.mark.parametrize(
    ("date", "expected"), [("2014", "2014-01-01"), ("2014-08", "2014-08-01"), ("2014-08-31", "2014-08-31")]
)
def test_a_partial_date_stands_for_its_first_day_and_is_not_written_again(
    bench: Bench, date: str, expected: str
) -> None:
    a_full_film(bench, date=date)
    sync(bench)
    assert bench.world.item("one").date == expected
    sync(bench)
    assert changing_requests(bench) == []


def test_a_group_that_is_left_takes_its_collection_along(bench: Bench) -> None:
    scene_id = a_full_film(bench)
    sync(bench)
    bench.world.stash.library.update_scene(scene_id, groups=())
    sync(bench)
    assert bench.world.item("one").collections == ["North"]
