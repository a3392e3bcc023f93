"""All scenes by pages, and the proof that they were all.

A page that is too short, a list that is empty and a hole in the ids look like the end. The end is
there where Stash counts as many scenes as it listed; what is missing until then is looked for, and a
list that stays too short is an error, never a result.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

from stash import log
from stash.chosen_scenes import ALL_SCENES, ChosenScenes
from stash.documents import COUNT, PAGE_OF_IDS, Ask, document_of_page, following
from stash.exceptions import GraphQLRefusal, StashAnswerInvalid, StashAnswerTooLarge
from stash.scenes_by_id import (
    SCENES_PER_REQUEST,
    Read,
    ScenesById,
    count_in,
    ids_in,
    scene_or_problem,
    scenes_in,
)
from validation.exceptions import SceneMalformed
from validation.scene import Scene, SceneFile

PAGE_SIZE = 500
IDS_PER_PAGE = 5_000
# Scenes that Stash can count and not list, before it is held to be in trouble.
MOST_UNLISTED = 20
# GraphQL has no larger numbers.
HIGHEST_ID = 2**31 - 1
# A library may change while it is listed; one that never stands still is not waited for.
LISTINGS = 3


@dataclass(frozen=True)
class ScenePage:
    """Scenes in the order of their ids, and those that could not be used."""

    scenes: tuple[Scene, ...]
    unusable: tuple[SceneMalformed, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """One sentence for each scene that could not be used."""
        return tuple(map(str, self.unusable))

    @property
    def files(self) -> Iterator[tuple[int, tuple[SceneFile, ...]]]:
        """The files of the scenes by their ids, those of unusable ones as far as they are known."""
        yield from ((scene.id, scene.files) for scene in self.scenes)
        yield from ((int(one.scene_id), one.files) for one in self.unusable if one.files is not None)

    @property
    def are_files_known(self) -> bool:
        """Whether the files of all its scenes are known."""
        return all(one.files is not None for one in self.unusable)


class _Stretch(NamedTuple):
    """What was read behind an id: the scenes, their ids, the last id looked at.

    `covered` says how many scenes of the list Stash has there; `is_last` that it seems to have none behind.
    """

    read: Sequence[Scene | SceneMalformed]
    ids: Sequence[int]
    last_id: int
    covered: int
    is_last: bool


class ScenePages:
    """The scenes that a GraphQL filter admits, `where`; an empty one admits all.

    They come with `more` of what validation.scene_fragment knows, and are also among those that `chosen`
    chooses. What `by_id` leaves out is left out here.
    """

    def __init__(
        self,
        ask: Ask,
        by_id: ScenesById,
        where: Mapping[str, Any],
        more: Collection[str] = (),
        chosen: ChosenScenes = ALL_SCENES,
    ) -> None:
        self._ask = ask
        self._by_id = by_id
        self._where = {**where, **chosen.own}
        self._chosen = chosen.criteria, chosen.search
        self._page = document_of_page(more)
        self._unlisted = 0

    def __iter__(self) -> Iterator[ScenePage]:
        """The pages. Pages follow the id, so a scene that is added or edited meanwhile shifts none.

        Raises StashError; the list is whole only where the iteration ends without.
        """
        seen = array("q")
        last_id = covered = 0
        while True:
            stretch = self._stretch(last_id)
            seen.extend(stretch.ids)
            covered += stretch.covered
            last_id = stretch.last_id
            if stretch.read:
                yield _page(stretch.read)
            if stretch.is_last and covered >= self.count():
                return
            # A scene may have been added behind, or the page been too short.
            if stretch.is_last and not (stretch.ids and self.count(last_id)):
                yield from self._missed(seen)
                return

    def count(self, after: int = 0) -> int:
        """How many scenes there are, of those with a higher id. Raises StashError."""
        return count_in(self._ask(COUNT, self._following(after, 0)))

    def ids(self) -> list[int]:
        """The ids of all of them. Raises StashError where Stash lists fewer than it counts."""
        for _ in range(LISTINGS):
            listed, entries = self._list_ids()
            if entries >= self.count():
                return listed
        raise StashAnswerInvalid("Stash lists fewer scenes than it counts; nothing was concluded.")

    def _list_ids(self) -> tuple[list[int], int]:
        """The ids, and how many scenes they were, those without an id included."""
        listed: list[int] = []
        entries = 0
        is_last = False
        while not is_last:
            last_id = listed[-1] if listed else 0
            raw, is_last = self._page_of_ids(last_id)
            listed.extend(_checked_ids(raw, last_id))
            entries += len(raw)
        return listed, entries

    def _page_of_ids(self, last_id: int) -> tuple[list[Any], bool]:
        """The raw scenes behind this id, and whether they seem to be the last."""
        size = IDS_PER_PAGE
        while True:
            try:
                raw = scenes_in(self._ask(PAGE_OF_IDS, self._following(last_id, size)))
                return raw, len(raw) < size
            except GraphQLRefusal:
                # One scene that Stash cannot resolve spoils the list of ids as well.
                if size == 1 and self._unlisted >= MOST_UNLISTED:
                    raise
                if size == 1:
                    break
                size = size // 10 or 1
        self._unlisted += 1
        before, is_last = self._before_next(last_id)
        return ([] if is_last else [{"id": str(before + 1)}]), is_last

    def _stretch(self, last_id: int) -> _Stretch:
        try:
            raw = scenes_in(self._ask(self._page, self._following(last_id, PAGE_SIZE)))
        except (GraphQLRefusal, StashAnswerTooLarge) as refusal:
            # One scene that Stash cannot resolve spoils the whole page.
            log.debug(f"A page of scenes failed ({refusal}); its scenes are read by their ids.")
            return self._stretch_by_id(last_id)
        ids = _checked_ids(raw, last_id)
        read = [scene_or_problem(one, self._by_id.namesakes) for one in raw]
        if ids and not any(isinstance(one, Scene) for one in read):
            read = _worth_telling(self._by_ids(ids))
        return _Stretch(read, ids, max(ids, default=last_id), len(raw), len(raw) < PAGE_SIZE)

    def _stretch_by_id(self, last_id: int) -> _Stretch:
        """About a page of scenes, whatever the filter, found by trying the ids behind this one."""
        remaining = self.count(last_id)
        read: list[Scene | SceneMalformed] = []
        ids: list[int] = []
        here, is_last = last_id, remaining == 0
        while not is_last and len(ids) < PAGE_SIZE:
            block = range(here + 1, here + 1 + SCENES_PER_REQUEST)
            found = self._admitted(block)
            read.extend(_worth_telling(found))
            ids.extend(found)
            here = block[-1]
            if not found:
                here, is_last = self._before_next(here)
        left = self.count(here)
        return _Stretch(read, ids, here, remaining - left, left == 0)

    def _before_next(self, last_id: int) -> tuple[int, bool]:
        """The id before that of the next scene, however far it is; and whether there is no next one.

        Counting finds it where Stash cannot even list the ids.
        """
        remaining = self.count(last_id)
        if not remaining:
            return last_id, True
        low, step = last_id, 1
        while self.count(low + step) == remaining:
            low, step = low + step, step * 2
            if low + step > HIGHEST_ID:
                raise StashAnswerInvalid("Stash counts scenes that it does not have; nothing was concluded.")
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            if self.count(middle) == remaining:
                low = middle
            else:
                high = middle
        return low, False

    def _missed(self, seen: Sequence[int]) -> Iterator[ScenePage]:
        """What Stash has and did not list at first."""
        missed = sorted(set(self.ids()).difference(seen))
        for start in range(0, len(missed), SCENES_PER_REQUEST):
            yield _page(_worth_telling(self._by_ids(missed[start : start + SCENES_PER_REQUEST])))

    def _by_ids(self, ids: Sequence[int]) -> dict[int, Read]:
        found: dict[int, Read] = {}
        for start in range(0, len(ids), SCENES_PER_REQUEST):
            found.update(self._admitted(ids[start : start + SCENES_PER_REQUEST]))
        return found

    def _admitted(self, ids: Sequence[int]) -> dict[int, Read]:
        """Those of these scenes that are there, and not left out."""
        read = self._by_id.read(ids)
        left_out = self._by_id.left_out
        return {
            scene_id: one for scene_id, one in read.items() if one is not None and scene_id not in left_out
        }

    def _following(self, last_id: int, size: int) -> dict[str, Any]:
        return following(last_id, self._where, size, self._chosen)


def ahead(pages: Iterator[ScenePage]) -> Iterator[ScenePage]:
    """The same pages, each read while the one before it is being handled."""
    with ThreadPoolExecutor(1, thread_name_prefix="stash") as thread:
        following_page = thread.submit(next, pages, None)
        while (page := following_page.result()) is not None:
            following_page = thread.submit(next, pages, None)
            yield page


def _page(read: Sequence[Scene | SceneMalformed]) -> ScenePage:
    return ScenePage(
        tuple(one for one in read if isinstance(one, Scene)),
        tuple(one for one in read if isinstance(one, SceneMalformed)),
    )


def _worth_telling(found: Mapping[int, Read]) -> list[Scene | SceneMalformed]:
    return [one for one in found.values() if one is not None]


def _checked_ids(raw_scenes: Sequence[Any], last_id: int) -> list[int]:
    """The ids of a page that was asked for behind `last_id`, in their order."""
    ids = sorted(ids_in(raw_scenes))
    if raw_scenes and not ids:
        raise StashAnswerInvalid("Stash returned a page of scenes without ids; nothing more was read.")
    if ids and ids[0] <= last_id:
        raise StashAnswerInvalid("Stash returned a page of scenes that was asked for before.")
    return ids
