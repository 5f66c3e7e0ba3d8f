"""Lanhai advertises kettles: search is slow and rich, video fast and thin. Three months, two cells, round numbers."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haitu.plan.budget.ask import Ask, Cell, Limit, Money, NothingToPlan, Responses
from haitu.plan.budget.curves import Curve, hull, saturating
from haitu.plan.budget.moves import moves, weigh
from haitu.plan.budget.programme import Plan, TooFarAhead, plan
from haitu.plan.budget.told import sentences
from haitu.plan.solve import Infeasible

SEARCH, VIDEO = Cell("search", "DE", "kettles"), Cell("video", "DE", "kettles")
MONTHS = (date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1))
# The first 100 a month bring 300 by month 12, the next 100 bring 150, a third hundred 50; video 140, 120, 40.
RICH = Curve(np.array([0.0, 100, 200, 300]), np.array([0.0, 300, 450, 500]))
THIN = Curve(np.array([0.0, 100, 200, 300]), np.array([0.0, 140, 260, 300]))
SLOW = np.append(np.zeros(6), np.linspace(1 / 7, 1, 7))  # nothing for five months
FAST = np.append(0.0, np.ones(12))  # all within a month


def lanhai(**changed: object) -> Responses:
    responses = Responses(
        cells=(SEARCH, VIDEO),
        curves=((RICH,) * 3, (THIN,) * 3),
        shares=np.array([SLOW, FAST]),
        now=np.array([100.0, 100.0]),
        unidentified=np.array([False, False]),
        factors=np.ones((10, 2)),
    )
    return replace(responses, **changed)  # type: ignore[arg-type]


def ask(**given: object) -> Ask:
    return Ask(months=MONTHS, **given)  # type: ignore[arg-type]


def spent(solved: Plan) -> list[list[float]]:
    return [[round(float(value), 4) for value in row] for row in solved.spend]


def test_without_bounds_every_dollar_that_brings_more_than_itself_is_spent() -> None:
    solved = plan(lanhai(), ask())
    assert spent(solved) == [[200, 200, 200], [200, 200, 200]]
    assert solved.value == 3 * (450 - 200 + 260 - 200)
    assert (solved.worst, solved.gap, solved.proven) == (solved.value, 0.0, True)


def test_cash_in_the_first_month_goes_where_it_brings_most_and_is_worth_what_the_next_dollar_would_bring() -> None:
    solved = plan(lanhai(), ask(money=Money(opening=150.0, floor=np.array([0.0]))))
    # Half of what video brings is back by the end of its month: 100 of video frees 70, so more can be spent later.
    assert (solved.cash >= -1e-9).all()
    assert solved.cash_worth[0] > 0
    more = plan(lanhai(), ask(money=Money(opening=151.0, floor=np.array([0.0]))))
    assert more.value - solved.value == pytest.approx(solved.cash_worth[0])


def test_money_that_comes_in_march_is_worth_what_the_sentence_says() -> None:
    def with_in_march(amount: float) -> Plan:
        return plan(lanhai(), ask(money=Money(opening=137.0, other=np.array([0.0, 0.0, amount]))))

    less, solved, more = with_in_march(-0.01), with_in_march(0.0), with_in_march(0.01)
    gain, loss = (more.value - solved.value) / 0.01, (solved.value - less.value) / 0.01
    assert [gain, float(solved.cash_worth[2]), loss] == pytest.approx([1.0, 4 / 3, 4 / 3])
    told = {(s.code, s.month): s for s in sentences(lanhai(), ask(money=Money(opening=150.0)), solved)}
    assert told["cash_worth", "2027-03"].says == f"One more of cash in 2027-03 is worth {solved.cash_worth[2]:.2f}."


def test_an_account_with_credit_lets_the_same_cash_spend_more() -> None:
    cash = Money(opening=100.0)
    late = replace(cash, credit_days=np.array([60.0, 60.0]))
    assert plan(lanhai(), ask(money=late)).value > plan(lanhai(), ask(money=cash)).value


def test_an_outlet_that_settles_late_lets_it_spend_less() -> None:
    cash = Money(opening=100.0)
    late = replace(cash, settlement=(((1.0, 60.0),), ((0.5, 0.0), (0.5, 60.0))))
    assert plan(lanhai(), ask(money=late)).value < plan(lanhai(), ask(money=cash)).value


def test_a_market_whose_money_falls_is_given_less() -> None:
    falling = Money(rate=np.array([[0.6] * 20, [1.0] * 20]))
    solved = plan(lanhai(), ask(money=falling))
    assert spent(solved) == [[100, 100, 100], [200, 200, 200]]
    assert solved.value == pytest.approx(3 * (0.6 * 300 - 100 + 260 - 200))


def test_a_payback_asked_of_all_together_lets_the_fast_carry_the_slow() -> None:
    solved = plan(lanhai(), ask(payback_months=4))
    # Search brings nothing in four months; each month video's surplus of 40 + 20 may carry 60 of it.
    assert weigh(lanhai(), ask(payback_months=4), solved.spend).back == pytest.approx(0.0, abs=1e-6)
    assert solved.spend.sum(axis=1).tolist() == pytest.approx([180.0, 600.0])
    assert solved.payback_worth == pytest.approx(2.0)  # one more dollar of search brings 3


def test_a_payback_asked_of_each_cell_leaves_the_slow_one_out() -> None:
    solved = plan(lanhai(), ask(payback_months=4, payback_of="cell"))
    assert spent(solved) == [[0, 0, 0], [200, 200, 200]]


def test_one_month_more_for_the_payback_has_its_worth_told() -> None:
    asked = ask(payback_months=6)
    told = [s for s in sentences(lanhai(), asked, plan(lanhai(), asked)) if s.code == "payback_month_worth"]
    gain = plan(lanhai(), ask(payback_months=7)).value - plan(lanhai(), asked).value
    assert [s.amount for s in told] == [pytest.approx(gain)]


def test_a_payback_later_than_anybody_knows_is_refused() -> None:
    with pytest.raises(TooFarAhead, match="A payback in 13 months is asked; the responses reach 12"):
        plan(lanhai(), ask(payback_months=13))


def test_bounds_of_a_cell_and_of_a_market_hold_in_each_month() -> None:
    limits = (
        Limit(channel="video", market="DE", campaign="kettles", maximum=50.0, month=1),
        Limit(market="DE", maximum=220.0),
        Limit(channel="search", market="DE", campaign="kettles", minimum=210.0, month=2),
    )
    solved = plan(lanhai(), ask(limits=limits))
    assert spent(solved) == [[200, 170 + 30, 210], [20, 20, 10]]
    assert [(month, side, round(price, 6)) for _, month, side, price in solved.limit_worth] == [
        (0, "maximum", 0.4),
        (1, "maximum", 0.4),
        (2, "maximum", 0.4),
    ]


def test_a_minimum_spend_is_kept_whole_or_not_at_all() -> None:
    budget = Limit(maximum=220.0)
    free = plan(lanhai(), ask(limits=(budget,)))
    assert spent(free) == [[200, 200, 200], [20, 20, 20]]
    either = Limit(channel="video", market="DE", campaign="kettles", when_used=150.0)
    solved = plan(lanhai(), ask(limits=(budget, either)))
    assert spent(solved) == [[200, 200, 200], [0, 0, 0]]  # 70 of search and 150 of video would bring 210 + 200
    assert solved.value == 3 * 250


def test_a_minimum_beyond_what_the_response_knows_is_kept_and_brings_nothing_more() -> None:
    limit = Limit(channel="video", market="DE", campaign="kettles", minimum=400.0)
    solved = plan(lanhai(), ask(limits=(limit,)))
    assert spent(solved)[1] == [400, 400, 400]
    assert solved.returned[1].tolist() == [300, 300, 300]


def test_minimum_spends_leave_the_worth_of_cash_that_holds_with_the_chosen_cells() -> None:
    def with_cash(opening: float) -> Plan:
        either = Limit(channel="video", market="DE", campaign="kettles", when_used=150.0)
        return plan(lanhai(), ask(limits=(either,), money=Money(opening=opening)))

    solved = with_cash(180.0)
    assert solved.proven
    assert all(value == 0 or value >= 150 - 1e-6 for value in solved.spend[1])
    assert with_cash(180.01).value - solved.value == pytest.approx(0.01 * solved.cash_worth[0], rel=1e-3)


def test_bounds_that_contradict_cash_are_named() -> None:
    must = Limit(channel="search", minimum=300.0)
    with pytest.raises(Infeasible) as refused:
        plan(lanhai(), ask(limits=(must,), money=Money(opening=250.0)))
    assert refused.value.told.startswith("No plan keeps all of: ")
    assert "limit of search in 2027-" in refused.value.told
    assert "cash in 2027-" in refused.value.told
    limit = Limit(channel="video", market="DE", campaign="kettles", minimum=9.0, maximum=5.0)
    with pytest.raises(Infeasible, match=r"at least 9.00 and at most 5.00 a month"):
        plan(lanhai(), ask(limits=(limit,)))


def test_what_nobody_knows_is_given_no_more_than_today() -> None:
    solved = plan(lanhai(unidentified=np.array([True, False])), ask())
    assert spent(solved) == [[100, 100, 100], [200, 200, 200]]


def test_caution_leaves_what_may_bring_nothing() -> None:
    factors = np.ones((10, 2))
    factors[0] = [0.0, 1.0]  # in one draw of ten search brings nothing
    risky = lanhai(factors=factors)
    bold, careful = plan(risky, ask()), plan(risky, ask(caution=1.0))
    assert spent(careful) == [[0, 0, 0], [200, 200, 200]]
    assert [careful.worst, bold.worst] == pytest.approx([180.0, 180.0 - 600.0])
    floor = plan(risky, ask(worst_at_least=0.0))
    assert floor.worst == pytest.approx(0.0, abs=1e-6)
    assert floor.spend[0].sum() == pytest.approx(180.0)
    with pytest.raises(Infeasible, match="the worst draws' profit"):
        plan(risky, ask(worst_at_least=181.0))


def test_dearer_traffic_moves_money_and_the_moves_add_up_to_the_difference() -> None:
    cash = Money(opening=200.0)
    asked = ask(money=cash)
    before = plan(lanhai(), asked)
    dear = replace(asked, price=np.array([1.0, 1.3]))
    after = plan(lanhai(), dear, start=before.start)
    held = weigh(lanhai(), dear, before.spend)
    steps = moves(lanhai(), dear, before.spend, after.spend)
    assert sum(step.gain for step in steps) == pytest.approx(after.value - held.value)
    assert after.cash.min() >= -1e-9
    assert held.short.max() > 10  # to keep the split would have broken the cash
    assert [(step.source, step.target, step.why) for step in steps] == [
        (VIDEO, SEARCH, "brings_more"),
        (VIDEO, None, "brings_too_little"),
        (SEARCH, None, "no_cash"),
    ]


def test_the_price_at_which_a_cell_stops_being_worth_it_is_told() -> None:
    solved = plan(lanhai(), ask())
    assert (solved.first[0][0], solved.first[1][0]) == (pytest.approx(3.0), pytest.approx(1.4))
    at_that_price = plan(lanhai(), ask(price=np.array([1.0, 1.41])))
    assert at_that_price.spend[1].sum() == 0.0


def test_a_thin_start_is_spanned_and_flagged() -> None:
    s_shaped = hull([50, 100, 200], [5, 150, 250])
    assert (list(s_shaped.knots), list(s_shaped.returned)) == ([0, 100, 200], [0, 150, 250])
    assert s_shaped.lowest_effective == 100.0
    assert hull([100, 200], [150, 250]).lowest_effective == 0.0
    responses = lanhai(curves=((s_shaped,) * 3, (THIN,) * 3))
    asked = ask(limits=(Limit(channel="search", maximum=60.0),))
    told = [s for s in sentences(responses, asked, plan(responses, asked)) if s.code == "below_minimum_effective"]
    assert [s.says for s in told][:1] == [
        "search · DE · kettles in 2027-01: 60.00 is below the least that works (100.00)."
    ]


def test_points_of_one_spend_and_a_return_from_nothing_make_no_curve_of_their_own() -> None:
    curve = hull([0, 100, 100, 100], [40, 90, 120, 80])
    assert (list(curve.knots), list(curve.returned)) == ([0, 100], [0, 120])
    assert list(hull([], []).knots) == [0.0]
    assert spent(plan(lanhai(curves=((hull([], []),) * 3, (THIN,) * 3)), ask()))[0] == [0, 0, 0]
    assert spent(plan(lanhai(curves=((hull([100], [-20]),) * 3, (THIN,) * 3)), ask()))[0] == [0, 0, 0]


def test_no_cell_is_no_plan() -> None:
    with pytest.raises(NothingToPlan):
        plan(
            lanhai(cells=(), curves=(), shares=np.zeros((0, 13)), now=np.zeros(0), factors=np.ones((1, 0))),
            ask(),
        )


@settings(max_examples=40, deadline=None)
@given(st.floats(0.2, 1.0), st.floats(0.5, 4.0), st.floats(1.0, 4.0), st.integers(2, 40))
def test_a_saturating_curve_is_concave_and_goes_through_today(e: float, rate: float, most: float, pieces: int) -> None:
    """Law: known at today's spend, slopes never rise, and at today's spend the elasticity is the one given."""
    curve = saturating(100.0, 100.0 * rate, elasticity=e, most=100.0 * most, pieces=pieces)
    assert (np.diff(curve.slopes) <= 1e-9 * curve.slopes[0]).all()
    assert curve.knots[-1] == pytest.approx(100.0 * most)
    fine = saturating(100.0, 100.0 * rate, elasticity=e, most=400.0, pieces=4000)
    assert float(fine.at(100.0)) == pytest.approx(100.0 * rate, rel=1e-4)
    assert float(np.log(fine.at(101.0) / fine.at(99.0)) / np.log(101 / 99)) == pytest.approx(e, rel=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(20.0, 800.0), st.integers(3, 12))
def test_no_month_of_any_plan_breaks_its_cash(seed: int, opening: float, payback: int) -> None:
    """Law: cash, payback and the sum of the moves, counted once more from the split itself."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    responses = Responses(
        cells=tuple(Cell(f"c{i}", "DE", "k") for i in range(n)),
        curves=tuple(
            (saturating(100.0, float(rng.uniform(60, 300)), elasticity=0.6, most=300.0),) * 3 for _ in range(n)
        ),
        shares=np.linspace(0, 1, 13) ** rng.uniform(0.5, 3, n)[:, None],
        now=np.full(n, 100.0),
        unidentified=np.zeros(n, bool),
        factors=np.exp(rng.normal(0, 0.3, (20, n))),
    )
    other = rng.uniform(-20, 20, 8)
    money = Money(opening=opening + 200.0, other=other, credit_days=rng.uniform(0, 60, n), floor=np.array([10.0]))
    asked = ask(money=money, payback_months=payback, caution=0.5)
    solved = plan(responses, asked)
    weighed = weigh(responses, asked, solved.spend)
    assert weighed.short.max() <= 1e-5
    assert weighed.back >= -1e-5
    assert weighed.value == pytest.approx(solved.value)
    steps = moves(responses, asked, np.full((n, 3), 100.0), solved.spend)
    held = weigh(responses, asked, np.full((n, 3), 100.0))
    assert sum(step.gain for step in steps) == pytest.approx(solved.value - held.value, abs=0.05 * n)
