"""Plex items that no scene owns: found in the index that a reconcile fills, told and never touched."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from plex.client import Plex, connect
from plex.items import PlexItem
from plex.library import ITEMS_PER_READ, LibrarySection, read_items, read_sections
from plex.orphans import orphans_in
from reconciliation.engine import GapDetectionEngine
from reconciliation.html_page import links_to
from reconciliation.orphans_page import OrphansReport, orphans_report
from reconciliation.reports import ORPHANS, place_of
from stash import log
from stash.client import Stash
from stash.log import Progress
from sync_queue.facts import ORPHANS_AT
from sync_queue.orphan_records import OrphansReplacement
from sync_queue.state import SyncState
from validation.amounts import number
from validation.config import Stash2PlexConfig

# More than this nobody reads, and each page of them is a request to Plex.
ITEMS_IN_REPORT = 5_000


@dataclass(frozen=True)
class LibraryOrphans:
    """What was found in one library, by rating keys; `items` is how many it has in all.

    `ignored` are those that a person ignores, and whether they are uncertain; they are in no other list.
    """

    section: LibrarySection
    items: int
    orphans: Sequence[int]
    uncertain: Sequence[int]
    ignored: Mapping[int, bool]

    @property
    def told(self) -> int:
        """How many items are told: they surely belong to no scene, or perhaps to none."""
        return len(self.orphans) + len(self.uncertain)

    @property
    def unowned(self) -> int:
        """The same with those that are ignored."""
        return self.told + len(self.ignored)


@dataclass
class OrphansFound:
    """What a search found, and what keeps it from being complete; the report, where one was written."""

    libraries: list[LibraryOrphans] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    report: Path | None = None


class OrphanSearch:
    """Compares both servers without queueing anything, and lists what is left over in Plex."""

    def __init__(self, stash: Stash, config: Stash2PlexConfig, data_dir: str | Path) -> None:
        self._stash = stash
        self._config = config
        self._data_dir = Path(data_dir)
        self._shown = 0

    def run(self) -> OrphansFound:
        """Find the orphans and write the report. Raises StashError, PlexError, OSError, sqlite3.Error."""
        progress = Progress()
        engine = GapDetectionEngine(
            stash=self._stash,
            config=self._config,
            data_dir=self._data_dir,
            queue=None,
            report_progress=progress.part(0, 0.9),
        )
        compared = engine.run("all")
        found = OrphansFound(problems=list(compared.errors))
        if not compared.scenes_checked:
            found.problems.append(
                "Stash has no scene that could be read, so every item in Plex would be called an orphan. "
                "None is reported. Is it the right Stash, with its database?"
            )
            return found
        # What was read belongs to the server that it was read from.
        plex = engine.plex or connect(self._config, self._data_dir)
        with closing(SyncState(self._data_dir)) as state:
            state.use_server(plex.machine_identifier, str(self._config.path_map))
            found.libraries = self._sorted(plex, state, engine)
            self._name_problems(found)
            self._report(plex, state, found)
        progress(1.0)
        return found

    def _name_problems(self, found: OrphansFound) -> None:
        """What keeps the search from being complete; the last says what all of it means for the list."""
        if found.problems:
            found.problems.append("Not everything could be read: what is listed may have a scene after all.")
        if 0 < sum(one.items for one in found.libraries) == sum(one.unowned for one in found.libraries):
            found.problems.append(
                "Not one item in Plex is known for certain to belong to a scene. Most likely a setting is "
                "wrong, such as the path map or the libraries: run the task Check Setup."
            )

    def _report(self, plex: Plex, state: SyncState, found: OrphansFound) -> None:
        """Write the report, and keep what it says for the page."""
        place = place_of(ORPHANS, self._stash.connection.plugin_dir, self._data_dir)
        found.report = place.path
        links = links_to(self._stash, plex, self._config)
        with (
            orphans_report(place, found.problems, links, time.time()) as report,
            state.orphans.replacing() as kept,
        ):
            for library in found.libraries:
                kept.add_library(library.section.key, library.section.title, library.items)
                self._list(plex, library, report, kept)
        state.set_fact(ORPHANS_AT, str(time.time()))

    def _sorted(self, plex: Plex, state: SyncState, engine: GapDetectionEngine) -> list[LibraryOrphans]:
        """What is left over in each library that was read to its end just now.

        Where a scene of Stash could not be read, any item may be its own: none is surely an orphan.
        """
        orphans: dict[int, list[int]] = defaultdict(list)
        uncertain: dict[int, list[int]] = defaultdict(list)
        ignored: dict[int, dict[int, bool]] = defaultdict(dict)
        ignored_keys = state.ignored.item_keys()
        for orphan in orphans_in(state.index):
            is_uncertain = orphan.is_uncertain or not engine.are_scenes_whole
            if orphan.rating_key in ignored_keys:
                ignored[orphan.section_key][orphan.rating_key] = is_uncertain
            else:
                (uncertain if is_uncertain else orphans)[orphan.section_key].append(orphan.rating_key)
        counts = state.index.count_items_by_section()
        return [
            LibraryOrphans(section, counts.get(key, 0), orphans[key], uncertain[key], ignored[key])
            for section in read_sections(plex, self._config.plex_library)
            if (key := section.key) in engine.whole_sections
        ]

    def _list(
        self, plex: Plex, library: LibraryOrphans, report: OrphansReport, kept: OrphansReplacement
    ) -> None:
        key = library.section.key
        for word, rating_keys in (("orphans", library.orphans), ("uncertain", library.uncertain)):
            if not rating_keys:
                continue
            report.begin(
                library.section.title, f"{word}: {number(len(rating_keys))} of {number(library.items)} items"
            )
            shown = rating_keys[: ITEMS_IN_REPORT - self._shown]
            self._shown += len(shown)
            name = f"Library “{library.section.title}”, {word}"
            for rating_key in rating_keys:
                kept.add(rating_key, key, word == "uncertain")
            for item in _items(plex, shown):
                report.add(item)
                title, paths = item.fields.text("title"), [part.path for part in item.parts]
                kept.add(item.rating_key, key, word == "uncertain", title, "".join(paths[:1]))
                log.debug(f"{name}: item {item.rating_key} “{title}” {', '.join(paths)}")
            for rating_key in rating_keys[len(shown) :]:
                log.debug(f"{name}: item {rating_key}")
            report.end(len(rating_keys) - len(shown))
        for rating_key, is_uncertain in library.ignored.items():
            kept.add(rating_key, key, is_uncertain)
        for item in _items(plex, list(library.ignored)[:ITEMS_IN_REPORT]):
            paths = [part.path for part in item.parts]
            is_uncertain = library.ignored[item.rating_key]
            kept.add(item.rating_key, key, is_uncertain, item.fields.text("title"), "".join(paths[:1]))


def _items(plex: Plex, rating_keys: Sequence[int]) -> Iterator[PlexItem]:
    for start in range(0, len(rating_keys), ITEMS_PER_READ):
        yield from read_items(plex, rating_keys[start : start + ITEMS_PER_READ]).values()


def find_orphans(stash: Stash, config: Stash2PlexConfig, data_dir: str) -> str | None:
    """Find them and log them; returns the error that it ended with. Raises as `OrphanSearch.run` does."""
    found = OrphanSearch(stash, config, data_dir).run()
    # The last says what all of them mean for the list.
    log.lines("warning", found.problems[:-1])
    log.lines("info", summary_lines(found))
    return log.failed(found.problems[-1]) if found.problems else None


def summary_lines(found: OrphansFound) -> list[str]:
    """The summary for the log."""
    if found.report is None:
        return []
    lines = ["=== Orphans (nothing was changed) ==="]
    for library in found.libraries:
        counts = (
            f"{number(len(library.orphans))} of {number(library.items)} items, uncertain: "
            f"{number(len(library.uncertain))}"
        )
        if library.ignored:
            counts += f", ignored: {number(len(library.ignored))}"
        lines.append(f"Without a scene in “{library.section.title}”: {counts}")
    if any(library.told for library in found.libraries):
        lines.append(f"Plex items without a scene are listed in the report {found.report}")
    elif not found.problems and not any(library.ignored for library in found.libraries):
        lines.append("Every Plex item has a scene.")
    return lines
