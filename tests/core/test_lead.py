"""Lead times: eleven quantiles, read from deliveries, convolved, learnt."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haitu.core.lead import BadLeadTime, LeadTime, learnt

SEA = LeadTime(days=(28, 29, 30, 30, 31, 32, 33, 35, 38, 45, 90))
ROAD = LeadTime(days=(1, 1, 2, 2, 2, 2, 2, 3, 3, 4, 9))

LEADS = st.lists(st.integers(0, 60), min_size=11, max_size=11).map(lambda days: LeadTime(days=tuple(sorted(days))))
PARTS = 20  # of each tenth, in the slow way


def slow_quantiles(a: LeadTime, b: LeadTime) -> list[float]:
    """Brute force: 200 × 200 sums of fine, equally likely parts; the 10 to 90 % quantiles."""

    def fine(lead: LeadTime) -> list[float]:
        pairs = zip(lead.days, lead.days[1:], strict=False)
        return [low + (high - low) * (part + 0.5) / PARTS for low, high in pairs for part in range(PARTS)]

    sums = sorted(x + y for x in fine(a) for y in fine(b))
    return [sums[len(sums) * k // 10 - 1] for k in range(1, 10)]


def test_sea_and_road_in_a_row() -> None:
    both = SEA.then(ROAD)
    assert both.days == (29, 32, 32, 33, 34, 35, 37, 39, 42, 52, 99)
    assert (both.p50, both.p90) == (35, 52)
    assert SEA.p90 + ROAD.p90 == 49  # two p90s added are no p90: here the tail of the sea decides


@settings(deadline=None, max_examples=40)
@given(a=LEADS, b=LEADS)
def test_a_convolution_is_what_brute_force_finds_and_never_earlier(a: LeadTime, b: LeadTime) -> None:
    both = a.then(b)
    assert (both.days[0], both.days[10]) == (a.days[0] + b.days[0], a.days[10] + b.days[10])
    widest = sum(max(high - low for low, high in pairwise(lead.days)) for lead in (a, b))
    for found, slow in zip(both.days[1:10], slow_quantiles(a, b), strict=True):
        assert slow <= found <= slow + widest * (1 / 10 + 1 / 40) + 1


@given(a=LEADS, b=LEADS, days=st.integers(0, 30))
def test_what_is_certain_shifts_and_order_does_not_matter(a: LeadTime, b: LeadTime, days: int) -> None:
    assert a.then(b) == b.then(a)
    assert a.shift(days).then(b) == a.then(b).shift(days)
    assert a.then(LeadTime.certain(days)) == a.shift(days)


@given(a=LEADS, b=LEADS, later=st.integers(0, 9))
def test_a_later_leg_never_arrives_earlier(a: LeadTime, b: LeadTime, later: int) -> None:
    delayed = LeadTime(days=tuple(day + (later if k >= 5 else 0) for k, day in enumerate(b.days)))
    assert all(x <= y for x, y in zip(a.then(b).days, a.then(delayed).days, strict=True))


def test_eleven_deliveries_are_their_own_quantiles() -> None:
    assert LeadTime.from_observations([12, 8, 9, 9, 10, 30, 11, 11, 10, 14]).days == (
        *(8, 8, 9, 9, 10, 10, 11, 11, 12, 14, 30),
    )


@given(days=st.lists(st.integers(0, 400), min_size=1, max_size=80), k=st.integers(1, 10))
def test_each_quantile_is_the_smallest_day_by_which_that_share_had_come(days: list[int], k: int) -> None:
    at = LeadTime.from_observations(days).days[k]
    needed = ceil(len(days) * k / 10)
    assert sum(day <= at for day in days) >= needed > sum(day < at for day in days)


@given(lead=LEADS, percent=st.integers(0, 99))
def test_between_two_points_it_rises_evenly(lead: LeadTime, percent: int) -> None:
    low, high = lead.days[percent // 10], lead.days[percent // 10 + 1]
    assert low <= lead.at(percent) <= lead.at(percent + 1) <= high
    assert lead.at(90) == lead.p90


@pytest.mark.parametrize(("p50", "p90"), [(2, 3), (9, 14), (0, 0), (30, 60)])
def test_two_figures_make_a_vector_that_has_them(p50: int, p90: int) -> None:
    lead = LeadTime.from_p50_p90(p50, p90)
    assert (lead.p50, lead.p90) == (p50, p90)


def test_few_deliveries_move_what_was_believed_little_and_many_replace_it() -> None:
    prior = LeadTime.certain(10)
    assert learnt([20, 20], prior, worth=8) == LeadTime.certain(12)
    assert learnt([20] * 792, prior, worth=8) == LeadTime.certain(20)


@given(prior=LEADS, seen=st.lists(st.integers(0, 200), min_size=1, max_size=50), worth=st.integers(0, 50))
def test_what_is_learnt_lies_between_belief_and_deliveries(prior: LeadTime, seen: list[int], worth: int) -> None:
    both = zip(prior.days, LeadTime.from_observations(seen).days, learnt(seen, prior, worth=worth).days, strict=True)
    assert all(min(old, new) <= found <= max(old, new) for old, new, found in both)


@pytest.mark.parametrize("days", [(), (1,) * 10, (2, *[1] * 10), (-1, *[1] * 10)])
def test_what_is_no_lead_time_is_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(BadLeadTime, match="11 whole days that never fall"):
        LeadTime(days=days)


def test_no_delivery_teaches_nothing() -> None:
    with pytest.raises(BadLeadTime, match="no delivery"):
        LeadTime.from_observations([])
