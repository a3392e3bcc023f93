"""What the page tells of one scene: its items, and field by field what the next sync does."""

from __future__ import annotations

from typing import Any

from plex.fields import FIELDS
from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.builders.sync import a_picture, changing_requests
from tests.servers.world import World


def told(operations: Operations, scene_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The only item of a scene, and its fields by name."""
    (item,) = operations.result("scene", scene_id=scene_id)["items"]
    # A date added is none of them unless a setting asks for it.
    names = [field.name for field in FIELDS if field.name != "addedAt"]
    assert [field["field"] for field in item["fields"]] == names
    return item, {field["field"]: field for field in item["fields"]}


def test_before_the_first_sync_it_says_what_will_be_written_and_writes_nothing(
    world: World, operations: Operations
) -> None:
    tags = world.tag_ids("Sea", "Sun")
    one = world.add_film("one", title="One", details="Text", tags=tags, plex={"summary": "Theirs"})
    item, fields = told(operations, one)
    assert (item["level"], item["level_words"], item["library"]) == ("exact", "by path", "Films")
    assert item["file"] == "/media/Films/one.mp4"
    assert item["plex_address"].startswith(f"{world.plex.url}/web/index.html#!/server/")
    summary = fields["summary"]
    assert (summary["stash"], summary["plex"], summary["pushed"]) == ("Text", "Theirs", None)
    assert (summary["winner"], summary["will_write"], summary["is_locked"]) == ("stash", True, False)
    assert fields["genre"]["stash"] == ["Sea", "Sun"]
    assert fields["genre"]["words"] == "Added: Sea, Sun."
    assert (fields["director"]["winner"], fields["director"]["words"]) == ("same", "Both have the same.")
    assert changing_requests(Bench(world)) == []


def test_after_a_sync_it_says_what_was_pushed_and_whose_edit_wins(
    world: World, operations: Operations, bench: Bench
) -> None:
    one = world.add_film("one", title="One", details="Text", date="2014-05-06", director="Ada", plex={})
    bench.save(one)
    bench.drain()
    world.plex.library.edit_by_hand(world.item("one").rating_key, summary="Edited in Plex")
    world.stash.library.update_scene(one, title="One, edited in Stash")
    _, fields = told(operations, one)
    summary, title = fields["summary"], fields["title"]
    assert (summary["winner"], summary["pushed"], summary["is_locked"]) == ("plex", "Text", True)
    assert summary["words"].startswith("Somebody changed it in Plex")
    assert (title["winner"], title["plex"], title["pushed"]) == ("stash", "One", "One")
    assert title["words"] == "It changed in Stash since it was last written."
    world.stash.library.update_scene(one, details="Edited in Stash")
    assert told(operations, one)[1]["summary"]["words"].endswith("Stash wins.")
    world.settings["preserve_plex_edits"] = True
    kept = told(operations, one)[1]["summary"]
    assert (kept["winner"], kept["will_write"], kept["pushed"]) == ("plex", False, None)
    assert "preserve_plex_edits" in kept["words"]
    world.settings["leave_fields"] = "summary"
    left = told(operations, one)[1]["summary"]
    assert (left["winner"], left["stash"]) == ("left alone", "Edited in Stash")
    assert "leave_fields" in left["words"]


def test_what_it_says_will_be_written_is_what_the_next_drain_writes(
    world: World, operations: Operations, bench: Bench
) -> None:
    tags = world.tag_ids("Sea")
    one = world.add_film(
        "one", title="One", details="Text", tags=tags, rating100=80, plex={"genres": ("Sun",), "studio": "S"}
    )
    bench.save(one)
    _, before = told(operations, one)
    bench.drain()
    (write,) = world.plex.writes
    locked = {name.partition(".")[0] for name in write.arguments if name.endswith(".locked")}
    predicted = {name for name, field in before.items() if field["will_write"]}
    assert predicted == locked | {"userRating"}
    _, after = told(operations, one)
    assert not any(field["will_write"] for field in after.values())
    for name in predicted:
        assert after[name]["winner"] == "same"
        assert after[name]["plex"] == before[name]["stash"]


def test_an_item_that_is_opted_out_and_a_scene_that_is_ignored_are_written_nothing(
    world: World, operations: Operations, bench: Bench
) -> None:
    one = world.add_film("one", title="One", details="Text", plex={})
    bench.save(one)
    with bench.state() as state:
        state.ignored.add([one])
    answer = operations.result("scene", scene_id=one)
    assert (answer["is_ignored"], answer["queue"]["state"]) == (True, "waiting")
    assert not any(field["will_write"] for field in answer["items"][0]["fields"])
    world.settings["opt_out_label"] = "mine"
    two = world.add_film("two", title="Two", plex={"labels": ("Mine",)})
    item, fields = told(operations, two)
    assert item["is_opted_out"]
    assert {field["winner"] for field in fields.values()} == {"left alone"}


def test_a_scene_without_an_item_is_told_why_and_what_to_do(world: World, operations: Operations) -> None:
    missing = operations.result("scene", scene_id=world.add_film("one", details="Text"))
    assert missing["items"] == []
    assert missing["reason"] == "Plex has none of its files."
    assert "path_map" in missing["cure"]
    bare = operations.result("scene", scene_id=int(world.stash.library.add_scene(title="Only a title").id))
    assert bare["reason"] == "It has no file, so Plex cannot have it."
    for name in ("a", "b"):
        world.plex.library.add_item(1, ((f"/elsewhere/{name}/twin.mp4", 5),))
    twin = world.stash.library.add_scene(files=(("/data/twin.mp4", 5),), details="Text")
    ambiguous = operations.result("scene", scene_id=int(twin.id))
    assert ambiguous["reason"] == "2 files in Plex fit one of its files by file name and size."
    assert "path_map" in ambiguous["cure"]


def test_a_scene_that_stash_does_not_have_is_a_problem_that_names_it(operations: Operations) -> None:
    problem = operations.problem("scene", scene_id=99)
    assert problem["scene_id"] == 99
    assert "Stash has no scene 99" in problem["text"]


def test_a_plex_that_does_not_answer_is_a_problem_that_names_the_setting(
    world: World, operations: Operations
) -> None:
    one = world.add_film("one", title="One", plex={})
    world.settings["plex_url"] = "http://127.0.0.1:1"
    problem = operations.problem("scene", scene_id=one)
    assert "Plex cannot be reached" in problem["text"]
    assert problem["setting"] == "plex_url"


def test_what_stash_gave_up_is_taken_away_and_plex_gets_its_own_title_back(
    world: World, operations: Operations, bench: Bench
) -> None:
    one = world.add_film("one", title="The One", details="Text", plex={})
    bench.save(one)
    bench.drain()
    world.stash.library.update_scene(one, title="", details="")
    _, fields = told(operations, one)
    assert fields["summary"]["words"] == "Stash has none any more, so what was written is taken away."
    assert fields["title"]["words"] == "Stash has none any more, so Plex gets its own back."
    assert fields["title"]["will_write"]
    assert fields["titleSort"]["will_write"]


def test_what_a_person_had_locked_before_the_first_sync_is_told_as_that(
    world: World, operations: Operations, bench: Bench
) -> None:
    one = world.add_film("one", details="Text", plex={"summary": "Hers", "locked": ["summary"]})
    summary = told(operations, one)[1]["summary"]
    assert (summary["winner"], "Undo First Sync" in summary["words"]) == ("stash", True)
    world.settings["preserve_plex_edits"] = True
    summary = told(operations, one)[1]["summary"]
    assert (summary["winner"], "preserve_plex_edits" in summary["words"]) == ("plex", True)
    del world.settings["preserve_plex_edits"]
    with bench.state() as state:
        state.mark_lost()
    summary = told(operations, one)[1]["summary"]
    assert (summary["winner"], "not known any more" in summary["words"]) == ("plex", True)


def test_an_actor_whose_picture_alone_changed_is_told_as_that(
    world: World, operations: Operations, bench: Bench
) -> None:
    ada = int(world.stash.library.add_performer("Ada", image=a_picture("ada")).id)
    one = world.add_film("one", details="Text", performers=[ada], plex={})
    bench.save(one)
    bench.drain()
    world.settings["performer_image_address"] = world.stash.url
    actors = told(operations, one)[1]["actor"]
    assert actors["will_write"]
    assert actors["words"] == "An actor's picture changed: the actors are written once more."


def test_a_scene_that_stash_sends_in_an_odd_form_is_a_problem_that_names_it(
    world: World, operations: Operations
) -> None:
    one = world.add_film("one", details="Text", plex={})
    # Another one that can be read proves that it is the scene, and not Stash.
    world.add_film("two", details="Text", plex={})

    def with_an_odd_date(content: Any) -> Any:
        scenes = content["data"]
        return {
            "data": {
                name: {**scene, "date": "soon"} if scene and scene["id"] == str(one) else scene
                for name, scene in scenes.items()
            }
        }

    world.stash.faults.add("change", "findScene", change=with_an_odd_date)
    problem = operations.problem("scene", scene_id=one)
    assert problem["scene_id"] == one
    assert "date" in problem["text"]
