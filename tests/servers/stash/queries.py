"""The queries of Stash's GraphQL that this server answers: one function per root field."""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from graphql import GraphQLError

from tests.servers.stash.filters import Predicate, compile_filter
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.log_feed import LogFeed
from tests.servers.stash.plugins import Plugin
from tests.servers.stash.records import Entity, Scene
from tests.servers.stash.saved_filters import SavedFilter
from tests.servers.stash.views import ENTITY_VIEWS, EntityView, SceneView

VERSION = "v0.31.0"
DEFAULT_PAGE_SIZE = 25


class PluginHost(Protocol):
    """What the resolvers ask of the part that runs plugins."""

    def job_queue(self) -> list[dict[str, Any]] | None: ...
    def find_job(self, job_id: str) -> dict[str, Any] | None: ...
    def queue_task(
        self, plugin_id: str, task_name: str | None, description: str | None, args: dict[str, Any]
    ) -> str: ...
    def run_operation(self, plugin_id: str, args: dict[str, Any]) -> Any: ...
    def stop_job(self, job_id: str) -> bool: ...
    def stop_all_jobs(self) -> bool: ...
    def trigger(self, hook_type: str, record_id: int, hook_input: Any, fields: Collection[str]) -> None: ...
    def reload(self) -> None: ...
    @property
    def loaded(self) -> list[Plugin]: ...
    @property
    def log(self) -> LogFeed: ...


@dataclass
class RequestContext:
    """What a resolver may use while it answers one request."""

    library: StashLibrary
    base_url: str
    plugins: PluginHost
    plugin_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    api_key: str = ""
    version: str = VERSION
    failing_scenes: Collection[int] = ()
    folders: Collection[str] = ()

    def scene_view(self, scene: Scene) -> Any:
        """The scene as the schema shows it, or the error that reading it gives."""
        if scene.id in self.failing_scenes:
            return GraphQLError(f"reading scene {scene.id}: disk image is malformed")
        return SceneView(scene, self.library, self.base_url)

    def entity_view(self, kind: str, entity: Entity) -> EntityView:
        return ENTITY_VIEWS[kind](entity, self.library, self.base_url)


def integer_id(text: str) -> int:
    """An id argument as a number, or the error that Go's Atoi gives."""
    try:
        return int(text)
    except ValueError:
        raise GraphQLError(f'strconv.Atoi: parsing "{text}": invalid syntax') from None


def _basename_or_title(scene: Scene) -> str:
    path = scene.files[0].path if scene.files else ""
    return (scene.title or path.rpartition("/")[2]).casefold()


SCENE_SORTS: dict[str, Callable[[Scene], Any]] = {
    "id": lambda scene: scene.id,
    "title": _basename_or_title,
    "date": lambda scene: scene.date,
    "path": lambda scene: scene.files[0].path if scene.files else None,
    "created_at": lambda scene: scene.created_at,
    "updated_at": lambda scene: scene.updated_at,
    "rating": lambda scene: scene.rating100,
    "last_played_at": lambda scene: scene.last_played_at,
    "play_count": lambda scene: scene.play_count,
    "o_counter": lambda scene: scene.o_counter,
    "organized": lambda scene: scene.organized,
    "code": lambda scene: scene.code,
    "file_count": lambda scene: len(scene.files),
    "filesize": lambda scene: scene.files[0].size if scene.files else None,
    "performer_count": lambda scene: len(scene.performers),
    "tag_count": lambda scene: len(scene.tags),
}
ENTITY_SORTS: dict[str, Callable[[Entity], Any]] = {
    # For every kind but tags.
    "id": lambda entity: entity.id,
    "name": lambda entity: entity.name.casefold(),
    "created_at": lambda entity: entity.created_at,
    "updated_at": lambda entity: entity.updated_at,
}


def sorted_records(records: Iterable[Any], wanted: Mapping[str, Any], sorts: Mapping[str, Any]) -> list[Any]:
    """Sorted as asked; the order of equal keys is different every time, as Stash gives no order to them."""
    sort = wanted.get("sort") or ""
    shuffled = list(records)
    if sort == "random" or sort.startswith("random_"):
        random.Random(sort).shuffle(shuffled)
        return shuffled
    if sort and sort not in sorts:
        raise GraphQLError(f"invalid sort: {sort}")
    if sort != "id":
        random.shuffle(shuffled)
    if not sort:
        return shuffled
    read = sorts[sort]

    def nulls_first(record: Any) -> tuple[bool, Any]:
        key = read(record)
        return key is not None, key if key is not None else 0

    return sorted(shuffled, key=nulls_first, reverse=wanted.get("direction") == "DESC")


