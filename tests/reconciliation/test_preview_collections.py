"""The preview says what collections would get, and sends nothing that changes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from reconciliation.preview import preview_all
from reconciliation.preview_summary import summary_lines
from tests.back_to_stash.bench import changes_in_stash
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, logged, sync


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A group and its films, synced without the setting."""
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        bench.world.stash.library.add_group("Saga", image=a_picture("front"), synopsis="All about it")
        for name, index in (("one", 2), ("two", 1)):
            date = f"200{3 - index}-01-01"
            bench.world.add_film(name, title=name, date=date, groups=[(1, index)], plex={"title": name})
        sync(bench)
        yield bench


def previewed(bench: Bench, **settings: object) -> Sequence[str]:
    """The summary of a preview, which has changed nothing on either server."""
    bench.world.clear_requests()
    _, result = preview_all(bench.stash(), bench.config(settings), str(bench.world.data_dir), bench.queue)
    assert changing_requests(bench) == []
    assert changes_in_stash(bench) == []
    return summary_lines(result)


def told(bench: Bench, **settings: object) -> dict[str, int]:
    """The numbers of collections by what would become of them; without those of which there are none."""
    found = (
        re.fullmatch(r"Collections (?:that|whose) (.+): (\d+)", one) for one in previewed(bench, **settings)
    )
    return {one[1]: int(one[2]) for one in found if one and one[2] != "0"}


TEXT, POSTER, ORDER = "text would change", "poster would be compared", "order would change"
MADE, RENAMED = "would be made", "would be renamed"


def test_what_would_come_is_told_and_after_the_sync_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(bench, collection_details=True) == {TEXT: 1, POSTER: 1, ORDER: 1}
    lines = logged(caplog, "DEBUG")
    for words in (
        "would write summary “All about it” (was “”)",
        "poster would be compared with the picture of group 1",
        "would write order “two, one” (was “one, two”)",
    ):
        assert any(words in line for line in lines), words
    sync(bench, collection_details=True)
    assert told(bench, collection_details=True) == {}


def test_what_comes_with_the_first_sync_is_told_before_it_and_is_what_that_sync_brings(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    world = bench.world
    world.stash.library.add_group("Trilogy", image=a_picture("another"), synopsis="Three parts")
    world.stash.library.add_group("Without anything")
    for name, group, index in (("a", 2, 2), ("b", 2, 1), ("c", 3, 1)):
        world.add_film(name, title=name, date="2001-01-01", groups=[(group, index)], plex={"title": name})
    sync_those_there = {TEXT: 1, POSTER: 1, ORDER: 1}
    sum_with_new = {name: count + 1 for name, count in sync_those_there.items()}
    assert told(bench, collection_details=True) == {MADE: 2, **sum_with_new}
    caplog.clear()
    sync(bench, collection_details=True)
    assert "Collections: text written 2, poster brought 2, put in order 2." in logged(caplog, "INFO")
    assert told(bench, collection_details=True) == {}


def test_a_collection_that_would_be_renamed_is_told_with_both_names(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    sync(bench, collection_details=True)
    bench.world.stash.library.rename_group(1, "Saga of Two")
    assert told(bench, collection_details=True) == {RENAMED: 1, POSTER: 1}
    assert any("would write name “Saga of Two” (was “Saga”)" in line for line in logged(caplog, "DEBUG"))
    report = (bench.world.reports / "preview.html").read_text("utf-8")
    assert "What collections would get" in report
    assert "<del>Saga</del>" in report.split("What collections would get")[1]
    sync(bench, collection_details=True)
    assert told(bench, collection_details=True) == {}


def test_one_that_was_opted_out_is_told_to_be_renamed_as_it_will_be_and_nothing_else(bench: Bench) -> None:
    sync(bench, collection_details=True)
    library, section = bench.world.plex.library, bench.world.section_keys["Films"]
    library.collection(section, "Saga").labels = ["keep"]
    bench.world.stash.library.change("group", 1, name="Saga of Two", synopsis="Other words")
    settings = {"collection_details": True, "opt_out_label": "Keep"}
    bench.save(1, 2)
    assert told(bench, **settings) == {RENAMED: 1}
    sync(bench, **settings)
    assert library.collection(section, "Saga of Two").labels == ["keep"]
    assert told(bench, **settings) == {}


def test_a_title_that_plex_has_already_takes_no_new_name(bench: Bench) -> None:
    sync(bench, collection_details=True)
    bench.world.add_film("three", title="three", plex={"title": "three", "collections": ("Saga of Two",)})
    bench.world.stash.library.rename_group(1, "Saga of Two")
    assert RENAMED not in told(bench, collection_details=True)


def test_fields_to_leave_alone_are_not_told(bench: Bench) -> None:
    assert told(bench, collection_details=True, leave_fields="summary, poster") == {ORDER: 1}


def test_without_the_setting_nothing_is_said_of_collections(bench: Bench) -> None:
    assert not [line for line in previewed(bench) if "Collections" in line]
    assert [one.path for one in bench.world.plex.requests if one.query.get("type") == "18"] == []
