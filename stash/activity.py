"""What was watched in Stash: the plays of scenes, where to go on, and how long their files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stash.documents import Ask
from stash.exceptions import StashAnswerInvalid
from validation.scene import parse_timestamp

_FRAGMENT = """
fragment Watched on Scene { id rating100 play_history resume_time last_played_at files { duration } }
"""


@dataclass(frozen=True)
class Activity:
    """A scene's rating; its plays in seconds since 1970; where to go on and its length, both in seconds.

    `last_played_at` is 0 where it was never played, `duration` where it has no file of known length.
    """

    rating100: int | None
    plays: tuple[int, ...]
    resume: float
    last_played_at: int
    duration: float


def read_activity(ask: Ask, ids: Sequence[int]) -> dict[int, Activity]:
    """What was watched of these scenes, in one request; without those that Stash does not have.

    Raises StashError.
    """
    if not ids:
        return {}
    names = [f"s{number}" for number in range(len(ids))]
    parameters = ", ".join(f"${name}: ID!" for name in names)
    fields = " ".join(f"{name}: findScene(id: ${name}) {{ ...Watched }}" for name in names)
    answer = ask(
        f"query Watched({parameters}) {{ {fields} }}{_FRAGMENT}",
        dict(zip(names, map(str, ids), strict=True)),
    )
    if not answer.keys() >= set(names):
        raise StashAnswerInvalid("Stash's answer leaves out some of the scenes it was asked for.")
    return {
        scene_id: _activity(scene_id, answer[name])
        for scene_id, name in zip(ids, names, strict=True)
        if answer[name] is not None
    }


def _activity(scene_id: int, raw: Any) -> Activity:
    try:
        if int(raw["id"]) != scene_id:
            raise ValueError("another scene")
        return _read(raw)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise StashAnswerInvalid(
            f"Stash returned plays or a resume time of scene {scene_id} that cannot be read."
        ) from error


def _read(raw: Mapping[str, Any]) -> Activity:
    rating, played = raw["rating100"], raw["last_played_at"]
    return Activity(
        int(rating) if rating else None,
        tuple(int(parse_timestamp(time).timestamp()) for time in raw["play_history"] or ()),
        float(raw["resume_time"] or 0),
        int(parse_timestamp(played).timestamp()) if played else 0,
        max((float(file["duration"] or 0) for file in raw["files"] or ()), default=0.0),
    )
