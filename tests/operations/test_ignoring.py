"""The law of ignoring: nothing ignored is written to, and nothing that was saved meanwhile is lost."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders.bench import Bench
from tests.builders.operation import Operations
from tests.builders.page import rows_of
from tests.servers.world import World

FILMS = 2
TEXTS = count()
# What the law is about comes more often.
ACTS = ("edit", "edit", "edit", "ignore", "ignore", "drain", "drain", "take back", "sync now", "reconcile")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, FILMS - 1)), min_size=5, max_size=12))
def test_no_ignored_scene_is_written_and_no_edit_of_it_is_lost(
    world: World, operations: Operations, bench: Bench, steps: list[tuple[str, int]]
) -> None:
    """One library goes through all examples, each of which leaves it in sync and nothing ignored."""
    library = world.stash.library
    if not library.scenes:
        bench.save(*(world.add_film(f"film {n}", details="Text", plex={}) for n in range(FILMS)))
        bench.drain()
    ignored: set[int] = set()

    def in_plex() -> list[str]:
        return [world.item(f"film {n}").summary for n in range(FILMS)]

    for act, n in steps:
        scene_id, before = n + 1, in_plex()
        if act == "edit":
            library.update_scene(scene_id, details=f"Text {next(TEXTS)}")
            bench.save(scene_id)
        elif act == "reconcile":
            assert bench.reconcile().ignored_count == len(ignored)
        elif act == "drain":
            bench.drain()
            assert all(in_plex()[one - 1] == before[one - 1] for one in ignored)
        elif act == "sync now":
            operations.result("sync_now", scenes=[scene_id])
            ignored.discard(scene_id)
        else:
            operations.result("ignore", scenes=[scene_id], is_ignored=act == "ignore")
            (ignored.add if act == "ignore" else ignored.discard)(scene_id)
    assert {row["scene_id"] for row in rows_of(operations, "gaps")}.isdisjoint(ignored)
    assert {row["scene_id"] for row in rows_of(operations, "gaps", kind="ignored")} == ignored
    operations.result("ignore", scenes="all", list="gaps", kind="ignored", is_ignored=False)
    bench.drain()
    assert in_plex() == [library.scene(n + 1).details for n in range(FILMS)]
