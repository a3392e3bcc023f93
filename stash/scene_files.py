"""Which scenes in Stash have a file of a certain name: asked where a name alone is to tell a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from stash.client import Stash
from stash.exceptions import StashAnswerInvalid
from validation.amounts import number
from validation.scene import SceneFile, scene_id_of

SCENES_PER_PAGE = 500
NAMES_PER_REQUEST = 100
_DOCUMENT = (
    "query FilesNamed($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { count scenes { id files { path size } } } }"
)


def files_named(stash: Stash, names: Sequence[str]) -> tuple[dict[int, tuple[SceneFile, ...]], str]:
    """All files of every scene that has a file of one of these names, by scene id.

    Names are compared without regard to case, and to how accents are written. The second value says
    why there may be more such scenes; empty where there cannot. Raises StashError.
    """
    found: dict[int, tuple[SceneFile, ...]] = {}
    doubts: list[str] = []
    for start in range(0, len(names), NAMES_PER_REQUEST):
        _read(stash, _pattern(names[start : start + NAMES_PER_REQUEST]), found, doubts)
    return found, doubts[0] if doubts else ""


def _read(stash: Stash, pattern: str, found: dict[int, tuple[SceneFile, ...]], doubts: list[str]) -> None:
    last_id = 0
    while True:
        where = {
            "path": {"value": pattern, "modifier": "MATCHES_REGEX"},
            "id": {"value": last_id, "modifier": "GREATER_THAN"},
        }
        find = {"sort": "id", "direction": "ASC", "per_page": SCENES_PER_PAGE, "page": 1}
        count, scenes = _page(stash.ask(_DOCUMENT, {"find": find, "where": where}))
        highest = 0
        for raw in scenes:
            one = _files(raw)
            if one is None:
                doubts.append("Stash sent a scene with a file of this name in a form that cannot be used.")
            else:
                found[one[0]] = one[1]
                highest = max(highest, one[0])
        if len(scenes) != min(count, SCENES_PER_PAGE):
            raise StashAnswerInvalid(
                f"Stash announced {number(count)} scenes and sent {number(len(scenes))}."
            )
        if count <= SCENES_PER_PAGE:
            return
        if highest <= last_id:
            raise StashAnswerInvalid("Stash returned a page of scenes that was asked for before.")
        last_id = highest


def _pattern(names: Iterable[str]) -> str:
    forms = {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD")}
    return rf"[/\\](?i:{'|'.join(sorted(map(re.escape, forms)))})$"


def _page(data: Mapping[str, Any]) -> tuple[int, Sequence[Any]]:
    answer = data.get("findScenes")
    scenes = answer.get("scenes") if isinstance(answer, Mapping) else None
    count = answer.get("count") if isinstance(answer, Mapping) else None
    if not isinstance(scenes, list) or not isinstance(count, int):
        raise StashAnswerInvalid("Stash returned no list of scenes.")
    return count, scenes


def _files(raw: Any) -> tuple[int, tuple[SceneFile, ...]] | None:
    """A scene's id and files, None where they cannot be used; a size that is no number is not known."""
    scene_id = scene_id_of(raw) if isinstance(raw, Mapping) else None
    files = raw.get("files") if isinstance(raw, Mapping) else None
    if scene_id is None or not isinstance(files, list):
        return None
    if not all(isinstance(file, Mapping) and isinstance(file.get("path"), str) for file in files):
        return None
    return scene_id, tuple(SceneFile(file["path"], _size(file.get("size"))) for file in files)


def _size(value: Any) -> int | None:
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) and int(text) < 2**63 else None
