"""What the page lists: what the last reconcile, preview and search found, and what is in the queue."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sync_queue.findings import Finding, FindingKind
from tests.builders.bench import Bench, a_job
from tests.builders.operation import Operations
from tests.builders.page import HOSTILE, rows_of
from tests.servers.world import World


def a_scene_of_each_kind(world: World) -> dict[str, int]:
    """A scene of every kind that a reconcile tells apart, by the kind."""
    ids = {
        "missing": world.add_film("missing", title="Missing One", details="Text"),
        "empty": world.add_film("empty", title="Empty One", details="Text", plex={}),
        "stale": world.add_film(
            "stale", title="Stale One", details="Text", plex={"summary": "Theirs", "studio": "S"}
        ),
        "left_out": world.add_film("bare"),
        "without_file": int(world.stash.library.add_scene(title="Only a title").id),
    }
    # Two scenes have files of one name and size, of which Plex has one elsewhere.
    for folder in ("a", "b"):
        path = f"/data/{folder}/same.mp4"
        record = world.stash.library.add_scene(files=((path, 77),), title=f"Twin {folder}", details="Text")
        ids[f"ambiguous {folder}"] = int(record.id)
    world.plex.library.add_item(world.section_keys["Films"], files=(("/elsewhere/same.mp4", 77),))
    return ids


def kinds(rows: list[Any]) -> dict[int, str]:
    return {row["scene_id"]: row["kind"] for row in rows}


def test_the_page_lists_every_scene_that_is_not_in_sync_with_reason_and_cure(
    world: World, operations: Operations, bench: Bench
) -> None:
    ids = a_scene_of_each_kind(world)
    bench.reconcile()
    rows = rows_of(operations, "gaps")
    expected = {scene_id: name.partition(" ")[0] for name, scene_id in ids.items()}
    shown = {one: kind for one, kind in expected.items() if kind not in ("left_out", "without_file")}
    assert kinds(rows) == shown
    assert all(row["reason"].endswith(".") and row["cure"].endswith(".") for row in rows)
    for kind in ("left_out", "without_file"):
        (row,) = rows_of(operations, "gaps", kind=kind)
        assert expected[row["scene_id"]] == kind
    answer = operations.result("gaps")
    assert answer["counts"] == {"missing": 1, "empty": 1, "stale": 1, "ambiguous": 2, "unknown": 0}
    assert abs(answer["found_at"] - time.time()) < 60
    row = next(row for row in rows if row["kind"] == "empty")
    assert (row["title"], row["file"]) == ("Empty One", "/data/Films/empty.mp4")
    assert row["cover"] == f"/scene/{row['scene_id']}/screenshot"
    assert row["rating_key"] == world.item("empty").rating_key
    assert row["plex_address"].startswith(world.plex.url)
    assert (row["state"], row["is_ignored"]) == ("waiting", False)
    ambiguous = next(row for row in rows if row["kind"] == "ambiguous")
    assert "path_map" in ambiguous["cure"]


def test_every_scene_is_counted_once(world: World, operations: Operations, bench: Bench) -> None:
    a_scene_of_each_kind(world)
    world.add_film("right", title="Right", details="Text", plex={})
    bench.reconcile()
    bench.drain()
    world.add_film("late", title="Late", details="Text", plex={})
    bench.reconcile()
    operations.result("ignore", scenes=[1], is_ignored=True)
    scenes = operations.result("status")["scenes"]
    parts = ("in_sync", "gaps", "ambiguous", "unknown", "left_out", "without_file", "ignored")
    assert sum(scenes[part] for part in parts) == scenes["total"] == 9
    assert scenes["gaps"] == scenes["missing"] + scenes["empty"] + scenes["stale"] == 1
    assert (scenes["in_sync"], scenes["ambiguous"], scenes["ignored"]) == (3, 2, 1)


def test_nothing_is_counted_before_the_first_reconcile(operations: Operations) -> None:
    status = operations.result("status")
    assert {status["scenes"][name] for name in ("total", "in_sync", "missing", "gaps")} == {None}
    assert (status["counted_at"], status["last_reconcile"], status["orphans"]) == (None, None, None)
    assert status["next_step"]["kind"] == "reconcile"
    assert operations.result("gaps") == {
        "total": 0,
        "page": 1,
        "pages": 1,
        "rows": [],
        "found_at": None,
        "counts": dict.fromkeys(("missing", "empty", "stale", "ambiguous", "unknown"), 0),
    }


def test_a_scene_that_was_synced_is_no_longer_shown(
    world: World, operations: Operations, bench: Bench
) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    here = operations.here
    bench.reconcile()
    here.run({"mode": "preview"})
    assert len(rows_of(operations, "gaps")) == len(rows_of(operations, "preview")) == 1
    bench.drain()
    assert rows_of(operations, "gaps") == rows_of(operations, "preview") == []
    assert operations.result("status")["scenes"]["in_sync"] == 1


def test_a_scene_whose_item_is_opted_out_is_left_out_once_the_drain_has_seen_it(
    world: World, operations: Operations, bench: Bench
) -> None:
    world.add_film("one", title="One", details="Text", plex={"labels": ("Hands Off",)})
    bench.reconcile(opt_out_label="hands off")
    bench.drain(opt_out_label="hands off")
    (row,) = rows_of(operations, "gaps", kind="left_out")
    assert "opt_out_label" in row["cure"]
    assert rows_of(operations, "gaps") == []


def test_what_plex_does_not_hold_on_purpose_is_left_out_and_no_gap(
    world: World, operations: Operations, bench: Bench
) -> None:
    world.add_film("one", title="One", details="Text")
    bench.reconcile(plex_holds_a_part=True)
    (row,) = rows_of(operations, "gaps", kind="left_out")
    assert "plex_holds_a_part" in row["cure"]
    assert operations.result("status")["scenes"]["gaps"] == 0


def test_a_reconcile_of_recent_scenes_leaves_the_findings_of_others(
    world: World, operations: Operations, bench: Bench
) -> None:
    now = world.stash.library.now
    world.stash.library.now = lambda: datetime.now(timezone.utc) - timedelta(days=30)
    old = world.add_film("old", title="Old", details="Text", plex={})
    world.stash.library.now = now
    young = world.add_film("young", title="Young", details="Text", plex={})
    bench.reconcile()
    bench.drain()
    with bench.state() as state, state.findings.replacing() as found:
        found.add([Finding(one, FindingKind.STALE) for one in (old, young)])
    bench.reconcile("recent")
    assert kinds(rows_of(operations, "gaps")) == {old: "stale"}


def test_the_preview_is_listed_as_the_report_has_it(world: World, operations: Operations) -> None:
    tags = world.tag_ids("Sea", "Sun")
    world.add_film("one", title="One", details="Text", tags=tags, plex={"summary": "Theirs"})
    world.add_film("two", title="Two", plex={"title": "Old Two"})
    operations.here.run({"mode": "preview"})
    answer = operations.result("preview")
    assert (answer["total"], answer["items"]) == (2, 2)
    (one,) = rows_of(operations, "preview", field="summary")
    changes = {change["field"]: change for change in one["changes"]}
    assert changes["summary"] == {"field": "summary", "title": "summary", "old": "Theirs", "new": "Text"}
    assert changes["genre"]["new"] == ["Sea", "Sun"]
    assert one["plex_address"].startswith(world.plex.url)
    counts = {field["field"]: field["count"] for field in answer["fields"]}
    assert counts["title"] == 2
    assert counts["summary"] == counts["genre"] == 1
    for field, count in counts.items():
        assert len(rows_of(operations, "preview", field=field)) == count
    assert abs(answer["made_at"] - time.time()) < 60


def test_the_queue_is_listed_by_state_with_entities_as_rows_of_their_own(
    world: World, operations: Operations, bench: Bench
) -> None:
    here = world.add_film("here", title="Here", details="Text", plex={})
    gone = world.add_film("not in plex", title="Gone", details="Text")
    bench.reconcile()
    bench.drain()
    bench.save(here)
    bench.queue.put_jobs([a_job(0, "Performer.Update.Post", entity="performer", entity_id=5)])
    waiting = rows_of(operations, "queue", state="waiting")
    assert [(row["scene_id"], row["entity"]) for row in waiting] == [
        (here, None),
        (None, {"type": "performer", "id": 5}),
    ]
    assert waiting[0]["reason"] == "It was saved in Stash."
    (later,) = rows_of(operations, "queue", state="later")
    assert (later["scene_id"], later["title"], later["attempts"]) == (gone, "Gone", 1)
    assert later["due_at"] > time.time()
    assert "path_map" in later["cure"]
    assert operations.result("queue")["counts"] == {"waiting": 2, "later": 1, "failed": 0}


def test_a_scene_that_no_reconcile_has_read_is_shown_with_the_title_that_stash_has(
    world: World, operations: Operations, bench: Bench
) -> None:
    scene_id = world.add_film("new", title="Brand New", details="Text")
    bench.save(scene_id)
    (row,) = rows_of(operations, "queue")
    assert (row["title"], row["file"]) == ("Brand New", "/data/Films/new.mp4")
    world.stash.faults.add("status", code=500)
    (row,) = rows_of(operations, "queue")
    assert (row["scene_id"], row["title"]) == (scene_id, "")


def test_orphans_are_listed_by_library_and_ignored_ones_apart(world: World, operations: Operations) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    clips = world.section_keys["Clips"]
    keys = [
        world.plex.library.add_item(clips, ((f"/media/Clips/left {n}.mp4", n),), title=f"Left {n}").rating_key
        for n in range(1, 4)
    ]
    operations.here.run({"mode": "find_orphans"})
    assert [row["rating_key"] for row in rows_of(operations, "orphans")] == keys
    assert operations.result("ignore", rating_keys=keys[:1], is_ignored=True) == {"changed": 1}
    assert [row["title"] for row in rows_of(operations, "orphans", library=str(clips))] == [
        "Left 2",
        "Left 3",
    ]
    (ignored,) = rows_of(operations, "orphans", kind="ignored")
    assert (ignored["rating_key"], ignored["is_ignored"]) == (keys[0], True)
    assert operations.result("status")["orphans"] == 2
    told = operations.here.run({"mode": "find_orphans"}).texts("info")
    assert any("2 of 3 items, uncertain: 0, ignored: 1" in line for line in told)
    assert "Left 1" not in (world.reports / "orphans.html").read_text(encoding="utf-8")
    (row,) = rows_of(operations, "orphans", search="left 3")
    assert (row["library"], row["file"]) == ("Clips", "/media/Clips/left 3.mp4")
    for library in ("nonsense", "999"):
        assert rows_of(operations, "orphans", library=library) == []
        assert operations.result("ignore", rating_keys="all", list="orphans", library=library)["changed"] == 0
    every = operations.result("ignore", rating_keys="all", list="orphans", library=str(clips))
    assert every == {"changed": 2}
    assert operations.result("orphans")["libraries"] == [
        {"key": str(clips), "title": "Clips", "items": 3, "orphans": 0, "uncertain": 0},
        {"key": str(world.section_keys["Films"]), "title": "Films", "items": 1, "orphans": 0, "uncertain": 0},
    ]


def test_whatever_a_scene_is_called_it_is_listed_as_text_and_found_again(
    world: World, operations: Operations, bench: Bench
) -> None:
    ids = [
        world.add_film(f"odd {n} <b>", title=title, details="Text", plex={})
        for n, title in enumerate(HOSTILE)
    ]
    bench.reconcile()
    operations.here.run({"mode": "preview"})
    for operation in ("gaps", "preview", "queue"):
        rows = {row["scene_id"]: row for row in rows_of(operations, operation)}
        assert set(rows) == set(ids)
        for scene_id, title in zip(ids, HOSTILE, strict=True):
            shown = rows[scene_id]["title"]
            assert len(shown) <= 300
            assert shown == title.strip() or shown.rstrip("…") == title[:299] or "odd" in shown
        assert [row["scene_id"] for row in rows_of(operations, operation, search="SCRIPT>ALERT")] == ids[:1]
        assert [row["scene_id"] for row in rows_of(operations, operation, search='100% "quo')] == ids[6:]
    assert len(str(operations.result("preview"))) < 100_000


def test_whatever_an_orphan_is_called_it_is_listed_as_text_and_found_again(
    world: World, operations: Operations
) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    for n, title in enumerate(HOSTILE):
        world.plex.library.add_item(1, ((f"/media/Films/left <i> {n}.mp4", n + 5),), title=title)
    operations.here.run({"mode": "find_orphans"})
    rows = rows_of(operations, "orphans")
    shown = {row["file"]: row["title"] for row in rows}
    assert len(shown) == len(HOSTILE)
    for n, title in enumerate(HOSTILE):
        assert shown[f"/media/Films/left <i> {n}.mp4"].rstrip("…") in title
    for search, expected in {"SCRIPT>alert": 1, "<I>": len(HOSTILE), "emoji": 1, "100%": 1}.items():
        assert len(rows_of(operations, "orphans", search=search)) == expected


def test_a_list_that_is_asked_for_a_page_that_it_does_not_have_gives_its_last(
    world: World, operations: Operations, bench: Bench
) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    bench.reconcile()
    answer = operations.result("gaps", page=40)
    assert (answer["page"], answer["pages"], len(answer["rows"])) == (1, 1, 1)


def test_another_plex_starts_without_what_was_found_in_the_last(
    world: World, operations: Operations, bench: Bench, tmp_path: Path
) -> None:
    world.add_film("one", title="One", details="Text", plex={})
    bench.reconcile()
    with bench.state() as state:
        state.ignored.add([1])
        state.ignored.add_items([7])
        state.use_server("another", "")
        assert state.findings.counts()
        assert (state.ignored.scene_ids(), state.ignored.item_keys()) == ({1}, set())
    answer = operations.result("gaps")
    assert (answer["total"], answer["found_at"]) == (0, None)


def test_a_damaged_queue_is_set_aside_and_told_though_only_the_page_was_looking(
    world: World, operations: Operations, bench: Bench
) -> None:
    bench.save(1)
    bench.manager.close()
    (world.data_dir / "queue.db").write_bytes(b"no database at all" * 100)
    told = operations.told("queue")
    assert told.answer["output"]["result"]["total"] >= 0
    assert any("queue.db cannot be used" in line for line in told.texts("warning"))
    assert operations.result("queue")["counts"]["failed"] == 0
