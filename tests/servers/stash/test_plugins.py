"""What the Stash test server promises about plugins: loading, tasks, the job queue and hooks."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.plugins import PluginLoadError, load_plugin, load_plugins
from tests.servers.stash.process_run import LogLine
from tests.servers.stash.server import StashServer

MANIFEST = """\
name: Probe
version: 1.10
exec: [python, "{pluginDir}/probe.py"]
interface: raw
errLog: warning
tasks:
  - {name: Look Around, defaultArgs: {mode: look, count: 100, on: true, code: 0x10, blank: }}
  - {name: Wait, defaultArgs: {mode: wait}}
  - {name: Fail, defaultArgs: {mode: fail}}
hooks:
  - name: Changes
    triggeredBy: [Scene.Update.Post, Scene.Destroy.Post, Tag.Merge.Post, Group.Update.Post]
    defaultArgs: {mode: hook}
settings:
  a_switch: {displayName: A switch, type: BOOLEAN}
"""
PROBE = """\
import json, os, pathlib, sys, time

def log(level, text):
    print(f"\\x01{level}\\x02{text}", file=sys.stderr, flush=True)

given = json.loads(sys.stdin.buffer.read())
mode = given["args"].get("mode")
if mode == "look":
    log("i", "looking")
    print("plain", file=sys.stderr)
    log("p", "0.5"); log("p", "7"); log("p", "half")
    where = {"cwd": os.getcwd(), "path": os.environ["PYTHONPATH"].split(os.pathsep)[-1]}
    print(json.dumps({"output": {"given": given, "where": where, "mark": os.environ.get("MARK")}}))
elif mode == "wait":
    log("i", "waiting")
    time.sleep(60)
elif mode == "fail":
    print(json.dumps({"error": "it did not work"}))
elif mode == "chat":
    print("just chatting")
    sys.exit(3)
elif mode == "long":
    try:
        log("i", "x" * 70_000)
        for _ in range(100): log("i", "more"); time.sleep(0.01)
    except BrokenPipeError:
        print(json.dumps({"output": "broken pipe"}), flush=True)
        os._exit(0)
elif mode == "hook":
    print(json.dumps({"output": given["args"]["hookContext"]}))
