"""How old stock is, and what it costs to keep."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.ageing import (
    AgeBracket,
    BadStorageTariff,
    Layer,
    by_age,
    check_brackets,
    days_of_cover,
    layers,
    storage_minor,
)

TODAY = date(2026, 11, 20)
BRACKETS = (
    AgeBracket(from_days=0, minor_per_m3_day=0),
    AgeBracket(from_days=30, minor_per_m3_day=60),
    AgeBracket(from_days=180, minor_per_m3_day=150),
)


def ago(days: int) -> date:
    return TODAY - timedelta(days)


def test_what_came_first_leaves_first() -> None:
    moves = [(ago(100), 10), (ago(50), -4), (ago(10), 5), (ago(3), -2)]
    assert layers(moves, 9) == (Layer(since=ago(100), units=4), Layer(since=ago(10), units=5))


def test_units_that_no_arrival_explains_came_with_the_first_move() -> None:
    assert layers([(ago(9), -3), (ago(2), 1)], 5) == (Layer(since=ago(9), units=4), Layer(since=ago(2), units=1))
    assert layers([], 5) == ()


def test_units_are_counted_in_the_bracket_of_their_age() -> None:
    lying = (Layer(since=ago(200), units=1), Layer(since=ago(30), units=2), Layer(since=TODAY, units=4))
    assert by_age(lying, (0, 30, 90, 180), TODAY) == (4, 2, 0, 1)


def test_a_bill_grows_with_volume_days_and_age() -> None:
    # 100 units of 2 dm³ = 0.2 m³. It came 40 days ago: over the last 31 days, 20 of them (age 10..29) are free,
    # 11 (age 30..40) cost 60 cents a m³: 0.2 × 11 × 60 = 132 cents.
    lying = (Layer(since=ago(40), units=100),)
    assert storage_minor(lying, BRACKETS, volume_mm3=2_000_000, first=ago(30), last=TODAY) == 132
    # 200 days old: today costs 150 a m³ and day.
    old = (Layer(since=ago(200), units=100),)
    assert storage_minor(old, BRACKETS, volume_mm3=2_000_000, first=TODAY, last=TODAY) == 30


def test_what_came_in_the_middle_is_billed_from_that_day() -> None:
    flat = (AgeBracket(from_days=0, minor_per_m3_day=100),)
    lying = (Layer(since=ago(4), units=1),)
    assert storage_minor(lying, flat, volume_mm3=10**9, first=ago(30), last=TODAY) == 500


@pytest.mark.parametrize(
    ("brackets", "told"),
    [
        ((), "A storage tariff begins at day 0."),
        ((AgeBracket(from_days=1, minor_per_m3_day=1),), "A storage tariff begins at day 0."),
        ((BRACKETS[0], BRACKETS[2], BRACKETS[1]), "The ages of a storage tariff rise from line to line."),
        ((AgeBracket(from_days=0, minor_per_m3_day=-1),), "A storage price is zero or more."),
    ],
)
def test_brackets_that_leave_an_age_without_one_price_are_refused(brackets: tuple[AgeBracket, ...], told: str) -> None:
    with pytest.raises(BadStorageTariff) as no:
        check_brackets(brackets)
    assert no.value.told == told


moves = st.lists(st.tuples(st.integers(0, 400).map(ago), st.integers(-50, 50)), max_size=20)


@given(moves, st.integers(0, 400))
def test_layers_hold_exactly_what_lies_there(history: list[tuple[date, int]], on_hand: int) -> None:
    lying = layers(history, on_hand)
    assert sum(layer.units for layer in lying) == (on_hand if history else 0)
    assert [layer.since for layer in lying] == sorted({layer.since for layer in lying})
    assert sum(by_age(lying, (0, 7, 30), TODAY)) == sum(layer.units for layer in lying)


@given(st.integers(0, 300), st.integers(0, 60), st.integers(0, 60))
def test_two_periods_end_to_end_cost_what_the_whole_costs(came: int, days: int, more: int) -> None:
    lying = (Layer(since=ago(came), units=7),)
    first, middle, last = ago(days + more), ago(more), TODAY
    whole = storage_minor(lying, BRACKETS, volume_mm3=10**9, first=first, last=last)
    parts = storage_minor(lying, BRACKETS, volume_mm3=10**9, first=first, last=middle)
    parts += storage_minor(lying, BRACKETS, volume_mm3=10**9, first=middle + timedelta(1), last=last)
    assert parts == whole


def test_cover_is_rounded_up_to_whole_days() -> None:
    assert days_of_cover(10, 3, 7) == 24
    assert days_of_cover(10, 0, 7) is None
