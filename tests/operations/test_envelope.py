"""The page gets a result or a problem in words, whatever it asks for and whatever happens."""

from __future__ import annotations

import inspect
import re
import sqlite3
import time
from contextlib import closing
from typing import Any, cast, get_type_hints

import pytest

from operations.context import Context
from operations.exceptions import OperationRefused
from operations.model import Nothing, Request, Result
from operations.registry import OPERATIONS, operation_called
from stash.process_lock import WORKER_LOCK, exclusive
from tests.builders.operation import Operations, ask_as_the_page
from tests.servers.world import ROOT, TOKEN, World

UPDATED = "Reload this page: the plugin was updated."


def test_the_page_learns_from_stash_which_plugin_answers(world: World) -> None:
    answer = ask_as_the_page(world, "version")
    release = re.findall(r"^version: (.+)$", (ROOT / "Stash2Plex.yml").read_text("utf-8"), re.MULTILINE)
    assert answer == {"version": 1, "result": {"plugin": release[0], "operations": 1}}


@pytest.mark.parametrize("version", [0, 2, "1", True, None, 1.0])
def test_a_page_of_another_version_is_told_to_reload(operations: Operations, version: Any) -> None:
    assert operations.problem("version", version=version) == {
        "text": UPDATED,
        "setting": None,
        "scene_id": None,
        "task": None,
    }


@pytest.mark.parametrize("name", ["no_such", "", None, 7, ["version"]])
def test_an_operation_that_does_not_exist_is_a_problem_in_words(operations: Operations, name: Any) -> None:
    assert "has no operation" in operations.problem(name)["text"]


class Told(Result):
    """A result that holds what it should not."""

    text: str
    inside: dict[str, Any]


class Number(Request):
    number: int


def refuse(request: Nothing, context: Context) -> Told:
    raise OperationRefused("No.", setting="path_map", scene_id=7, task="Check Setup")


def tell_the_token(request: Nothing, context: Context) -> Told:
    assert context.stored
    return Told(text=f"“{TOKEN}”", inside={"list": [f"a {TOKEN}", 1, None], "more": {"token": TOKEN}})


def read_the_settings(request: Nothing, context: Context) -> Told:
    assert context.config
    return Told(text="", inside={})


def meet_a_lock(request: Nothing, context: Context) -> Told:
    raise sqlite3.OperationalError("database is locked")


def meet_a_full_disk(request: Nothing, context: Context) -> Told:
    raise OSError(28, "No space left on device")


def add_one(request: Number, context: Context) -> Told:
    return Told(text=str(request.number + 1), inside={})


def be_at_fault(request: Nothing, context: Context) -> Told:
    raise ZeroDivisionError(f"of ours, {context.stored['plex_token']}")


MADE_UP = (refuse, tell_the_token, read_the_settings, meet_a_lock, meet_a_full_disk, add_one, be_at_fault)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations that meet what a real one may meet."""
    for one in MADE_UP:
        monkeypatch.setitem(cast("dict[str, str]", OPERATIONS), one.__name__, f"{__name__}:{one.__name__}")


@pytest.mark.usefixtures("made_up")
def test_a_refusal_comes_with_the_setting_the_scene_and_the_task_concerned(operations: Operations) -> None:
    problem = operations.problem("refuse")
    assert problem == {"text": "No.", "setting": "path_map", "scene_id": 7, "task": "Check Setup"}


@pytest.mark.usefixtures("made_up")
def test_no_answer_holds_the_token_wherever_it_comes_from(operations: Operations) -> None:
    told = operations.told("tell_the_token")
    assert TOKEN not in told.stdout
    assert told.answer["output"]["result"] == {
        "text": "“***”",
        "inside": {"list": ["a ***", 1, None], "more": {"token": "***"}},
    }


@pytest.mark.usefixtures("made_up")
def test_a_setting_that_is_wrong_is_named_with_its_key(operations: Operations) -> None:
    operations.world.settings["path_map"] = "/data"
    problem = operations.problem("read_the_settings")
    assert problem["setting"] == "path_map"
    assert "(path_map)" in problem["text"]


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize(
    ("name", "words"), [("meet_a_lock", "Try again in a moment."), ("meet_a_full_disk", "cannot be used")]
)
def test_a_data_folder_in_trouble_is_a_problem_in_words(
    operations: Operations, name: str, words: str
) -> None:
    assert words in operations.problem(name)["text"]


@pytest.mark.usefixtures("made_up")
@pytest.mark.parametrize("sent", [{}, {"number": "x"}, {"number": None}, {"number": [1]}])
def test_what_the_page_sends_in_a_wrong_form_is_told_with_its_name(
    operations: Operations, sent: dict[str, Any]
) -> None:
    assert "“number”" in operations.problem("add_one", **sent)["text"]
    assert operations.result("add_one", number=1)["text"] == "2"


@pytest.mark.usefixtures("made_up")
def test_a_fault_of_ours_is_an_error_as_of_a_task_and_holds_no_secret_either(operations: Operations) -> None:
    told = operations.told("be_at_fault")
    assert (told.status, set(told.answer)) == (1, {"error"})
    assert "please report it" in told.error
    assert TOKEN not in told.stdout
    assert not [line for line in told.lines if TOKEN in line.text]


def test_an_operation_answers_while_a_task_drains(operations: Operations) -> None:
    operations.world.data_dir.mkdir()
    with exclusive(str(operations.world.data_dir / WORKER_LOCK)):
        for name in ("version", "settings", "servers", "libraries"):
            operations.result(name)


@pytest.mark.parametrize(("database", "name"), [("state.db", "ignore"), ("queue.db", "sync_now")])
def test_a_task_that_writes_without_end_is_waited_for_a_moment_and_no_longer(
    operations: Operations, monkeypatch: pytest.MonkeyPatch, database: str, name: str
) -> None:
    monkeypatch.setattr("operations.registry.PATIENCE", 0.2)
    operations.result("ignore", scenes=[1], is_ignored=True)
    began = time.monotonic()
    with closing(sqlite3.connect(operations.world.data_dir / database)) as task:
        task.execute("BEGIN IMMEDIATE")
        problem = operations.problem(name, scenes=[2])
    assert time.monotonic() - began < 3
    assert "Try again in a moment." in problem["text"]
    assert operations.result("ignore", scenes=[2])["changed"] == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_told_in_the_documentation(name: str) -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert re.search(rf"^#+ .*`{name}`|^#+ {name}$|^\| `{name}` ", page, re.MULTILINE)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_by_types_what_it_takes_and_gives(name: str) -> None:
    operation = operation_called(name)
    kinds = get_type_hints(operation)
    assert list(inspect.signature(operation).parameters) == ["request", "context"]
    assert issubclass(kinds["request"], Request)
    assert kinds["context"] is Context
    assert issubclass(kinds["return"], Result)
    assert operation.__doc__
