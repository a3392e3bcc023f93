"""The mutations of Stash's GraphQL that this server knows, and the hooks that each of them fires.

Hooks run after the change, inside the request, one process after the other. Merges, moved files and
plays fire none.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLInputObjectType

from tests.servers.stash.play_mutations import PLAY_MUTATIONS
from tests.servers.stash.queries import RequestContext, integer_id
from tests.servers.stash.records import Scene
from tests.servers.stash.saved_filters import SavedFilter
from tests.servers.stash.schema import stash_schema
from tests.servers.stash.views import ENTITY_VIEWS

PLAIN_FIELDS = ("title", "code", "details", "director", "date", "rating100", "organized", "urls")
ID_LISTS = {"performer_ids": "performers", "tag_ids": "tags"}


def scene_update(context: RequestContext, input: dict[str, Any]) -> Any:
    scene = _change_scene(context, input)
    _trigger_scene_update(context, scene.id, _all_keys("SceneUpdateInput", input), input)
    return context.scene_view(scene)


def scenes_update(context: RequestContext, input: list[dict[str, Any]]) -> list[Any]:
    """The hook of every single scene gets the whole list as its input."""
    scenes = [_change_scene(context, one) for one in input]
    whole = [_all_keys("SceneUpdateInput", one) for one in input]
    for scene, one in zip(scenes, input, strict=True):
        _trigger_scene_update(context, scene.id, whole, one)
    return [context.scene_view(scene) for scene in scenes]


def bulk_scene_update(context: RequestContext, input: dict[str, Any]) -> list[Any]:
    """The hook of every single scene gets the whole bulk input, which has no `id`."""
    scenes = []
    with context.library.lock:
        for scene_id in [integer_id(one) for one in input.get("ids") or ()]:
            scene = context.library.scene(scene_id)
            changes = _plain_changes(input)
            for key, name in ID_LISTS.items():
                if input.get(key) is not None:
                    changes[name] = _bulk_ids(getattr(scene, name), input[key])
            if input.get("group_ids") is not None:
                linked = dict(scene.groups)
                kept = _bulk_ids(list(linked), input["group_ids"])
                changes["groups"] = [(group_id, linked.get(group_id)) for group_id in kept]
            scenes.append(context.library.update_scene(scene_id, **changes))
    given = {name: value for name, value in input.items() if value is not None}
    for scene in scenes:
        _trigger_scene_update(context, scene.id, given, input)
    return [context.scene_view(scene) for scene in scenes]


def scene_create(context: RequestContext, input: dict[str, Any]) -> Any:
    with context.library.lock:
        scene = context.library.add_scene()
        created = scene.created_at
        _change_scene(context, {**input, "id": str(scene.id)})
        scene.updated_at = created
    context.plugins.trigger("Scene.Create.Post", scene.id, None, ())
    return context.scene_view(scene)


def scene_destroy(context: RequestContext, input: dict[str, Any]) -> bool:
    return _destroy_scenes(context, [input["id"]], input)


def scenes_destroy(context: RequestContext, input: dict[str, Any]) -> bool:
    return _destroy_scenes(context, input["ids"], input)


def scene_merge(context: RequestContext, input: dict[str, Any]) -> Any:
    destination = integer_id(input["destination"])
    with context.library.lock:
        scene = context.library.merge_scenes([integer_id(one) for one in input["source"]], destination)
        if input.get("values"):
            _change_scene(context, {**input["values"], "id": input["destination"]})
    return context.scene_view(scene)


def scene_assign_file(context: RequestContext, input: dict[str, Any]) -> bool:
    context.library.assign_file(integer_id(input["scene_id"]), integer_id(input["file_id"]))
    return True


def tags_merge(context: RequestContext, input: dict[str, Any]) -> Any:
    sources, destination = [integer_id(one) for one in input["source"]], integer_id(input["destination"])
    tag = context.library.merge_tags(sources, destination)
    hook_input = {"source": input["source"], "destination": input["destination"]}
    context.plugins.trigger("Tag.Merge.Post", destination, hook_input, ())
    return context.entity_view("tag", tag)


def performer_merge(context: RequestContext, input: dict[str, Any]) -> Any:
    sources, destination = [integer_id(one) for one in input["source"]], integer_id(input["destination"])
    performer = context.library.merge_performers(sources, destination)
    return context.entity_view("performer", performer)


def _entity_create(kind: str) -> Callable[..., Any]:
    def create(context: RequestContext, input: dict[str, Any]) -> Any:
        entity = getattr(context.library, f"add_{kind}")(input["name"])
        _trigger_entity(context, kind, "Create", entity.id, _entity_input(kind, "Create", input), input)
        return context.entity_view(kind, entity)

    return create


def _entity_update(kind: str) -> Callable[..., Any]:
    def update(context: RequestContext, input: dict[str, Any]) -> Any:
        entity_id, library = integer_id(input["id"]), context.library
        with library.lock:
            entity = library.entity(kind, entity_id)
            library.rename(kind, entity_id, input.get("name") or entity.name)
            if kind == "performer" and input.get("image"):
                entity.image = image_bytes(input["image"])[0]
            if kind == "studio" and "parent_id" in input:
                entity.parent = None if input["parent_id"] is None else integer_id(input["parent_id"])
        _trigger_entity(context, kind, "Update", entity_id, _entity_input(kind, "Update", input), input)
        return context.entity_view(kind, entity)

    return update


def _entity_destroy(kind: str) -> Callable[..., Any]:
    def destroy(context: RequestContext, input: dict[str, Any]) -> bool:
        entity_id = integer_id(input["id"])
        context.library.destroy(kind, entity_id)
        _trigger_entity(context, kind, "Destroy", entity_id, input, ())
        return True

    return destroy


def configure_plugin(context: RequestContext, plugin_id: str, input: dict[str, Any]) -> dict[str, Any]:
    """Replaces the whole map of the plugin's settings."""
    context.plugin_settings[plugin_id] = dict(input)
    return context.plugin_settings[plugin_id]


