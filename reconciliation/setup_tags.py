"""Whether the tags that settings name are tags of Stash: one that is cut at a comma names nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from plex.fields import tag_key
from stash.client import Stash
from validation.amounts import number
from validation.config import DISPLAY_NAMES, Stash2PlexConfig
from validation.names import in_quotes

# More than this no line of a log can hold.
NAMES_SHOWN = 10


def doubts_about_tags(stash: Stash, config: Stash2PlexConfig) -> Iterator[str]:
    """A sentence for each thing that is odd about the tags in the settings. Raises StashError.

    Stash is asked for its tags only where a setting names some.
    """
    named: Mapping[str, Sequence[str]] = {
        "tags_include": config.tags_include,
        "tags_exclude": config.tags_exclude,
        "tags_rename": tuple(config.tags_rename),
    }
    if any(named.values()):
        existing = {tag_key(name): name for name in stash.tag_names()}
        for key, names in named.items():
            yield from _doubts(f"Setting “{DISPLAY_NAMES[key]}” ({key})", names, existing)


def _doubts(setting: str, names: Sequence[str], existing: Mapping[str, str]) -> Iterator[str]:
    keys = [tag_key(name) for name in names]
    cut = [name for key, name in existing.items() if _is_cut(key, keys)]
    if cut:
        yield (
            f"{setting} names the parts of {in_quotes(cut[:NAMES_SHOWN])}, which Stash has as one tag. "
            "If that tag is meant, put it between quotation marks."
        )
    parts = {part for name in cut for part in _parts(tag_key(name))}
    unknown = [
        name for name, key in zip(names, keys, strict=True) if key not in existing and key not in parts
    ]
    if unknown:
        more = f" and {number(len(unknown) - NAMES_SHOWN)} more" if len(unknown) > NAMES_SHOWN else ""
        yield (
            f"{setting} names {in_quotes(unknown[:NAMES_SHOWN])}{more}, and no tag in Stash has such a name. "
            "Is it misspelt, or was the tag renamed?"
        )


def _is_cut(key: str, keys: Sequence[str]) -> bool:
    """Whether the parts of this name stand one after the other among the names, and it does not itself."""
    parts = _parts(key)
    if len(parts) < 2 or key in keys:
        return False
    starts = range(len(keys) - len(parts) + 1)
    return any(list(keys[start : start + len(parts)]) == parts for start in starts)


def _parts(key: str) -> list[str]:
    return [part for part in map(str.strip, key.split(",")) if part]