def page_bounds(wanted: Mapping[str, Any]) -> tuple[int, int | None]:
    """Start and end of the page asked for; the end is None for all records."""
    size = wanted.get("per_page")
    size = DEFAULT_PAGE_SIZE if size is None else size
    if size < 0:
        return 0, None
    start = (max(wanted.get("page") or 1, 1) - 1) * size
    return start, start + size


class SceneQuery:
    """The result of findScenes, read only as far as the query selects it."""

    def __init__(self, context: RequestContext, wanted: Mapping[str, Any], test: dict[str, Any]) -> None:
        self.context = context
        self.wanted = wanted
        self._after, self._until = _id_bounds(test)
        self._accepts = _with_search(compile_filter(context.library, test), wanted.get("q"))
        if (sort := wanted.get("sort")) and not sort.startswith("random") and sort not in SCENE_SORTS:
            raise GraphQLError(f"invalid sort: {sort}")

    def _matching(self) -> Iterator[Scene]:
        library = self.context.library
        start = bisect.bisect_right(library.scene_ids, self._after)
        for position in range(start, bisect.bisect_right(library.scene_ids, self._until)):
            scene = library.scenes[library.scene_ids[position]]
            if self._accepts(scene):
                yield scene

    @property
    def count(self) -> int:
        return sum(1 for _ in self._matching())

    @property
    def duration(self) -> float:
        return 0.0

    @property
    def filesize(self) -> float:
        return float(sum(video.size for scene in self._matching() for video in scene.files))

    @property
    def scenes(self) -> list[Any]:
        start, end = page_bounds(self.wanted)
        if start == end:
            return []
        if self.wanted.get("sort") == "id" and self.wanted.get("direction") != "DESC":
            page: Iterator[Scene] = islice(self._matching(), start, end)
        else:
            page = iter(sorted_records(self._matching(), self.wanted, SCENE_SORTS)[start:end])
        return [self.context.scene_view(scene) for scene in page]


def _id_bounds(test: Mapping[str, Any]) -> tuple[int, float]:
    """Between which ids a filter "id GREATER_THAN x" or BETWEEN lets the walk over the scenes stay."""
    if test.get("OR") is not None:
        return 0, math.inf
    criterion, below = test.get("id") or {}, test.get("AND")
    after, until = _id_bounds(below) if below else (0, math.inf)
    if criterion.get("modifier") == "GREATER_THAN":
        after = max(after, int(criterion["value"]))
    if criterion.get("modifier") == "BETWEEN":
        after, until = max(after, int(criterion["value"]) - 1), min(until, int(criterion["value2"]))
    return after, until


def _with_search(accepts: Predicate, text: str | None) -> Predicate:
    if not text:
        return accepts
    words = text.casefold().split()

    def found(record: Any) -> bool:
        paths = " ".join(video.path for video in getattr(record, "files", ()))
        content = f"{getattr(record, 'title', '')} {getattr(record, 'details', '')} {paths}"
        content = f"{content} {getattr(record, 'name', '')}".casefold()
        return all(word in content for word in words) and accepts(record)

    return found


def find_scene(context: RequestContext, id: str | None = None, checksum: str | None = None) -> Any:
    scene = context.library.scenes.get(integer_id(id)) if id is not None else None
    return None if scene is None else context.scene_view(scene)


def find_scenes(
    context: RequestContext,
    scene_filter: dict[str, Any] | None = None,
    filter: dict[str, Any] | None = None,
    ids: list[str] | None = None,
    scene_ids: list[int] | None = None,
) -> Any:
    """An empty list of ids is no list of ids: it gives the first page of the whole library."""
    wanted = [integer_id(one) for one in ids] if ids else list(scene_ids or ())
    if not wanted:
        return SceneQuery(context, filter or {}, scene_filter or {})
    if len(set(wanted)) < len(wanted):
        raise GraphQLError("duplicate ids in the list of ids")
    scenes = [context.library.scene(scene_id) for scene_id in wanted]
    return {
        "count": len(scenes),
        "duration": 0.0,
        "filesize": float(sum(video.size for scene in scenes for video in scene.files)),
        "scenes": [context.scene_view(scene) for scene in scenes],
    }


