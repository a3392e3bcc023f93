"""Bulk edits and scans: Stash starts a process for each scene, and none of them is lost or done twice."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import requests

from tests.builders.bench import Bench
from tests.builders.entry import DRAIN, hook, run, start
from tests.servers.world import World

HOOKS, BULK = 100, 60


class AskedDrains:
    """Who asked Stash for a drain, and how many drains then waited there at the most."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.most_waiting = 0
        plugins = world.stash.plugins
        queue_task = plugins.queue_task

        def queue_and_count(*arguments: Any) -> str:
            job_id = queue_task(*arguments)
            self.asked += 1
            waiting = [job for job in plugins.job_queue() or () if job["status"] == "READY"]
            self.most_waiting = max(self.most_waiting, len(waiting))
            return job_id

        monkeypatch.setattr(plugins, "queue_task", queue_and_count)


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> AskedDrains:
    return AskedDrains(world, monkeypatch)


@pytest.fixture(autouse=True)
def without_pictures(world: World) -> None:
    """Images have requests of their own."""
    world.settings["leave_fields"] = "poster, background"


def graphql(world: World, query: str, **variables: Any) -> Any:
    """What Stash's own web page sends."""
    session = world.stash.sessions.mint()
    answer = requests.post(
        f"{world.stash.url}/graphql",
        json={"query": query, "variables": variables},
        headers={"Cookie": f"session={session}"},
        timeout=120,
    ).json()
    assert not answer.get("errors"), answer
    return answer["data"]


def scenes_read(world: World) -> Counter[str]:
    """How often each scene was read by its id."""
    reads: Counter[str] = Counter()
    for request in world.stash.requests:
        if request.operation == "findScene":
            reads.update(str(scene_id) for scene_id in (request.variables or {}).values())
    return reads


def test_of_100_hooks_at_once_beside_a_reconcile_and_two_workers_none_is_lost_and_none_written_twice(
    world: World, asked: AskedDrains
) -> None:
    ids = [world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(HOOKS)]
    processes = [start(world, hook(scene_id)) for scene_id in ids[: HOOKS // 2]]
    tasks = [start(world, {"mode": mode}) for mode in ("reconcile_all", "process_queue", "process_queue")]
    processes += [start(world, hook(scene_id)) for scene_id in ids[HOOKS // 2 :]]
    for process in (*processes, *tasks):
        result = process.wait(100)
        assert (result.exit_status, result.output) == (0, "ok"), result
    world.stash.wait_for_jobs()
    assert run(world, {"mode": "process_queue"}).exit_status == 0

    assert [world.item(f"film {n}").summary for n in range(HOOKS)] == [f"Text {n}" for n in range(HOOKS)]
    assert len(world.plex.writes) == HOOKS
    bench = Bench(world)
    assert (bench.waiting(), bench.failed()) == ([], [])
    bench.manager.close()
    assert asked.most_waiting <= 1


def test_a_bulk_edit_ends_in_a_few_drains_that_read_each_scene_once(world: World, asked: AskedDrains) -> None:
    ids = [world.add_film(f"film {n}", title=f"Film {n}", plex={}) for n in range(BULK)]
    world.clear_requests()
    document = "mutation Bulk($input: BulkSceneUpdateInput!) { bulkSceneUpdate(input: $input) { id } }"
    graphql(world, document, input={"ids": [str(one) for one in ids], "details": "From the lake"})
    runs = world.stash.wait_for_jobs()

    assert [hook.output for hook in world.stash.last_hooks] == ["ok"] * BULK
    assert {world.item(f"film {n}").summary for n in range(BULK)} == {"From the lake"}
    assert 1 <= asked.asked <= 3
    assert asked.most_waiting == 1
    assert {run.description for run in runs} == {f"Running plugin task: {DRAIN}"}
    assert scenes_read(world) == dict.fromkeys(map(str, ids), 1)
    took = sum(hook.seconds for hook in world.stash.last_hooks)
    requests_for_scenes = [one for one in world.stash.requests if one.operation == "findScene"]
    assert len(requests_for_scenes) <= 5 + 2 * took, "they are read one at a time"
    told = [re.findall(r"(\d+) written", line) for run in runs for line in run.messages("info")]
    assert sum(int(number) for numbers in told for number in numbers) == BULK


def test_a_scan_that_makes_bare_scenes_tells_the_user_nothing(world: World, asked: AskedDrains) -> None:
    for n in range(5):
        graphql(
            world, "mutation New($input: SceneCreateInput!) { sceneCreate(input: $input) { id } }", input={}
        )
        assert world.stash.last_hooks[n].type == "Scene.Create.Post"
    runs = world.stash.wait_for_jobs()
    assert asked.asked >= 1
    assert [run.exit_status for run in runs] == [0] * len(runs)
    told = [line for run in (*runs, *world.stash.last_hooks) for line in run.log if line.level != "debug"]
    assert told == []
    bench = Bench(world)
    assert bench.waiting() == []
    bench.manager.close()
