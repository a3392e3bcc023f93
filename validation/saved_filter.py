"""A saved filter of scenes, from the form in which Stash's pages keep it to the one in which Stash is asked.

Stash keeps a filter as its pages draw it and leaves it to them to make a question of it: an object with one
entry for each criterion, mostly {"value": …, "modifier": …}, whose value is what the criterion's controls
show, with names beside ids. Each kind of criterion has its own form, and some have an older one that pages
still read. What is read here gives the same scenes as Stash's own list of that filter. Whatever is not known
for certain is an error: a criterion that is left out would let more scenes in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from validation.exceptions import InvalidInput

MODIFIERS = (
    *("EQUALS", "NOT_EQUALS", "GREATER_THAN", "LESS_THAN", "IS_NULL", "NOT_NULL", "INCLUDES", "INCLUDES_ALL"),
    *("EXCLUDES", "MATCHES_REGEX", "NOT_MATCHES_REGEX", "BETWEEN", "NOT_BETWEEN"),
)
# With these no value counts.
NO_VALUE = ("IS_NULL", "NOT_NULL")
RESOLUTIONS = {
    "144p": "VERY_LOW",
    "240p": "LOW",
    "360p": "R360P",
    "480p": "STANDARD",
    "540p": "WEB_HD",
    "720p": "STANDARD_HD",
    "1080p": "FULL_HD",
    "1440p": "QUAD_HD",
    "4k": "FOUR_K",
    "5k": "FIVE_K",
    "6k": "SIX_K",
    "7k": "SEVEN_K",
    "8k": "EIGHT_K",
    "Huge": "HUGE",
}
ORIENTATIONS = {"Landscape": "LANDSCAPE", "Portrait": "PORTRAIT", "Square": "SQUARE"}
# The languages of captions are kept by their names.
LANGUAGES = {
    "Deutsche": "de",
    "English": "en",
    "Español": "es",
    "Français": "fr",
    "Italiano": "it",
    "日本": "ja",
    "한국인": "ko",
    "Holandés": "nl",
    "Português": "pt",
    "Русский": "ru",
    "Unknown": "00",
}
MAY_BE_MISSING = (
    *("title", "cover", "details", "url", "date", "galleries", "studio", "group", "movie"),
    *("performers", "tags", "stash_id", "phash"),
)
# A moment as it may be typed: to the day, or to the minute.
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2})?")


class NotUnderstood(InvalidInput):
    """A filter of which not all can be read; the text is the end of a sentence about it."""


def scene_filter_of(saved: object) -> dict[str, Any]:
    """The SceneFilterType that gives the scenes of a saved filter's `object_filter`. Raises NotUnderstood."""
    if saved is None:
        return {}
    if not isinstance(saved, Mapping):
        raise NotUnderstood("its criteria have a form that this version does not know.")
    scene_filter: dict[str, Any] = {}
    for name, criterion in ((str(name), criterion) for name, criterion in saved.items()):
        key = RENAMED.get(name, name)
        if key not in CRITERIA:
            raise NotUnderstood(f"its criterion “{name}” is not known to this version.")
        if key in scene_filter:
            raise NotUnderstood(f"it has the criterion “{key}” twice, under an older name too.")
        try:
            scene_filter[key] = CRITERIA[key](criterion)
        except NotUnderstood:
            raise NotUnderstood(
                f"its criterion “{name}” has a value that this version does not understand. Open the filter "
                "in Stash and save it again."
            ) from None
    return scene_filter


def _parts(criterion: object, *others: str) -> tuple[Any, str]:
    """Value and modifier of a criterion that has nothing else but, perhaps, these entries."""
    if not isinstance(criterion, Mapping) or not criterion.keys() <= {"value", "modifier", *others}:
        raise NotUnderstood
    modifier = criterion.get("modifier")
    if modifier not in MODIFIERS:
        raise NotUnderstood
    return criterion.get("value"), str(modifier)


