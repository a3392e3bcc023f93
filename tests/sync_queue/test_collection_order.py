"""The laws of putting a collection in order."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sync_queue.collection_order import fewest_moves, in_common, is_in_order

ORDERS = st.permutations(range(8))


def carried_out(shown: list[int], moves: list[tuple[int, int | None]]) -> list[int]:
    order = list(shown)
    for item, after in moves:
        order.remove(item)
        order.insert(0 if after is None else order.index(after) + 1, item)
    return order


@given(ORDERS, ORDERS, st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_the_moves_lead_to_the_wanted_order_and_others_stay(
    shown: list[int], wanted: list[int], not_shown: set[int], not_wanted: set[int]
) -> None:
    shown = [one for one in shown if one not in not_shown]
    wanted = [one for one in wanted if one not in not_wanted]
    moves = fewest_moves(shown, wanted)
    order = carried_out(shown, [*moves])
    assert in_common(order, wanted) == in_common(wanted, shown)
    assert is_in_order(order, wanted)
    assert [one for one in order if one not in wanted] == [one for one in shown if one not in wanted]
    assert sorted(order) == sorted(shown)


@given(st.permutations(range(6)))
def test_no_fewer_moves_would_do(shown: list[int]) -> None:
    """As many as stand outside the longest part that is in order, found by trying all parts."""
    parts = (part for size in range(7) for part in combinations(shown, size))
    longest = max(len(part) for part in parts if list(part) == sorted(part))
    assert len(fewest_moves(shown, range(6))) == 6 - longest


def test_what_is_in_order_moves_nothing() -> None:
    assert fewest_moves([5, 1, 9, 2, 3], [1, 2, 3]) == []
    assert fewest_moves([], [1, 2]) == []
