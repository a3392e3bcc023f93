"""Short words for tests of the operations: what the page asks for, as Stash passes it on."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.builders.entry import Here, Told
from tests.servers.world import World

MUTATION = 'mutation($args: Map) { runPluginOperation(plugin_id: "Stash2Plex", args: $args) }'
# The operations that ask a server, with what each is told.
ASKED: dict[str, dict[str, Any]] = {
    "settings": {},
    "save_settings": {"settings": {"recent_days": 3}},
    "servers": {},
    "libraries": {},
    "check_setup": {},
    "path_map": {"settings": {"path_map": None}},
    "status": {},
    "scene": {"scene_id": 1},
    "sync_now": {"scenes": [1]},
    "retry": {"scenes": "all"},
}


def arguments(operation: str, **parameters: Any) -> dict[str, Any]:
    """What the page sends."""
    return {"mode": "operation", "operation": operation, "version": 1, **parameters}


def ask_as_the_page(world: World, operation: str, **parameters: Any) -> Any:
    """What the page gets from Stash over HTTP: a process of the plugin answers."""
    body = {"query": MUTATION, "variables": {"args": arguments(operation, **parameters)}}
    request = urllib.request.Request(
        f"{world.stash.url}/graphql", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    return answer["data"]["runPluginOperation"]


class Operations:
    """Operations in the test's own process, each with connections of its own."""

    def __init__(self, here: Here) -> None:
        self.here = here

    @property
    def world(self) -> World:
        return self.here.world

    def envelope(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The whole answer; its log has nothing above the level debug."""
        told = self.told(operation, **parameters)
        assert (told.status, told.error, told.texts()) == (0, "", [])
        answer: dict[str, Any] = told.answer["output"]
        assert set(answer) in ({"version", "result"}, {"version", "problem"})
        assert answer["version"] == 1
        return answer

    def result(self, operation: str, **parameters: Any) -> Any:
        """What was asked for."""
        envelope = self.envelope(operation, **parameters)
        assert "problem" not in envelope, envelope
        return envelope["result"]

    def problem(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The problem that there is instead."""
        envelope = self.envelope(operation, **parameters)
        assert "result" not in envelope, envelope
        problem: dict[str, Any] = envelope["problem"]
        assert set(problem) == {"text", "setting", "scene_id", "task"}
        return problem

    def told(self, operation: str, **parameters: Any) -> Told:
        """Status, answer and log of the run."""
        return self.here.run(arguments(operation, **parameters))
