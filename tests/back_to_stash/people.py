"""Two servers, people who act in both at random, and the plugin's tasks, killed and cut off at random."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from back_to_stash.run import bring_back, bring_back_after
from plex.exceptions import PlexError
from stash.exceptions import StashError
from sync_queue import unanswered
from tests.back_to_stash.expected import ExpectedPlays, ExpectedRating, ExpectedResume, Ratings
from tests.back_to_stash.expected_of_several import ExpectedRatingOfSeveral
from tests.builders.bench import Bench, a_bench
from tests.builders.killed import Killed
from tests.servers.plex.watching import GUEST
from tests.servers.stash import plays
from tests.servers.world import PLEX_ROOT, ROOT, STASH_ROOT

LENGTH = 1000.0
# The plugin is killed in a line of these: what decides, writes down and writes.
KILLED_IN = (f"{ROOT}/back_to_stash/", f"{ROOT}/sync_queue/brought_back", f"{ROOT}/stash/writing")
HARMLESS = ("runPluginTask",)


@contextmanager
def killed_in_line(number: int) -> Iterator[None]:
    """Kill what runs here in the so-manieth of its lines; if it has fewer, it comes to its end."""
    left = number

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(KILLED_IN):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


class Film:
    """A scene with its items, and what is expected of it; of the ratings of several items by `ratings`."""

    def __init__(self, scene_id: int, keys: list[int], shown: Callable[[float], float]) -> None:
        self.scene_id = scene_id
        self.keys = keys
        self.rating = ExpectedRating(shown, {Ratings(None, None)})
        self.ratings = ExpectedRatingOfSeveral(shown, plex=(None,) * len(keys)) if len(keys) > 1 else None
        self.plays = ExpectedPlays()
        self.resume = ExpectedResume(LENGTH)


class People:
    """Acts at random on both servers, and holds what comes of it against what is expected."""

    def __init__(self, bench: Bench, chance: random.Random, has_several: bool) -> None:
        """Each scene has one item or, where it `has_several`, two: of a second file, or in two libraries."""
        self.bench, self.chance = bench, chance
        self.stash, self.plex = bench.world.stash.library, bench.world.plex.library
        self.now = 1_760_000_000
        self.stash.now = lambda: datetime.fromtimestamp(self.now, timezone.utc)
        self.plex.clock = lambda: float(self.now)
        # What Stash dates its answers with is the clock by which a look is remembered.
        bench.world.stash.now = self.stash.now
        self.edited: set[int] = set()
        bench.world.stash.plugins.trigger = self._hook  # type: ignore[method-assign]
        self.has_looked = False
        self.told: list[str] = []
        behaviour = bench.world.plex.behaviour
        behaviour.ratings_are_kept = chance.choice(("as_sent", "as_sent", "in_half_stars", "in_halves"))
        behaviour.clearing_a_rating = chance.choice(("dates_it", "keeps_its_date", "drops_its_date"))
        behaviour.edits_date_a_rating = chance.random() < 0.5
        behaviour.after_is_inclusive = chance.random() < 0.5
        if chance.random() < 0.2:
            behaviour.ignored_filters = frozenset({"accountID", "viewedAt", "lastRatedAt", "lastViewedAt"})
        self.films = [self._film(number, has_several) for number in range(3)]
        # Whose scene an item is was found out before anybody wanted anything back.
        bench.save(*self.edited)
        bench.drain(back_to_stash="")
        self.edited.clear()

    def _film(self, number: int, has_several: bool) -> Film:
        scene_id = self.bench.world.add_film(
            f"film {number}", title=f"Film {number}", plex={"duration": 1_000_000}
        )
        self.stash.scene(scene_id).files[0].duration = LENGTH
        keys = [self.bench.world.item(f"film {number}").rating_key]
        if has_several:
            keys.append(self._another_item(scene_id, number))
        self.edited.add(scene_id)
        return Film(scene_id, keys, self._shown)

    def _another_item(self, scene_id: int, number: int) -> int:
        """The item of a second file, or of the same one in another library; its rating key."""
        world = self.bench.world
        path, section = f"Films/film {number}.mp4", world.section_keys["Clips"]
        if number % 2:
            path, section = f"Films/film {number}, part 2.mp4", world.section_keys["Films"]
            self.stash.add_file(scene_id, f"{STASH_ROOT}/{path}", 2000)
        size = 2000 if number % 2 else 1000
        item = self.plex.add_item(section, files=((f"{PLEX_ROOT}/{path}", size),), duration=1_000_000)
        return int(item.rating_key)

    def _shown(self, rating: float) -> float:
        kept = self.bench.world.plex.behaviour.ratings_are_kept
        step = {"as_sent": 0, "in_half_stars": 1, "in_halves": 0.5}[kept]
        return float(int(rating / step + 0.5) * step) if step else round(rating, 1)

    def _hook(self, hook_type: str, record_id: int, hook_input: object, fields: Collection[str]) -> None:
        self.edited.add(record_id)

    # Acts of people

    def act(self) -> None:
        """One of them does one thing."""
        film, chance = self.chance.choice(self.films), self.chance
        self.now += chance.randint(1, 5000)
        acts = (
            self._rate_in_plex,
            self._rate_in_stash,
            self._watch,
            self._stop,
            self._mark,
            self._play_in_stash,
            self._stop_in_stash,
            self._edit_in_stash,
            self._as_guest,
        )
        act = chance.choice(acts)
        # Of a scene with one item nothing is drawn: its sequences stay what they were.
        key = chance.choice(film.keys) if len(film.keys) > 1 else film.keys[0]
        self.told.append(f"{act.__name__} {film.scene_id}, item {key} at {self.now}")
        act(film, key)

    def _rate_in_plex(self, film: Film, key: int) -> None:
        rating = self.chance.choice((None, *(float(half) for half in range(1, 11))))
        self.plex.rate(key, rating)
        film.rating.in_plex(rating)
        if film.ratings:
            film.ratings.in_plex(rating, film.keys.index(key))
        self.told.append(f"  {rating}")

    def _rate_in_stash(self, film: Film, key: int) -> None:
        rating = self.chance.choice((None, self.chance.randint(1, 100), 10 * self.chance.randint(1, 10)))
        self.stash.update_scene(film.scene_id, rating100=rating)
        self.edited.add(film.scene_id)
        film.rating.in_stash(rating)
        if film.ratings:
            film.ratings.in_stash(rating)
        self.told.append(f"  {rating}")

    def _watch(self, film: Film, key: int) -> None:
        self.plex.watch(key)
        film.plays.viewed(self.now, is_old=not self.has_looked)
        film.resume.in_plex(0.0, key)

    def _stop(self, film: Film, key: int) -> None:
        seconds = self.chance.randint(1, 899)
        self.plex.stop_at(key, seconds * 1000)
        film.resume.in_plex(float(seconds), key)

    def _mark(self, film: Film, key: int) -> None:
        if self.chance.random() < 0.5:
            self.plex.mark_watched(key)
            film.resume.in_plex(0.0, key)
        else:
            self.plex.unwatch(key)
            film.resume.forgotten_in_plex(key)

    def _play_in_stash(self, film: Film, key: int) -> None:
        scene = self.stash.scene(film.scene_id)
        if scene.play_history and self.chance.random() < 0.3:
            gone = self.chance.choice(scene.play_history)
            plays.delete_plays(self.stash, film.scene_id, [gone])
            film.plays.taken_away(_seconds(gone))
        else:
            self.stash.record_play(film.scene_id)
            film.plays.plays[self.now] += 1

    def _stop_in_stash(self, film: Film, key: int) -> None:
        seconds = float(self.chance.randint(0, 899))
        self.stash.scene(film.scene_id).resume_time = seconds
        film.resume.in_stash(seconds)

    def _edit_in_stash(self, film: Film, key: int) -> None:
        self.stash.update_scene(film.scene_id, title=f"Film {self.now}")
        self.edited.add(film.scene_id)

    def _as_guest(self, film: Film, key: int) -> None:
        self.plex.watch(key, account=GUEST)
        self.plex.stop_at(key, 5000, account=GUEST)
        self.plex.rate(key, 1.0, account=GUEST)

    # Tasks of the plugin

    def run(self, everything: bool = False) -> None:
        """One task to its end, and what came of it."""
        self.told.append(f"a task, everything={everything}")
        self._task(everything)
        self._after(was_interrupted=False, everything=everything)
        self.has_looked = True

    def run_badly(self) -> None:
        """One task that is killed, or meets a server that fails."""
        everything, chance, world = self.chance.random() < 0.3, self.chance, self.bench.world
        how = chance.choice(("killed", "killed", "killed", "lost answer", "refused", "Plex away"))
        self.told.append(f"{how}, everything={everything}")
        if how == "lost answer":
            world.stash.faults.add(
                "drop", chance.choice(("sceneUpdate", "sceneAddPlay", "sceneSaveActivity")), 1
            )
        elif how == "refused":
            world.stash.faults.add("graphql_error", "sceneAddPlay", 1, message="disk is full")
        elif how == "Plex away":
            world.plex.faults.add("status", code=503, after=chance.randint(0, 8), times=3)
        try:
            with killed_in_line(chance.randint(0, 900)) if how == "killed" else killed_in_line(10**9):
                self._task(everything)
        except (Killed, PlexError, StashError):
            pass
        finally:
            world.stash.faults.clear()
            world.plex.faults.clear()
        self._after(was_interrupted=True, everything=everything)

    def _task(self, everything: bool) -> None:
        bench = self.bench
        bench.later += 100_000
        bench.save(*self.edited)
        self.edited.clear()
        stash, config, data_dir = bench.stash(), bench.config({}), os.fspath(bench.world.data_dir)
        if everything:
            bring_back(stash, config, data_dir)
        else:
            bench.drain()
            bring_back_after("process_queue", stash, config, data_dir)

    def _after(self, was_interrupted: bool, everything: bool) -> None:
        behaviour = self.bench.world.plex.behaviour
        # The date that it keeps may be none, where the plugin's own edit gave it none.
        kept = "keeps_its_date" if behaviour.edits_date_a_rating else "dates_it"
        has_no_date = behaviour.clearing_a_rating not in ("dates_it", kept)
        for film in self.films:
            scene, shown = self.stash.scene(film.scene_id), self._ratings_in_plex(film)
            # The task that looks at everything drains nothing.
            if film.ratings:
                film.ratings.after_task(was_interrupted, is_drained=not everything)
                film.ratings.see(scene.rating100, shown)
            else:
                film.rating.after_task(was_interrupted or everything, has_no_date and not everything)
                film.rating.see(scene.rating100, shown[0])
            film.plays.after_task(was_interrupted, everything)
            film.plays.see(Counter(map(_seconds, scene.play_history)), is_settled=not was_interrupted)
            film.resume.after_task(was_interrupted, is_first=not self.has_looked)
            film.resume.see(scene.resume_time)

    def _ratings_in_plex(self, film: Film) -> list[float | None]:
        items = [self.plex.item(key) for key in film.keys]
        return [item.user_rating for item in items if item is not None]

    def settle(self) -> None:
        """Two tasks bring all of it; a third one and the task that looks at everything write nothing."""
        for _ in range(2):
            self.run()
        self.run(everything=True)
        self.run()
        self.bench.world.clear_requests()
        self.run()
        self.run(everything=True)
        assert self.writes() == []
        for film in self.films:
            if film.ratings:
                film.ratings.see_settled(
                    self.stash.scene(film.scene_id).rating100, self._ratings_in_plex(film)
                )

    def writes(self) -> list[str]:
        """What was sent that changes anything on either side."""
        world = self.bench.world
        sent = [one.query for one in list(world.stash.requests) if one.query.lstrip().startswith("mutation")]
        to_stash = [query for query in sent if not any(word in query for word in HARMLESS)]
        return to_stash + [
            f"{one.method} {one.path}" for one in list(world.plex.requests) if one.method != "GET"
        ]


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp())


def play_through(folder: Path, seed: int, steps: int = 14, has_several: bool = False) -> None:
    """One sequence from its beginning to the state in which nothing is left to do."""
    chance = random.Random(seed)
    # A clock that is replaced moves by hours between two tasks: whatever Stash was asked for before is done.
    with a_bench(folder) as bench, patch.object(unanswered, "STILL_WRITING", 0):
        bench.world.settings["back_to_stash"] = "ratings, plays, resume"
        people = People(bench, chance, has_several)
        try:
            for _ in range(chance.randint(0, 3)):
                people.act()
            for _ in range(steps):
                kind = chance.random()
                if kind < 0.62:
                    people.act()
                elif kind < 0.82:
                    people.run(everything=chance.random() < 0.15)
                else:
                    people.run_badly()
            people.settle()
        except AssertionError as error:
            raise AssertionError(f"sequence {seed}: {error}\n" + "\n".join(people.told)) from error
