"""Holding a data folder to one Stash database: refusing another, and setting aside what another left.

Stash gives itself no name. But it never gives an id a second time, and when a scene was made never
changes: some scenes and the highest id tell its database from any other one, however much is deleted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from stash import log
from stash.exceptions import StashAnswerInvalid
from sync_queue.data_folder import QUEUE_DATABASE, set_aside, setting_aside
from sync_queue.manager import JobQueue, QueueManager
from sync_queue.state import SyncState
from sync_queue.state_database import DATABASE as STATE_DATABASE
from sync_queue.state_database import RECONCILE_WANTED
from validation.exceptions import InvalidInput
from validation.scene import parse_timestamp, scene_id_of

if TYPE_CHECKING:
    from stash.client import Stash

FACT = "stash"
# So many scenes at either end, as the documents ask for, and as many in between are remembered.
REMEMBERED = 6
# So many of the last scenes do not vanish at once, unless Stash was restored from a backup.
FEWEST_GONE = 3
# Stash's clock may have been set since.
TOLERANCE = timedelta(hours=1).total_seconds()

_END = '%s: findScenes(filter: {sort: "id", direction: %s, per_page: 6}) { scenes { id created_at } }'


class Verdict(Enum):
    """What Stash's answer says of the database that the folder belongs to."""

    SAME = "the same"
    RESTORED = "restored from a backup"
    ANOTHER = "another"
    EMPTY = "without any scene"


class Seen(NamedTuple):
    """What Stash has now: when the remembered scenes were made, and the first and last scenes of all."""

    remembered: Mapping[int, int]
    ends: Mapping[int, int]


