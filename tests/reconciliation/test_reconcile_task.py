"""What the reconcile tasks promise, with an engine that only answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import Stash2Plex as entry
from reconciliation.result import GapDetectionResult
from stash.exceptions import StashUnavailable
from tests.builders.bench import Line, read_log, texts
from validation.exceptions import InvalidInput

STASH, CONFIG = object(), object()
Reader = Callable[[], list[Line]]


class Queue:
    """A queue without a job: false as a truth value, as everything that is empty."""

    def __len__(self) -> int:
        return 0


class Manager:
    def __init__(self) -> None:
        self.queue = Queue()

    def get_queue(self) -> Queue:
        return self.queue


class Engine:
    """Stands in for GapDetectionEngine: remembers how it was called and gives `result`, or raises it."""

    result: GapDetectionResult | Exception = GapDetectionResult()
    made_with: list[dict[str, Any]]
    scopes: list[Any]

    def __init__(self, **given: Any) -> None:
        self.made_with.append(given)

    def run(self, scope: str = "all") -> GapDetectionResult:
        self.scopes.append(scope)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Engine]:
    class Fresh(Engine):
        pass

    Fresh.made_with, Fresh.scopes = [], []
    monkeypatch.setattr("reconciliation.engine.GapDetectionEngine", Fresh)
    monkeypatch.setattr(entry, "stash_interface", STASH)
    monkeypatch.setattr(entry, "config", CONFIG)
    monkeypatch.setattr(entry, "queue_manager", Manager())
    monkeypatch.setenv("STASH2PLEX_DATA_DIR", str(tmp_path))
    return Fresh


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Reader:
    return read_log(capsys)


@pytest.mark.parametrize("scope", ["all", "recent"])
def test_the_engine_is_run_for_the_scope_that_was_asked_for(engine: type[Engine], scope: str) -> None:
    entry.handle_reconcile(scope)
    assert engine.scopes == [scope]


def test_the_engine_gets_the_connection_the_settings_the_data_folder_and_the_queue(
    engine: type[Engine], tmp_path: Path
) -> None:
    entry.handle_reconcile("all")
    assert entry.queue_manager is not None
    queue = entry.queue_manager.get_queue()
    (given,) = engine.made_with
    assert Path(given.pop("data_dir")) == tmp_path
    assert given == {"stash": STASH, "config": CONFIG, "queue": queue}


def test_an_empty_queue_is_a_queue(log: Reader) -> None:
    entry.handle_reconcile("all")
    lines = texts(log())
    assert not any("detection-only" in line.lower() for line in lines)
    assert "Enqueued: 0" in lines


def test_the_summary_has_its_lines_in_their_order(engine: type[Engine], log: Reader) -> None:
    engine.result = GapDetectionResult(
        scenes_checked=100,
        total_gaps=10,
        empty_metadata_count=3,
        stale_sync_count=2,
        missing_count=5,
        enqueued_count=8,
        skipped_already_queued=2,
    )
    assert entry.handle_reconcile("all") is None
    lines = texts(log(), "info")
    start = lines.index("=== Reconciliation Summary ===")
    assert lines[start : start + 8] == [
        "=== Reconciliation Summary ===",
        "Scenes checked: 100",
        "Gaps found: 10",
        "  Empty metadata: 3",
        "  Stale sync: 2",
        "  Missing from Plex: 5",
        "Enqueued: 8",
        "Skipped (already queued): 2",
    ]


def test_without_a_queue_gaps_are_found_and_nothing_is_said_to_be_queued(
    engine: type[Engine], log: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "queue_manager", None)
    engine.result = GapDetectionResult(scenes_checked=4, total_gaps=1, missing_count=1)
    assert entry.handle_reconcile("recent") is None
    lines = log()
    assert engine.made_with[0]["queue"] is None
    assert texts(lines, "warning") == ["No queue available - running in detection-only mode"]
    assert "  Missing from Plex: 1" in texts(lines, "info")
    assert texts(lines)[-1] == "Detection-only mode (no items enqueued)"
    assert not any(line.startswith(("Enqueued", "Skipped")) for line in texts(lines))


@pytest.mark.parametrize(
    ("absent", "message"),
    [
        ("stash_interface", "No Stash connection available for reconciliation"),
        ("config", "No config available for reconciliation"),
    ],
)
def test_without_stash_or_settings_one_error_says_so_and_nothing_is_compared(
    engine: type[Engine], log: Reader, monkeypatch: pytest.MonkeyPatch, absent: str, message: str
) -> None:
    monkeypatch.setattr(entry, absent, None)
    assert entry.handle_reconcile("all") == message
    assert log() == [Line("error", message)]
    assert engine.made_with == []


def test_what_could_not_be_read_is_warned_of_after_the_summary(engine: type[Engine], log: Reader) -> None:
    engine.result = GapDetectionResult(errors=["Scene 7: bad date.", "Library “Films” could not be read."])
    assert entry.handle_reconcile("all") is None
    lines = log()
    warned = [line for line in lines if line.level == "warning"]
    assert [line.text for line in warned] == [
        "Error during reconciliation: Scene 7: bad date.",
        "Error during reconciliation: Library “Films” could not be read.",
    ]
    assert lines.index(warned[0]) > lines.index(Line("info", "Skipped (already queued): 0"))


def test_an_exception_ends_in_one_plain_error_and_its_traceback_for_the_debug_log(
    engine: type[Engine], log: Reader
) -> None:
    engine.result = RuntimeError("the shelf fell over")
    error = entry.handle_reconcile("all")
    lines = [line for line in log() if line.level in ("error", "debug")]
    assert error is not None
    assert lines[0] == Line("error", error)
    assert "the shelf fell over" in error
    assert {line.level for line in lines[1:]} == {"debug"}
    assert lines[1].text == "Traceback (most recent call last):"
    assert lines[-1].text == "RuntimeError: the shelf fell over"


def test_a_server_that_cannot_be_asked_is_no_fault_of_ours(engine: type[Engine], log: Reader) -> None:
    engine.result = StashUnavailable("Stash cannot be reached.")
    assert entry.handle_reconcile("all") == "Reconciliation failed: Stash cannot be reached."
    assert texts(log(), "error") == ["Reconciliation failed: Stash cannot be reached."]


def test_ambiguous_scenes_and_what_to_do_next_are_told_after_the_summary(
    engine: type[Engine], log: Reader
) -> None:
    engine.result = GapDetectionResult(enqueued_count=3, total_gaps=3, missing_count=3, ambiguous_count=2)
    entry.handle_reconcile("all")
    ambiguous, following = texts(log(), "info")[-2:]
    assert "they fit several files: 2;" in ambiguous
    assert "path_map" in ambiguous
    assert "Process Queue" in following


@pytest.mark.parametrize(
    ("checked", "words"), [(0, "There was no scene to compare"), (20, "There is nothing to do")]
)
def test_a_reconcile_without_gaps_ends_with_a_sentence_and_not_with_zeros(
    engine: type[Engine], log: Reader, checked: int, words: str
) -> None:
    engine.result = GapDetectionResult(scenes_checked=checked)
    entry.handle_reconcile("all")
    assert texts(log(), "info")[-1].startswith(words)


def test_where_something_could_not_be_read_nothing_is_called_as_it_should_be(
    engine: type[Engine], log: Reader
) -> None:
    for result in (
        GapDetectionResult(scenes_checked=20, errors=["Library “Films” could not be read."]),
        GapDetectionResult(scenes_checked=20, unknown_count=1),
        GapDetectionResult(scenes_checked=20, ambiguous_count=1),
        GapDetectionResult(scenes_checked=20, total_gaps=1),
    ):
        engine.result = result
        entry.handle_reconcile("all")
        assert not any(line.startswith("There ") for line in texts(log()))


@pytest.mark.parametrize(("mode", "scope"), [("reconcile_all", "all"), ("reconcile_recent", "recent")])
def test_each_reconcile_task_leads_to_its_scope(engine: type[Engine], mode: str, scope: str) -> None:
    assert entry.handle_task({"mode": mode}) is None
    assert engine.scopes == [scope]


def test_a_connection_given_with_the_task_is_the_one_that_is_used(engine: type[Engine]) -> None:
    other: Any = object()
    entry.handle_task({"mode": "reconcile_all"}, stash=other)
    assert engine.made_with[0]["stash"] is other


def test_process_queue_drains_and_does_not_reconcile(
    engine: type[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    drained = []
    monkeypatch.setattr(entry, "handle_process_queue", lambda: drained.append(True))
    entry.handle_task({"mode": "process_queue"})
    assert drained == [True]
    assert engine.made_with == []


@pytest.mark.parametrize("args", [{"mode": "reconcile"}, {"mode": ""}, {"mode": None}, {"mode": ["a"]}, {}])
def test_an_unknown_mode_is_refused_with_the_modes_that_exist(
    engine: type[Engine], args: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match="Unknown task mode") as refused:
        entry.handle_task(args)
    for mode in ("reconcile_all", "reconcile_recent", "process_queue"):
        assert mode in str(refused.value)
    assert engine.made_with == []


def test_reconcile_modes_return_at_once_and_every_management_mode_exists() -> None:
    assert {"reconcile_all", "reconcile_recent"} <= entry.management_modes <= set(entry.TASKS)
    assert "process_queue" not in entry.management_modes


def test_the_data_folder_is_in_the_plugins_folder_unless_the_environment_names_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Path(entry.get_plugin_data_dir()) == tmp_path
    monkeypatch.delenv("STASH2PLEX_DATA_DIR")
    assert Path(entry.get_plugin_data_dir()) == Path(entry.__file__).resolve().parent / "data"
