"""Writing to scenes of Stash: every mutation that changes one is here, and nowhere else.

Several scenes go into one document, which Stash carries out one after the other; each is a transaction of
its own. So a document that failed may be done in part, and is never sent again as it is: the caller
looks first what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from stash.client import Stash
from stash.exceptions import StashAnswerInvalid

# Scenes are written in one request up to this weight. A rating weighs as much as six others: its hooks are
# run while Stash answers.
WRITES_PER_REQUEST = 60


@dataclass(frozen=True)
class SetRating:
    """A rating of 1 to 100; None takes it away."""

    scene_id: int
    rating100: int | None


@dataclass(frozen=True)
class AddPlays:
    """Plays at these times, in seconds since 1970. Stash keeps whatever it is sent, doubles too."""

    scene_id: int
    times: tuple[int, ...]


@dataclass(frozen=True)
class RemovePlays:
    """Takes plays at these times away, one for each."""

    scene_id: int
    times: tuple[int, ...]


@dataclass(frozen=True)
class SetResume:
    """Where to go on, in seconds; 0 for the beginning."""

    scene_id: int
    seconds: float


Write = SetRating | AddPlays | RemovePlays | SetResume


def write(stash: Stash, writes: Sequence[Write]) -> None:
    """Carry these out in one request. Raises StashError.

    A scene's plays and its resume time move no `updated_at` and run no hook; a rating does both.
    """
    if not writes:
        return
    fields, parameters, variables = [], [], {}
    for number, one in enumerate(writes):
        mutation, arguments = _mutation(one)
        for name, (kind, value) in arguments.items():
            parameters.append(f"${name}{number}: {kind}")
            variables[f"{name}{number}"] = value
        given = ", ".join(f"{name}: ${name}{number}" for name in arguments)
        fields.append(f"m{number}: {mutation.format(given)}")
    document = f"mutation BackToStash({', '.join(parameters)}) {{ {' '.join(fields)} }}"
    answer = stash.ask_once(document, variables)
    if any(answer.get(f"m{number}") in (None, False) for number in range(len(writes))):
        raise StashAnswerInvalid("Stash did not confirm everything that was written to it.")


def _mutation(one: Write) -> tuple[str, dict[str, tuple[str, Any]]]:
    """The mutation, with a place for its arguments, and these with their types."""
    scene_id = str(one.scene_id)
    if isinstance(one, SetRating):
        given = {"id": scene_id, "rating100": one.rating100}
        return "sceneUpdate({}) {{ id }}", {"input": ("SceneUpdateInput!", given)}
    if isinstance(one, SetResume):
        seconds = ("Float", one.seconds)
        return "sceneSaveActivity({})", {"id": ("ID!", scene_id), "resume_time": seconds}
    name = "sceneAddPlay" if isinstance(one, AddPlays) else "sceneDeletePlay"
    times = ("[Timestamp!]", [_as_text(time) for time in one.times])
    return name + "({}) {{ count }}", {"id": ("ID!", scene_id), "times": times}


def _as_text(time: int) -> str:
    """A time in UTC, which Stash keeps to the second."""
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
