"""Titles and summaries in the words of the settings: what a template names of a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from validation.config import DEFAULT_SUMMARY, DEFAULT_TITLE, Stash2PlexConfig
from validation.scene import Scene
from validation.template import Template

_BETWEEN_NAMES, PERFORMERS = ", ", "performers"


class Wording:
    """The words for scenes under these settings."""

    def __init__(self, config: Stash2PlexConfig) -> None:
        self._config = config
        self._title = Template(config.title_template)
        self._summary = Template(config.summary_template)

    def title(self, scene: Scene) -> str:
        """The title, in one line where a template made it; empty where nothing that it names has a value."""
        if self._title.text == DEFAULT_TITLE:
            return scene.title
        lines = self._rendered(self._title, scene).splitlines()
        return " ".join(line.strip() for line in lines).strip()

    def summary(self, scene: Scene) -> str:
        """The summary; empty where nothing that it names has a value."""
        if self._summary.text == DEFAULT_SUMMARY:
            return scene.details
        return self._rendered(self._summary, scene)

    def _rendered(self, template: Template, scene: Scene) -> str:
        values = {name: WORDS[name](scene).strip() for name in template.names - {PERFORMERS}}
        if PERFORMERS in template.names:
            values[PERFORMERS] = _BETWEEN_NAMES.join(performers_in_order(scene, self._config))
        return template.render(values)


def performers_in_order(scene: Scene, config: Stash2PlexConfig) -> list[str]:
    """The names of the performers, as the setting for the order of actors says."""
    return sorted(scene.performers) if config.actor_order == "name" else list(scene.performers)


def _name_of_file(scene: Scene) -> str:
    """The name of the first file without its ending, as Plex calls an item of which it knows nothing else."""
    name = scene.files[0].path.replace("\\", "/").rpartition("/")[2] if scene.files else ""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _rating(scene: Scene) -> str:
    """Out of ten, as Plex shows it."""
    return "" if scene.rating100 is None else f"{scene.rating100 / 10:g}"


WORDS: Mapping[str, Callable[[Scene], str]] = {
    "title": lambda scene: scene.title,
    "code": lambda scene: scene.code,
    "date": lambda scene: scene.date,
    "year": lambda scene: scene.date[:4],
    "studio": lambda scene: scene.studio,
    "parent_studio": lambda scene: scene.parent_studio,
    "groups": lambda scene: _BETWEEN_NAMES.join(scene.groups),
    "rating": _rating,
    "url": lambda scene: scene.url,
    "filename": _name_of_file,
    "details": lambda scene: scene.details,
}
