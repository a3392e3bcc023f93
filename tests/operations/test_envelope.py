"""The page gets a result or a problem in words, whatever it asks for and whatever happens."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_type_hints

import pytest

from operations.context import Context
from operations.model import Request, Result
from operations.registry import OPERATIONS, operation_called
from tests.builders.operation import Operations, ask_as_the_page
from tests.servers.world import ROOT, World

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


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_by_types_what_it_takes_and_gives(name: str) -> None:
    operation = operation_called(name)
    kinds = get_type_hints(operation)
    assert list(inspect.signature(operation).parameters) == ["request", "context"]
    assert issubclass(kinds["request"], Request)
    assert kinds["context"] is Context
    assert issubclass(kinds["return"], Result)
    assert operation.__doc__
