"""One drain is asked for, however many hooks there are, and no hook is left without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stash import run_task
from stash.exceptions import AskingFailed
from stash.process_lock import WORKER_LOCK, exclusive, try_lock
from sync_queue.drain_request import (
    ASKING_LOCK,
    ASKING_MARK,
    FAILED_MARK,
    LONGEST_PAUSE,
    MARK_LASTS,
    OFF_MARK,
    REQUESTED_MARK,
    ask_as_a_person,
    ask_for_drain,
    forget_request,
    switch_automatic,
)
from tests.builders.entry import until
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from tests.servers.world import ROOT, install_plugin
from validation.plugin_input import parse_connection

# Waits for the line that starts them all, then asks.
ASK = """
import json, sys
from sync_queue.drain_request import ask_for_drain
from validation.plugin_input import parse_connection
connection = parse_connection(json.loads(sys.stdin.readline()))
print("ready", flush=True)
sys.stdin.readline()
print(ask_for_drain(sys.argv[1], connection))
"""
RACERS = 12


@pytest.fixture
def stash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StashServer]:
    """A Stash whose queue takes tasks and runs none."""
    with StashServer(StashLibrary(), plugins_dir=install_plugin(tmp_path / "plugins")) as stash:
        held = threading.Event()
        monkeypatch.setattr(stash.plugins, "_run_job", lambda job: held.wait(60))
        stash.plugins.queue_task("Stash2Plex", "Queue Status", None, {})
        yield stash
        held.set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def asked(stash: StashServer) -> int:
    return stash.request_counts().get("runPluginTask", 0)


def ask(stash: StashServer, folder: Path) -> bool:
    return ask_for_drain(str(folder), parse_connection(stash.server_connection()))


def test_the_first_hook_asks_and_the_others_rely_on_it(stash: StashServer, folder: Path) -> None:
    assert [ask(stash, folder) for _ in range(3)] == [True, False, False]
    assert stash.request_counts() == {"jobQueue": 1, "runPluginTask": 1}


def test_of_many_processes_that_ask_at_once_exactly_one_reaches_stash(
    stash: StashServer, folder: Path
) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(RACERS)
    ]
    for racer in racers:
        assert racer.stdin
        assert racer.stdout
        racer.stdin.write(json.dumps(stash.server_connection()) + "\n")
        racer.stdin.flush()
        assert racer.stdout.readline() == "ready\n"
    answers = [racer.communicate("go\n", timeout=60)[0] for racer in racers if racer.stdin]
    assert sorted(answers) == ["False\n"] * (RACERS - 1) + ["True\n"]
    assert asked(stash) == 1


def test_a_hook_beside_another_that_is_asking_does_not_wait_for_it(stash: StashServer, folder: Path) -> None:
    stash.faults.add("hang", "runPluginTask", times=1)
    first = threading.Thread(target=ask, args=(stash, folder))
    first.start()
    assert stash.faults.reached.wait(10)
    began = time.monotonic()
    assert ask(stash, folder) is False
    assert time.monotonic() - began < 1
    stash.faults.clear()
    first.join(10)
    assert asked(stash) == 1


def test_while_a_worker_runs_nobody_asks(stash: StashServer, folder: Path) -> None:
    with exclusive(str(folder / WORKER_LOCK)):
        assert ask(stash, folder) is False
    assert stash.requests == []
    assert ask(stash, folder) is True


def test_after_the_worker_took_the_request_the_next_hook_asks_again(stash: StashServer, folder: Path) -> None:
    ask(stash, folder)
    forget_request(str(folder))
    for job in stash.plugins.job_queue() or ():
        if job["status"] == "READY":
            stash.plugins.stop_job(job["id"])
    assert ask(stash, folder) is True
    assert asked(stash) == 2


def test_a_drain_that_already_waits_in_stash_is_enough(stash: StashServer, folder: Path) -> None:
    stash.plugins.queue_task("Stash2Plex", "Process Queue", None, {})
    assert ask(stash, folder) is False
    assert asked(stash) == 0


@pytest.mark.parametrize(
    "age", [MARK_LASTS + 1, -60.0], ids=["older than it may be", "younger than the present"]
)
def test_a_mark_of_another_time_is_not_believed(stash: StashServer, folder: Path, age: float) -> None:
    ask(stash, folder)
    then = time.time() - age
    os.utime(folder / REQUESTED_MARK, (then, then))
    ask(stash, folder)
    assert stash.request_counts()["jobQueue"] == 2


@pytest.mark.parametrize("content", ["", "1 1", "another process"])
def test_a_mark_that_another_stash_process_was_asked_under_is_not_believed(
    stash: StashServer, folder: Path, content: str
) -> None:
    (folder / REQUESTED_MARK).write_text(content)
    assert ask(stash, folder) is True


@pytest.mark.parametrize("kind", ["refuse", "status", "invalid_json", "graphql_error", "unauthorized"])
def test_a_request_that_fails_leaves_no_mark_behind(stash: StashServer, folder: Path, kind: Any) -> None:
    stash.faults.add(kind, times=1)
    with pytest.raises(AskingFailed):
        ask(stash, folder)
    assert not (folder / REQUESTED_MARK).exists()
    until(lambda: ask(stash, folder))
    assert asked(stash) == 1


def test_a_request_that_failed_is_not_repeated_for_as_long_as_it_cost_many_times(
    stash: StashServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_task, "TIMEOUT", 0.3)
    stash.faults.add("hang", "jobQueue", times=1)
    began = time.monotonic()
    with pytest.raises(AskingFailed):
        ask(stash, folder)
    took = time.monotonic() - began
    assert [ask(stash, folder) for _ in range(20)] == [False] * 20
    assert stash.request_counts() == {"jobQueue": 1}
    pause = float((folder / FAILED_MARK).read_text()) - time.time()
    assert 20 * took < pause < 31 * took


@pytest.mark.parametrize(
    "until_when", [-1.0, LONGEST_PAUSE + 5], ids=["over", "from a clock that was set back"]
)
def test_a_failure_of_another_time_does_not_count(
    stash: StashServer, folder: Path, until_when: float
) -> None:
    (folder / FAILED_MARK).write_text(str(time.time() + until_when))
    assert ask(stash, folder) is True


@pytest.mark.parametrize("content", ["", "soon", "\x00"])
def test_a_damaged_mark_of_a_failure_does_not_count(stash: StashServer, folder: Path, content: str) -> None:
    (folder / FAILED_MARK).write_text(content)
    assert ask(stash, folder) is True


def test_a_hook_that_was_killed_while_it_asked_leaves_nothing_that_is_relied_on(
    stash: StashServer, folder: Path
) -> None:
    ask(stash, folder)
    (folder / REQUESTED_MARK).rename(folder / ASKING_MARK)
    for job in stash.plugins.job_queue() or ():
        if job["status"] == "READY":
            stash.plugins.stop_job(job["id"])
    assert ask(stash, folder) is True
    assert not (folder / ASKING_MARK).exists()


def test_a_worker_that_begins_before_the_hook_has_its_answer_leaves_no_mark(
    stash: StashServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_task.run_unless_waiting

    def run_at_once(*arguments: Any) -> bool:
        is_asked = run(*arguments)
        forget_request(str(folder))
        return is_asked

    monkeypatch.setattr(run_task, "run_unless_waiting", run_at_once)
    assert ask(stash, folder) is True
    assert not (folder / REQUESTED_MARK).exists()


def test_a_hook_that_meets_another_just_after_its_worker_began_waits_and_asks(
    stash: StashServer, folder: Path
) -> None:
    """Its change may have come after the last look of that worker."""
    lock = try_lock(str(folder / ASKING_LOCK))
    assert lock is not None
    release = threading.Timer(0.1, lock.close)
    release.start()
    assert ask(stash, folder) is True
    release.join()


@pytest.mark.parametrize("connection", [{}, {"Host": 5}, {"Host": ""}, {"Host": "::1"}])
def test_an_address_where_nobody_listens_is_a_failure_in_words(
    folder: Path, connection: dict[str, Any]
) -> None:
    with pytest.raises(AskingFailed):
        ask_for_drain(str(folder), parse_connection({"Port": 1, **connection}))
    assert not (folder / REQUESTED_MARK).exists()


def test_switched_off_nobody_asks_until_it_is_switched_on(stash: StashServer, folder: Path) -> None:
    switch_automatic(str(folder), is_on=False)
    switch_automatic(str(folder), is_on=False)
    assert (folder / OFF_MARK).exists()
    assert ask(stash, folder) is False
    assert stash.requests == []
    switch_automatic(str(folder), is_on=True)
    switch_automatic(str(folder), is_on=True)
    assert ask(stash, folder) is True


def test_forgetting_a_request_that_nobody_made_is_no_error(folder: Path) -> None:
    forget_request(str(folder))
    assert list(folder.iterdir()) == []


def ask_by_hand(stash: StashServer, folder: Path) -> None:
    ask_as_a_person(str(folder), parse_connection(stash.server_connection()))


def test_a_person_who_asks_is_obeyed_where_hooks_ask_for_nothing(stash: StashServer, folder: Path) -> None:
    switch_automatic(str(folder), is_on=False)
    ask_by_hand(stash, folder)
    ask_by_hand(stash, folder)
    assert asked(stash) == 1
    assert "automatic" not in stash.plugins._waiting[-1].arguments
    # Hooks rely on what the person asked for; a worker that came for it leaves them without one.
    switch_automatic(str(folder), is_on=True)
    assert ask(stash, folder) is False
    forget_request(str(folder))
    stash.plugins._waiting.clear()
    assert ask(stash, folder) is True
    assert stash.plugins._waiting[-1].arguments["automatic"] is True


def test_a_person_asks_for_no_second_drain_beside_one_that_runs(stash: StashServer, folder: Path) -> None:
    with exclusive(str(folder / WORKER_LOCK)):
        ask_by_hand(stash, folder)
    with exclusive(str(folder / ASKING_LOCK)):
        ask_by_hand(stash, folder)
    assert asked(stash) == 0