def _entity_finder(kind: str) -> Callable[..., Any]:
    def find_entity(context: RequestContext, id: str) -> Any:
        entity = context.library.entities(kind).get(integer_id(id))
        return None if entity is None else context.entity_view(kind, entity)

    return find_entity


def _entities_finder(kind: str) -> Callable[..., Any]:
    def find_entities(context: RequestContext, **arguments: Any) -> Any:
        wanted = arguments.get("filter") or {}
        known = context.library.entities(kind)
        ids = arguments.get("ids") or arguments.get("performer_ids")
        if ids:
            missing = [one for one in ids if integer_id(one) not in known]
            if missing:
                raise GraphQLError(f"{kind} with id {missing[0]} not found")
            found = page = [known[int(one)] for one in ids]
        else:
            test = compile_filter(context.library, arguments.get(f"{kind}_filter"))
            found = list(filter(_with_search(test, wanted.get("q")), known.values()))
            start, end = page_bounds(wanted)
            if kind == "tag" and wanted.get("sort") == "id":
                raise GraphQLError("invalid sort: id")
            page = sorted_records(found, wanted, ENTITY_SORTS)[start:end]
        return {"count": len(found), f"{kind}s": [context.entity_view(kind, one) for one in page]}

    return find_entities


def configuration(context: RequestContext) -> dict[str, Any]:
    def plugins(include: list[str] | None = None) -> dict[str, Any]:
        settings = context.plugin_settings
        return {name: dict(settings[name]) for name in settings if not include or name in include}

    stashes = [{"path": path, "excludeVideo": False, "excludeImage": True} for path in context.folders]
    general = {"apiKey": context.api_key, "stashes": stashes}
    empty: dict[str, Any] = {}
    return {"plugins": plugins, "general": general, "interface": empty, "ui": empty, "defaults": empty}


def version(context: RequestContext) -> dict[str, str]:
    return {"version": context.version, "hash": "0f0e0d0c", "build_time": "2026-02-20 08:00:00"}


def plugins(context: RequestContext) -> list[dict[str, Any]]:
    return [_plugin_view(plugin, context.base_url) for plugin in context.plugins.loaded]


def _plugin_view(plugin: Plugin, base_url: str) -> dict[str, Any]:
    """A plugin as the list of plugins shows it; its scripts are one address, and so are its styles."""
    here = f"{base_url}/plugin/{plugin.id}"
    settings = [
        {"name": key, "display_name": one.get("displayName"), "description": one.get("description"), **one}
        for key, one in sorted(plugin.settings.items())
    ]
    return {
        "id": plugin.id,
        "name": plugin.name,
        "enabled": True,
        "description": plugin.description or None,
        "url": plugin.url or None,
        "version": plugin.version or None,
        "requires": list(plugin.ui.requires),
        "settings": settings,
        "tasks": [{"name": task.name, "description": task.description} for task in plugin.tasks],
        "paths": {
            "javascript": [f"{here}/javascript"] if plugin.ui.javascript else None,
            "css": [f"{here}/css"] if plugin.ui.css else None,
        },
    }


def find_saved_filters(context: RequestContext, mode: str | None = None) -> list[SavedFilter]:
    return context.library.saved_filters.listed(mode)


def find_saved_filter(context: RequestContext, id: str) -> SavedFilter | None:
    return context.library.saved_filters.one(integer_id(id))


def logs(context: RequestContext) -> list[dict[str, Any]]:
    return context.plugins.log.entries


def job_queue(context: RequestContext) -> list[dict[str, Any]] | None:
    return context.plugins.job_queue()


def find_job(context: RequestContext, input: dict[str, Any]) -> dict[str, Any] | None:
    return context.plugins.find_job(input["id"])


QUERIES: dict[str, Callable[..., Any]] = {
    "version": version,
    "configuration": configuration,
    "findScene": find_scene,
    "findScenes": find_scenes,
    "findSavedFilters": find_saved_filters,
    "findSavedFilter": find_saved_filter,
    "plugins": plugins,
    "logs": logs,
    "jobQueue": job_queue,
    "findJob": find_job,
    **{f"find{kind.capitalize()}": _entity_finder(kind) for kind in ENTITY_VIEWS},
    **{f"find{kind.capitalize()}s": _entities_finder(kind) for kind in ENTITY_VIEWS},
}
