"""What a scene is in Plex's terms: clean texts, full dates, names without doubles, a fingerprint."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plex.fields import FIELDS, Kind, PlexFields, clean_text, fields_of_scene, tag_key
from tests.builders.values import a_config, a_scene, the_fields
from validation.scene import Scene

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"
WAVE = "\U0001f44b\U0001f3fd"
ACCENTED = "e\u0301\u0323"
HEART = "\u2764\ufe0f"
CLUSTERS = (FAMILY, FLAG, WAVE, ACCENTED, HEART, "1\ufe0f\u20e3", "नि", "x", "日", "😀", " ", "\n")
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: bool(clean_text(name, 250)))


def carried(config: dict[str, Any] | None = None, **fields: Any) -> PlexFields:
    return fields_of_scene(a_scene(**fields), a_config(**(config or {})))


# Texts


@given(st.text(max_size=120), st.integers(64, 120))
def test_a_clean_text_is_never_longer_than_its_limit_and_stays_clean(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert clean_text(cleaned, limit) == cleaned


@given(st.text(max_size=40))
def test_a_clean_text_has_nothing_that_xml_cannot_carry(text: str) -> None:
    cleaned = clean_text(text, 1000)
    odd = [one for one in cleaned if unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\x85"]
    assert odd == []
    assert not {"\ufffe", "\uffff"} & set(cleaned)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\r\ntwo\rthree\nfour", "one\ntwo\nthree\nfour"),
        ("one\n\n\ntwo", "one\n\n\ntwo"),
        ("  one  \n", "one"),
        ("a\tb", "a b"),
        ("a\x00b\x0bc\x1fd\x7fe", "abcde"),
        ("a\ud800b", "ab"),
        (f"{FAMILY} {FLAG} {WAVE} {ACCENTED}", f"{FAMILY} {FLAG} {WAVE} {ACCENTED}"),
        ("\x00", ""),
    ],
)
def test_control_characters_go_and_line_breaks_and_emoji_stay(text: str, expected: str) -> None:
    assert clean_text(text, 1000) == expected


@pytest.mark.parametrize("whole", [FAMILY, FLAG, WAVE, ACCENTED, HEART, "1\ufe0f\u20e3"], ids=ascii)
@pytest.mark.parametrize("room", range(1, 6))
def test_no_visible_character_is_cut_in_two(whole: str, room: int) -> None:
    text = "x" * 100 + whole + "y" * 100
    cut = clean_text(text, 100 + room)
    assert cut.removeprefix("x" * 100) in ("", *(whole + "y" * more for more in range(6)))
    assert len(cut) == 100 or cut.startswith("x" * 100 + whole)


@given(st.lists(st.sampled_from(CLUSTERS), min_size=20, max_size=60), st.integers(64, 90))
@settings(max_examples=80)
def test_a_cut_text_is_a_row_of_whole_visible_characters(clusters: list[str], limit: int) -> None:
    # Two flags in a row have no border that code points show; a text without such rows is enough here.
    text = "x".join(clusters)
    cut = clean_text(text, limit)
    prefixes = {"x".join(clusters[:count]) for count in range(len(clusters) + 1)}
    borders = {text.strip() for prefix in prefixes for text in (prefix, prefix + "x")}
    assert cut in borders


def test_a_run_of_accents_without_end_is_cut_at_the_limit_all_the_same() -> None:
    assert 0 < len(clean_text("a" + "\u0301" * 500, 100)) <= 100


# A scene


def test_every_value_of_a_scene_goes_to_its_field() -> None:
    fields = carried(
        title="Morning",
        details="One.\nTwo.",
        date="2024-05-06",
        studio="Harbour",
        performers=("Bo", "Ada"),
        director="Dee",
        tags=("Sea", "boats"),
    )
    assert (fields.text("title"), fields.text("summary")) == ("Morning", "One.\nTwo.")
    assert (fields.text("originallyAvailableAt"), fields.text("studio")) == ("2024-05-06", "Harbour")
    assert (fields.tags("actor"), fields.tags("director")) == (("Ada", "Bo"), ("Dee",))
    assert (fields.tags("genre"), fields.tags("collection")) == (("Sea", "boats"), ("Harbour",))


def test_a_scene_without_anything_is_empty_in_every_field() -> None:
    assert not any(carried().values.values())


@pytest.mark.parametrize(
    ("date", "expected"),
    [("", ""), ("2014", "2014-01-01"), ("2014-08", "2014-08-01"), ("2014-08-03", "2014-08-03")],
)
def test_a_partial_date_stands_for_its_first_day(date: str, expected: str) -> None:
    assert carried(date=date).text("originallyAvailableAt") == expected


@pytest.mark.parametrize(
    "field", [field for field in FIELDS if field.kind is Kind.TEXT], ids=lambda one: one.name
)
def test_no_text_is_longer_than_plex_takes(field: Any) -> None:
    long = "word " * 10_000
    fields = carried({"content_rating": long}, title="The " + long, details=long, studio=long)
    assert len(fields.values[field.name]) <= field.limit


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("Sea", "sea", "SEA"), {"sea"}),
        (("Straße", "STRASSE"), {"strasse"}),
        (("é", "e\u0301"), {"é"}),
        (("a", " a ", "a\x00"), {"a"}),
        (("", " ", "\x00", "b"), {"b"}),
        (("two\nlines",), {"two lines"}),
    ],
)
def test_a_name_comes_once_whatever_its_case_and_spelling(tags: tuple[str, ...], expected: set[str]) -> None:
    carried_tags = carried(tags=tags).tags("genre")
    assert {tag_key(name) for name in carried_tags} == expected
    assert len(carried_tags) == len(expected)


@given(st.lists(st.text(max_size=6), max_size=8))
def test_no_two_names_of_a_list_are_the_same_to_plex(names: list[str]) -> None:
    fields = carried(tags=tuple(names), performers=tuple(names))
    for kind in ("genre", "actor"):
        keys = [tag_key(name) for name in fields.tags(kind)]
        assert len(set(keys)) == len(keys)
        assert all(keys)


@given(st.permutations(["Ada", "ada b", "Bo", "Émile"]))
def test_the_order_in_which_stash_lists_performers_changes_nothing(names: list[str]) -> None:
    assert carried(performers=tuple(names)) == carried(performers=("Ada", "Bo", "ada b", "Émile"))


# Fingerprints


@given(st.lists(NAMES, max_size=6), st.randoms())
def test_the_order_of_tags_leaves_the_fingerprint(names: list[str], random: Any) -> None:
    fields = carried(tags=tuple(names))
    shuffled = list(fields.tags("genre"))
    random.shuffle(shuffled)
    assert (
        the_fields(genre=tuple(shuffled)).fingerprint()
        == the_fields(genre=fields.tags("genre")).fingerprint()
    )


def test_case_of_tags_and_the_spelling_of_accents_leave_the_fingerprint() -> None:
    one = the_fields(genre=("Sea", "É"), summary="é")
    assert the_fields(genre=("e\u0301", "SEA"), summary="e\u0301 ").fingerprint() == one.fingerprint()


CHANGES: list[Callable[[], Scene]] = [
    lambda: a_scene(title="Morning"),
    lambda: a_scene(title="morning"),
    lambda: a_scene(details="Morning"),
    lambda: a_scene(date="2014"),
    lambda: a_scene(date="2014-02"),
    lambda: a_scene(studio="Morning"),
    lambda: a_scene(director="Morning"),
    lambda: a_scene(performers=("Morning",)),
    lambda: a_scene(performers=("Morning", "Evening")),
    lambda: a_scene(tags=("Morning",)),
    lambda: a_scene(tags=("Morning", "Evening")),
    lambda: a_scene(tags=("Morning, Evening",)),
    lambda: a_scene(rating100=80),
    lambda: a_scene(groups=("Morning",)),
    lambda: a_scene(),
]


def test_scenes_that_differ_in_any_carried_value_have_different_fingerprints() -> None:
    fingerprints = {fields_of_scene(scene(), a_config()).fingerprint() for scene in CHANGES}
    assert len(fingerprints) == len(CHANGES)


@given(st.sampled_from(FIELDS), st.text(max_size=8), st.text(max_size=8))
def test_a_changed_value_changes_the_fingerprint(field: Any, one: str, other: str) -> None:
    def fingerprint(text: str) -> bytes:
        return the_fields(**{field.name: (text,) if field.kind is Kind.TAGS else text}).fingerprint()

    same = tag_key(one) == tag_key(other) if field.kind is Kind.TAGS else False
    if same or unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip():
        assert fingerprint(one) == fingerprint(other)
    else:
        assert fingerprint(one) != fingerprint(other)


def test_what_is_no_part_of_a_picture_of_the_scene_in_plex_leaves_the_fingerprint() -> None:
    one = fields_of_scene(a_scene(id=1), a_config())
    another = fields_of_scene(a_scene(id=2, files=(), screenshot_url="http://x"), a_config())
    assert one.fingerprint() == another.fingerprint()
