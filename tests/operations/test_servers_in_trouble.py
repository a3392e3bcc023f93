"""Whatever a server sends instead of its answer, the page gets one sentence, or all that can be told.

The daily run plays every third answer to each request; STASH2PLEX_ANSWERS=all plays them all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

import pytest

from tests.builders.entry import ROUGH, Here
from tests.builders.operation import ASKED, Operations
from tests.servers.odd_answers import DRIP, ENDLESS, HANGING, KINDS, STATUS, OddAnswers
from tests.servers.world import TOKEN, World, a_world

pytestmark = pytest.mark.unmeasured

# Some are waited for, which tests of the sessions show; of the statuses these stand for the others.
SLOW = (DRIP, ENDLESS, HANGING)
STATUSES = ("status 204", "status 301", "status 401", "status 404", "status 429", "status 503")
EACH = 1 if os.environ.get("STASH2PLEX_ANSWERS") == "all" else 3
QUICK = [kind for kind in KINDS if kind not in SLOW and (kind not in STATUS or kind in STATUSES)]


@pytest.fixture
def small_world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        for number in range(3):
            world.add_film(f"film {number}", 1000 + number, details="About it", plex={"title": "x"})
        yield world
        assert not world.plex.failures
        assert not world.stash.crashes


def answers_of(world: World) -> tuple[OddAnswers, OddAnswers]:
    return world.stash.odd_answers, world.plex.odd_answers


def learned(operations: Operations) -> dict[tuple[int, str], tuple[set[str], list[str]]]:
    """By server and name of each request: the answers that are possible, the operations that make it."""
    found: dict[tuple[int, str], tuple[set[str], list[str]]] = {}
    for name, sent in ASKED.items():
        for answers in answers_of(operations.world):
            answers.learning = True
            answers.seen.clear()
        operations.result(name, **sent)
        for which, answers in enumerate(answers_of(operations.world)):
            answers.learning = False
            for seen in answers.seen:
                kinds, makers = found.setdefault((which, seen.name), (set(), []))
                kinds |= seen.kinds
                makers.append(name)
    return found


def test_one_sentence_is_told_whatever_either_server_answers(
    small_world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operations = Operations(Here(small_world, monkeypatch, capsys))
    requests = learned(operations)
    assert len(requests) > 8
    number, played = count(), set()
    for (which, request), (kinds, makers) in requests.items():
        answers, names = answers_of(small_world)[which], cycle(dict.fromkeys(makers))
        for kind in (kind for kind in QUICK if kind in kinds and next(number) % EACH == 0):
            played.add(kind)
            name = next(names)
            answers.add(kind, request)
            told = operations.told(name, **ASKED[name])
            answers.clear()
            cell = (name, request, kind, told.stdout, [line.text for line in told.lines][-5:])
            assert (told.status, told.texts()) == (0, []), cell
            output = told.answer["output"]
            assert TOKEN not in told.stdout, cell
            assert not [line for line in told.lines if TOKEN in line.text], cell
            texts = [output["problem"]["text"]] if "problem" in output else [str(output["result"])]
            assert not [word for word in ROUGH for text in texts if word in text], cell
    assert played == {kind for kinds, _ in requests.values() for kind in kinds if kind in QUICK}
    for name, sent in ASKED.items():
        operations.result(name, **sent)
