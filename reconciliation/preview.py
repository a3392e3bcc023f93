"""What a sync would write, without writing: the same plans that the worker carries out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from back_to_stash.brought import NOT_OWNERS, Brought, counts_in_words
from back_to_stash.look import look
from plex.client import Plex, connect
from plex.item_finder import ItemFinder
from plex.library import ITEMS_PER_READ, read_sections
from plex.merge import Change
from reconciliation.engine import GapDetectionEngine
from reconciliation.html_page import links_to
from reconciliation.preview_collections import CollectionPreview
from reconciliation.preview_page import preview_report
from reconciliation.reports import PREVIEW, place_of
from stash import log
from stash.client import Stash
from stash.log import Progress
from stash.scene_files import files_named
from sync_queue.covers import artwork_kinds, is_settled
from sync_queue.facts import PREVIEWED_AT
from sync_queue.logos import LOGO, carries_logos, is_logo_settled, is_without_logos
from sync_queue.manager import JobQueue
from sync_queue.planning import ItemPlan, Planner, describe
from sync_queue.state import SyncState
from sync_queue.summary import left_out_line
from validation.config import Stash2PlexConfig


@dataclass
class PreviewResult:
    """What would happen: items and fields that would be written, and scenes that would not be.

    `logos` is None where none are carried, `left_out` counts those that wait and are not to be carried.
    `back` is what would come from Plex to Stash; None where the settings want nothing of that.
    """

    items: int = 0
    unchanged: int = 0
    not_written: int = 0
    opted_out: int = 0
    left_out: int = 0
    covers: int = 0
    logos: int | None = None
    fields: Counter[str] = field(default_factory=Counter)
    report: Path | None = None
    collections: Sequence[str] = ()
    back: Brought | None = None


class Preview:
    """Plans the sync of some scenes and shows it in the log and in a report."""

    def __init__(
        self,
        stash: Stash,
        plex: Plex,
        state: SyncState,
        config: Stash2PlexConfig,
        data_dir: Path,
        report_progress: Callable[[float], None],
    ) -> None:
        self._stash = stash
        self._state = state
        self._config = config
        self._planner = Planner(state, config)
        self._data_dir = data_dir
        self._has_logos = carries_logos(config) and not is_without_logos(
            state, plex.machine_identifier, plex.version
        )
        self._links = links_to(stash, plex, config)
        self._state.use_server(plex.machine_identifier, str(config.path_map))
        sections = read_sections(plex, config.plex_library)
        self._finder = ItemFinder(plex, sections, state.index, config.path_map, partial(files_named, stash))
        self._collections = CollectionPreview(stash, plex, state, config, sections)
        self._report_progress = report_progress

    def run(self, scene_ids: Sequence[int], back: Brought | None = None) -> PreviewResult:
        """Plan these scenes, write the report and keep what it says for the page.

        `back` is what would come to Stash. Raises StashError, PlexError, OSError, sqlite3.Error.
        """
        place = place_of(PREVIEW, self._stash.connection.plugin_dir, self._data_dir)
        result = PreviewResult(report=place.path, back=back, logos=0 if self._has_logos else None)
        with (
            preview_report(place, self._links, time.time()) as report,
            self._state.previewed.replacing() as kept,
        ):
            for plan in self._plans(scene_ids, result):
                changes = plan.merged.changes
                result.covers += self._may_bring_cover(plan)
                if result.logos is not None:
                    result.logos += self._may_bring_logo(plan)
                if plan.is_opted_out:
                    result.opted_out += 1
                elif not changes:
                    result.unchanged += 1
                else:
                    result.items += 1
                    result.fields.update(change.field.title for change in changes)
                    report.add_item(plan.scene.id, plan.item.rating_key, _title_of(plan), changes)
                    kept.add(plan.scene.id, plan.item.rating_key, changes)
                    _log_changes(plan.scene.id, changes)
            result.collections = self._collections.summary_lines()
            report.finish(result.items, result.fields)
            report.add_back(back.changes if back else ())
        self._state.set_fact(PREVIEWED_AT, str(time.time()))
        self._report_progress(1.0)
        return result

    def _plans(self, scene_ids: Sequence[int], result: PreviewResult) -> Iterator[ItemPlan]:
        for start in range(0, len(scene_ids), ITEMS_PER_READ):
            ids = scene_ids[start : start + ITEMS_PER_READ]
            scenes, malformed, left_out = self._stash.chosen_by_id(ids)
            result.not_written += len(malformed)
            result.left_out += len(left_out)
            there = [one for one in scenes.values() if one is not None and one.id not in left_out]
            found = self._finder.find(there)
            for scene in there:
                items = found[scene.id].items
                if scene.is_bare and not self._state.is_anything_pushed(scene.id, items):
                    continue
                result.not_written += not found[scene.id].items
                for item in found[scene.id].items:
                    yield self._planner.plan(scene, item)
            self._report_progress(min(1.0, (start + ITEMS_PER_READ) / len(scene_ids)))

    def _may_bring_cover(self, plan: ItemPlan) -> bool:
        scene, rating_key = plan.scene, plan.item.rating_key
        records = [self._state.artwork(rating_key, kind.value) for kind in artwork_kinds(self._config)]
        return not plan.is_opted_out and any(not is_settled(record, scene) for record in records)

    def _may_bring_logo(self, plan: ItemPlan) -> bool:
        scene, record = plan.scene, self._state.artwork(plan.item.rating_key, LOGO.value)
        return not plan.is_opted_out and not is_logo_settled(record, scene.id, scene.logo_address)


def preview_all(
    stash: Stash, config: Stash2PlexConfig, data_dir: str, queue: JobQueue | None
) -> tuple[Sequence[str], PreviewResult]:
    """Preview all that differs and all that waits; what could not be read, and the result.

    Raises StashError, PlexError, OSError, sqlite3.Error.
    """
    plex = connect(config, data_dir)
    progress = Progress()
    detection = GapDetectionEngine(
        stash=stash, config=config, data_dir=data_dir, queue=None, report_progress=progress.part(0, 0.5)
    )
    problems = detection.run(scope="all").errors
    waiting = queue.scene_ids() if queue else set()
    with closing(SyncState(data_dir)) as state:
        preview = Preview(stash, plex, state, config, Path(data_dir), progress.part(0.5, 1))
        is_wanted = bool(config.back_to_stash)
        back = look(stash, plex, state, config, everything=True, is_dry=True) if is_wanted else None
        ignored = state.ignored.scene_ids()
        return problems, preview.run(sorted({*detection.gaps, *waiting} - ignored - {0}), back)


def run_preview(stash: Stash, config: Stash2PlexConfig, data_dir: str, queue: JobQueue | None) -> None:
    """Preview all that differs and all that waits, and log it. Raises as `preview_all` does."""
    problems, shown = preview_all(stash, config, data_dir, queue)
    log.lines("warning", (f"Error during reconciliation: {problem}" for problem in problems))
    log.lines("info", summary_lines(shown))


def summary_lines(result: PreviewResult) -> list[str]:
    """The summary for the log."""
    lines = [
        "=== Preview Summary (nothing was written to Plex) ===",
        f"Items that would be written: {result.items}",
        *(f"Items whose {title} would change: {count}" for title, count in sorted(result.fields.items())),
        f"Covers that would be compared: {result.covers}",
        *([] if result.logos is None else [f"Logos that would be compared: {result.logos}"]),
        *result.collections,
        f"Already right: {result.unchanged}",
        f"Not written (not in Plex, or ambiguous): {result.not_written}",
    ]
    if result.back is not None:
        counts = counts_in_words(result.back) or "nothing"
        lines.append(f"Bring Back From Plex would bring to Stash: {counts}")
        lines += [] if result.back.is_owner else [NOT_OWNERS]
    if result.opted_out:
        lines.append(f"Opted out: {result.opted_out}")
    if result.left_out:
        lines.append(left_out_line(result.left_out))
    if result.items or (result.back and result.back.changes):
        lines.append(f"Every change that would be written is in the report {result.report}")
    else:
        lines.append("No item would be changed: everything that was compared already shows what Stash has.")
    return lines


def _title_of(plan: ItemPlan) -> str:
    return plan.scene.title or plan.item.fields.text("title")


def _log_changes(scene_id: int, changes: Iterable[Change]) -> None:
    for change in changes:
        log.debug(f"Scene {scene_id}: would write {describe(change)}")
