"""Whatever goes wrong while collections are updated: the next drain makes up for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, logged, sha1_of, sync
from tests.servers.plex.behaviour import Fault

pytestmark = pytest.mark.unmeasured

FRONT = a_picture("front")
REQUESTS = {
    "listing": ("GET", r"/library/sections/\d+/all\?.*type=18"),
    "details": ("GET", r"/library/metadata/[\d,]+\?skipRefresh=1$"),
    "text": ("PUT", r"/library/sections/\d+/all\?.*type=18"),
    "upload": ("POST", r"/library/metadata/\d+/posters"),
    "sorting": ("PUT", r"/library/metadata/\d+/prefs"),
    "children": ("GET", r"/library/collections/\d+/children"),
    "move": ("PUT", r"/library/collections/\d+/items/\d+/move"),
}
ANSWERS = ("status 500", "status 503", "status 400", "status 404", "drop", "invalid_xml", "apply_then_drop")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        bench.world.settings["collection_details"] = True
        let_time_pass(bench.world)
        bench.world.stash.library.add_group("Saga", image=FRONT, synopsis="All about it")
        for name, index in (("one", 3), ("two", 1), ("three", 2)):
            date = f"20{10 + index % 3}-01-01"
            bench.world.add_film(name, title=name, date=date, groups=[(1, index)], plex={"title": name})
        yield bench


def kept(bench: Bench) -> Any:
    return bench.world.plex.library.collection(bench.world.section_keys["Films"], "Saga")


def fail(bench: Bench, request: str, answer: str) -> Fault:
    method, path = REQUESTS[request]
    kind, _, code = answer.partition(" ")
    options: dict[str, Any] = {"code": int(code), "body": b"no"} if code else {}
    return bench.world.plex.faults.add(kind, re.compile(path), method=method, **options)  # type: ignore[arg-type]


# Each request and each answer once; all of them were played by hand.
@pytest.mark.parametrize(
    ("request_name", "answer"),
    [
        *zip(REQUESTS, ANSWERS, strict=True),
        ("move", "status 500"),
        ("text", "status 503"),
        ("upload", "drop"),
    ],
)
def test_what_a_fault_held_up_comes_with_the_next_drain(bench: Bench, request_name: str, answer: str) -> None:
    bench.reconcile()
    fault = fail(bench, request_name, answer)
    bench.drain()
    assert fault.hits
    bench.world.plex.faults.clear()
    bench.later += 10_000
    sync(bench)
    bench.save(1, 2, 3)
    bench.drain()
    collection = kept(bench)
    members = bench.world.plex.library.all_collections.members(collection)
    assert (collection.summary, collection.selected_poster) == ("All about it", sha1_of(FRONT))
    assert [item.title for item in members] == ["two", "three", "one"]
    bench.save(1, 2, 3)
    bench.world.clear_requests()
    bench.drain()
    assert changing_requests(bench) == []


def test_a_plex_that_refuses_every_edit_is_asked_a_few_times_only(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    library = bench.world.stash.library
    for number in range(12):
        group = library.add_group(f"Group {number}", synopsis="Text")
        library.update_scene(1, groups=[*library.scenes[1].groups, (group.id, 1)])
    bench.reconcile()
    fail(bench, "text", "status 400")
    bench.drain()
    refused = [one for one in bench.world.plex.requests if one.status == 400]
    assert len(refused) <= 4
    assert len([line for line in logged(caplog, "WARNING") if "could not be updated" in line]) <= 4
    bench.world.plex.faults.clear()
    bench.save(1)
    bench.drain()
    assert kept(bench).selected_poster == sha1_of(FRONT)


def test_half_a_list_of_collections_dresses_none_and_forgets_none(bench: Bench) -> None:
    bench.reconcile()
    bench.world.plex.faults.add("half_page", re.compile(REQUESTS["listing"][1]), method="GET")
    bench.drain()
    bench.world.plex.faults.clear()
    bench.save(1)
    bench.drain()
    assert kept(bench).summary == "All about it"
