"""The operation `scene`: which items hold a scene's files, and field by field whose value wins there."""

from __future__ import annotations

from functools import partial

from pydantic import Field as Checked

from operations.context import Context
from operations.cures import cure_line, job_reason_line, left_out_lines, reason_line, unmatched_lines
from operations.exceptions import OperationRefused
from operations.field_in_both import FieldInBoth, fields_in_both
from operations.logo_in_both import logo_in_both
from operations.model import Request, Result
from operations.opened import open_queue, open_state
from plex.item_finder import Found, ItemFinder
from plex.library import LibrarySection, read_sections
from reconciliation.html_page import address_of_item
from stash.scene_files import files_named
from sync_queue.facts import known_sizes
from sync_queue.findings import FindingKind, ListedFinding
from sync_queue.job import LARGEST_ID
from sync_queue.job_queue import JobQueue
from sync_queue.planning import ItemPlan, Planner
from sync_queue.scene_texts import SceneText
from sync_queue.state import SyncState
from validation.scene import Scene


class SceneRequest(Request):
    """Which scene."""

    scene_id: int = Checked(ge=1, le=LARGEST_ID)


class InQueue(Result):
    """The scene's job: its state, why it is there, and when it is due."""

    state: str
    reason: str
    due_at: float | None


class ItemOfScene(Result):
    """An item that holds a file of the scene: how it was found, and what it has in each field."""

    rating_key: int
    title: str
    library: str
    file: str
    level: str
    level_words: str
    is_opted_out: bool
    plex_address: str
    fields: list[FieldInBoth]


class SceneInPlex(Result):
    """A scene as both servers have it now; `reason` and `cure` say why it has no item that is written.

    `is_left_out` tells that the settings do not choose it to be carried.
    """

    scene_id: int
    title: str
    is_ignored: bool
    is_left_out: bool
    queue: InQueue | None
    reason: str | None
    cure: str | None
    items: list[ItemOfScene]


def tell_scene(request: SceneRequest, context: Context) -> SceneInPlex:
    """What a sync of this scene would do, by the same search and the same plan as the sync itself."""
    scene, is_left_out = _scene(request.scene_id, context)
    with open_state(context) as state, open_queue(context) as queue:
        state.use_server(context.plex.machine_identifier, str(context.config.path_map))
        sections = read_sections(context.plex, context.config.plex_library)
        found = _find(scene, sections, state, context)
        planner = Planner(state, context.config)
        plans = [planner.plan(scene, item) for item in found.items]
        is_ignored = bool(state.ignored.among([scene.id]))
        reason, cure = (None, None) if plans else _why_not(scene, found)
        if is_left_out:
            reason, cure = left_out_lines(context.carried.chosen.words)
        titles = {section.key: section.title for section in sections}
        return SceneInPlex(
            scene_id=scene.id,
            title=SceneText.of(scene).title,
            is_ignored=is_ignored,
            is_left_out=is_left_out,
            queue=_in_queue(scene.id, queue, context.now),
            reason=reason,
            cure=cure,
            items=[_item(plan, found, titles, is_ignored or is_left_out, state, context) for plan in plans],
        )


def _scene(scene_id: int, context: Context) -> tuple[Scene, bool]:
    """The scene, and whether it is not among those to carry."""
    scenes, malformed, left_out = context.carried.chosen_by_id([scene_id])
    if scene_id in malformed:
        raise OperationRefused(str(malformed[scene_id]), scene_id=scene_id)
    scene = scenes.get(scene_id)
    if scene is None:
        raise OperationRefused(f"Stash has no scene {scene_id} any more.", scene_id=scene_id)
    return scene, scene_id in left_out


def _find(scene: Scene, sections: list[LibrarySection], state: SyncState, context: Context) -> Found:
    sizes = known_sizes(state, context.plex.machine_identifier)
    ask_stash = partial(files_named, context.stash)
    path_map = context.config.path_map
    finder = ItemFinder(context.plex, sections, state.index, path_map, ask_stash, sizes)
    return finder.find([scene])[scene.id]


def _why_not(scene: Scene, found: Found) -> tuple[str, str]:
    if not scene.files:
        without = ListedFinding(scene.id, FindingKind.WITHOUT_FILE.value, "", 0, False, "", "")
        return reason_line(without), cure_line(without)
    return unmatched_lines(found.match)


def _in_queue(scene_id: int, queue: JobQueue, now: float) -> InQueue | None:
    state, job = queue.states_of([scene_id], now).get(scene_id), queue.job_for(scene_id)
    if state is None or job is None:
        return None
    return InQueue(state=state, reason=job_reason_line(job), due_at=job.due_at or None)


def _item(
    plan: ItemPlan,
    found: Found,
    titles: dict[int, str],
    is_left_alone: bool,
    state: SyncState,
    context: Context,
) -> ItemOfScene:
    item, level = plan.item, found.match.level
    address = address_of_item(context.config.plex_url, context.plex.machine_identifier, item.rating_key)
    return ItemOfScene(
        rating_key=item.rating_key,
        title=item.fields.text("title"),
        library=titles.get(item.section_key, ""),
        file=item.parts[0].path if item.parts else "",
        level=level.name.lower(),
        level_words=level.value,
        is_opted_out=plan.is_opted_out,
        plex_address=address,
        fields=[
            *fields_in_both(plan, context.config, is_left_alone),
            *logo_in_both(plan, state, context.plex, context.config, is_left_alone),
        ],
    )