def run_plugin_task(
    context: RequestContext,
    plugin_id: str,
    task_name: str | None = None,
    description: str | None = None,
    args: list[dict[str, Any]] | None = None,
    args_map: dict[str, Any] | None = None,
) -> str:
    return context.plugins.queue_task(plugin_id, task_name, description, dict(args_map or {}))


def run_plugin_operation(context: RequestContext, plugin_id: str, args: dict[str, Any] | None = None) -> Any:
    return context.plugins.run_operation(plugin_id, dict(args or {}))


def stop_job(context: RequestContext, job_id: str) -> bool:
    return context.plugins.stop_job(job_id)


def stop_all_jobs(context: RequestContext) -> bool:
    return context.plugins.stop_all_jobs()


def reload_plugins(context: RequestContext) -> bool:
    context.plugins.reload()
    return True


def image_bytes(data_url: str) -> tuple[bytes, str]:
    """Content and type of an image given as a base64 data URL."""
    head, _, content = data_url.partition(",")
    return base64.b64decode(content), head.removeprefix("data:").partition(";")[0] or "image/jpeg"


def _change_scene(context: RequestContext, wanted: Mapping[str, Any]) -> Scene:
    changes = _plain_changes(wanted)
    for key, name in ID_LISTS.items():
        if key in wanted:
            changes[name] = [integer_id(one) for one in wanted[key] or ()]
    if "groups" in wanted:
        changes["groups"] = [
            (integer_id(link["group_id"]), link.get("scene_index")) for link in wanted["groups"] or ()
        ]
    if wanted.get("cover_image"):
        changes["cover"], changes["cover_type"] = image_bytes(wanted["cover_image"])
    return context.library.update_scene(integer_id(wanted["id"]), **changes)


