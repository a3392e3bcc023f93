"""Whose edit wins, between what was brought together last, what Plex has and what Stash has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from plex.base import Base
from plex.fields import FIELDS, Kind, PlexFields, Value, tag_key, text_key
from plex.merge import Change, Merge, merge
from tests.builders.values import the_fields

TEXTS = [field.name for field in FIELDS if field.kind is Kind.TEXT]
TAGS = [field.name for field in FIELDS if field.kind is Kind.TAGS]
SHARED = [field.name for field in FIELDS if field.shared]


LOCKABLE = frozenset(field.name for field in FIELDS if field.is_locked_by_people)


def merged(
    base: PlexFields | None,
    theirs: PlexFields,
    ours: PlexFields,
    preserve: bool = False,
    locked: Collection[str] = LOCKABLE,
    only_add: bool = False,
) -> Merge:
    """The merge where a person locked every field in Plex, if nothing else is said."""
    return merge(Base.of(base) if base else None, theirs, ours, locked, preserve, only_add)


def applied(theirs: PlexFields, changes: tuple[Change, ...], replacing: bool = True) -> PlexFields:
    """What an item has after these changes, on a server that replaces or adds to its lists of tags."""
    values: dict[str, Value] = dict(theirs.values)
    for change in changes:
        if isinstance(change.new, str):
            values[change.field.name] = change.new
            continue
        names = change.new if replacing else (*change.old, *change.new)
        gone = set(map(tag_key, change.removed))
        values[change.field.name] = tuple({tag_key(n): n for n in names if tag_key(n) not in gone}.values())
    return PlexFields(values)


def keys(fields: PlexFields) -> dict[str, Any]:
    """Values as Plex compares them: tags without order and case."""
    return {
        name: text_key(value) if isinstance(value, str) else set(map(tag_key, value))
        for name, value in fields.values.items()
    }


# One text: (why, base, theirs, ours, with preserve_plex_edits, what Plex shows afterwards)
TEXT_RULES = [
    ("nothing changed", "a", "a", "a", False, "a"),
    ("changed in Stash", "a", "a", "b", False, "b"),
    ("changed in Stash", "a", "a", "b", True, "b"),
    ("changed in Plex", "a", "p", "a", False, "p"),
    ("changed in Plex", "a", "p", "a", True, "p"),
    ("cleared in Plex", "a", "", "a", False, ""),
    ("changed in both", "a", "p", "b", False, "b"),
    ("changed in both", "a", "p", "b", True, "p"),
    ("changed in both to the same", "a", "b", "b", False, "b"),
    ("cleared in Stash", "a", "a", "", False, ""),
    ("cleared in Stash", "a", "a", "", True, ""),
    ("cleared in Stash, changed in Plex", "a", "p", "", False, "p"),
    ("cleared in Stash, changed in Plex", "a", "p", "", True, "p"),
    ("new in Stash", "", "", "b", False, "b"),
    ("new in Stash and in Plex", "", "p", "b", False, "b"),
    ("new in Stash and in Plex", "", "p", "b", True, "p"),
    ("new in Plex", "", "p", "", False, "p"),
    ("first contact", None, "", "b", False, "b"),
    ("first contact", None, "", "b", True, "b"),
    ("first contact, Plex has one", None, "p", "b", False, "b"),
    ("first contact, Plex has one", None, "p", "b", True, "p"),
    ("first contact, Stash has none", None, "p", "", False, "p"),
    ("first contact, Stash has none", None, "p", "", True, "p"),
]


@pytest.mark.parametrize(("why", "base", "theirs", "ours", "preserve", "after"), TEXT_RULES)
@pytest.mark.parametrize("name", TEXTS)
def test_each_rule_for_a_text(
    name: str, why: str, base: str | None, theirs: str, ours: str, preserve: bool, after: str
) -> None:
    before = None if base is None else the_fields(**{name: base})
    item = the_fields(**{name: theirs})
    changes = merged(before, item, the_fields(**{name: ours}), preserve).changes
    if name == "title" and not after:
        # A title is never cleared: Plex would show nothing at all.
        after = theirs
    assert applied(item, changes).text(name) == after
    assert bool(changes) is (after != theirs)


# One list of tags: (why, base, theirs, ours, with preserve_plex_edits, what Plex shows afterwards)
TAG_RULES = [
    ("nothing changed", "ab", "ab", "ab", False, "ab"),
    ("added in Stash", "ab", "ab", "abc", False, "abc"),
    ("removed in Stash", "ab", "ab", "a", False, "a"),
    ("all removed in Stash", "ab", "ab", "", False, ""),
    ("added in Plex", "ab", "abp", "ab", False, "abp"),
    ("added in Plex, added in Stash", "ab", "abp", "abc", False, "abpc"),
    ("added in Plex, removed in Stash", "ab", "abp", "a", False, "ap"),
    ("added in Plex, removed in Stash", "ab", "abp", "a", True, "ap"),
    ("all removed in Stash, one added in Plex", "ab", "abp", "", False, "p"),
    ("removed in Plex", "ab", "a", "ab", False, "a"),
    ("removed in both", "ab", "a", "a", False, "a"),
    ("added in both", "a", "ab", "ab", False, "ab"),
    ("only the case differs", "ab", "AB", "ba", False, "AB"),
    ("added in Stash under another case", "a", "aB", "ab", False, "aB"),
    ("removed in Stash, Plex changed the case", "ab", "AB", "a", False, "A"),
    ("first contact", None, "", "ab", False, "ab"),
    ("first contact", None, "", "ab", True, "ab"),
    ("first contact, Plex has some", None, "p", "ab", True, "p"),
    ("first contact, Stash has none", None, "p", "", False, "p"),
]


@pytest.mark.parametrize(("why", "base", "theirs", "ours", "preserve", "after"), TAG_RULES)
@pytest.mark.parametrize("name", TAGS)
@pytest.mark.parametrize("replacing", [True, False], ids=["replacing", "adding"])
def test_each_rule_for_tags(
    replacing: bool, name: str, why: str, base: str | None, theirs: str, ours: str, preserve: bool, after: str
) -> None:
    before = None if base is None else the_fields(**{name: tuple(base)})
    item = the_fields(**{name: tuple(theirs)})
    changes = merged(before, item, the_fields(**{name: tuple(ours)}), preserve).changes
    assert set(applied(item, changes, replacing).tags(name)) == set(after)
    assert bool(changes) is (set(after) != set(theirs))


@pytest.mark.parametrize("name", TAGS)
def test_the_first_contact_takes_over_a_list_unless_people_share_it(name: str) -> None:
    item = the_fields(**{name: ("By Hand", "both")})
    changes = merged(None, item, the_fields(**{name: ("Both", "ours")})).changes
    after = {"both", "ours", *(["by hand"] if name in SHARED else [])}
    assert set(map(tag_key, applied(item, changes).tags(name))) == after


def test_collections_are_shared_with_people_and_genres_are_not() -> None:
    assert "collection" in SHARED
    assert not {"genre", "actor", "director"} & set(SHARED)


# One text that is not locked: Plex made it itself. (why, base, theirs, ours, what Plex shows afterwards)
UNLOCKED_TEXT_RULES = [
    ("nothing changed", "a", "a", "a", "a"),
    ("changed in Stash", "a", "a", "b", "b"),
    ("Plex put its own back", "a", "p", "a", "a"),
    ("Plex dropped it", "a", "", "a", "a"),
    ("Plex put its own back, changed in Stash", "a", "p", "b", "b"),
    ("cleared in Stash", "a", "a", "", ""),
    ("Plex put its own back, cleared in Stash", "a", "p", "", "p"),
    ("new in Stash, Plex has its own", "", "p", "b", "b"),
    ("Stash never had one", "", "p", "", "p"),
    ("first contact", None, "p", "b", "b"),
    ("first contact, Stash has none", None, "p", "", "p"),
]


@pytest.mark.parametrize(("why", "base", "theirs", "ours", "after"), UNLOCKED_TEXT_RULES)
@pytest.mark.parametrize("name", [name for name in TEXTS if name in LOCKABLE])
@pytest.mark.parametrize("preserve", [False, True])
def test_what_is_not_locked_is_nobodys_edit_and_never_told_as_one(
    preserve: bool, name: str, why: str, base: str | None, theirs: str, ours: str, after: str
) -> None:
    before = None if base is None else the_fields(**{name: base})
    item = the_fields(**{name: theirs})
    outcome = merged(before, item, the_fields(**{name: ours}), preserve, locked=())
    if name == "title" and not after:
        after = theirs
    assert applied(item, outcome.changes).text(name) == after
    assert outcome.contested == ()


# One list of tags that is not locked: (why, base, theirs, ours, after, after in a list that tools add to)
UNLOCKED_TAG_RULES = [
    ("nothing changed", "ab", "ab", "ab", "ab", "ab"),
    ("Plex dropped them", "ab", "", "ab", "ab", "ab"),
    ("Plex put its own back", "ab", "p", "ab", "ab", "abp"),
    ("Plex dropped them, changed in Stash", "ab", "", "bc", "bc", "bc"),
    ("a tool added one", "ab", "abp", "ab", "ab", "abp"),
    ("removed in Stash", "ab", "abp", "a", "a", "ap"),
    ("all removed in Stash", "ab", "abp", "", "p", "p"),
    ("Stash never had any", "", "p", "", "p", "p"),
    ("first contact", None, "p", "ab", "ab", "abp"),
    ("first contact, Stash has none", None, "p", "", "p", "p"),
]


@pytest.mark.parametrize(("why", "base", "theirs", "ours", "after", "shared"), UNLOCKED_TAG_RULES)
@pytest.mark.parametrize("name", TAGS)
@pytest.mark.parametrize("preserve", [False, True])
def test_tags_that_are_not_locked_are_plexs_own_but_tools_may_add_to_shared_lists(
    preserve: bool, name: str, why: str, base: str | None, theirs: str, ours: str, after: str, shared: str
) -> None:
    before = None if base is None else the_fields(**{name: tuple(base)})
    item = the_fields(**{name: tuple(theirs)})
    changes = merged(before, item, the_fields(**{name: tuple(ours)}), preserve, locked=()).changes
    assert set(applied(item, changes).tags(name)) == set(shared if name in SHARED else after)


@pytest.mark.parametrize("preserve", [False, True])
def test_a_rating_has_no_lock_and_is_always_a_persons(preserve: bool) -> None:
    """(as Stash had it, as a person set it in Plex, as Stash has it) → as Plex shows it afterwards"""
    rules = {("8.0", "3.0", "8.0"): "3.0", ("8.0", "3.0", ""): "3.0"}
    rules[("8.0", "3.0", "9.0")] = "3.0" if preserve else "9.0"
    for (before, theirs, ours), after in rules.items():
        item = the_fields(userRating=theirs)
        outcome = merged(
            the_fields(userRating=before), item, the_fields(userRating=ours), preserve, locked=()
        )
        assert applied(item, outcome.changes).text("userRating") == after


def test_a_field_that_was_not_carried_before_meets_plex_for_the_first_time() -> None:
    base = Base.of(PlexFields({"title": "a", "genre": ("a",)}))
    theirs = the_fields(title="a", studio="By hand", genre=("a",), actor=("By Hand",))
    ours = the_fields(title="a", studio="From Stash", genre=("a",), actor=("Ada",))
    outcome = merge(base, theirs, ours, LOCKABLE)
    after = applied(theirs, outcome.changes)
    assert (after.text("studio"), after.tags("actor"), outcome.contested) == ("From Stash", ("Ada",), ())
    preserved = merge(base, theirs, ours, LOCKABLE, preserve_plex_edits=True)
    assert (preserved.changes, preserved.contested) == ((), ())


def test_a_field_that_was_carried_and_empty_is_not_met_for_the_first_time() -> None:
    base = Base.from_json(Base.of(the_fields(title="a")).to_json())
    outcome = merge(base, the_fields(studio="By hand"), the_fields(studio="From Stash"), LOCKABLE)
    assert [field.name for field in outcome.contested] == ["studio"]


def test_after_a_loss_locked_values_stay_and_are_told_and_only_what_plex_made_gives_way() -> None:
    theirs = the_fields(title="p", studio="p", genre=("p", "b"), summary="", actor=("p",))
    ours = the_fields(title="a", studio="a", genre=("a", "b"), summary="a", actor=("a",))
    outcome = merged(None, theirs, ours, locked=("studio", "genre"), only_add=True)
    after = applied(theirs, outcome.changes)
    assert (after.text("title"), after.text("studio"), after.text("summary")) == ("a", "p", "a")
    assert (set(after.tags("genre")), set(after.tags("actor"))) == ({"p", "b", "a"}, {"p", "a"})
    assert [field.name for field in outcome.kept] == ["studio", "actor", "genre"]


def test_after_a_loss_what_was_recorded_since_is_merged_as_ever() -> None:
    base, ours = the_fields(title="a", genre=("a", "b")), the_fields(title="b", genre=("a",))
    assert merged(base, base, ours, only_add=True) == merged(base, base, ours)


def test_a_field_that_is_left_alone_is_neither_written_nor_locked() -> None:
    outcome = merge(None, the_fields(studio="p"), PlexFields({"title": "b"}), LOCKABLE)
    assert [change.field.name for change in outcome.changes] == ["title"]
    assert outcome.agreeing == ()


def test_a_change_tells_what_was_there_what_comes_and_what_goes() -> None:
    theirs, ours = the_fields(genre=("a", "b", "p")), the_fields(genre=("a", "c"))
    (change,) = merged(the_fields(genre=("a", "b")), theirs, ours).changes
    assert (change.old, change.added, change.removed) == (("a", "b", "p"), ("c",), ("b",))


@pytest.mark.parametrize("preserve", [False, True])
def test_a_field_that_changed_on_both_sides_is_told(preserve: bool) -> None:
    outcome = merged(
        the_fields(title="a", studio="s"), the_fields(title="p", studio="s"), the_fields(title="b"), preserve
    )
    assert [field.name for field in outcome.contested] == ["title"]


def test_white_space_and_the_spelling_of_accents_are_no_difference() -> None:
    outcome = merged(
        None, the_fields(title="é", genre=("É",)), the_fields(title="e\u0301 ", genre=("e\u0301",))
    )
    assert outcome.changes == ()
    assert {"title", "genre"} <= {field.name for field in outcome.agreeing}
