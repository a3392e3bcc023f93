"""The rules by which a scene is a gap, as a table and as laws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.detector import GapDetector, SceneFacts
from tests.builders.bench import some_facts

MISSING: dict[str, Any] = {"is_missing": True, "rating_keys": (), "pushed": {}}
BARE: dict[str, Any] = {"is_worth_pushing": False}


def gap_of(scene: SceneFacts) -> set[str]:
    detector = GapDetector()
    kinds = {
        "missing": detector.detect_missing([scene]),
        "empty": detector.detect_empty_metadata([scene]),
        "stale": detector.detect_stale_syncs([scene]),
    }
    return {kind for kind, scenes in kinds.items() if scenes}


@pytest.mark.parametrize(
    ("facts", "gap"),
    [
        pytest.param({}, set(), id="pushed as it is: no gap"),
        pytest.param({"fingerprint": b"new"}, {"stale"}, id="changed since it was pushed: stale"),
        pytest.param({"pushed": {}}, {"stale"}, id="never pushed, item has metadata: stale"),
        pytest.param({"pushed": None}, {"stale"}, id="nothing known of it: stale"),
        pytest.param({"pushed": {11: b"now"}}, {"stale"}, id="pushed to another item: stale"),
        pytest.param({"rating_keys": (10, 11)}, {"stale"}, id="pushed to one of two items: stale"),
        pytest.param(
            {"rating_keys": (10, 11), "pushed": {10: b"now", 11: b"now"}}, set(), id="pushed to both: no gap"
        ),
        pytest.param({"has_empty_item": True}, {"empty"}, id="item emptied after the push: empty"),
        pytest.param({"has_empty_item": True, "pushed": {}}, {"empty"}, id="empty comes before stale"),
        pytest.param(MISSING, {"missing"}, id="in no library: missing"),
        pytest.param({**MISSING, "pushed": {10: b"now"}}, {"missing"}, id="gone from Plex: missing"),
        pytest.param({**MISSING, "is_missing": False}, set(), id="cannot be told: no gap"),
        pytest.param({**BARE, "pushed": {}}, set(), id="nothing worth pushing, never pushed: no gap"),
        pytest.param({**BARE, "pushed": {}, "has_empty_item": True}, set(), id="both sides bare: no gap"),
        pytest.param({**BARE, **MISSING}, set(), id="nothing worth pushing and not in Plex: no gap"),
        pytest.param({**BARE, "fingerprint": b"new"}, {"stale"}, id="lost what had been pushed: stale"),
        pytest.param(BARE, set(), id="lost everything, and Plex was told: no gap"),
    ],
)
def test_a_scene_is_the_gap_that_the_rules_say(facts: dict[str, Any], gap: set[str]) -> None:
    assert gap_of(some_facts(**facts)) == gap


FINGERPRINTS = st.sampled_from([b"old", b"now"])


@st.composite
def scenes(draw: st.DrawFn) -> list[SceneFacts]:
    """Batches as the engine makes them: a missing scene has no items, an empty item belongs to a scene."""
    batch = []
    for scene_id in draw(st.lists(st.integers(1, 50), unique=True, max_size=12)):
        keys = tuple(draw(st.lists(st.integers(1, 3), unique=True, max_size=3)))
        batch.append(
            SceneFacts(
                scene_id=scene_id,
                is_worth_pushing=draw(st.booleans()),
                fingerprint=draw(FINGERPRINTS),
                is_missing=not keys and draw(st.booleans()),
                rating_keys=keys,
                has_empty_item=bool(keys) and draw(st.booleans()),
                pushed=draw(st.dictionaries(st.integers(1, 3), FINGERPRINTS)),
            )
        )
    return batch


def gaps_of(batch: list[SceneFacts]) -> tuple[list[int], list[int], list[int]]:
    detector = GapDetector()
    return (
        detector.detect_missing(batch),
        detector.detect_empty_metadata(batch),
        detector.detect_stale_syncs(batch),
    )


@given(scenes())
def test_no_scene_is_two_gaps_so_the_counts_add_up(batch: list[SceneFacts]) -> None:
    found = [scene_id for gap in gaps_of(batch) for scene_id in gap]
    assert len(found) == len(set(found))
    assert set(found) <= {scene.scene_id for scene in batch}


@given(scenes())
def test_a_scene_without_anything_worth_pushing_is_a_gap_only_where_something_had_been_pushed(
    batch: list[SceneFacts],
) -> None:
    missing, empty, stale = gaps_of(batch)
    bare = {scene.scene_id for scene in batch if not scene.is_worth_pushing}
    bare_and_never_pushed = {
        scene.scene_id for scene in batch if not scene.is_worth_pushing and not scene.pushed
    }
    assert not bare.intersection([*missing, *empty])
    assert not bare_and_never_pushed.intersection(stale)


@given(scenes(), st.randoms())
def test_the_order_of_scenes_does_not_matter(batch: list[SceneFacts], random: Any) -> None:
    shuffled = random.sample(batch, len(batch))
    assert [set(gap) for gap in gaps_of(batch)] == [set(gap) for gap in gaps_of(shuffled)]


@given(scenes(), st.integers(0, 12))
def test_batches_are_judged_as_their_scenes_are(batch: list[SceneFacts], cut: int) -> None:
    whole, first, second = gaps_of(batch), gaps_of(batch[:cut]), gaps_of(batch[cut:])
    assert [list(gap) for gap in whole] == [[*one, *other] for one, other in zip(first, second, strict=True)]


@given(scenes())
def test_once_everything_is_pushed_to_full_items_nothing_is_a_gap_but_what_plex_does_not_have(
    batch: list[SceneFacts],
) -> None:
    pushed = [
        SceneFacts(
            scene_id=scene.scene_id,
            is_worth_pushing=scene.is_worth_pushing,
            fingerprint=scene.fingerprint,
            is_missing=scene.is_missing,
            rating_keys=scene.rating_keys,
            pushed=dict.fromkeys(scene.rating_keys, scene.fingerprint),
        )
        for scene in batch
    ]
    missing, empty, stale = gaps_of(pushed)
    assert (empty, stale) == ([], [])
    assert missing == [scene.scene_id for scene in batch if scene.is_missing and scene.is_worth_pushing]
