"""The mutations of plays and of resume points: no hook is fired, and `updated_at` stands still.

Several of them in one document are carried out one after the other, each for itself: where one fails
the answer has no data, and the others have been done all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from tests.servers.stash import plays
from tests.servers.stash.queries import RequestContext, integer_id
from tests.servers.stash.records import Scene


def scene_add_play(context: RequestContext, id: str, times: list[str] | None = None) -> dict[str, Any]:
    scene_id = _scene_id(id)
    if scene_id not in context.library.scenes:
        raise GraphQLError(
            "inserting into scenes_view_dates: executing `INSERT INTO `scenes_view_dates` "
            f"(`scene_id`, `view_date`) VALUES ({scene_id}, …)` [[]]: FOREIGN KEY constraint failed"
        )
    return _history(plays.add_plays(context.library, scene_id, times).play_history)


def scene_delete_play(context: RequestContext, id: str, times: list[str] | None = None) -> dict[str, Any]:
    """A scene or a time that is not there is no error."""
    return _history(plays.delete_plays(context.library, integer_id(id), times))


def scene_reset_play_count(context: RequestContext, id: str) -> int:
    scene = context.library.scenes.get(integer_id(id))
    if scene is not None:
        scene.play_history = []
    return 0


def scene_save_activity(
    context: RequestContext, id: str, resume_time: float | None = None, playDuration: float | None = None
) -> bool:
    """The resume point is kept as it is sent, whatever the length of the file."""
    with context.library.lock:
        scene = _scene(context, id)
        if resume_time is not None:
            scene.resume_time = resume_time
        scene.play_duration += playDuration or 0.0
    return True


def scene_reset_activity(
    context: RequestContext, id: str, reset_resume: bool | None = None, reset_duration: bool | None = None
) -> bool:
    with context.library.lock:
        scene = _scene(context, id)
        scene.resume_time = 0.0 if reset_resume else scene.resume_time
        scene.play_duration = 0.0 if reset_duration else scene.play_duration
    return True


def _scene(context: RequestContext, id: str) -> Scene:
    scene_id = _scene_id(id)
    if scene_id not in context.library.scenes:
        raise GraphQLError(f"id {scene_id} does not exist in scenes")
    return context.library.scenes[scene_id]


def _scene_id(text: str) -> int:
    try:
        return integer_id(text)
    except GraphQLError as error:
        raise GraphQLError(f"converting id: {error.message}") from None


def _history(times: list[str]) -> dict[str, Any]:
    return {"count": len(times), "history": list(times)}


PLAY_MUTATIONS: dict[str, Callable[..., Any]] = {
    "sceneAddPlay": scene_add_play,
    "sceneDeletePlay": scene_delete_play,
    "sceneResetPlayCount": scene_reset_play_count,
    "sceneSaveActivity": scene_save_activity,
    "sceneResetActivity": scene_reset_activity,
}
