"""The page's types of what it asks for and gets (ui/types.d.ts) are those of the operations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

import pytest

from operations.registry import OPERATIONS, operation_called, request_type_of
from tests.servers.stash.plugins import load_plugin
from tests.servers.world import PAGE, ROOT

DECLARATION = re.compile(r"^(?:interface|type) (\w+)(?:<\w+>)?(.*?)(?=^(?:interface|type) |\Z)", re.M | re.S)
COMMENT = re.compile(r"/\*\*.*?\*/|//[^\n]*", re.S)


@cache
def declarations() -> Mapping[str, str]:
    """The text of each interface and type, by its name."""
    text = COMMENT.sub("", (ROOT / "ui" / "types.d.ts").read_text(encoding="utf-8"))
    return dict(DECLARATION.findall(text))


def asked_and_answered(name: str) -> tuple[str, str]:
    """The types of an operation's parameters and of its result, as they are written."""
    start = re.search(rf"\b{name}: Operation<", declarations()["Operations"])
    assert start is not None, f"ui/types.d.ts has no operation {name}"
    arguments, depth = [""], 1
    for letter in declarations()["Operations"][start.end() :]:
        depth += {"<": 1, "{": 1, "(": 1, ">": -1, "}": -1, ")": -1}.get(letter, 0)
        if depth == 0:
            break
        if letter == "," and depth == 1:
            arguments.append("")
        else:
            arguments[-1] += letter
    parameters, result, *_ = arguments
    return parameters, result


def fields_in(text: str) -> set[str]:
    """The names of all fields that a type has, at whatever depth."""
    seen: set[str] = set()

    def found(part: str) -> Iterator[str]:
        yield from re.findall(r"\b(\w+)\??:", part)
        for name in re.findall(r"\b[A-Z]\w+", part):
            if name in declarations() and name not in seen:
                seen.add(name)
                yield from found(declarations()[name])

    return set(found(text))


def fields_of(schema: Mapping[str, Any]) -> set[str]:
    """The same of a pydantic model, from its JSON schema."""
    models = (schema, *schema.get("$defs", {}).values())
    return {name for model in models for name in model.get("properties", {})}


def test_the_page_knows_every_operation_and_no_other() -> None:
    known = re.findall(r"^  (\w+): Operation<", declarations()["Operations"], re.MULTILINE)
    assert sorted(known) == sorted(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_page_asks_with_what_the_operation_takes_and_reads_what_it_answers(name: str) -> None:
    operation = operation_called(name)
    parameters, result = asked_and_answered(name)
    assert fields_in(parameters) <= fields_of(request_type_of(operation).model_json_schema())
    answer = get_type_hints(operation)["return"].model_json_schema()
    assert fields_in(result) == fields_of(answer)


def test_the_manifest_names_every_file_of_the_page_and_no_other() -> None:
    ui = load_plugin(ROOT / "Stash2Plex.yml").ui
    assert sorted((*ui.javascript, *ui.css)) == sorted(PAGE)


def test_the_page_follows_every_task_of_the_manifest_and_no_other() -> None:
    text = (ROOT / "ui" / "job_list.js").read_text(encoding="utf-8")
    known = re.findall(r'"([^"]+)"', "".join(re.findall(r"TASKS = \[(.*?)\];", text, re.S)))
    assert sorted(known) == sorted(task.name for task in load_plugin(ROOT / "Stash2Plex.yml").tasks)