"""


@pytest.fixture
def plugins_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "plugins" / "community" / "Probe"
    folder.mkdir(parents=True)
    (folder / "Probe.yml").write_text(MANIFEST, encoding="utf-8")
    (folder / "probe.py").write_text(PROBE, encoding="utf-8")
    return tmp_path / "plugins"


@pytest.fixture
def server(plugins_dir: Path) -> Iterator[StashServer]:
    library = StashLibrary()
    for name in ("Outdoors", "Boats"):
        library.add_tag(name)
    library.add_group("Sea")
    for number in range(1, 5):
        library.add_scene(title=f"Clip {number}", files=[(f"/data/{number}.mp4", number)])
    with StashServer(library, plugins_dir=plugins_dir, environment={"MARK": "here"}, timeout=20) as server:
        assert not server.plugins.errors
        yield server
        assert not server.crashes


def ask(server: StashServer, query: str, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = requests.post(server.url + "/graphql", json=body, timeout=20).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("name: A\nrequires: [B]", "field requires not found in plugin"),
        ("name: A\nname: B", 'key "name" already set'),
        ("name: A\nsettings: {x: {type: STRING, default: 1}}", "field default not found in setting x"),
        ("name: A\nsettings: {x: {type: TEXT}}", "invalid type TEXT"),
        ("name: A\ntasks: [{name: T, defaultArgs: {a: [1]}}]", "defaultArgs a"),
        ("name: A\ntasks: [{name: T, defaultArgs: {a: {b: c}}}]", "defaultArgs a"),
        ("name: A\nexec: [python, {pluginDir}/a.py]", "expected ',' or ']'"),
        ("name: A\nexec:\n  - python\n  - {pluginDir}", "exec"),
        ("name: A\nx-args: &args {mode: a}", "x-args"),
        ("name: [A]", "name"),
        ("- a\n- b", "plugin"),
        ("~", "plugin"),
    ],
)
def test_manifest_that_stash_refuses_is_refused(tmp_path: Path, manifest: str, reason: str) -> None:
    path = tmp_path / "Broken.yml"
    path.write_text(manifest, encoding="utf-8")
    with pytest.raises(PluginLoadError, match=reason.replace("[", "\\[").replace("]", "\\]")):
        load_plugin(path)


def test_default_arguments_become_the_text_they_are_written_as(plugins_dir: Path) -> None:
    plugin = load_plugin(plugins_dir / "community" / "Probe" / "Probe.yml")
    expected = {"mode": "look", "count": "100", "on": "true", "code": "0x10", "blank": ""}
    task = plugin.task("Look Around")
    assert task is not None
    assert task.default_args == expected
    assert plugin.version == "1.10"


def test_every_yml_is_taken_for_a_plugin_and_nothing_else(plugins_dir: Path) -> None:
    (plugins_dir / "index.yml").write_text("- id: Probe\n", encoding="utf-8")
    (plugins_dir / "compose.yaml").write_text("- a\n", encoding="utf-8")
    plugins, errors = load_plugins(plugins_dir)
    assert [plugin.id for plugin in plugins] == ["Probe"]
    assert len(errors) == 1
    assert "index.yml" in errors[0]


def test_task_is_told_what_stash_tells_and_heard_as_stash_hears(
    server: StashServer, plugins_dir: Path
) -> None:
    result = server.run_task("Look Around", {"count": 3, "more": {"deep": [1]}})
    folder = plugins_dir / "community" / "Probe"
    given, where = result.output["given"], result.output["where"]
    arguments = {"mode": "look", "count": 3, "on": "true", "code": "0x10", "blank": "", "more": {"deep": [1]}}
    assert given["args"] == arguments
    connection = given["server_connection"]
    assert (connection["Host"], connection["Port"], connection["PluginDir"]) == (
        "0.0.0.0",
        server.port,
        str(folder),
    )
    assert connection["SessionCookie"].keys() == server.server_connection()["SessionCookie"].keys()
    assert where == {"cwd": str(server.config_dir), "path": str(folder.parent)}
    assert result.output["mark"] == "here"
    assert result.log[:2] == [LogLine("info", "looking"), LogLine("warning", "plain")]
    assert result.progress == [0.5, 1.0]
    assert result.messages("error") == ['Error parsing progress value "half"']
    assert (result.status, result.exit_status, result.error) == ("FINISHED", 0, None)


def test_job_of_a_task_that_reports_an_error_is_finished_all_the_same(server: StashServer) -> None:
    result = server.run_task("Fail")
    assert (result.status, result.error) == ("FINISHED", "it did not work")
    assert ask(server, "{ findJob(input: {id: 1}) { status error description } }")["findJob"] == {
        "status": "FINISHED",
        "error": None,
        "description": "Running plugin task: Fail",
    }


def test_output_that_is_no_json_object_is_taken_as_text(server: StashServer) -> None:
    result = server.run_plugin({"mode": "chat"})
    assert (result.output, result.error, result.exit_status) == ("just chatting\n", "exit status 3", 3)


def test_line_of_log_that_is_too_long_ends_the_log(server: StashServer) -> None:
    result = server.run_plugin({"mode": "long"})
    assert result.messages("info") == []
    assert "too long" in result.messages("error")[0]
    assert result.output == "broken pipe"


def test_any_bytes_can_be_the_input(server: StashServer) -> None:
    assert server.run_plugin({}, raw_stdin=b"not json").exit_status == 1


def test_jobs_wait_for_each_other_and_a_stopped_one_is_killed(server: StashServer) -> None:
    assert ask(server, "{ jobQueue { id } }") == {"jobQueue": None}
    query = 'mutation($name: String) { runPluginTask(plugin_id: "Probe", task_name: $name) }'
    first, second, third = (
        ask(server, query, name=name)["runPluginTask"] for name in ("Wait", "Fail", "Look Around")
    )
    server.plugins.wait_until_running(first)
    assert ask(server, "{ jobQueue { id status description progress } }")["jobQueue"][:2] == [
        {"id": first, "status": "RUNNING", "description": "Running plugin task: Wait", "progress": None},
        {"id": second, "status": "READY", "description": "Running plugin task: Fail", "progress": None},
    ]
    stop = "mutation($id: ID!) { stopJob(job_id: $id) }"
    ask(server, stop, id=second)
    ask(server, stop, id=first)
    killed = server.wait_for_job(first)
    assert (killed.status, killed.exit_status, killed.error) == ("CANCELLED", -9, "signal: killed")
    assert server.wait_for_job(second).status == "CANCELLED"
    assert server.wait_for_job(third).status == "FINISHED"
    assert server.wait_for_jobs() == []


def test_job_fails_only_when_its_process_cannot_start(plugins_dir: Path) -> None:
    with StashServer(StashLibrary(), plugins_dir=plugins_dir, python="/nowhere/python") as server:
        result = server.run_task("Look Around")
        assert result.status == "FAILED"
        assert "error running command" in (result.error or "")


def test_operation_answers_at_once_and_its_error_is_the_error_of_the_query(server: StashServer) -> None:
    query = 'mutation($args: Map) { runPluginOperation(plugin_id: "Probe", args: $args) }'
    answer = ask(server, query, args={"mode": "look"})["runPluginOperation"]
    assert answer["given"]["args"] == {"mode": "look"}
    with pytest.raises(AssertionError, match="it did not work"):
        ask(server, query, args={"mode": "fail"})


def test_settings_are_absent_until_saved_and_replaced_as_a_whole(server: StashServer) -> None:
    read = '{ configuration { plugins(include: ["Probe"]) } }'
    write = 'mutation($map: Map!) { configurePlugin(plugin_id: "Probe", input: $map) }'
    assert ask(server, read) == {"configuration": {"plugins": {}}}
    ask(server, write, map={"a": True, "b": 1})
    ask(server, write, map={"b": 2})
    assert ask(server, read) == {"configuration": {"plugins": {"Probe": {"b": 2}}}}


def test_edit_waits_for_its_hook_and_tells_it_all_keys(server: StashServer) -> None:
    ask(server, 'mutation { sceneUpdate(input: {id: 2, title: "New", tag_ids: [1]}) { id } }')
    (hook,) = server.last_hooks
    assert (hook.type, hook.record_id, hook.error) == ("Scene.Update.Post", 2, None)
    context = hook.output
    assert (context["id"], context["type"]) == (2, "Scene.Update.Post")
    assert (context["input"]["id"], context["input"]["title"], context["input"]["details"]) == (
        "2",
        "New",
        None,
    )
    assert sorted(context["inputFields"]) == ["id", "tag_ids", "title"]
    assert server.library.scene(2).tags == [1]


def test_bulk_edit_starts_one_hook_per_scene_with_the_whole_input(server: StashServer) -> None:
    change = {"ids": ["1", "3"], "tag_ids": {"ids": ["2"], "mode": "ADD"}}
    ask(
        server,
        "mutation($input: BulkSceneUpdateInput!) { bulkSceneUpdate(input: $input) { id } }",
        input=change,
    )
    assert [hook.record_id for hook in server.last_hooks] == [1, 3]
    assert all(hook.output["input"] == change for hook in server.last_hooks)
    assert [server.library.scene(number).tags for number in (1, 2, 3)] == [[2], [], [2]]


def test_merges_of_scenes_and_plays_fire_no_hook_and_merges_of_tags_do(server: StashServer) -> None:
    ask(server, "mutation { sceneMerge(input: {source: [3], destination: 4}) { id } }")
    ask(server, "mutation { sceneAddPlay(id: 1) { count } }")
    assert server.last_hooks == []
    ask(server, "mutation { tagsMerge(input: {source: [1], destination: 2}) { id } }")
    ask(server, 'mutation { groupUpdate(input: {id: 1, name: "Ocean"}) { name } }')
    ask(server, "mutation { sceneDestroy(input: {id: 1, delete_file: false}) }")
    assert [hook.type for hook in server.last_hooks] == [
        "Tag.Merge.Post",
        "Group.Update.Post",
        "Scene.Destroy.Post",
    ]
    assert server.last_hooks[0].output["input"] == {"source": ["1"], "destination": "2"}
    assert "inputFields" not in server.last_hooks[2].output


def test_hook_can_be_fired_by_hand(server: StashServer) -> None:
    assert server.fire_hook("Scene.Update.Post", 45).output == {
        "id": 45,
        "type": "Scene.Update.Post",
        "input": None,
    }
    with pytest.raises(LookupError):
        server.fire_hook("Scene.Created.Post", 45)


def test_closing_the_server_ends_its_processes(plugins_dir: Path) -> None:
    with StashServer(StashLibrary(), plugins_dir=plugins_dir) as server:
        job = server.start_task("Wait")
        server.plugins.wait_until_running(job)
    assert server.wait_for_job(job, 5).exit_status == -9


def test_plugin_input_is_written_as_go_writes_it(plugins_dir: Path) -> None:
    (plugins_dir / "community" / "Probe" / "probe.py").write_text(
        textwrap.dedent(
            """\
            import json, sys
            print(json.dumps({"output": sys.stdin.buffer.read().decode("utf-8")}))
            """
        ),
        encoding="utf-8",
    )
    with StashServer(StashLibrary(), plugins_dir=plugins_dir) as server:
        text = server.run_plugin({"title": "Küche & <Bad>"}).output
    assert '"title":"Küche \\u0026 \\u003cBad\\u003e"' in text
    assert not text.endswith("\n")
    assert list(json.loads(text)) == ["server_connection", "args"]
