"""What a sync would write, without writing: the same plans that the worker carries out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from back_to_stash.brought import Brought, in_words
from back_to_stash.look import look
from plex.client import Plex, connect
from plex.item_finder import ItemFinder
from plex.library import ITEMS_PER_READ, read_sections
from plex.merge import Change
from reconciliation.engine import GapDetectionEngine
from reconciliation.html_page import links_to
from reconciliation.preview_collections import CollectionPreview
from reconciliation.preview_page import PreviewReport, preview_report
from reconciliation.preview_summary import PreviewResult, other_lines, summary_lines
from reconciliation.reports import PREVIEW, place_of
from stash import log
from stash.client import Stash
from stash.log import Progress
from stash.scene_files import files_named
from sync_queue.covers import artwork_kinds, is_settled
from sync_queue.facts import PREVIEW_SAID, PREVIEWED_AT
from sync_queue.logos import LOGO, carries_logos, is_logo_settled, is_without_logos
from sync_queue.manager import JobQueue
from sync_queue.planning import ItemPlan, Planner, describe
from sync_queue.previewed import PreviewedChange, PreviewReplacement
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig


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
                self._collections.note(plan)
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
            report.finish(result.items, result.fields)
            self._add_others(result, report, kept)
        self._state.set_fact(PREVIEW_SAID, json.dumps(other_lines(result)))
        self._state.set_fact(PREVIEWED_AT, str(time.time()))
        self._report_progress(1.0)
        return result

    def _add_others(self, result: PreviewResult, report: PreviewReport, kept: PreviewReplacement) -> None:
        """Add what collections would get, and what would come to Stash."""
        result.collections = self._collections.look()
        rows = result.collections.rows if result.collections else ()
        for row in rows:
            kept.add_collection(row)
        report.add_collections(rows)
        changes = result.back.changes if result.back else []
        by_scene: dict[int, list[PreviewedChange]] = {}
        for change in changes:
            by_scene.setdefault(change.scene_id, []).append(in_words(change))
        for scene_id, some in by_scene.items():
            kept.add_back(scene_id, some)
        report.add_back(changes)

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


def _title_of(plan: ItemPlan) -> str:
    return plan.scene.title or plan.item.fields.text("title")


def _log_changes(scene_id: int, changes: Iterable[Change]) -> None:
    for change in changes:
        log.debug(f"Scene {scene_id}: would write {describe(change)}")