def _text(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    return {"value": _needed(_string(value), modifier), "modifier": modifier}


def _needed(text: str, modifier: str) -> str:
    """A text without which, but for these modifiers, a criterion restricts nothing or finds nothing."""
    if not text and modifier not in NO_VALUE:
        raise NotUnderstood
    return text


def _string(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NotUnderstood
    return value


def _word(criterion: object) -> str:
    """A criterion whose value is kept as “true” or “false”, and asked for so."""
    value, _ = _parts(criterion)
    if value not in ("true", "false"):
        raise NotUnderstood
    return str(value)


def _switch(criterion: object) -> bool:
    return _word(criterion) == "true"


def _duplicated(criterion: object) -> dict[str, Any]:
    return {"duplicated": _switch(criterion)}


def _missing(criterion: object) -> str:
    value, _ = _parts(criterion)
    # Stash makes a column's name of what it does not know.
    if value not in MAY_BE_MISSING:
        raise NotUnderstood
    return str(value)


def _resolution(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    return {"value": _named(value, RESOLUTIONS), "modifier": modifier}


def _orientation(criterion: object) -> dict[str, Any]:
    value, _ = _parts(criterion)
    if not isinstance(value, list) or not value:
        raise NotUnderstood
    return {"value": [_named(one, ORIENTATIONS) for one in value]}


def _captions(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    if modifier in NO_VALUE and not value:
        return {"value": "", "modifier": modifier}
    return {"value": _named(value, LANGUAGES), "modifier": modifier}


def _named(value: object, names: Mapping[str, str]) -> str:
    if not isinstance(value, str) or value not in names:
        raise NotUnderstood
    return names[value]


def _range(criterion: object, *, is_bare_known: bool = False) -> dict[str, Any]:
    """A whole number, or two; a number that is not in an object is the older form of some criteria."""
    value, modifier = _parts(criterion, *(("value2",) if is_bare_known else ()))
    if is_bare_known and _is_number(value):
        # The second number beside the first one is not read by Stash's pages either.
        value = {"value": value}
    low, high = _ends(value, modifier)
    if not all(one is None or _is_number(one) for one in (low, high)):
        raise NotUnderstood
    asked = {"value": 0 if low is None else low, "modifier": modifier}
    return asked if high is None else {**asked, "value2": high}


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _ends(value: object, modifier: str) -> tuple[Any, Any]:
    """The two ends of a range; one that lacks an end it needs is no range."""
    if value is None:
        value = {}
    if not isinstance(value, Mapping) or not value.keys() <= {"value", "value2"}:
        raise NotUnderstood
    low, high = value.get("value"), value.get("value2")
    if modifier not in NO_VALUE and low is None:
        raise NotUnderstood
    if modifier.endswith("BETWEEN") and high in (None, ""):
        raise NotUnderstood
    return low, high


def _date(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    low, high = (_string(one) for one in _ends(value, modifier))
    asked = {"value": _needed(low, modifier), "modifier": modifier}
    return {**asked, "value2": high} if high else asked


def _time(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion, "value2")
    if isinstance(value, str) and isinstance(criterion, Mapping):
        value = {"value": value, "value2": criterion.get("value2")}
    low, high = (_moment(_string(one)) for one in _ends(value, modifier))
    return {"value": _needed(low, modifier), "modifier": modifier, "value2": high or None}


def _moment(text: str) -> str:
    """A moment as Stash compares it. One to the second would be asked for as nothing, which lets all in."""
    text = text.strip()
    if text and not _MOMENT.fullmatch(text):
        raise NotUnderstood
    return text.replace(" ", "T")


def _stash_id(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    if value is None:
        value = ""
    if isinstance(value, str):
        value = {"endpoint": "", "stashID": value}
    if not isinstance(value, Mapping) or value.keys() != {"endpoint", "stashID"}:
        raise NotUnderstood
    return {
        "endpoint": _string(value["endpoint"]),
        "stash_id": _needed(_string(value["stashID"]), modifier),
        "modifier": modifier,
    }


def _phash(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    if value is None:
        value = {"value": "", "distance": 0}
    if not isinstance(value, Mapping) or not {"value"} <= value.keys() <= {"value", "distance"}:
        raise NotUnderstood
    asked = {"value": _string(value["value"]), "modifier": modifier}
    distance = value.get("distance")
    if distance is not None and not _is_number(distance):
        raise NotUnderstood
    return asked if distance is None else {**asked, "distance": distance}


def _ids(value: object) -> list[str]:
    """The ids of things that are kept with their names."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotUnderstood
    ids = [one.get("id") if isinstance(one, Mapping) else None for one in value]
    if not all(re.fullmatch(r"[0-9]+", str(one)) for one in ids):
        raise NotUnderstood
    return [str(one) for one in ids]


def _galleries(criterion: object) -> dict[str, Any]:
    value, modifier = _parts(criterion)
    ids = _ids(value)
    if not ids and modifier not in NO_VALUE:
        raise NotUnderstood
    return {"value": ids, "modifier": modifier}


def _chosen(
    criterion: object, *, has_depth: bool, may_exclude: bool, may_be_list: bool = False
) -> dict[str, Any]:
    """Things that are wanted and others that are not, perhaps with those below them.

    Where a criterion knows no EXCLUDES, that is an older form of wanting nothing and refusing these.
    Things that are refused count beside others that are wanted, or some of them, and nowhere else.
    """
    value, modifier = _parts(criterion)
    if value is None:
        value = {}
    if may_be_list and isinstance(value, list):
        value = {"items": value}
    allowed = {"items", "excluded", "depth"} if has_depth else {"items", "excluded"}
    if not isinstance(value, Mapping) or not value.keys() <= allowed:
        raise NotUnderstood
    wanted, refused = _ids(value.get("items")), _ids(value.get("excluded"))
    depth = value.get("depth") or 0
    if not _is_number(depth):
        raise NotUnderstood
    if modifier == "EXCLUDES" and not may_exclude:
        modifier, wanted, refused = "INCLUDES", [], [*refused, *wanted]
    elif modifier not in ("INCLUDES", "INCLUDES_ALL"):
        refused = []
    if not wanted and not refused and modifier not in NO_VALUE:
        raise NotUnderstood
    asked = {"value": wanted, "excludes": refused, "modifier": modifier}
    return {**asked, "depth": 0 if modifier == "EQUALS" else depth} if has_depth else asked


_number = partial(_range, is_bare_known=True)
_below = partial(_chosen, has_depth=True, may_exclude=False)

# How each criterion that Stash's list of scenes offers is read, by its name in either form.
CRITERIA: Mapping[str, Callable[[object], Any]] = {
    **dict.fromkeys(("title", "code", "path", "details", "director", "oshash", "checksum", "url"), _text),
    **dict.fromkeys(("video_codec", "audio_codec"), _text),
    **dict.fromkeys(("organized", "interactive", "performer_favorite"), _switch),
    **dict.fromkeys(("o_counter", "framerate", "bitrate", "play_count", "tag_count"), _number),
    **dict.fromkeys(("performer_count", "performer_age", "interactive_speed", "file_count"), _number),
    **dict.fromkeys(("rating100", "duration", "resume_time", "play_duration"), _range),
    **dict.fromkeys(("created_at", "updated_at", "last_played_at"), _time),
    **dict.fromkeys(("tags", "performer_tags", "studios"), _below),
    "groups": partial(_chosen, has_depth=True, may_exclude=True),
    "performers": partial(_chosen, has_depth=False, may_exclude=False, may_be_list=True),
    "galleries": _galleries,
    "date": _date,
    "has_markers": _word,
    "is_missing": _missing,
    "duplicated": _duplicated,
    "resolution": _resolution,
    "orientation": _orientation,
    "captions": _captions,
    "stash_id_endpoint": _stash_id,
    "phash_distance": _phash,
}
# A criterion under the name that it had before.
RENAMED = {"movies": "groups"}
