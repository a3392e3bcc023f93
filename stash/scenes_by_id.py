"""Reading scenes by their ids, and proving whose fault it is where one cannot be read.

Stash answers with an error both for a scene that it cannot read and for a database that it cannot
read. Only the first is the scene's: where it cannot be read alone, twice, while another one can be
read before and after. Whatever is not proven like this is Stash's trouble, and concludes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from stash.chosen_scenes import ALL_SCENES, ChosenScenes
from stash.documents import COUNT, PAGE_OF_IDS, Ask, all_of, among, document_by_id, document_of_counts
from stash.exceptions import GraphQLRefusal, StashAnswerInvalid, StashAnswerTooLarge, StashError
from validation.exceptions import SceneMalformed
from validation.scene import Scene, parse_scene, scene_id_of

SCENES_PER_REQUEST = 50
# Stash orders by chance from a seed; with the same one a sample can be compared with the last one.
SAMPLE_SEED = 48_271_337
# So many other scenes are tried before Stash itself is held to be in trouble.
WITNESSES = 5

Read = Scene | SceneMalformed | None


def scene_or_problem(raw: object, namesakes: Collection[str]) -> Scene | SceneMalformed:
    """The scene, its performers told apart where their names are among these; or what is wrong with it."""
    try:
        return parse_scene(raw, namesakes)
    except SceneMalformed as error:
        return error


def sample_of_ids(ask: Ask, count: int, chosen: ChosenScenes = ALL_SCENES) -> list[int]:
    """The ids of so many chosen scenes with a file from all over the collection, the same ones every time.

    Raises StashError.
    """
    find = {"sort": f"random_{SAMPLE_SEED}", "per_page": count, "q": chosen.search}
    answer = ask(PAGE_OF_IDS, {"find": find, "where": _with_files("GREATER_THAN", chosen)})
    return ids_in(scenes_in(answer))


def count_without_file(ask: Ask, chosen: ChosenScenes = ALL_SCENES) -> int:
    """How many of the chosen scenes have no file. Raises StashError."""
    find = {"per_page": 0, "q": chosen.search}
    return count_in(ask(COUNT, {"find": find, "where": _with_files("EQUALS", chosen)}))


def _with_files(modifier: str, chosen: ChosenScenes) -> dict[str, Any]:
    return all_of(chosen.criteria, {**chosen.own, "file_count": {"value": 0, "modifier": modifier}})


def scenes_in(answer: Mapping[str, Any]) -> list[Any]:
    """The raw scenes of an answer to findScenes. Raises StashAnswerInvalid where there is no list."""
    found = answer.get("findScenes")
    scenes = found.get("scenes") if isinstance(found, Mapping) else None
    if not isinstance(scenes, list):
        raise StashAnswerInvalid("Stash returned no list of scenes.")
    return scenes


def count_in(answer: Mapping[str, Any], name: str = "findScenes") -> int:
    """How many scenes an answer counts. Raises StashAnswerInvalid where it does not."""
    found = answer.get(name)
    count = found.get("count") if isinstance(found, Mapping) else None
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise StashAnswerInvalid("Stash returned a count of scenes that is not a number.")
    return count


def ids_in(raw_scenes: Iterable[Any]) -> list[int]:
    """The ids of these raw scenes, as far as they have any, each once."""
    ids = (scene_id_of(raw) for raw in raw_scenes if isinstance(raw, Mapping))
    return list(dict.fromkeys(scene_id for scene_id in ids if scene_id is not None))


class ScenesById:
    """Reads scenes by their ids, with `more` of what validation.scene_fragment knows.

    `namesakes` are names, casefolded, that several performers share. Where not all scenes are chosen to be
    carried, `left_out` has those that were read and are not among these: the same requests tell it.
    """

    def __init__(
        self,
        ask: Ask,
        more: Collection[str],
        namesakes: Collection[str] = (),
        chosen: ChosenScenes = ALL_SCENES,
    ) -> None:
        self._ask = ask
        self._more = more
        self.namesakes = namesakes
        self._chosen = chosen
        self.left_out: set[int] = set()

    def read(self, ids: Sequence[int]) -> dict[int, Read]:
        """The scenes of these ids, read in one request; None where Stash has no such scene.

        SceneMalformed for one that is proven to be unreadable or unusable by itself. Raises StashError.
        """
        found = self._read_halving(ids)
        suspects = [scene_id for scene_id, one in found.items() if isinstance(one, SceneMalformed)]
        if suspects:
            found.update(self._judge(suspects, ids, found))
        return found

    def confirm_gone(self, ids: Sequence[int]) -> None:
        """Ask for these scenes, which Stash said not to have, in another way.

        What follows from a scene that is gone cannot be taken back. Raises StashError where it may be there.
        """
        if not ids:
            return
        names = [f"s{n}" for n in range(len(ids))]
        answer = self._ask(document_of_counts(len(ids)), dict(zip(names, ids, strict=True)))
        if [count_in(answer, name) for name in names] != [0] * len(ids):
            raise StashAnswerInvalid(
                "Stash says of a scene both that it is there and that it is not; nothing was concluded."
            )

    def _read_halving(self, ids: Sequence[int]) -> dict[int, Read]:
        """One request for all; where Stash refuses it, one for each half. A single one is only suspected."""
        try:
            return self._request(ids)
        except (GraphQLRefusal, StashAnswerTooLarge) as refusal:
            if len(ids) == 1:
                return {ids[0]: _unreadable(ids[0], refusal)}
        middle = len(ids) // 2
        found = self._read_halving(ids[:middle])
        if all(isinstance(one, SceneMalformed) for one in found.values()):
            # Before all the others are asked for one by one: is it Stash?
            self._find_witness(found, ids)
        return found | self._read_halving(ids[middle:])

    def _judge(
        self, suspects: Sequence[int], ids: Sequence[int], found: Mapping[int, Read]
    ) -> dict[int, Read]:
        """What becomes of scenes that seem unusable: read alone once more, between two that are well."""
        read_well = [scene_id for scene_id, one in found.items() if isinstance(one, Scene)]
        suspected = {scene_id: found[scene_id] for scene_id in suspects}
        witness = self._find_witness(suspected, [*read_well, *ids])
        again = {scene_id: self._read_alone(scene_id) for scene_id in suspects}
        if any(isinstance(one, SceneMalformed) for one in again.values()):
            self._find_witness(again, [witness])
        return again

    def _find_witness(self, suspected: Mapping[int, Read], candidates: Iterable[int]) -> int:
        """Another scene that can be read now, if possible of these. Raises StashError where there is none."""
        others = (scene_id for scene_id in dict.fromkeys(candidates) if scene_id not in suspected)
        for scene_id in chain(islice(others, WITNESSES), self._from_elsewhere(suspected)):
            if isinstance(self._read_alone(scene_id), Scene):
                return scene_id
        problem = next(one for one in suspected.values() if isinstance(one, SceneMalformed))
        if isinstance(problem.__cause__, StashError):
            raise problem.__cause__
        raise StashAnswerInvalid(
            f"Stash returned no usable scene, so nothing was concluded. The first problem: {problem}"
        ) from problem

    def _from_elsewhere(self, suspected: Mapping[int, Read]) -> Iterator[int]:
        """The ids of scenes that may be there: beside these, and from all over the collection."""
        tried = set(suspected)
        for distance in range(1, WITNESSES + 1):
            for scene_id in (min(suspected) - distance, max(suspected) + distance):
                if scene_id > 0 and scene_id not in tried:
                    tried.add(scene_id)
                    yield scene_id
        # Even a list of ids fails where Stash cannot read a scene in it.
        with suppress(GraphQLRefusal):
            sample = sample_of_ids(self._ask, len(suspected) + WITNESSES)
            yield from (scene_id for scene_id in sample if scene_id not in tried)

    def _read_alone(self, scene_id: int) -> Read:
        try:
            return self._request([scene_id])[scene_id]
        except (GraphQLRefusal, StashAnswerTooLarge) as refusal:
            return _unreadable(scene_id, refusal)

    def _request(self, ids: Sequence[int]) -> dict[int, Read]:
        names = [f"s{n}" for n in range(len(ids))]
        document = document_by_id(len(ids), self._more, not self._chosen.are_all)
        asked: dict[str, Any] = dict(zip(names, map(str, ids), strict=True))
        if not self._chosen.are_all:
            asked.update(among(ids, self._chosen.criteria, self._chosen.own, self._chosen.search))
        answer = self._ask(document, asked)
        # A name that is not there is no null: only null says that there is no such scene.
        if not answer.keys() >= set(names):
            raise StashAnswerInvalid("Stash's answer leaves out some of the scenes it was asked for.")
        if not self._chosen.are_all:
            self.left_out.difference_update(ids)
            self.left_out.update(_left_out(answer, ids))
        return {
            scene_id: _checked(scene_id, answer[name], self.namesakes)
            for scene_id, name in zip(ids, names, strict=True)
        }


def _left_out(answer: Mapping[str, Any], ids: Sequence[int]) -> set[int]:
    """Those of these ids that are not among the chosen scenes of an answer, which has to list all of them."""
    count = count_in(answer, "chosen")
    admitted = set(ids_in(scenes_in({"findScenes": answer.get("chosen")})))
    if len(admitted) != count or not admitted <= set(ids):
        raise StashAnswerInvalid("Stash did not say which of some scenes are to be carried.")
    return set(ids) - admitted


def _unreadable(scene_id: int, refusal: GraphQLRefusal | StashAnswerTooLarge) -> SceneMalformed:
    words = f"Stash could not read it ({refusal.words}); open and save it in Stash."
    problem = SceneMalformed(str(scene_id), words)
    problem.__cause__ = refusal
    return problem


def _checked(scene_id: int, raw: object, namesakes: Collection[str]) -> Read:
    """The scene of an answer about this id."""
    if raw is None:
        return None
    one = scene_or_problem(raw, namesakes)
    if isinstance(one, Scene) and one.id != scene_id:
        return SceneMalformed(str(scene_id), "Stash returned another scene in its place.")
    return one if isinstance(one, Scene) else SceneMalformed(str(scene_id), one.problem, one.files)
