"""Stock: what may be promised of it, and what leaves with it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from haitu.core.stock import available, unit_value


def test_of_ten_with_a_buffer_of_three_seven_are_shown_and_of_two_none() -> None:
    assert available(10, 0, 3) == 7
    assert available(2, 0, 3) == 0


def test_what_is_reserved_cannot_be_promised_again() -> None:
    assert available(10, 4, 3) == 3


@given(on_hand=st.integers(0, 1000), reserved=st.integers(0, 1000), buffer=st.integers(0, 1000))
def test_what_is_available_reserved_and_kept_back_is_never_more_than_lies_there(
    on_hand: int, reserved: int, buffer: int
) -> None:
    free = available(on_hand, reserved, buffer)
    assert free >= 0
    assert free == 0 or free + reserved + buffer == on_hand


@given(value=st.integers(0, 10**9), on_hand=st.integers(1, 50), leaves=st.lists(st.integers(1, 10), max_size=10))
def test_value_that_leaves_with_its_units_leaves_nothing_behind_and_nothing_missing(
    value: int, on_hand: int, leaves: list[int]
) -> None:
    left, units = value, on_hand
    for quantity in leaves:
        taken = min(quantity, units)
        left -= unit_value(left, taken, units)
        units -= taken
        assert left >= 0
    assert unit_value(left, units, units) == (left if units else 0)


def test_an_empty_shelf_is_worth_nothing() -> None:
    assert unit_value(500, 1, 0) == 0
