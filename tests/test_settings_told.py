"""The settings as they are read, as Stash and the page show them and as docs/settings.md tells them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from operations.setting_words import GROUPS
from tests.builders.values import a_config
from tests.servers.stash.plugins import load_plugins
from tests.servers.world import ROOT, install_plugin
from validation.config import ANY_CERTIFICATE, DISPLAY_NAMES, FALLS_BACK, Stash2PlexConfig, read_settings

FIELDS = Stash2PlexConfig.model_fields
KEYS = sorted(FIELDS)
REQUIRED = {"plex_url": "http://plex:32400", "plex_token": "made-up-plex-token"}
TYPES: dict[object, str] = {bool: "BOOLEAN", int: "NUMBER"}
ROW = re.compile(r"\| \*\*(.+)\*\* \(`(\w+)`\) \| (.+?) \| (?:`(.+?)`)? ?\| (.+) \| (\w+) \|")


class Row(NamedTuple):
    """A setting in docs/settings.md."""

    name: str
    key: str
    default: str
    example: str
    what: str
    wrong: str


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The settings that Stash shows, by key."""
    (plugin,), _ = load_plugins(install_plugin(tmp_path_factory.mktemp("plugins")))
    return {key: dict(shown) for key, shown in plugin.settings.items()}


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    """The settings that the documentation tells, by key."""
    text = Path(ROOT, "docs", "settings.md").read_text(encoding="utf-8")
    told = [Row(*found) for found in ROW.findall(text)]
    assert len(told) == text.count("\n| **")
    assert len({row.key for row in told}) == len(told)
    return {row.key: row for row in told}


def is_switch(key: str) -> bool:
    return FIELDS[key].annotation is bool


def is_read(key: str, value: str) -> bool:
    """Whether this value is right, and something else than the default."""
    settings = read_settings({**REQUIRED, key: value})
    is_right = set(settings.warnings) <= {ANY_CERTIFICATE}
    return is_right and (key in REQUIRED or settings.config != a_config(**REQUIRED))


def test_stash_offers_exactly_the_settings_that_are_read(manifest: dict[str, dict[str, str]]) -> None:
    assert {key: setting["displayName"] for key, setting in manifest.items()} == DISPLAY_NAMES


def test_the_documentation_tells_exactly_the_settings_that_are_read(rows: dict[str, Row]) -> None:
    assert {key: row.name for key, row in rows.items()} == DISPLAY_NAMES


@pytest.mark.parametrize("key", KEYS)
def test_a_description_states_the_default_that_the_documentation_tells(
    key: str, manifest: dict[str, dict[str, str]], rows: dict[str, Row]
) -> None:
    description, default = manifest[key]["description"], rows[key].default
    if key in REQUIRED:
        assert (description.partition(".")[0], default) == ("Required", "Required")
    else:
        (stated,) = re.findall(r"Default (?:is )?(.+)", description)
        assert stated.startswith(default)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in REQUIRED])
def test_the_default_that_is_told_is_the_one_that_is_used(key: str, rows: dict[str, Row]) -> None:
    default = getattr(a_config(**REQUIRED), key)
    nothing = ("none", "all movie libraries", "all tags", "the same paths")
    told = rows[key].default
    if is_switch(key):
        assert (told, default) == ("off", False)
    elif told not in nothing or told == default:
        assert told == str(default)
    else:
        assert not getattr(default, "pairs", default)


@pytest.mark.parametrize("key", KEYS)
def test_everything_but_a_switch_has_an_example_that_works(
    key: str, manifest: dict[str, dict[str, str]], rows: dict[str, Row]
) -> None:
    _, _, example = manifest[key]["description"].partition("Example ")
    assert manifest[key]["type"] == TYPES.get(FIELDS[key].annotation or str, "STRING")
    if is_switch(key):
        assert (example, rows[key].example) == ("", "")
    else:
        assert example.strip('"') == rows[key].example
        assert is_read(key, rows[key].example)


@pytest.mark.parametrize("key", KEYS)
def test_what_a_wrong_value_does_is_told(key: str, rows: dict[str, Row]) -> None:
    assert rows[key].wrong == ("warning" if FALLS_BACK in FIELDS[key].metadata else "stops")


def test_the_page_has_the_words_of_stash_in_the_groups_of_the_documentation(
    manifest: dict[str, dict[str, str]],
) -> None:
    words = {key: one.description for group in GROUPS.values() for key, one in group.items()}
    assert words == {key: setting["description"] for key, setting in manifest.items()}
    text = Path(ROOT, "docs", "settings.md").read_text(encoding="utf-8")
    sections = {section.partition("\n")[0]: ROW.findall(section) for section in text.split("\n## ")[1:]}
    told = {title: [Row(*found).key for found in rows] for title, rows in sections.items() if rows}
    assert {title: list(group) for title, group in GROUPS.items()} == told