def _plain_changes(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that are given are set, null and empty text clear; fields that are not given stay."""
    changes: dict[str, Any] = {}
    for name in PLAIN_FIELDS:
        if name in wanted and not (name == "urls" and isinstance(wanted[name], dict)):
            changes[name] = wanted[name]
    for name in ("title", "code", "details", "director"):
        if name in changes:
            changes[name] = changes[name] or ""
    if "date" in changes:
        changes["date"] = changes["date"] or None
    if "organized" in changes:
        changes["organized"] = bool(changes["organized"])
    if "studio_id" in wanted:
        changes["studio"] = integer_id(wanted["studio_id"]) if wanted["studio_id"] else None
    return changes


def _bulk_ids(current: list[int], change: Mapping[str, Any]) -> list[int]:
    given = [integer_id(one) for one in change.get("ids") or ()]
    if change["mode"] == "SET":
        return given
    if change["mode"] == "ADD":
        return list(dict.fromkeys([*current, *given]))
    return [one for one in current if one not in given]


def _destroy_scenes(context: RequestContext, ids: list[str], given: Mapping[str, Any]) -> bool:
    with context.library.lock:
        gone = [context.library.scene(integer_id(one)) for one in ids]
        for scene in gone:
            context.library.destroy_scene(scene.id)
    for scene in gone:
        path = scene.files[0].path if scene.files else ""
        hook_input = {**given, "checksum": "", "oshash": f"{scene.id:016x}", "path": path}
        context.plugins.trigger("Scene.Destroy.Post", scene.id, hook_input, ())
    return True


def _trigger_scene_update(
    context: RequestContext, scene_id: int, hook_input: Any, sent: Mapping[str, Any]
) -> None:
    context.plugins.trigger("Scene.Update.Post", scene_id, hook_input, _any_order(sent))


def _trigger_entity(
    context: RequestContext, kind: str, event: str, entity_id: int, hook_input: Any, sent: Any
) -> None:
    """A group's event is told under its present and its former name."""
    names = ["Group", "Movie"] if kind == "group" else [kind.capitalize()]
    for name in names:
        context.plugins.trigger(f"{name}.{event}.Post", entity_id, hook_input, _any_order(sent))


def _any_order(sent: Any) -> list[str]:
    names = list(sent)
    return random.sample(names, len(names))


def _entity_input(kind: str, event: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return _all_keys(f"{kind.capitalize()}{event}Input", given)


def _all_keys(type_name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """An input object as Go writes it: every key of its type, null where nothing was given."""
    type_ = stash_schema().type_map[type_name]
    assert isinstance(type_, GraphQLInputObjectType)
    return {name: given.get(name) for name in type_.fields}


def save_filter(context: RequestContext, input: dict[str, Any]) -> SavedFilter:
    return context.library.saved_filters.take(input)


MUTATIONS: dict[str, Callable[..., Any]] = {
    "sceneCreate": scene_create,
    "sceneUpdate": scene_update,
    "scenesUpdate": scenes_update,
    "bulkSceneUpdate": bulk_scene_update,
    "sceneDestroy": scene_destroy,
    "scenesDestroy": scenes_destroy,
    "sceneMerge": scene_merge,
    "sceneAssignFile": scene_assign_file,
    **PLAY_MUTATIONS,
    "tagsMerge": tags_merge,
    "performerMerge": performer_merge,
    "saveFilter": save_filter,
    "configurePlugin": configure_plugin,
    "runPluginTask": run_plugin_task,
    "runPluginOperation": run_plugin_operation,
    "stopJob": stop_job,
    "stopAllJobs": stop_all_jobs,
    "reloadPlugins": reload_plugins,
    **{f"{kind}Create": _entity_create(kind) for kind in ENTITY_VIEWS},
    **{f"{kind}Update": _entity_update(kind) for kind in ENTITY_VIEWS},
    **{f"{kind}Destroy": _entity_destroy(kind) for kind in ENTITY_VIEWS},
}
