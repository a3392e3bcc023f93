"""The rows of a made-up Stash: scenes with their files, studios, performers, tags and groups."""

from __future__ import annotations

from dataclasses import dataclass, field

GroupLink = tuple[int, "int | None"]


@dataclass
class VideoFile:
    """One file of a scene."""

    id: int
    path: str
    size: int
    created_at: str = ""
    # Seconds; 0 where Stash did not read it.
    duration: float = 0.0


@dataclass
class Entity:
    """What a studio, a performer, a tag and a group have in common."""

    id: int
    name: str
    created_at: str
    updated_at: str


@dataclass
class Studio(Entity):
    """A studio, perhaps below another one, perhaps with a picture."""

    parent: int | None = None
    image: bytes | None = None
    details: str = ""


@dataclass
class Performer(Entity):
    """A performer, perhaps with a picture, and with what tells it from others of its name."""

    image: bytes | None = None
    disambiguation: str = ""
    gender: str | None = None
    tags: list[int] = field(default_factory=list)


@dataclass
class Tag(Entity):
    """A tag, perhaps below other ones."""

    parents: list[int] = field(default_factory=list)


@dataclass
class Group(Entity):
    """A group (older Stash: movie), perhaps with a picture of its front."""

    image: bytes | None = None
    synopsis: str = ""


@dataclass
class Scene:
    """A scene; relations are kept as ids."""

    id: int
    created_at: str
    updated_at: str
    title: str = ""
    code: str = ""
    details: str = ""
    director: str = ""
    date: str | None = None
    rating100: int | None = None
    organized: bool = False
    studio: int | None = None
    performers: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    groups: list[GroupLink] = field(default_factory=list)
    files: list[VideoFile] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    cover: bytes | None = None
    cover_type: str = "image/jpeg"
    o_counter: int = 0
    # Each play with its time in UTC, whole seconds, the newest first; one time may be there twice.
    play_history: list[str] = field(default_factory=list)
    # Seconds from the start; 0 is none.
    resume_time: float = 0.0
    play_duration: float = 0.0

    @property
    def play_count(self) -> int:
        """How often the scene was played."""
        return len(self.play_history)

    @property
    def last_played_at(self) -> str | None:
        """The newest time of a play."""
        return self.play_history[0] if self.play_history else None
