"""Promises about scenes that Plex does not have."""

from __future__ import annotations

from sync_queue.worker import Outcome
from tests.builders_queue import Bench


def scans(bench: Bench) -> list[str]:
    return [
        request.query["path"]
        for request in bench.world.plex.requests
        if request.path.endswith("/refresh") and "path" in request.query
    ]


def test_where_plex_holds_a_part_on_purpose_missing_scenes_are_counted_and_not_kept(bench: Bench) -> None:
    bench.save(bench.world.add_film("not in Plex", title="A", details="x"))
    summary = bench.drain(plex_holds_a_part=True)
    assert (summary.outcomes[Outcome.NOT_IN_PLEX], summary.left) == (1, 0)
    result = bench.reconcile(plex_holds_a_part=True)
    assert (result.missing_count, result.not_wanted_count, result.enqueued_count) == (1, 1, 0)


def test_plex_is_asked_once_to_scan_the_folder_of_missing_files_and_has_them_at_the_next_try(
    bench: Bench,
) -> None:
    for name in ("one", "two"):
        bench.save(bench.world.add_film(name, title=name, details="x"))
        path = f"/media/Films/{name}.mp4"
        bench.world.plex.library.put_on_disk(bench.world.section_keys["Films"], path, 1000)
    assert bench.drain(plex_scan_missing=True).outcomes[Outcome.NOT_IN_PLEX] == 2
    assert scans(bench) == ["/media/Films"]
    bench.later += 3600
    assert bench.drain(plex_scan_missing=True).outcomes[Outcome.WRITTEN] == 2


def test_plex_is_not_asked_to_scan_unless_the_setting_says_so(bench: Bench) -> None:
    bench.save(bench.world.add_film("one", title="one", details="x"))
    bench.drain()
    assert scans(bench) == []
