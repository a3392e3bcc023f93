"""Another Stash database is told from one in which scenes were deleted, or which was restored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_queue.one_stash import REMEMBERED, Seen, StashIdentity, Verdict

NOW = 1_800_000_000
MADE_AT = 1_700_000_000


def made(ids: list[int], first: int = MADE_AT) -> dict[int, int]:
    """Scenes that were made one after another, by id."""
    return {scene_id: first + 60 * scene_id for scene_id in ids}


def seen_in(database: dict[int, int], known: StashIdentity) -> Seen:
    """What Stash answers that has these scenes."""
    in_order = sorted(database)
    ends = {scene_id: database[scene_id] for scene_id in (*in_order[:6], *in_order[-6:])}
    return Seen({one: database[one] for one in known.scenes if one in database}, ends)


def identity_of(database: dict[int, int]) -> StashIdentity:
    nothing = StashIdentity({})
    return nothing.renewed(seen_in(database, nothing), NOW)


def verdict(before: dict[int, int], after: dict[int, int]) -> Verdict:
    known = identity_of(before)
    return known.judge(seen_in(after, known))


IDS = st.lists(st.integers(1, 60), min_size=1, max_size=60, unique=True)


@given(IDS, st.data())
def test_a_database_from_which_some_scenes_were_deleted_is_the_same(
    ids: list[int], data: st.DataObject
) -> None:
    last = max(ids)
    kept = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    remembered = identity_of(made(ids)).scenes
    if last in kept and set(kept) & set(remembered):
        assert verdict(made(ids), made(kept)) is Verdict.SAME


@given(IDS, st.lists(st.integers(61, 90), min_size=1, unique=True))
def test_a_database_in_which_all_scenes_were_replaced_by_new_ones_is_the_same(
    ids: list[int], new: list[int]
) -> None:
    assert verdict(made(ids), made(new)) is Verdict.SAME


@given(IDS, IDS, st.integers(1, 10**8))
def test_another_database_is_another_whatever_its_size(
    ours: list[int], theirs: list[int], later: int
) -> None:
    if set(identity_of(made(ours)).scenes) & set(theirs):
        assert verdict(made(ours), made(theirs, MADE_AT + later)) is Verdict.ANOTHER


def test_a_new_database_without_a_common_id_is_another() -> None:
    assert verdict(made(list(range(10, 40))), made([1, 2, 3], NOW + 100_000)) is Verdict.ANOTHER


def test_a_stash_that_was_restored_from_a_backup_is_told_by_its_lower_end() -> None:
    assert verdict(made(list(range(1, 101))), made(list(range(1, 51)))) is Verdict.RESTORED


def test_a_stash_that_was_restored_and_used_since_is_told_by_ids_that_were_given_again() -> None:
    after = made(list(range(1, 51))) | made(list(range(51, 120)), MADE_AT + 10_000_000)
    assert verdict(made(list(range(1, 101))), after) is Verdict.RESTORED


def test_a_stash_without_any_scene_is_not_believed_where_there_were_several() -> None:
    assert verdict(made([1, 2, 3, 4]), {}) is Verdict.EMPTY
    assert verdict(made([1]), {}) is Verdict.SAME
    assert verdict({}, {}) is Verdict.SAME


def test_a_clock_of_stash_in_another_time_zone_changes_nothing() -> None:
    assert verdict(made([1, 2, 3]), made([1, 2, 3])) is Verdict.SAME


@given(IDS)
def test_what_is_remembered_stays_small_and_comes_back_from_the_disk_as_it_was(ids: list[int]) -> None:
    identity = identity_of(made(ids))
    assert len(identity.scenes) <= 4 * REMEMBERED
    assert StashIdentity.from_stored(identity.to_stored()) == identity
    again = identity.renewed(seen_in(made(ids), identity), NOW + 5)
    assert again == identity


def test_what_cannot_be_read_is_nothing() -> None:
    for text in (None, "", "null", "[]", "{", '{"scenes": 1}'):
        assert StashIdentity.from_stored(text) == StashIdentity({})


def test_scenes_at_the_end_of_which_a_hook_told_are_deleted_and_stash_is_no_backup() -> None:
    known = identity_of(made(list(range(1, 101))))
    left = seen_in(made(list(range(1, 96))), known)
    assert known.judge(left) is Verdict.RESTORED
    assert known.judge(left, {96, 97, 98, 99, 100}) is Verdict.SAME
    assert known.judge(seen_in({}, known), set(range(1, 101))) is Verdict.SAME
