"""What the page tells of a scene's logo: what each side has, and whether the next sync brings it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.builders.sync import a_picture, changing_requests, let_time_pass

A, MINE = a_picture("a"), a_picture("mine")


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """The same, with one film of a studio that has a picture, in a Plex that knows logos."""
    let_time_pass(bench.world)
    bench.world.settings["studio_logo"] = True
    studio = bench.world.stash.library.add_studio("North", image=A).id
    bench.save(bench.world.add_film("one", details="Text", studio=studio, plex={}))
    return bench


def logo(operations: Operations) -> dict[str, Any]:
    """What is told of the logo, but for its names."""
    (item,) = operations.result("scene", scene_id=1)["items"]
    (one,) = [field for field in item["fields"] if field["field"] == "clearLogo"]
    assert one["title"] == "logo"
    return dict(one)


def short(operations: Operations) -> tuple[str, str, str, bool]:
    one = logo(operations)
    return one["stash"], one["plex"], one["winner"], one["will_write"]


def test_it_is_told_before_and_after_the_first_sync(operations: Operations, bench: Bench) -> None:
    assert short(operations) == ("the picture of North", "", "stash", True)
    assert changing_requests(bench) == []
    bench.drain()
    after = logo(operations)
    assert (after["winner"], after["plex"], after["is_locked"]) == ("same", "the picture of North", True)
    assert after["words"] == "Both have the same."


def test_without_the_setting_nothing_is_told_of_it(operations: Operations, bench: Bench) -> None:
    bench.world.settings["studio_logo"] = False
    (item,) = operations.result("scene", scene_id=1)["items"]
    assert not any(field["field"] == "clearLogo" for field in item["fields"])


def test_a_logo_that_a_person_chose_stays(operations: Operations, bench: Bench) -> None:
    bench.drain()
    bench.world.plex.library.upload_image(bench.world.item("one").rating_key, "clearLogo", MINE)
    assert short(operations) == ("the picture of North", "another picture", "plex", False)
    bench.world.settings["preserve_plex_edits"] = True
    assert "preserve_plex_edits" in logo(operations)["words"]


def test_a_picture_that_changed_is_brought_but_not_for_an_ignored_scene(
    operations: Operations, bench: Bench
) -> None:
    bench.drain()
    library = bench.world.stash.library
    library.studios[1].image = MINE
    library.rename("studio", 1, "North")
    assert short(operations) == ("the picture of North", "a picture from Stash", "stash", True)
    with bench.state() as state:
        state.ignored.add([1])
    assert short(operations)[2:] == ("stash", False)


@pytest.mark.parametrize(("version", "winner"), [("1.43.0", "stash"), ("1.42.0", "plex")])
def test_a_logo_whose_studio_goes_is_told_as_that(
    operations: Operations, bench: Bench, version: str, winner: str
) -> None:
    bench.world.plex.library.version = version
    bench.drain()
    bench.world.stash.library.update_scene(1, studio=None)
    assert short(operations) == ("", "a picture from Stash", winner, winner == "stash")


def test_of_a_plex_without_logos_that_is_told(operations: Operations, bench: Bench) -> None:
    bench.world.plex.behaviour.logos = "404"
    bench.drain()
    assert short(operations) == ("the picture of North", "", "left alone", False)
    assert "does not know logos" in logo(operations)["words"]


def test_of_an_item_that_is_opted_out_that_is_told(operations: Operations, bench: Bench) -> None:
    bench.world.settings["opt_out_label"] = "Hands off"
    bench.world.item("one").labels = ["Hands off"]
    assert short(operations)[2:] == ("left alone", False)
