"""What holds whatever goes wrong: each function returns a plain sentence for every promise that is broken."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync_queue.manager import JobQueue, QueueManager
from tests.builders.entry import ROUGH, Told
from tests.end_to_end.forked import Run
from tests.end_to_end.small_world import (
    ABSENT,
    HER_OWN,
    HERS,
    MOVED,
    NOBODYS,
    OTHER_TWIN,
    SmallWorld,
)
from tests.servers.world import TOKEN

# How many scenes of the small world have no item in Plex, and how many items have no scene.
MISSING, ORPHANS = 2, len(NOBODYS)
PART_OF_A_SECRET = 9
# Under which name Plex locks what the small world shows.
LOCKS = {
    "title": "title",
    "summary": "summary",
    "studio": "studio",
    "date": "originallyAvailableAt",
    "rating": "userRating",
    "poster": "thumb",
}
_ABSENCES = re.compile(r"(?:Missing from Plex|not in Plex|Not in Plex): (\d+)")
_ORPHANS = re.compile(r"Without a scene in .*: (\d+) of")


@dataclass(frozen=True)
class InQueue:
    """The scenes that wait in the queue, each as often as it does, and those that have failed for good."""

    waiting: Counter[int]
    failed: frozenset[int]


def broken_by_a_run(world: SmallWorld, run: Run, queue: InQueue) -> list[str]:
    """What a run under a fault may not do, whatever it does; `queue` is what it has left in the queue."""
    problems = list(_broken_in_plex(world))
    problems += _secrets(world, run)
    if run.told is None:
        return [*problems, f"the run did not end within {run.seconds:.0f} seconds"]
    return problems + list(_broken_in_the_log(run.told)) + list(_lost(world, queue))


def broken_in_the_end(world: SmallWorld, was_undone: bool = False, is_state_lost: bool = False) -> list[str]:
    """What does not hold although the fault is over and everything was run again.

    Where it was forgotten what had been pushed, what is locked stays and nothing is removed: nobody knows
    whose it is.
    """
    problems = list(_broken_in_plex(world))
    for name, values in world.expected(was_undone).items():
        shown, before = world.shown(name), world.before[name]
        for field, value in values.items():
            is_kept = is_state_lost and _is_kept(shown[field], before, field, value)
            is_kept |= field == "poster" and world.is_without_image(name)
            if shown[field] != value and not is_kept:
                problems.append(
                    f"{name} shows {field} {_short(shown[field])} in the end instead of {_short(value)}"
                )
    return problems


def _is_kept(shown: Any, before: Mapping[str, Any], field: str, wanted: Any) -> bool:
    """Whether a value that was there before is still there, beside what was to be added."""
    if isinstance(shown, set):
        return bool(wanted <= shown <= wanted | before[field])
    return bool(shown == before[field] and LOCKS[field] in before["locked"])


def in_queue(world: SmallWorld) -> InQueue:
    """What the next task will find in the queue."""
    with _queue_of(world) as queue:
        waiting = Counter(queued.job.scene_id for queued in queue.pending_jobs())
        return InQueue(waiting, frozenset(queued.job.scene_id for queued in queue.failed_jobs()))


@contextmanager
def _queue_of(world: SmallWorld) -> Iterator[JobQueue]:
    """The queue as the next task will find it, in a copy: looking changes nothing."""
    with tempfile.TemporaryDirectory(dir=world.data_dir.parent) as folder:
        data_dir = Path(folder) / "data"
        shutil.copytree(world.data_dir, data_dir)
        try:
            manager = QueueManager(data_dir)
            list(manager.get_queue().pending_jobs())
        except sqlite3.DatabaseError:
            manager = QueueManager(data_dir, is_doubted=True)
        try:
            yield manager.get_queue()
        finally:
            manager.close()


def _broken_in_plex(world: SmallWorld) -> Iterator[str]:
    assert world.plex is not None
    if world.plex.whole_library_edits:
        yield "an edit went to a whole library"
    for name in NOBODYS:
        if world.shown(name) != world.before[name]:
            yield f"{name}, which is no scene's, was changed"
    yield from _foreign_values(world)
    hers = world.shown(HERS)
    for field, value in HER_OWN.items():
        if hers[field] != value:
            yield f"the {field} that a person set was replaced"
    if "Hers" not in hers["genres"]:
        yield "the genre that a person added was removed"


def _foreign_values(world: SmallWorld) -> Iterator[str]:
    right = world.expected(was_undone=True)
    for name in right:
        before, shown = world.before[name], world.shown(name)
        for field in set(shown) - {"locked"}:
            wanted = right[name].get(field, before[field])
            if not _is_of(shown[field], before[field], wanted, name, field):
                yield f"{name} got the {field} {_short(shown[field])}, which is not its scene's"


def _is_of(shown: Any, before: Any, wanted: Any, name: str, field: str) -> bool:
    """Whether a value is what Plex had, what Stash has, or in the case of a list a part of both."""
    if isinstance(shown, set):
        return bool(shown <= before | wanted)
    # What the items had before the first sync is what an undo gives back: no poster, and her own studio.
    at_first = {(HERS, "studio", "Her studio"), (name, "poster", b"")}
    return shown in (before, wanted) or (name, field, shown) in at_first


def _broken_in_the_log(told: Told) -> Iterator[str]:
    errors = told.texts("error")
    try:
        answer = told.answer
    except ValueError:
        yield f"standard output is no JSON: {told.stdout!r}"
        return
    if (told.status == 1) != ("error" in answer):
        yield f"the status {told.status} does not agree with {answer}"
    if len(errors) > 1:
        yield f"more than one error: {errors}"
    if "error" in answer and not errors:
        yield "the error is not in the log"
    for text in (*told.texts(), told.error):
        if any(word in text for word in ROUGH):
            yield f"not a plain line: {text!r}"
        absent = [int(number) for number in _ABSENCES.findall(text)]
        if any(number > MISSING for number in absent):
            yield f"scenes are called missing that are there: {text!r}"
        if any(int(number) > 1 for number in _ORPHANS.findall(text)):
            yield f"items are called orphans that are not: {text!r}"


def _lost(world: SmallWorld, queue: InQueue) -> Iterator[str]:
    """Edits that are neither in Plex nor in the queue."""
    kept = {*queue.waiting, *queue.failed}
    for name in sorted(world.queued):
        if world.scene_ids[name] not in kept and not _is_right(world, name):
            yield f"the edit of {name} is neither in Plex nor in the queue"


def _is_right(world: SmallWorld, name: str) -> bool:
    if name in (ABSENT, OTHER_TWIN):
        return False
    place = MOVED if name == "Films/moved" else name
    shown = world.shown(place)
    wrong = {
        field for field, value in world.expected(was_undone=True)[place].items() if shown[field] != value
    }
    return not wrong or (wrong == {"poster"} and world.is_without_image(place))


def _secrets(world: SmallWorld, run: Run) -> Iterator[str]:
    contents = {"the log or standard output": run.log.encode()}
    for path in world.data_dir.rglob("*"):
        if path.is_file():
            contents[path.name] = path.read_bytes()
    for secret in (TOKEN, *world.new_cookies):
        for place, content in contents.items():
            # A part of a secret is one, too.
            if secret[:PART_OF_A_SECRET].encode() in content:
                yield f"{'the token' if secret == TOKEN else 'a session cookie'} stands in {place}"


def _short(value: object) -> str:
    return repr(value)[:60]
