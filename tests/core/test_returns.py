"""The rules of returns: never below the law, never more than was paid, the best way first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.returns import (
    NO_RIGHTS,
    OUR_FAULT,
    Exclusion,
    Fate,
    Grade,
    NotTakenBack,
    PaidPart,
    Reason,
    ReturnCosts,
    ReturnRule,
    Shelf,
    TooLate,
    check,
    money_back,
    terms,
    ways,
)

TODAY = date(2026, 11, 20)
LAW = ReturnRule(
    country="EU",
    window_days=14,
    fault_days=730,
    way_back_free=False,
    outbound_back=True,
    restocking_bp=0,
    wear_bp=10_000,
    excludes=frozenset({Exclusion.HYGIENE, Exclusion.CUSTOM}),
    valid_from=date(2014, 6, 13),
    source="Directive 2011/83/EU",
)
COSTS = ReturnCosts(
    price_b_bp=7_000,
    price_c_bp=3_000,
    keep_b_bp=0,
    keep_c_bp=5_000,
    selling_bp=1_500,
    handling_minor=150,
    destroy_minor=80,
    donate_minor=60,
)
LEIPZIG = Shelf(warehouse_id=1, warehouse="LEJ", here=True, price_minor=20_00, storage_minor=10)
SHENZHEN = Shelf(warehouse_id=2, warehouse="SZX", here=False, price_minor=16_00, storage_minor=2, lane_minor=300)
PAID = PaidPart(goods_minor=23_99, outbound_minor=4_90)

shares = st.integers(0, 10_000)
words = st.builds(
    ReturnRule,
    country=st.sampled_from(["DE", ""]),
    own=st.just(True),
    window_days=st.integers(0, 90),
    fault_days=st.integers(0, 900),
    way_back_free=st.booleans(),
    outbound_back=st.booleans(),
    restocking_bp=shares,
    wear_bp=shares,
    excludes=st.frozensets(st.sampled_from(list(Exclusion))),
)


@given(words)
def test_no_word_of_a_merchant_falls_below_the_law(word: ReturnRule) -> None:
    found = terms([LAW, word], "DE", on=TODAY)
    assert found.window_days >= LAW.window_days
    assert found.fault_days >= LAW.fault_days
    assert found.outbound_back
    assert found.restocking_bp == 0
    assert set(found.excludes) <= LAW.excludes


paid_parts = st.builds(PaidPart, goods_minor=st.integers(0, 10**9), outbound_minor=st.integers(0, 10**6))


@given(words, st.sampled_from(Reason), st.sampled_from(Grade), paid_parts, shares)
def test_what_goes_back_is_between_nothing_and_what_was_paid(
    word: ReturnRule, reason: Reason, grade: Grade, paid: PaidPart, keep_bp: int
) -> None:
    goods, outbound = paid.goods_minor, paid.outbound_minor
    for whole in (True, False):
        back, kept = money_back(
            paid, terms([word], "US", on=TODAY), grade=grade, reason=reason, keep_bp=keep_bp, whole_order=whole
        )
        assert 0 <= back <= goods + outbound
        if grade != Grade.D:
            assert back + sum(int(str(why.given["minor"])) for why in kept) == goods + outbound
        if grade != Grade.D and reason in OUR_FAULT:
            assert back == goods + outbound


def test_a_merchant_may_grant_more_than_the_law() -> None:
    word = replace(LAW, own=True, window_days=30, way_back_free=True, excludes=frozenset(), by_hand=True, source="")
    found = terms([LAW, word], "DE", on=TODAY)
    assert (found.window_days, found.way_back_free, found.excludes, found.by_hand) == (30, True, (), True)
    assert found.sources == ("Directive 2011/83/EU",)


def test_where_no_law_was_found_the_merchant_s_word_holds_and_without_one_nothing() -> None:
    word = replace(LAW, country="", own=True, window_days=45, restocking_bp=1_500)
    assert terms([LAW], "US", on=TODAY) == NO_RIGHTS
    assert (terms([LAW, word], "US", on=TODAY).window_days, terms([LAW, word], "US", on=TODAY).restocking_bp) == (
        45,
        1_500,
    )


def test_a_law_that_yields_gives_way_to_the_merchant_s_word() -> None:
    japan = replace(LAW, country="JP", window_days=8, yields=True)
    word = replace(LAW, country="JP", own=True, window_days=3)
    assert terms([japan], "JP", on=TODAY).window_days == 8
    assert terms([japan, word], "JP", on=TODAY).window_days == 3


def test_of_two_rules_the_younger_holds_and_none_before_its_day() -> None:
    longer = replace(LAW, window_days=30, valid_from=date(2027, 1, 1))
    assert terms([LAW, longer], "FR", on=TODAY).window_days == 14
    assert terms([LAW, longer], "FR", on=date(2027, 1, 1)).window_days == 30


def test_the_last_day_counts_and_the_day_after_is_too_late() -> None:
    found = terms([LAW], "DE", on=TODAY)
    here = TODAY - timedelta(14)
    assert check(found, Reason.UNWANTED, (), delivered_on=here, on=TODAY) == TODAY
    with pytest.raises(TooLate) as no:
        check(found, Reason.UNWANTED, (), delivered_on=here - timedelta(1), on=TODAY)
    assert no.value.given == {"last": TODAY - timedelta(1)}
    assert check(found, Reason.FAULTY, (), delivered_on=here - timedelta(1), on=TODAY) is not None
    assert check(found, Reason.UNWANTED, (), delivered_on=None, on=TODAY) is None


def test_what_is_excluded_comes_back_only_when_we_are_at_fault() -> None:
    found = terms([LAW], "DE", on=TODAY)
    with pytest.raises(NotTakenBack):
        check(found, Reason.UNWANTED, ["hygiene"], delivered_on=TODAY, on=TODAY)
    check(found, Reason.DAMAGED, ["hygiene"], delivered_on=TODAY, on=TODAY)
    check(found, Reason.UNWANTED, ["sealed"], delivered_on=TODAY, on=TODAY)  # this rule does not exclude it


def test_half_of_a_damaged_piece_is_kept_and_the_way_out_goes_back_with_the_whole_order() -> None:
    found = terms([LAW], "DE", on=TODAY)
    back, kept = money_back(
        PAID, found, grade=Grade.C, reason=Reason.UNWANTED, keep_bp=COSTS.keep_bp(Grade.C), whole_order=True
    )
    assert (back, [(why.code, why.given["minor"]) for why in kept]) == (
        23_99 - 12_00 + 4_90,
        [("kept_for_wear", 12_00)],
    )
    back, kept = money_back(PAID, found, grade=Grade.A, reason=Reason.UNWANTED, keep_bp=0, whole_order=False)
    assert (back, [why.code for why in kept]) == (23_99, ["kept_outbound"])


def test_the_best_way_comes_first_with_its_sum() -> None:
    found = ways(Grade.A, [SHENZHEN, LEIPZIG], COSTS)
    assert [(way.fate, way.warehouse, way.contribution_minor) for way in found] == [
        (Fate.RESELL, "LEJ", 20_00 - 10 - 150 - 3_00),
        (Fate.MOVE, "SZX", 16_00 - 300 - 2 - 150 - 2_40),
        (Fate.DONATE, "", -210),
        (Fate.DESTROY, "", -230),
    ]


def test_what_brings_less_than_it_costs_is_given_away() -> None:
    dear = replace(LEIPZIG, price_minor=200, storage_minor=400)
    assert ways(Grade.C, [dear], COSTS)[0].fate == Fate.DONATE


def test_nothing_becomes_of_what_did_not_come() -> None:
    assert [way.fate for way in ways(Grade.D, [LEIPZIG], COSTS)] == [Fate.NOTHING]


@given(st.sampled_from([Grade.A, Grade.B, Grade.C]), st.lists(st.integers(0, 10**7), min_size=1, max_size=6))
def test_no_way_is_better_than_the_first(grade: Grade, prices: list[int]) -> None:
    shelves = [replace(SHENZHEN, warehouse_id=at, price_minor=price) for at, price in enumerate(prices)]
    found = ways(grade, shelves, COSTS)
    assert found[0].contribution_minor == max(way.contribution_minor for way in found)
    assert len(found) == len(prices) + 2