@dataclass(frozen=True)
class StashIdentity:
    """Scenes that Stash had: seconds since 1970 at which each was made, by id.

    `highest_id` is the highest that was ever seen, and `seen_at` when, by Stash's clock.
    """

    scenes: Mapping[int, int]
    highest_id: int = 0
    seen_at: int = 0

    @classmethod
    def from_stored(cls, text: str | None) -> StashIdentity:
        """What `to_stored` wrote; nothing known where it cannot be read."""
        try:
            stored = json.loads(text or "{}")
            scenes = {int(scene_id): int(made) for scene_id, made in stored["scenes"]}
            return cls(scenes, int(stored["highest_id"]), int(stored["seen_at"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls({})

    def to_stored(self) -> str:
        """As text for a database."""
        return json.dumps(
            {
                "scenes": sorted(self.scenes.items()),
                "highest_id": self.highest_id,
                "seen_at": self.seen_at,
            }
        )

    def judge(self, seen: Seen, destroyed: Collection[int] = ()) -> Verdict:
        """Whether Stash's database is still the one that this was remembered of.

        `destroyed` are scenes of which a hook told that they were deleted.
        """
        if destroyed:
            left = {scene_id: made for scene_id, made in self.scenes.items() if scene_id not in destroyed}
            return replace(self, scenes=left).judge(seen)
        there = {scene_id: made for scene_id, made in seen.remembered.items() if scene_id in self.scenes}
        same = sum(self.scenes[scene_id] == made for scene_id, made in there.items())
        if same:
            return Verdict.RESTORED if same < len(there) or self._lost_its_end(seen) else Verdict.SAME
        if there:
            return Verdict.ANOTHER
        if not self.scenes:
            return Verdict.SAME
        if not seen.ends:
            return Verdict.EMPTY if len(self.scenes) >= FEWEST_GONE else Verdict.SAME
        # All that are remembered were deleted: whatever there is must have been made since.
        is_newer = min(seen.ends) > self.highest_id
        is_small = len(self.scenes) < FEWEST_GONE and max(seen.ends.values()) <= self.seen_at + TOLERANCE
        return Verdict.SAME if is_newer or is_small else Verdict.ANOTHER

    def _lost_its_end(self, seen: Seen) -> bool:
        """Whether the last scenes are gone, with nothing after them: a backup is older than they."""
        last = sorted(self.scenes)[-FEWEST_GONE:]
        is_gone = not any(scene_id in seen.remembered for scene_id in last)
        return is_gone and len(self.scenes) > FEWEST_GONE and max(seen.ends, default=0) < last[0]

    def renewed(self, seen: Seen, now: float) -> StashIdentity:
        """What to remember from now on; the same where nothing is to be added."""
        there = sorted({**seen.remembered, **seen.ends}.items())
        step = max(1, len(there) // REMEMBERED)
        chosen = {*there[:REMEMBERED], *there[REMEMBERED:-REMEMBERED:step], *there[-REMEMBERED:]}
        highest = max([self.highest_id, *seen.ends])
        if dict(chosen) == self.scenes and highest == self.highest_id:
            return self
        return StashIdentity(dict(chosen), highest, int(now))


Ask = Callable[[str, dict[str, Any]], Mapping[str, Any]]


def look(ask: Ask, known: Iterable[StashIdentity]) -> Seen:
    """Ask Stash, in one question, for the scenes that are remembered and those at either end.

    Raises StashError.
    """
    ids = sorted({scene_id for one in known for scene_id in one.scenes})
    parameters = f"({', '.join(f'$s{n}: ID!' for n in range(len(ids)))})" if ids else ""
    fields = [_END % ("first", "ASC"), _END % ("last", "DESC")]
    fields += [f"s{n}: findScene(id: $s{n}) {{ id created_at }}" for n in range(len(ids))]
    document = f"query Whose{parameters} {{ {' '.join(fields)} }}"
    answer = ask(document, {f"s{n}": str(scene_id) for n, scene_id in enumerate(ids)})
    remembered = _made([answer.get(f"s{n}") for n in range(len(ids))])
    return Seen(remembered, {**_made(_listed(answer, "first")), **_made(_listed(answer, "last"))})


def _listed(answer: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = answer.get(name)
    scenes = found.get("scenes") if isinstance(found, Mapping) else None
    if not isinstance(scenes, list):
        raise StashAnswerInvalid("Stash returned no list of scenes.")
    return scenes


def _made(raw_scenes: Iterable[Any]) -> dict[int, int]:
    """When these scenes were made, by id; those that cannot be read are left out."""
    made: dict[int, int] = {}
    for raw in raw_scenes:
        if isinstance(raw, Mapping):
            scene_id = scene_id_of(raw)
            try:
                moment = parse_timestamp(raw.get("created_at"))
            except (ValueError, TypeError):
                continue
            if scene_id is not None:
                made[scene_id] = int(moment.timestamp())
    return made


class AnotherStash(InvalidInput):
    """The data folder belongs to another Stash database."""


def hold_to_one_stash(stash: Stash, manager: QueueManager, data_dir: str) -> QueueManager:
    """See to it that queue and state are about this Stash's scenes; the open queue.

    Raises AnotherStash, StashError, OSError or sqlite3.Error.
    """
    state = SyncState(data_dir)
    try:
        known = _known(state, manager.get_queue())
        seen, verdicts = _judged(stash, known, manager.get_queue())
        foreign = _refuse(data_dir, known, verdicts)
        if Verdict.RESTORED in verdicts.values():
            state.mark_lost()
            state.set_fact(RECONCILE_WANTED, "Stash was restored from a backup")
            log.warning(
                "Stash was restored from a backup: some scenes are gone, or are different ones. Until "
                "Reconcile Library (All) and then Process Queue have finished, values are only added in "
                "Plex.",
            )
        if foreign:
            state.close()
            manager = _without(foreign, manager, data_dir)
            state = SyncState(data_dir)
        base = (
            StashIdentity({}) if foreign or Verdict.RESTORED in verdicts.values() else known[STATE_DATABASE]
        )
        text = base.renewed(seen, stash.now.timestamp()).to_stored()
        if state.fact(FACT) != text:
            state.set_fact(FACT, text)
        if manager.get_queue().fact(FACT) != text:
            manager.get_queue().set_fact(FACT, text)
        return manager
    finally:
        state.close()


def refuse_another_stash(stash: Stash, state: SyncState, queue: JobQueue, data_dir: str) -> None:
    """See to it that what a person asks for is about this Stash's scenes; sets nothing aside for it.

    Raises AnotherStash, StashError or sqlite3.Error.
    """
    known = _known(state, queue)
    _, verdicts = _judged(stash, known, queue)
    foreign = _refuse(data_dir, known, verdicts)
    if foreign:
        raise AnotherStash(
            f"{foreign[0]} belongs to another Stash, so nothing was done. Run Process Queue: it keeps the "
            "file under another name and starts a new one."
        )


def _known(state: SyncState, queue: JobQueue) -> dict[str, StashIdentity]:
    """What each of the two files remembers of the Stash that it belongs to, by its name."""
    stored = {STATE_DATABASE: state.fact(FACT), QUEUE_DATABASE: queue.fact(FACT)}
    return {name: StashIdentity.from_stored(text) for name, text in stored.items()}


def _judged(
    stash: Stash, known: Mapping[str, StashIdentity], queue: JobQueue
) -> tuple[Seen, dict[str, Verdict]]:
    """What Stash has, and what that says of each of the files."""
    seen = look(stash.ask, known.values())
    destroyed = queue.untried_scene_ids("Scene.Destroy")
    return seen, {name: one.judge(seen, destroyed) for name, one in known.items()}


def _refuse(data_dir: str, known: Mapping[str, StashIdentity], verdicts: Mapping[str, Verdict]) -> list[str]:
    """Refuse another Stash than both files know; the files that belong to another, where one knows this."""
    foreign = [name for name, verdict in verdicts.items() if verdict is Verdict.ANOTHER]
    what_to_do = (
        f"If that is on purpose, move the data folder {data_dir} away: the next task makes a new one. If two "
        "Stashes share it, give one of them another with STASH2PLEX_DATA_DIR."
    )
    if Verdict.EMPTY in verdicts.values():
        raise AnotherStash(f"Stash has no scenes any more, so nothing was done. {what_to_do}")
    # One that is known, and knows this Stash, says that the other is the stranger.
    if foreign and not any(one.scenes for name, one in known.items() if name not in foreign):
        raise AnotherStash(
            f"This Stash has a different database than before, so nothing was done. {what_to_do}"
        )
    return foreign


def _without(foreign: list[str], manager: QueueManager, data_dir: str) -> QueueManager:
    """Set aside what belongs to another Stash."""
    manager.close()
    for name in foreign:
        path = os.path.join(data_dir, name)
        with setting_aside(path):
            kept = set_aside(path)
        log.warning(f"{name} belongs to another Stash. It is kept as {kept}, and a new one is started.")
    again = QueueManager(data_dir)
    if QUEUE_DATABASE in foreign:
        again.look_for_changes()
    return again
