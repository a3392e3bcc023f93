"""Settings, as Stash stores them: coerced, checked all at once, without showing the token."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validation.config import DISPLAY_NAMES, Stash2PlexConfig, read_settings
from validation.exceptions import SettingsInvalid

TOKEN = "made-up-Token_0123456789"
GOOD = {"plex_url": "http://192.168.1.10:32400", "plex_token": TOKEN}
STORED = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=3))
)


def the_config(**stored: Any) -> Stash2PlexConfig:
    return read_settings({**GOOD, **stored}).config


def problems_of(**stored: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({**GOOD, **stored})
    return raised.value.problems


def told_of(**stored: Any) -> tuple[str, ...]:
    """What is said of these settings, whether it stops a task or not."""
    try:
        return read_settings({**GOOD, **stored}).warnings
    except SettingsInvalid as stopping:
        return (*stopping.problems, *stopping.warnings)


def test_two_settings_are_enough() -> None:
    settings = read_settings(GOOD)
    assert (settings.config.plex_url, settings.warnings) == ("http://192.168.1.10:32400", ())
    assert settings.config.plex_token.get_secret_value() == TOKEN
    assert (settings.config.plex_library, settings.config.path_map.pairs) == ((), ())


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("http://plex:32400/", "http://plex:32400"),
        ("  http://plex:32400  ", "http://plex:32400"),
        ("HTTP://Plex:32400", "http://plex:32400"),
        ("192.168.1.10:32400", "http://192.168.1.10:32400"),
        ("plex", "http://plex"),
        ("https://plex.example.org", "https://plex.example.org"),
        ("http://plex:32400/web", "http://plex:32400"),
        ("http://plex:32400/web/index.html#!/media/abc/com.plexapp.plugins.library", "http://plex:32400"),
        ("http://plex:32400/?X-Plex-Token=abc", "http://plex:32400"),
        ("https://home.example.org/plex/web/index.html#!/", "https://home.example.org/plex"),
        ("http://plex:32400/website", "http://plex:32400/website"),
        ("http://[::1]:32400/web", "http://[::1]:32400"),
        ("[2001:db8::5]:32400", "http://[2001:db8::5]:32400"),
        ("http://user:password@plex:32400", "http://plex:32400"),
    ],
)
def test_an_address_is_taken_as_people_paste_it(pasted: str, expected: str) -> None:
    assert the_config(plex_url=pasted).plex_url == expected


@pytest.mark.parametrize(
    "url",
    [
        "ftp://plex:32400",
        "http://",
        "http://plex:port",
        "http://plex:99999",
        "http://[::1",
        "my plex",
        "http:///web",
    ],
)
def test_what_is_no_web_address_is_refused_with_an_example(url: str) -> None:
    (problem,) = problems_of(plex_url=url)
    assert problem.startswith("Setting “Plex URL” (plex_url): is not a web address")
    assert "http://192.168.1.10:32400" in problem


def test_a_refused_address_is_shown_without_password_and_query() -> None:
    (problem,) = problems_of(plex_url=f"ftp://me:pass-word@plex/a?X-Plex-Token={TOKEN}#secret")
    assert "(ftp://plex/a)" in problem
    assert TOKEN not in problem


def test_all_errors_are_told_at_once_with_display_name_and_key() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({"plex_url": "ftp://x", "plex_library": True, "path_map": "/data"})
    problems = raised.value.problems
    assert [problem.partition(":")[0] for problem in problems] == [
        f"Setting “{DISPLAY_NAMES[key]}” ({key})"
        for key in ("plex_url", "plex_token", "plex_library", "path_map")
    ]
    assert str(raised.value) == " ".join(problems)


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_an_empty_required_setting_is_not_set(nothing: str | None) -> None:
    url, token = problems_of(plex_url=nothing, plex_token=nothing)
    assert "(plex_url): is not set. Enter the address" in url
    assert "(plex_token): is not set." in token


@pytest.mark.parametrize("nothing", [None, "", "   ", " , ,"])
def test_an_empty_library_setting_means_all_libraries(nothing: str | None) -> None:
    assert the_config(plex_library=nothing).plex_library == ()


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("Films", ("Films",)),
        (" Films , Clips ,", ("Films", "Clips")),
        ("A,A,B", ("A", "B")),
        (2024, ("2024",)),
    ],
)
def test_libraries_are_named_between_commas(stored: object, expected: tuple[str, ...]) -> None:
    assert the_config(plex_library=stored).plex_library == expected


def test_a_token_of_digits_that_stash_stored_as_a_number_is_a_token() -> None:
    assert the_config(plex_token=12345678901234567890).plex_token.get_secret_value() == "12345678901234567890"


def test_a_token_is_taken_without_the_spaces_around_it() -> None:
    assert the_config(plex_token=f" {TOKEN}\n").plex_token.get_secret_value() == TOKEN


@pytest.mark.parametrize("token", ["tok en", "töken", "to\tken", "to\x00ken", "tok\nen"])
def test_a_token_with_characters_that_no_token_has_is_refused_unseen(token: str) -> None:
    (problem,) = problems_of(plex_token=token)
    assert "(plex_token): contains characters that no token has" in problem
    assert token not in problem


def test_the_path_map_is_read_and_a_wrong_pair_is_named() -> None:
    assert the_config(path_map="/data=>/media").path_map.to_plex("/data/a") == "/media/a"
    (problem,) = problems_of(path_map="/data=>/media; nonsense")
    assert problem.startswith("Setting “Path map” (path_map): “nonsense” is not a pair")


@pytest.mark.parametrize("key", ["plex_url", "plex_token", "plex_library", "path_map"])
@pytest.mark.parametrize("value", [True, False, [], {}, ["http://plex"]], ids=str)
def test_a_value_that_is_no_text_is_refused_for_its_setting_alone(key: str, value: object) -> None:
    (problem,) = problems_of(**{key: value})
    assert problem.startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}): is not a text.")


@pytest.mark.parametrize(
    ("key", "stored", "words"),
    [
        ("leave_fields", "title, titel", "names “titel”. The fields are: title, "),
        ("tags_as", "tags", "is “tags”. It is one of: genres, labels, collections."),
        ("tags_rename", "a=>b; nonsense", "“nonsense” is not a pair"),
        ("tags_rename", "a=>b; A=>c", "“A” is renamed twice."),
        ("performer_image_address", "ftp://stash", "is not a web address (ftp://stash)"),
    ],
)
def test_a_word_that_a_setting_does_not_know_is_named_with_those_it_knows(
    key: str, stored: str, words: str
) -> None:
    (problem,) = problems_of(**{key: stored})
    assert problem.startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}): {words}")


def switches() -> list[str]:
    return [key for key, field in Stash2PlexConfig.model_fields.items() if field.annotation is bool]


@pytest.mark.parametrize("key", switches())
@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        *((off, False) for off in (None, "", 0, "false", " Off ", False)),
        *((on, True) for on in (1, "1", "True", " on ", True)),
    ],
)
def test_a_switch_is_off_until_it_is_turned_on(key: str, stored: object, expected: bool) -> None:
    assert getattr(the_config(), key) is False
    assert getattr(the_config(**{key: stored}), key) is expected


@pytest.mark.parametrize("key", switches())
@pytest.mark.parametrize("stored", ["maybe", 2, [], {}])
def test_a_switch_that_is_neither_on_nor_off_is_refused_by_its_name(key: str, stored: object) -> None:
    (problem,) = told_of(**{key: stored})
    assert problem.startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}): is ")


NUMBERS = [("parallel_writes", 4), ("recent_days", 365)]


@pytest.mark.parametrize(("key", "most"), NUMBERS)
def test_a_number_is_read_from_a_number_or_a_text_and_0_is_as_if_it_was_never_set(
    key: str, most: int
) -> None:
    stored = [0, "0", 1, " 3 ", most]
    assert [getattr(the_config(**{key: value}), key) for value in stored] == [1, 1, 1, 3, most]


@pytest.mark.parametrize(("key", "most"), NUMBERS)
@pytest.mark.parametrize("stored", [-1, 0.5, True, "two", "9" * 5000, [2]])
def test_a_number_beyond_its_bounds_is_warned_of_with_them_and_1_is_used(
    key: str, most: int, stored: object
) -> None:
    for value in (stored, most + 1):
        settings = read_settings({**GOOD, key: value})
        (warning,) = settings.warnings
        assert warning.startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}): is ")
        assert warning.endswith(f"It is a whole number from 1 to {most}. Its default is used: 1.")
        assert getattr(settings.config, key) == 1


def test_what_stops_and_what_is_only_warned_of_are_told_together() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read_settings({"plex_url": "http://plex", "parallel_writes": 9, "reconcile_every": "often", "old": 1})
    (problem,) = raised.value.problems
    assert "(plex_token)" in problem
    assert [warning.partition(":")[0] for warning in raised.value.warnings] == [
        "Setting “old” is not known to this version and is ignored.",
        "Setting “Parallel writes” (parallel_writes)",
        "Setting “Scheduled reconcile” (reconcile_every)",
    ]


def test_a_wrong_setting_whose_default_is_used_leaves_the_others_as_they_are_set() -> None:
    config = the_config(parallel_writes="many", recent_days=7, tags_as="labels", plex_scan_missing="perhaps")
    assert (config.parallel_writes, config.recent_days, config.tags_as) == (1, 7, "labels")
    assert config.plex_scan_missing is False


@pytest.mark.parametrize("key", sorted(DISPLAY_NAMES.keys() - {"plex_url", "plex_token"}))
@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_an_optional_setting_that_was_emptied_is_as_if_never_touched(key: str, nothing: str | None) -> None:
    assert the_config(**{key: nothing}) == the_config()


@pytest.mark.parametrize("key", sorted(DISPLAY_NAMES))
def test_every_wrong_setting_is_named(key: str) -> None:
    (problem,) = told_of(**{key: ["a list"]})
    assert problem.startswith(f"Setting “{DISPLAY_NAMES[key]}” ({key}): ")


def test_an_unknown_setting_is_a_warning_that_shows_no_value() -> None:
    settings = read_settings({**GOOD, "plex_urll": TOKEN, "old": 1})
    assert [warning.split("”")[0] for warning in settings.warnings] == ["Setting “old", "Setting “plex_urll"]
    assert TOKEN not in "".join(settings.warnings)


def test_the_token_shows_itself_nowhere() -> None:
    config = the_config()
    shown = (
        repr(config),
        str(config),
        str(config.model_dump()),
        config.model_dump_json(include={"plex_token"}),
    )
    assert not any(TOKEN in text for text in shown)


@given(st.dictionaries(st.sampled_from(sorted(DISPLAY_NAMES)), STORED))
@settings(max_examples=80)
def test_whatever_stash_stored_is_a_config_or_a_list_of_problems(stored: dict[str, Any]) -> None:
    config, problems = None, []
    try:
        config = read_settings(stored).config
    except SettingsInvalid as error:
        problems = list(error.problems)
    assert all(problem.startswith("Setting “") for problem in problems)
    assert problems or (config and config.plex_token.get_secret_value())


@given(STORED, STORED, STORED)
def test_no_error_and_no_text_of_the_settings_shows_the_token(url: Any, library: Any, path_map: Any) -> None:
    stored = {"plex_url": url, "plex_token": TOKEN + "é", "plex_library": library, "path_map": path_map}
    with pytest.raises(SettingsInvalid) as raised:
        read_settings(stored)
    assert TOKEN not in str(raised.value) + repr(raised.value)
    assert raised.value.__cause__ is None
