"""Laws of merging that hold for all values, and of the base that is kept between two merges."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plex.base import Base, after_interruption, after_rollback
from plex.fields import PlexFields, Value, tag_key
from plex.merge import merge
from tests.builders.values import the_fields
from tests.plex.test_merge import LOCKABLE, SHARED, TAGS, applied, keys, merged

pytestmark = pytest.mark.unmeasured

LETTERS: st.SearchStrategy[Value] = st.sampled_from(["", "a", "b", "B", "é", "e\u0301"])
NAMES: st.SearchStrategy[Value] = st.lists(st.sampled_from("abcABCßé"), max_size=4, unique_by=tag_key).map(
    tuple
)
ITEMS = st.fixed_dictionaries(
    {"title": LETTERS, "summary": LETTERS, "genre": NAMES, "collection": NAMES}
).map(lambda values: the_fields(**values))
PRESERVE = st.booleans()
LOCKS = st.sets(st.sampled_from(["title", "summary", "genre", "collection"]))


@given(st.none() | ITEMS, ITEMS, ITEMS, PRESERVE, st.booleans())
@settings(max_examples=80)
def test_merging_again_after_the_changes_were_written_changes_nothing(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields, preserve: bool, replacing: bool
) -> None:
    after = applied(theirs, merged(base, theirs, ours, preserve).changes, replacing)
    assert merged(ours, after, ours, preserve).changes == ()


@given(st.none() | ITEMS, ITEMS, ITEMS, PRESERVE)
@settings(max_examples=80)
def test_a_server_that_adds_tags_and_one_that_replaces_them_show_the_same(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields, preserve: bool
) -> None:
    changes = merged(base, theirs, ours, preserve).changes
    wanted = {
        change.field.name: set(map(tag_key, change.new)) for change in changes if change.field.name in TAGS
    }
    for replacing in (True, False):
        after = applied(theirs, changes, replacing)
        assert {name: set(map(tag_key, after.tags(name))) for name in wanted} == wanted


@given(ITEMS, ITEMS, ITEMS, PRESERVE)
@settings(max_examples=80)
def test_nothing_is_cleared_that_stash_did_not_have(
    base: PlexFields, theirs: PlexFields, ours: PlexFields, preserve: bool
) -> None:
    for change in merged(base, theirs, ours, preserve).changes:
        if isinstance(change.new, str):
            assert change.new or keys(theirs)[change.field.name] == keys(base)[change.field.name]
        else:
            before = set(map(tag_key, base.tags(change.field.name)))
            assert set(map(tag_key, change.removed)) <= before
            assert set(map(tag_key, change.old)) <= set(map(tag_key, change.new + change.removed))


@given(ITEMS, ITEMS, PRESERVE)
@settings(max_examples=80)
def test_while_nothing_changes_in_stash_every_edit_in_plex_stays(
    ours: PlexFields, theirs: PlexFields, preserve: bool
) -> None:
    assert merged(ours, theirs, ours, preserve).changes == ()


@given(ITEMS, ITEMS)
@settings(max_examples=80)
def test_while_nothing_changes_in_plex_it_follows_stash(base: PlexFields, ours: PlexFields) -> None:
    after = applied(base, merged(base, base, ours).changes)
    assert merged(None, after, ours).changes == ()
    title = ours.text("title") or base.text("title")
    assert Base.of(after) == Base.of(PlexFields({**ours.values, "title": title}))


@given(st.none() | ITEMS, ITEMS, ITEMS)
@settings(max_examples=80)
def test_with_edits_in_plex_preserved_no_text_that_a_person_changed_is_written(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields
) -> None:
    untouched = Base.of(base) if base else None
    for change in merged(base, theirs, ours, preserve=True).changes:
        name = change.field.name
        if isinstance(change.old, str):
            assert Base.of(theirs).texts[name] == (untouched.texts[name] if untouched else "")
        elif untouched is None:
            assert change.old == ()


@given(st.none() | ITEMS, ITEMS, ITEMS, LOCKS, PRESERVE)
@settings(max_examples=80)
def test_after_a_loss_nothing_is_taken_away_and_no_locked_value_replaced(
    begun: PlexFields | None, theirs: PlexFields, ours: PlexFields, locked: set[str], preserve: bool
) -> None:
    for change in merged(None, theirs, ours, preserve, locked, only_add=True).changes:
        name = change.field.name
        assert change.removed == ()
        if isinstance(change.old, str):
            assert name not in locked or not change.old
        else:
            assert set(map(tag_key, change.old)) <= set(map(tag_key, change.new))


@given(st.none() | ITEMS, ITEMS, ITEMS, LOCKS, PRESERVE)
@settings(max_examples=80)
def test_where_nothing_is_locked_plex_shows_whatever_stash_has_in_every_mode(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields, locked: set[str], preserve: bool
) -> None:
    outcome = merged(base, theirs, ours, preserve, locked)
    after, wanted = keys(applied(theirs, outcome.changes)), keys(ours)
    for name in {"title", "summary", "genre", "collection"} - locked:
        if wanted[name]:
            assert after[name] == wanted[name] or (name in SHARED and after[name] >= wanted[name])
    assert {field.name for field in outcome.contested} <= locked


@given(ITEMS, ITEMS, ITEMS, LOCKS, PRESERVE)
@settings(max_examples=80)
def test_what_only_plex_has_is_never_taken_away_where_tools_add_it(
    base: PlexFields, theirs: PlexFields, ours: PlexFields, locked: set[str], preserve: bool
) -> None:
    after = keys(applied(theirs, merged(base, theirs, ours, preserve, locked).changes))
    foreign = keys(theirs)["collection"] - keys(base)["collection"]
    assert foreign <= after["collection"]


@given(st.none() | ITEMS, ITEMS, ITEMS, LOCKS, PRESERVE)
@settings(max_examples=80)
def test_a_write_that_arrived_and_was_not_recorded_is_taken_for_ours(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields, locked: set[str], preserve: bool
) -> None:
    after = applied(theirs, merged(base, theirs, ours, preserve, locked).changes)
    recovered = after_interruption(Base.of(base) if base else None, Base.of(ours), after)
    assert merge(recovered, after, ours, LOCKABLE, preserve).changes == ()


@given(ITEMS, ITEMS, ITEMS)
@settings(max_examples=80)
def test_an_item_that_was_rolled_back_shows_what_it_showed_and_what_stash_changed_since(
    pushed: PlexFields, old: PlexFields, ours: PlexFields
) -> None:
    base = after_rollback(Base.of(pushed), Base.of(pushed), old)
    after = keys(applied(old, merge(base, old, ours, LOCKABLE).changes))
    untouched = keys(applied(pushed, merge(Base.of(pushed), pushed, ours, LOCKABLE).changes))
    if not ours.text("title"):
        # A title is never cleared.
        after["title"] = untouched["title"]
    assert after == untouched


@given(ITEMS, ITEMS, ITEMS, PRESERVE)
@settings(max_examples=80)
def test_an_item_that_was_rolled_back_and_shows_the_same_is_judged_as_ever(
    pushed: PlexFields, shown: PlexFields, ours: PlexFields, preserve: bool
) -> None:
    base = after_rollback(Base.of(pushed), Base.of(shown), shown)
    assert merge(base, shown, ours, LOCKABLE, preserve) == merged(pushed, shown, ours, preserve)


@given(st.none() | ITEMS, ITEMS, ITEMS, PRESERVE, st.randoms())
@settings(max_examples=80)
def test_order_and_case_of_tags_make_no_difference(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields, preserve: bool, random: object
) -> None:
    def shuffled(fields: PlexFields) -> PlexFields:
        values: dict[str, Value] = {}
        for name, value in fields.values.items():
            if isinstance(value, tuple):
                names = [one.swapcase() if one != "ß" else one for one in value]
                random.shuffle(names)  # type: ignore[attr-defined]
                value = tuple(names)
            values[name] = value
        return PlexFields(values)

    one = applied(theirs, merged(base, theirs, ours, preserve).changes)
    other = applied(theirs, merged(base and shuffled(base), theirs, shuffled(ours), preserve).changes)
    assert keys(one) == keys(other)


@given(ITEMS)
def test_a_base_comes_back_from_the_disk_as_it_was_stored(fields: PlexFields) -> None:
    base = Base.of(fields)
    stored = Base.from_json(base.to_json())
    assert Base.from_json(stored.to_json()) == stored
    assert stored == base


@given(st.none() | ITEMS, ITEMS, ITEMS, PRESERVE)
def test_a_base_from_the_disk_decides_as_the_one_that_was_stored(
    base: PlexFields | None, theirs: PlexFields, ours: PlexFields, preserve: bool
) -> None:
    stored = Base.from_json(Base.of(base).to_json()) if base else None
    assert merge(stored, theirs, ours, LOCKABLE, preserve) == merged(base, theirs, ours, preserve)


def test_a_base_keeps_no_text_of_the_collection() -> None:
    assert "private" not in Base.of(the_fields(title="private", genre=("private",))).to_json()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"'])
def test_a_damaged_base_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Base.from_json(text)


@pytest.mark.parametrize(
    ("now", "expected"),
    [("a", True), (" a ", True), ("A", False), ("", False), (("b", "A"), True), (("a",), False), ((), False)],
)
def test_a_base_knows_whether_a_field_still_shows_what_it_did(now: Value, expected: bool) -> None:
    name = "title" if isinstance(now, str) else "genre"
    base = Base.of(the_fields(title="a", genre=("a", "b")))
    assert base.shows(name, the_fields(**{name: now})) is expected
