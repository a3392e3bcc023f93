"""How Stash's GraphQL shows the records of a library: texts never null, ids as text, image URLs."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.records import Entity, Scene, Tag, VideoFile


@lru_cache(maxsize=100_000)
def unix_time(timestamp: str) -> int:
    """Seconds since 1970 of a timestamp as Stash writes it."""
    return int(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp())


class FileView:
    """A VideoFile of the schema."""

    __slots__ = ("_file",)

    def __init__(self, video: VideoFile) -> None:
        self._file = video

    @property
    def id(self) -> str:
        return str(self._file.id)

    @property
    def path(self) -> str:
        return self._file.path

    @property
    def basename(self) -> str:
        return self._file.path.replace("\\", "/").rpartition("/")[2]

    @property
    def size(self) -> int:
        return self._file.size

    @property
    def duration(self) -> float:
        return self._file.duration

    @property
    def created_at(self) -> str:
        return self._file.created_at

    @property
    def updated_at(self) -> str:
        return self._file.created_at

    @property
    def mod_time(self) -> str:
        return self._file.created_at


class EntityView:
    """What the schema shows of a tag or a group, and the start of a studio's and a performer's view."""

    __slots__ = ("_base_url", "_library", "_record")
    _kind = ""

    def __init__(self, record: Any, library: StashLibrary, base_url: str) -> None:
        self._record = record
        self._library = library
        self._base_url = base_url

    @property
    def id(self) -> str:
        return str(self._record.id)

    @property
    def name(self) -> str:
        name: str = self._record.name
        return name

    @property
    def created_at(self) -> str:
        stamp: str = self._record.created_at
        return stamp

    @property
    def updated_at(self) -> str:
        stamp: str = self._record.updated_at
        return stamp

    def _image_path(self, kind: str, name: str) -> str:
        """The address of its picture, which says so where Stash draws one because there is none."""
        version = unix_time(self._record.updated_at)
        path = f"{self._base_url}/{kind}/{self._record.id}/{name}?t={version}"
        return path if self._record.image else path + "&default=true"


class TagView(EntityView):
    __slots__ = ()

    @property
    def parents(self) -> list[TagView]:
        tags = self._library.tags
        return [TagView(tags[tag_id], self._library, self._base_url) for tag_id in self._record.parents]


class GroupView(EntityView):
    __slots__ = ()

    @property
    def synopsis(self) -> str:
        synopsis: str = self._record.synopsis
        return synopsis

    @property
    def front_image_path(self) -> str:
        return self._image_path("group", "frontimage")


class StudioView(EntityView):
    __slots__ = ()

    @property
    def details(self) -> str:
        details: str = self._record.details
        return details

    @property
    def image_path(self) -> str:
        return self._image_path("studio", "image")

    @property
    def parent_studio(self) -> StudioView | None:
        parent = self._library.studios.get(self._record.parent)
        return None if parent is None else StudioView(parent, self._library, self._base_url)


class PerformerView(EntityView):
    __slots__ = ()

    @property
    def disambiguation(self) -> str:
        disambiguation: str = self._record.disambiguation
        return disambiguation

    @property
    def image_path(self) -> str:
        return self._image_path("performer", "image")

    @property
    def gender(self) -> str | None:
        gender: str | None = self._record.gender
        return gender

    @property
    def tags(self) -> list[TagView]:
        tags = self._library.tags
        return [TagView(tags[tag_id], self._library, self._base_url) for tag_id in self._record.tags]


class SceneView:
    """A Scene of the schema; what the library does not keep is left to the schema's empty values."""

    __slots__ = ("_base_url", "_library", "_scene")

    def __init__(self, scene: Scene, library: StashLibrary, base_url: str) -> None:
        self._scene = scene
        self._library = library
        self._base_url = base_url

    @property
    def id(self) -> str:
        return str(self._scene.id)

    @property
    def title(self) -> str:
        return self._scene.title

    @property
    def code(self) -> str:
        return self._scene.code

    @property
    def details(self) -> str:
        return self._scene.details

    @property
    def director(self) -> str:
        return self._scene.director

    @property
    def urls(self) -> list[str]:
        return self._scene.urls

    @property
    def date(self) -> str | None:
        return self._scene.date or None

    @property
    def rating100(self) -> int | None:
        return self._scene.rating100

    @property
    def organized(self) -> bool:
        return self._scene.organized

    @property
    def play_count(self) -> int:
        return self._scene.play_count

    @property
    def o_counter(self) -> int:
        return self._scene.o_counter

    @property
    def last_played_at(self) -> str | None:
        return self._scene.last_played_at

    @property
    def play_history(self) -> list[str]:
        return list(self._scene.play_history)

    @property
    def resume_time(self) -> float:
        return self._scene.resume_time

    @property
    def play_duration(self) -> float:
        return self._scene.play_duration

    @property
    def created_at(self) -> str:
        return self._scene.created_at

    @property
    def updated_at(self) -> str:
        return self._scene.updated_at

    @property
    def files(self) -> list[FileView]:
        return [FileView(video) for video in self._scene.files]

    @property
    def paths(self) -> dict[str, str]:
        scene_url = f"{self._base_url}/scene/{self._scene.id}"
        return {
            "screenshot": f"{scene_url}/screenshot?t={unix_time(self._scene.updated_at)}",
            "preview": f"{scene_url}/preview",
            "stream": f"{scene_url}/stream.mp4",
            "webp": f"{scene_url}/webp",
            "vtt": f"{scene_url}_thumbs.vtt",
            "sprite": f"{scene_url}_sprite.jpg",
            "funscript": f"{scene_url}/funscript",
            "interactive_heatmap": f"{scene_url}/interactive_heatmap",
            "caption": f"{scene_url}/caption",
        }

    @property
    def studio(self) -> StudioView | None:
        if self._scene.studio is None:
            return None
        return StudioView(self._library.studios[self._scene.studio], self._library, self._base_url)

    @property
    def performers(self) -> list[PerformerView]:
        """In the order of the database, which is not the order they were entered in."""
        library, base_url, found = self._library, self._base_url, self._library.performers
        return [PerformerView(found[one], library, base_url) for one in sorted(self._scene.performers)]

    @property
    def tags(self) -> list[TagView]:
        """By name, as Stash orders them."""
        library, base_url = self._library, self._base_url
        tags: list[Tag] = sorted((library.tags[one] for one in self._scene.tags), key=_by_name)
        return [TagView(tag, library, base_url) for tag in tags]

    @property
    def groups(self) -> list[dict[str, Any]]:
        library, base_url, groups = self._library, self._base_url, self._library.groups
        return [
            {"group": GroupView(groups[group_id], library, base_url), "scene_index": index}
            for group_id, index in self._scene.groups
        ]


def _by_name(entity: Entity) -> str:
    return entity.name.casefold()


ENTITY_VIEWS: dict[str, type[EntityView]] = {
    "studio": StudioView,
    "performer": PerformerView,
    "tag": TagView,
    "group": GroupView,
}
