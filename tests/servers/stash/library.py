"""The data of a made-up Stash, in memory: what its database holds and which change moves which timestamp."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, TypeVar

from tests.servers.stash import plays
from tests.servers.stash.records import Entity, Group, GroupLink, Performer, Scene, Studio, Tag, VideoFile
from tests.servers.stash.saved_filters import SavedFilters

PACIFIC_STANDARD_TIME = timezone(timedelta(hours=-8))


class NotInLibraryError(LookupError):
    """An id that the library does not hold (any more)."""


CHANGEABLE = frozenset(
    {
        "title",
        "code",
        "details",
        "director",
        "date",
        "rating100",
        "organized",
        "studio",
        "performers",
        "tags",
        "groups",
        "urls",
        "cover",
        "cover_type",
    }
)
LISTS = frozenset({"performers", "tags", "groups", "urls"})
EntityT = TypeVar("EntityT", bound=Entity)


def current_time() -> datetime:
    """The real time; a library's `now` can be replaced by any other clock."""
    return datetime.now(timezone.utc)


class StashLibrary:
    """Scenes, studios, performers, tags and groups with Stash's rules for ids and timestamps.

    Ids count up and are never used twice. Timestamps are text in the server's local offset, whole
    seconds: "2025-12-28T09:47:00-08:00", or with Z where the offset is zero.
    """

    def __init__(
        self, timezone: tzinfo = PACIFIC_STANDARD_TIME, now: Callable[[], datetime] = current_time
    ) -> None:
        self.timezone = timezone
        self.now = now
        self.lock = threading.RLock()
        self.scenes: dict[int, Scene] = {}
        self.scene_ids: list[int] = []
        self.studios: dict[int, Studio] = {}
        self.performers: dict[int, Performer] = {}
        self.tags: dict[int, Tag] = {}
        self.groups: dict[int, Group] = {}
        self.saved_filters = SavedFilters()
        self._last_ids: dict[str, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("lock", "now")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.lock = threading.RLock()
        self.now = current_time

    # -- builders ----------------------------------------------------------------------------------

    def add_studio(
        self, name: str, parent: int | None = None, image: bytes | None = None, details: str = ""
    ) -> Studio:
        with self.lock:
            self._require("studio", self.studios, () if parent is None else (parent,))
            made = Studio(*self._new("studio", name), parent=parent, image=image, details=details)
            return self._add(self.studios, made)

    def add_performer(self, name: str, image: bytes | None = None, disambiguation: str = "") -> Performer:
        with self.lock:
            made = Performer(*self._new("performer", name), image=image, disambiguation=disambiguation)
            return self._add(self.performers, made)

    def add_tag(self, name: str, parents: Sequence[int] = ()) -> Tag:
        with self.lock:
            self._require("tag", self.tags, parents)
            return self._add(self.tags, Tag(*self._new("tag", name), parents=list(parents)))

    def add_group(self, name: str, image: bytes | None = None, synopsis: str = "") -> Group:
        with self.lock:
            made = Group(*self._new("group", name), image=image, synopsis=synopsis)
            return self._add(self.groups, made)

    def add_scene(
        self,
        title: str = "",
        details: str = "",
        date: str | None = None,
        director: str = "",
        code: str = "",
        rating100: int | None = None,
        studio: int | None = None,
        performers: Iterable[int] = (),
        tags: Iterable[int] = (),
        groups: Iterable[GroupLink] = (),
        files: Iterable[tuple[str, int]] = (),
        cover: bytes | None = None,
        cover_type: str = "image/jpeg",
        organized: bool = False,
        updated_at: datetime | None = None,
    ) -> Scene:
        """Add a scene as a scan and an edit would; `updated_at` sets both of its timestamps."""
        with self.lock:
            stamp = self.timestamp(updated_at)
            scene = Scene(self._next_id("scene"), stamp, stamp)
            changes = {
                "title": title,
                "details": details,
                "date": date,
                "director": director,
                "code": code,
                "rating100": rating100,
                "studio": studio,
                "performers": performers,
                "tags": tags,
                "groups": groups,
                "cover": cover,
                "cover_type": cover_type,
                "organized": organized,
            }
            self._set(scene, changes)
            scene.files = [self._new_file(path, size) for path, size in files]
            self.scenes[scene.id] = scene
            self.scene_ids.append(scene.id)
            return scene

    # -- scenes ------------------------------------------------------------------------------------

    def scene(self, scene_id: int) -> Scene:
        """The scene with this id, or NotInLibraryError in Stash's words."""
        try:
            return self.scenes[scene_id]
        except KeyError:
            raise NotInLibraryError(f"scene with id {scene_id} not found") from None

    def update_scene(self, scene_id: int, **changes: Any) -> Scene:
        """Change fields of a scene, as an edit does: `updated_at` moves to now."""
        with self.lock:
            scene = self.scene(scene_id)
            self._set(scene, changes)
            scene.updated_at = self.timestamp()
            return scene

    def set_cover(self, scene_id: int, cover: bytes | None, cover_type: str = "image/jpeg") -> Scene:
        """Change the cover, as "set screenshot" does: `updated_at` moves."""
        return self.update_scene(scene_id, cover=cover, cover_type=cover_type)

    def destroy_scene(self, scene_id: int) -> None:
        with self.lock:
            self.scene(scene_id)
            del self.scenes[scene_id]
            del self.scene_ids[bisect.bisect_left(self.scene_ids, scene_id)]

    def merge_scenes(self, source_ids: Iterable[int], destination_id: int) -> Scene:
        """The destination gets the files of the sources, and the sources vanish."""
        with self.lock:
            destination = self.scene(destination_id)
            for source_id in source_ids:
                destination.files.extend(self.scene(source_id).files)
                self.destroy_scene(source_id)
            destination.updated_at = self.timestamp()
            return destination

    def add_file(self, scene_id: int, path: str, size: int) -> VideoFile:
        """A scan attached a further file to the scene: `updated_at` moves."""
        with self.lock:
            scene = self.scene(scene_id)
            scene.files.append(self._new_file(path, size))
            scene.updated_at = self.timestamp()
            return scene.files[-1]

    def assign_file(self, scene_id: int, file_id: int) -> None:
        """Move a file to another scene; no timestamp moves."""
        with self.lock:
            destination = self.scene(scene_id)
            for scene in self.scenes.values():
                for video in scene.files:
                    if video.id == file_id:
                        scene.files.remove(video)
                        destination.files.append(video)
                        return
            raise NotInLibraryError(f"file with id {file_id} not found")

    def move_file(self, scene_id: int, old_path: str, new_path: str) -> None:
        """Rename a file on disk; no timestamp of the scene moves."""
        with self.lock:
            for video in self.scene(scene_id).files:
                if video.path == old_path:
                    video.path = new_path
                    return
            raise NotInLibraryError(f"file {old_path} not found")

    def record_play(self, scene_id: int) -> int:
        """Count a play of now; `updated_at` does not move. Returns the new count."""
        return plays.add_plays(self, scene_id, None).play_count

    # -- studios, performers, tags, groups: the scenes' timestamps never move ------------------------

    def rename_performer(self, performer_id: int, name: str) -> None:
        self.rename("performer", performer_id, name)

    def rename_studio(self, studio_id: int, name: str) -> None:
        self.rename("studio", studio_id, name)

    def rename_tag(self, tag_id: int, name: str) -> None:
        self.rename("tag", tag_id, name)

    def rename_group(self, group_id: int, name: str) -> None:
        self.rename("group", group_id, name)

    def destroy_performer(self, performer_id: int) -> None:
        self.destroy("performer", performer_id)

    def destroy_studio(self, studio_id: int) -> None:
        self.destroy("studio", studio_id)

    def destroy_tag(self, tag_id: int) -> None:
        self.destroy("tag", tag_id)

    def destroy_group(self, group_id: int) -> None:
        self.destroy("group", group_id)

    def merge_tags(self, source_ids: Iterable[int], destination_id: int) -> Tag:
        self._merge("tag", source_ids, destination_id)
        return self.tags[destination_id]

    def merge_performers(self, source_ids: Iterable[int], destination_id: int) -> Performer:
        self._merge("performer", source_ids, destination_id)
        return self.performers[destination_id]

    def entities(self, kind: str) -> dict[int, Any]:
        """All studios, performers, tags or groups by id; `kind` is the singular word."""
        kinds: dict[str, dict[int, Any]] = {
            "studio": self.studios,
            "performer": self.performers,
            "tag": self.tags,
            "group": self.groups,
        }
        return kinds[kind]

    def entity(self, kind: str, entity_id: int) -> Any:
        """The studio, performer, tag or group with this id, or NotInLibraryError in Stash's words."""
        self._require(kind, self.entities(kind), (entity_id,))
        return self.entities(kind)[entity_id]

    def rename(self, kind: str, entity_id: int, name: str) -> None:
        """Give an entity another name; only its own `updated_at` moves."""
        with self.lock:
            entity = self.entity(kind, entity_id)
            entity.name = name
            entity.updated_at = self.timestamp()

    def change(self, kind: str, entity_id: int, **values: Any) -> None:
        """Change what an entity has (image, details, synopsis); only its own `updated_at` moves."""
        with self.lock:
            entity = self.entity(kind, entity_id)
            for name, value in values.items():
                assert hasattr(entity, name), f"a {kind} has no {name}"
                setattr(entity, name, value)
            entity.updated_at = self.timestamp()

    def destroy(self, kind: str, entity_id: int) -> None:
        """Delete an entity and its links."""
        with self.lock:
            self.entity(kind, entity_id)
            del self.entities(kind)[entity_id]
            self._unlink(kind, entity_id)

    def timestamp(self, moment: datetime | None = None) -> str:
        """A moment (default: now) as Stash writes it; one without an offset is taken as local time."""
        moment = moment or self.now()
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.timezone)
        text = moment.astimezone(self.timezone).replace(microsecond=0).isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text

    # -- private -----------------------------------------------------------------------------------

    def skip_scene_ids(self, count: int) -> None:
        """Leave a hole in the ids, as scenes leave that were made and deleted."""
        self._last_ids["scene"] = self._last_ids.get("scene", 0) + count

    def _next_id(self, kind: str) -> int:
        self._last_ids[kind] = self._last_ids.get(kind, 0) + 1
        return self._last_ids[kind]

    def _new(self, kind: str, name: str) -> tuple[int, str, str, str]:
        stamp = self.timestamp()
        return self._next_id(kind), name, stamp, stamp

    def _new_file(self, path: str, size: int) -> VideoFile:
        return VideoFile(self._next_id("file"), path, size, self.timestamp())

    @staticmethod
    def _add(entities: dict[int, EntityT], entity: EntityT) -> EntityT:
        entities[entity.id] = entity
        return entity

    @staticmethod
    def _require(kind: str, entities: dict[int, Any], wanted: Iterable[int]) -> None:
        for entity_id in wanted:
            if entity_id not in entities:
                raise NotInLibraryError(f"{kind} with id {entity_id} not found")

    def _set(self, scene: Scene, changes: dict[str, Any]) -> None:
        if unknown := set(changes) - CHANGEABLE:
            raise TypeError(f"a scene has no {', '.join(sorted(unknown))} to change")
        values: dict[str, Any] = {
            name: list(value or ()) if name in LISTS else value for name, value in changes.items()
        }
        if values.get("studio") is not None:
            self._require("studio", self.studios, (values["studio"],))
        self._require("performer", self.performers, values.get("performers", ()))
        self._require("tag", self.tags, values.get("tags", ()))
        self._require("group", self.groups, (group_id for group_id, _ in values.get("groups", ())))
        for name, value in values.items():
            setattr(scene, name, value)

    def _unlink(self, kind: str, entity_id: int) -> None:
        for scene in self.scenes.values():
            if kind == "studio":
                scene.studio = None if scene.studio == entity_id else scene.studio
            elif kind == "group":
                scene.groups = [link for link in scene.groups if link[0] != entity_id]
            else:
                linked = getattr(scene, kind + "s")
                setattr(scene, kind + "s", [one for one in linked if one != entity_id])
        if kind == "studio":
            for studio in self.studios.values():
                studio.parent = None if studio.parent == entity_id else studio.parent
        if kind == "tag":
            for tag in self.tags.values():
                tag.parents = [one for one in tag.parents if one != entity_id]
            for performer in self.performers.values():
                performer.tags = [one for one in performer.tags if one != entity_id]

    def _merge(self, kind: str, source_ids: Iterable[int], destination_id: int) -> None:
        with self.lock:
            sources = set(source_ids) - {destination_id}
            self._require(kind, self.entities(kind), [*sources, destination_id])
            holders: list[Any] = [*self.scenes.values()]
            if kind == "tag":
                holders += self.performers.values()
            for holder in holders:
                linked: list[int] = getattr(holder, kind + "s")
                if sources.intersection(linked):
                    kept = [entity_id for entity_id in linked if entity_id not in sources]
                    setattr(holder, kind + "s", list(dict.fromkeys([*kept, destination_id])))
            for source_id in sources:
                self.destroy(kind, source_id)
