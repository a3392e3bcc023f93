"""What Stash writes to standard input is either understood or refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validation.exceptions import InvalidInput
from validation.plugin_input import HookContext, PluginInput, parse_plugin_input

CONNECTION = {"Scheme": "http", "Port": 9999}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def the_bytes(**document: Any) -> bytes:
    return json.dumps({"server_connection": CONNECTION, "args": {}, **document}).encode()


def a_hook(**context: Any) -> bytes:
    return the_bytes(args={"hookContext": {"id": 12, "type": "Scene.Update.Post", **context}})


def test_a_task_is_read_with_its_mode_and_connection() -> None:
    read = parse_plugin_input(the_bytes(args={"mode": "reconcile_all"}))
    assert (read.args, read.hook) == ({"mode": "reconcile_all"}, None)
    assert read.connection is not None
    assert read.connection.address == "http://127.0.0.1:9999"


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"input": None, "inputFields": None},
        {"input": {"id": "12", "title": None}, "inputFields": ["id", "title"]},
        {"input": [{"id": "12"}, {"id": "13"}]},
        {"input": "text", "inputFields": 5},
        {"input": {"details": "x" * 3_000_000}},
        {"unheard_of": {"deep": [1, {"er": None}]}},
    ],
    ids=["nothing", "null", "object", "list", "text", "megabytes", "unknown"],
)
def test_a_hook_is_queued_whatever_else_stash_tells_of_the_change(rest: dict[str, Any]) -> None:
    assert parse_plugin_input(a_hook(**rest)).hook == HookContext(12, "Scene.Update.Post")


@pytest.mark.parametrize("value", ["12", 12, "0012"])
def test_an_id_may_come_as_a_number_or_as_digits(value: object) -> None:
    read = parse_plugin_input(a_hook(id=value)).hook
    assert read == HookContext(12, "Scene.Update.Post")


@pytest.mark.parametrize(
    "value", [None, "", "x", 0, -1, 1.5, 12.0, True, [], {}, "1.0", " 1", "-1", "١٢", 2**63, str(2**63), "0"]
)
def test_a_hook_with_an_unusable_id_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"Scene\.Update\.Post without a usable id"):
        parse_plugin_input(a_hook(id=value))


@pytest.mark.parametrize("value", [None, "", 5, [], {}])
def test_a_hook_without_a_type_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="without a type"):
        parse_plugin_input(a_hook(type=value))


@pytest.mark.parametrize("context", [[], "hook", 5, True, False, ""])
def test_a_hook_context_that_is_no_object_is_refused(context: object) -> None:
    with pytest.raises(InvalidInput, match="hookContext is not an object"):
        parse_plugin_input(the_bytes(args={"hookContext": context}))


def test_a_task_whose_hook_context_is_null_is_a_task() -> None:
    assert parse_plugin_input(the_bytes(args={"mode": "x", "hookContext": None})).hook is None


@pytest.mark.parametrize("connection", [None, {}, [], "http://localhost", 5])
def test_a_hook_without_a_usable_connection_can_still_be_queued(connection: object) -> None:
    hook = {"hookContext": {"id": 1, "type": "Scene.Create.Post"}}
    read = parse_plugin_input(the_bytes(server_connection=connection, args=hook))
    assert (read.connection, read.hook) == (None, HookContext(1, "Scene.Create.Post"))


@pytest.mark.parametrize("args", [None, [], "mode", 5])
def test_a_call_without_args_is_refused(args: object) -> None:
    with pytest.raises(InvalidInput, match="no args"):
        parse_plugin_input(the_bytes(args=args))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "was empty"),
        (b" \r\n\t ", "was empty"),
        (b"Usage: stash", "not JSON"),
        (b'{"args": {}', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"\xc3\x28", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'{"args":' * 100_000 + b"1", "not JSON"),
        (b"1" * 5000, "not JSON"),
        (b"null", "not an object"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        (b"{}", "no args"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_not_from_stash_is_refused_in_words(raw: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_plugin_input(raw)


@given(st.binary(max_size=60))
def test_any_bytes_are_understood_or_refused(raw: bytes) -> None:
    assert understood_or_refused(raw)


@given(JSON, JSON, JSON)
@settings(max_examples=80)
def test_any_json_in_any_place_is_understood_or_refused(connection: Any, scene_id: Any, kind: Any) -> None:
    hook = {"hookContext": {"id": scene_id, "type": kind, "input": connection}}
    for document in (
        {"server_connection": connection, "args": scene_id},
        {"server_connection": connection, "args": hook},
        {"args": {"hookContext": kind}},
        kind,
    ):
        assert understood_or_refused(json.dumps(document).encode())


def understood_or_refused(raw: bytes) -> bool:
    try:
        read = parse_plugin_input(raw)
    except InvalidInput as error:
        return str(error).endswith((".", "Stash.", "queued."))
    return isinstance(read, PluginInput) and isinstance(read.args, dict)
