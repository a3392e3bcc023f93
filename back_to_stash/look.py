"""A look at what people did in Plex, and bringing it to Stash: read, decide, write down, write, settle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from back_to_stash.brought import Brought, describe, in_words
from back_to_stash.pairing import as_text, bringing, guess_scenes, is_carried
from back_to_stash.scene_news import Deciding, SceneNews, is_all_there
from back_to_stash.what_plex_says import News, read_news
from plex.client import Plex
from plex.item_finder import Found
from plex.items import PlexItem
from plex.library import read_sections
from plex.matching import MatchLevel
from stash import log
from stash.activity import Activity, read_activity
from stash.client import Stash
from stash.exceptions import GraphQLRefusal, StashError, StashUnavailable
from stash.writing import WRITES_PER_REQUEST, SetRating, Write, write
from sync_queue.brought_back import LEFT, BroughtBack, View
from sync_queue.failure import is_shared_by_all, of_the_server, problem_of
from sync_queue.reading import Lane, Reader
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig

# Scenes are read by so many, and written right after a last look at each group of these.
SCENES_PER_READ, SCENES_PER_GROUP = 50, 30
# In place of a guess: looked at again whatever is known by then.
AGAIN = "again"


Scenes = dict[int, Sequence[PlexItem]]


def look(
    stash: Stash,
    plex: Plex,
    state: SyncState,
    config: Stash2PlexConfig,
    everything: bool = False,
    is_dry: bool = False,
) -> Brought:
    """Bring what is new in Plex to Stash, or only say what would come where it `is_dry`.

    `everything` looks at all items, and brings views from before the setting was turned on too.
    Raises StashError, PlexError, OSError, sqlite3.Error.
    """
    kinds = config.back_to_stash
    sections = read_sections(plex, config.plex_library)
    state.use_server(plex.machine_identifier, str(config.path_map))
    back = state.back.in_memory() if is_dry else state.back
    back.forget_switched_off(kinds)
    if everything:
        back.look_again_at_left()
    news = read_news(plex, sections, state, back, kinds, everything)
    reader = Reader(Lane(stash, plex), state, sections, config)
    bringer = _Bringing(stash, reader, state, back, config, is_dry)
    bringer.bring(news, everything)
    for what, until in news.until.items():
        back.set_until(what, max(until, back.until(what) or 0))
    bringer.brought.is_owner = news.is_owner
    if everything and not is_dry:
        state.previewed.all_came_back(but=bringer.unsettled)
    return bringer.brought


class _Bringing:
    """One way from the news to Stash."""

    def __init__(
        self,
        stash: Stash,
        reader: Reader,
        state: SyncState,
        back: BroughtBack,
        config: Stash2PlexConfig,
        is_dry: bool,
    ) -> None:
        self._stash = stash
        self._reader = reader
        self._state = state
        self._back = back
        self._config = config
        self._is_dry = is_dry
        self._deciding = Deciding(state, back, config, stash.now.timestamp())
        self._views: list[View] = []
        self._asked = 0
        # Scenes about which nothing could be concluded, or to which nothing could be written.
        self.unsettled = set[int]()
        # Those that Stash may still be writing, from a task before.
        self._unanswered = state.unanswered.may_still_be_written()
        self.brought = Brought()

    def bring(self, news: News, everything: bool) -> None:
        """Bring all of it."""
        self._views = self._back.open_views() if "plays" in self._config.back_to_stash else []
        listed, waiting = news.items, self._back.waiting_items()
        of_views = {view.rating_key for view in self._views}
        guesses = guess_scenes(self._state, {*listed, *waiting, *of_views}, listed)
        for view in self._views:
            # One that was begun is settled with the scene for which it was.
            guesses[view.rating_key] |= {view.scene_id} - {0}
        wanted = {key for key, guess in guesses.items() if everything or waiting.get(key) != as_text(guess)}
        scene_ids = sorted({scene_id for key in wanted for scene_id in guesses[key]})
        found = set[int]()
        for some in _parts(scene_ids, SCENES_PER_READ):
            found |= self._bring_scenes(some)
        self._back.put_waiting(
            {
                key: as_text(guesses[key]) if self.unsettled.isdisjoint(guesses[key]) else AGAIN
                for key in wanted - found
            }
        )
        self._back.forget_waiting(found)
        self._judge_failures()
        self.brought.waiting = len(self._back.open_views()) if self._views else 0

    def _bring_scenes(self, scene_ids: Sequence[int]) -> set[int]:
        """Bring what is new to these scenes; the items that belong to them."""
        read = self._reader.read(scene_ids)
        scenes: Scenes = {}
        items = set[int]()
        for scene_id, scene in read.scenes.items():
            found = read.found.get(scene_id)
            if scene_id in read.left_out:
                # What people did meanwhile comes once it is carried and everything is asked for.
                continue
            if scene is None or not isinstance(found, Found) or found.match.level is MatchLevel.UNKNOWN:
                self.unsettled.add(scene_id)
                continue
            all_items = found.items
            items |= {item.rating_key for item in all_items}
            is_here = is_carried(self._state, scene)
            some = bringing(all_items, self._config) if is_here else []
            self._leave(all_items, some)
            # A view that was begun is settled with its scene, whose item may be another one's by now.
            is_left = is_here and not all_items and any(view.scene_id == scene_id for view in self._views)
            if some or is_left:
                scenes[scene_id] = some
        for group in _parts(sorted(scenes), SCENES_PER_GROUP):
            self._bring_group({scene_id: scenes[scene_id] for scene_id in group})
        self.unsettled |= {*read.malformed, *self.brought.failures}
        left = {*self.brought.failures, *self._unanswered}
        failed = {item.rating_key for one in left for item in scenes.get(one, ())}
        return items - failed

    def _leave(self, items: Sequence[PlexItem], bringing: Sequence[PlexItem]) -> None:
        """The views of items that bring nothing stay out of Stash, until somebody asks for everything."""
        keys = {item.rating_key for item in items} - {item.rating_key for item in bringing}
        left = [view for view in self._views if view.rating_key in keys and not view.scene_id]
        self._back.put_views(view._replace(step=LEFT) for view in left)

    def _bring_group(self, scenes: Scenes) -> None:
        """Look at these scenes in Stash once more and write; one by one where Stash refuses them together."""
        try:
            activities = read_activity(self._stash.ask, list(scenes))
            self._leave_unanswered(activities)
            decided = [
                self._deciding.decide(scene_id, activities[scene_id], items, self._views_of(scene_id, items))
                for scene_id, items in scenes.items()
                if scene_id in activities and scene_id not in self._unanswered
            ]
            self._carry_out(decided)
        except GraphQLRefusal as refusal:
            if len(scenes) > 1:
                for scene_id, items in scenes.items():
                    self._bring_group({scene_id: items})
                return
            self.brought.failures.update(dict.fromkeys(scenes, refusal))
        self._asked += len(scenes)

    def _leave_unanswered(self, activities: Mapping[int, Activity]) -> None:
        """Leave the scenes for the next look that Stash may still be writing, unless all of it is there."""
        asked = self._unanswered & activities.keys()
        self._unanswered -= {one for one in asked if is_all_there(self._state, one, activities[one])}
        self.unsettled |= self._unanswered & asked

    def _views_of(self, scene_id: int, items: Sequence[PlexItem]) -> list[View]:
        keys = {item.rating_key for item in items}
        return [
            view
            for view in self._views
            if view.scene_id == scene_id or (not view.scene_id and view.rating_key in keys)
        ]

    def _carry_out(self, decided: Sequence[SceneNews]) -> None:
        with self._back.at_once():
            for one in decided:
                if not one.writes:
                    one.done.put(self._back)
        for some in _requests([one for one in decided if one.writes]):
            self._write_down(some)
            if not self._is_dry:
                self._write(some)
            with self._back.at_once():
                for one in some:
                    one.done.put(self._back)
                    if not self._is_dry:
                        self._state.previewed.came_back(one.scene_id, map(in_words, one.changes))
                self._state.unanswered.end(one.scene_id for one in some if not self._is_dry)
            for one in some:
                self._note(one)

    def _write_down(self, some: Sequence[SceneNews]) -> None:
        """What is about to be written, and what is there before it."""
        with self._back.at_once():
            for one in some:
                for change in one.changes:
                    self._back.keep_had(one.scene_id, change.kind, change.old, change.new)
                one.begun.put(self._back)
            self._state.unanswered.begin(one.scene_id for one in some if not self._is_dry)

    def _write(self, some: Sequence[SceneNews]) -> None:
        try:
            write(self._stash, [single for one in some for single in one.writes])
        except StashError as problem:
            if isinstance(problem, GraphQLRefusal) or not isinstance(problem, StashUnavailable):
                # It answered: whatever it did of it is done.
                self._state.unanswered.end(one.scene_id for one in some)
            raise

    def _note(self, one: SceneNews) -> None:
        self.brought.changes += one.changes
        would = "would come" if self._is_dry else "came"
        for change in one.changes:
            log.debug(f"Scene {one.scene_id}: {would} from Plex, {describe(change)}")

    def _judge_failures(self) -> None:
        failures = list(self.brought.failures.values())
        if len(failures) > 1 and is_shared_by_all(failures, self._asked):
            raise of_the_server(failures)
        for scene_id, failure in self.brought.failures.items():
            log.warning(
                f"Scene {scene_id}: what came from Plex could not be written to Stash: {problem_of(failure)} "
                "The next look tries it again."
            )


def _parts(scene_ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(scene_ids), size):
        yield scene_ids[start : start + size]


def _requests(decided: Iterable[SceneNews]) -> Iterator[list[SceneNews]]:
    """Scenes that go into one request: hooks run while Stash answers, one after the other for each rating."""
    some: list[SceneNews] = []
    for one in decided:
        some.append(one)
        weight = sum(map(_weight, (single for each in some for single in each.writes)))
        if weight >= WRITES_PER_REQUEST:
            yield some
            some = []
    if some:
        yield some


def _weight(one: Write) -> int:
    return 6 if isinstance(one, SetRating) else 1
