"""The path map: from a file's path as Stash sees it to its path as Plex sees it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from validation.names import ARROW, for_pair, read_pairs


def path_key(path: str) -> str:
    """The form in which two paths are compared: NFC, forward slashes, none doubled, none at the end.

    Case is kept: on most servers two files may differ in nothing else.
    """
    key = path if path.isascii() else unicodedata.normalize("NFC", path)
    if "\\" in key:
        key = key.replace("\\", "/")
    if "//" in key:
        # A Windows share begins with two slashes, which are not a doubled one.
        share = "/" if key.startswith("//") else ""
        key = share + re.sub("/{2,}", "/", key)
    return key.rstrip("/") or ("/" if key else "")


def file_name(path: str) -> str:
    """The last component of a path, whatever slash its system writes."""
    return path.replace("\\", "/").rpartition("/")[2]


# So many folders are looked at to tell roots apart.
DEEPEST_DIFFERENCE = 3
# A map with more pairs than this nobody reads.
MOST_PAIRS = 30


def suggest_path_map(pairs: Iterable[tuple[str, str]]) -> str:
    """The setting's text that makes these pairs of (path in Stash, path in Plex) exact; may be empty.

    A folder that explains a single pair among many is not named; the most telling comes first.
    """
    counts = Counter(pairs)
    given_back = dict.fromkeys(counts, 0)
    for _ in range(DEEPEST_DIFFERENCE):
        targets: dict[str, set[str]] = {}
        for pair, folders in given_back.items():
            source, target = _differing_heads(*pair, folders)
            targets.setdefault(source, set()).add(target)
        unclear = {source for source, found in targets.items() if len(found) > 1}
        for pair, folders in given_back.items():
            if _differing_heads(*pair, folders)[0] in unclear:
                given_back[pair] += 1
    heads: Counter[tuple[str, str]] = Counter()
    for pair, folders in given_back.items():
        heads[_differing_heads(*pair, folders)] += counts[pair]
    total = sum(counts.values())
    telling: dict[str, str] = {}
    for (source, target), count in sorted(heads.items(), key=lambda head: (-head[1], head[0]))[:MOST_PAIRS]:
        if count > 1 or count * 10 >= total:
            # Where two folders of Plex are one in Stash, the one with more files is the better guess.
            telling.setdefault(source, target)
    return pairs_text(telling.items())


def pairs_text(pairs: Iterable[tuple[str, str]]) -> str:
    """The setting's text for these pairs."""
    return "; ".join(f"{for_pair(source)}{ARROW}{for_pair(target)}" for source, target in pairs)


def _differing_heads(in_stash: str, in_plex: str, given_back: int) -> tuple[str, str]:
    """What is left of two paths without the folders that they have in common at their ends.

    So many of the common folders are given back, to tell apart what else would be the same.
    """
    source, target = path_key(in_stash).split("/"), path_key(in_plex).split("/")
    common = 0
    while common < min(len(source), len(target)) and source[-1 - common] == target[-1 - common]:
        common += 1
    # The file's own name is never part of a map.
    common = max(1, common - given_back)
    return "/".join(source[:-common]) or "/", "/".join(target[:-common]) or "/"


@dataclass(frozen=True)
class PathMap:
    """Pairs of (prefix in Stash, prefix in Plex); the longest prefix that fits wins."""

    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> PathMap:
        """A map of these pairs, in whatever order and form of slashes."""
        keyed = {path_key(source): path_key(target) for source, target in pairs}
        return cls(tuple(sorted(keyed.items(), key=lambda pair: (-len(pair[0]), pair))))

    @classmethod
    def parse(cls, text: str) -> PathMap:
        """Read the setting's text, `/data=>/media; /mnt/b=>/b` (semicolons or line breaks between pairs,
        quotation marks around a folder that holds one or an arrow).

        Raises ValueError with a sentence that names the pair.
        """
        pairs: dict[str, str] = {}
        for source, target, entry in read_pairs(text):
            if not source or not target:
                raise ValueError(
                    f"“{entry}” is not a pair such as /data=>/media "
                    "(the folder in Stash, =>, the same folder in Plex)."
                )
            before = pairs.setdefault(path_key(source), path_key(target))
            if before != path_key(target):
                raise ValueError(f"“{source}” is mapped twice, to {before} and to {target}.")
        return cls.of(pairs.items())

    def to_plex(self, path: str) -> str:
        """The path in Plex, as a path key; a path under no prefix stays as it is."""
        key = path_key(path)
        for source, target in self.pairs:
            if key == source:
                return target
            inside = source if source.endswith("/") else source + "/"
            if key.startswith(inside):
                return (target if target.endswith("/") else target + "/") + key[len(inside) :]
        return key
