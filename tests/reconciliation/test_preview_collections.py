"""The preview says what collections would get, and sends nothing that changes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciliation.preview import preview_all, summary_lines
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


def told(bench: Bench, **settings: object) -> list[str]:
    bench.world.clear_requests()
    _, result = preview_all(bench.stash(), bench.config(settings), str(bench.world.data_dir), bench.queue)
    assert changing_requests(bench) == []
    return [line for line in summary_lines(result) if line.startswith("Collections whose")]


def counts(text: int, poster: int, order: int) -> list[str]:
    return [
        f"Collections whose text would change: {text}",
        f"Collections whose poster would be compared: {poster}",
        f"Collections whose order would change: {order}",
    ]


def test_what_would_come_is_told_and_after_the_sync_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    assert told(bench, collection_details=True) == counts(1, 1, 1)
    assert any("would write summary “All about it”" in line for line in logged(caplog, "DEBUG"))
    sync(bench, collection_details=True)
    assert told(bench, collection_details=True) == counts(0, 0, 0)


def test_fields_to_leave_alone_are_not_told(bench: Bench) -> None:
    assert told(bench, collection_details=True, leave_fields="summary, poster") == counts(0, 0, 1)


def test_without_the_setting_nothing_is_said_of_collections(bench: Bench) -> None:
    assert told(bench) == []
    assert [one.path for one in bench.world.plex.requests if one.query.get("type") == "18"] == []
