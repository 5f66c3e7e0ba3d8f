"""The parts of the cohort forecast, each against a published number or a truth that made the data."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.special import hyp2f1

from haitu.plan.cohorts import bgnbd, season, triangle
from haitu.plan.cohorts.conformal import calibrate
from haitu.plan.cohorts.forecast import forecast
from haitu.plan.cohorts.history import Bought, history
from haitu.plan.cohorts.simulate import calendar_sd, chances, common_sd, ranges
from haitu.plan.cohorts.worth import refund_share, worth


def cdnow() -> bgnbd.Buyers:
    """The sample of 2,357 customers, 39 weeks, that the paper fits (it lies in the lifetimes wheel)."""
    found = find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    text = (Path(found.origin).parent / "datasets" / "cdnow_customers_summary.csv").read_text()
    rows = np.array([[float(cell) for cell in row.split(",")[1:4]] for row in text.splitlines()[1:] if row])
    return bgnbd.Buyers(repeats=rows[:, 0], recency=rows[:, 1], age=rows[:, 2], weight=np.ones(len(rows)))


def shop(*, customers: int = 400, days: int = 540, seed: int = 7) -> Bought:
    """Customers of the model's own family who come all through the time, orders about 30."""
    dice = np.random.default_rng(seed)
    rows = []
    for owner in range(customers):
        rate, leave, day = dice.gamma(0.8, 1 / 40), dice.beta(0.7, 4.0), dice.uniform(0, days)
        while day < days:
            rows.append((owner, 19_000 + int(day)))
            if dice.random() < leave:
                break
            day += dice.exponential(1 / rate)
    table = np.unique(np.array(rows, dtype=np.int64), axis=0)
    return Bought(
        owner=table[:, 0],
        day=table[:, 1],
        orders=np.ones(len(table)),
        gross=np.round(dice.lognormal(3.4, 0.5, len(table)), 2),
        refunded=np.zeros(customers),
    )


def test_bgnbd_finds_the_parameters_that_the_paper_gives_for_cdnow() -> None:
    fitted = bgnbd.fit(cdnow())
    assert np.exp(fitted.theta) == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=1e-3)
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_the_slope_of_the_likelihood_is_that_of_its_values() -> None:
    buyers, theta = cdnow(), np.log([0.3, 5.0, 0.7, 2.0])
    _, slope = bgnbd.log_likelihood(theta, buyers)
    for k in range(4):
        step = np.eye(4)[k] * 1e-5
        rise = bgnbd.log_likelihood(theta + step, buyers)[0] - bgnbd.log_likelihood(theta - step, buyers)[0]
        assert rise / 2e-5 == pytest.approx(slope[k], rel=1e-5, abs=1e-3)


def test_expected_orders_are_those_of_the_closed_form() -> None:
    theta = np.log([0.243, 4.414, 0.793, 2.426])
    x, recency, age, ahead = np.array([0.0, 2.0, 9.0]), np.array([0.0, 30.43, 38.0]), np.array([38.86] * 3), 39.0
    buyers = bgnbd.Buyers(repeats=x, recency=recency, age=age, weight=np.ones(3))
    r, alpha, a, b = np.exp(theta)
    series = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
    orders = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x) * series)
    left = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + recency)) ** (r + x), 0)
    assert bgnbd.expected(theta, buyers, np.array([ahead]))[:, 0] == pytest.approx(orders / (1 + left), rel=1e-9)


def test_expected_orders_are_finite_where_the_closed_form_is_not() -> None:
    buyers = bgnbd.Buyers(repeats=np.array([0.0]), recency=np.array([0.0]), age=np.array([30.0]), weight=np.ones(1))
    told = bgnbd.expected(np.log([0.5, 60.0, 0.3, 0.7]), buyers, np.array([90.0]))[0, 0]
    assert 0 < told < 0.5 * 90 / 90


def test_nodes_keep_the_mean_and_the_variance_of_the_beta_density() -> None:
    nodes, mass = bgnbd.beta_nodes(0.4, np.array([0.5, 3.0, 40.0]))
    for row, b in enumerate((0.5, 3.0, 40.0)):
        mean = 0.4 / (0.4 + b)
        assert mass[row].sum() == pytest.approx(1)
        assert mass[row] @ nodes[row] == pytest.approx(mean)
        assert mass[row] @ (nodes[row] - mean) ** 2 == pytest.approx(mean * (1 - mean) / (1.4 + b))


def test_a_year_of_business_days_is_a_year() -> None:
    told = season.clock(19_000, 19_000 + 4 * 366)
    assert told.ticks[1461] - told.ticks[0] == pytest.approx(1461, rel=1e-3)


def test_the_fourth_quarter_is_the_busiest_and_december_its_peak() -> None:
    speed = season.per_day(season.RETAIL)
    assert int(np.argmax(speed)) == 11
    assert speed[9:].sum() == max(speed[k : k + 3].sum() for k in (0, 3, 6, 9))


def test_the_triangle_finds_the_decay_and_the_season_that_made_it() -> None:
    cohort, month = np.array([(c, m) for c in range(24) for m in range(c + 1, 24)]).T + 600
    retail = season.per_day(season.RETAIL)[month % 12]
    peak = np.where(month % 12 == 4, 1.5, 1.0)
    mean = 500.0 * 30 * 0.01 * (1 + month - cohort) ** -0.4 * retail * peak
    told = triangle.fit(
        triangle.Cells(cohort=cohort, month=month, orders=mean, exposure=np.full(len(mean), 15_000.0), retail=retail)
    )
    assert told.knows_season
    assert told.decay == pytest.approx(-0.4, abs=0.05)
    assert int(np.argmax(told.season)) == 4


def one_cohort(months: int) -> triangle.Triangle:
    """Busy each May, as seen from one month's customers."""
    month = np.arange(601, 601 + months)
    cells = triangle.Cells(
        cohort=np.full(months, 600),
        month=month,
        orders=np.where(month % 12 == 4, 900.0, 300.0),
        exposure=np.full(months, 30_000.0),
        retail=np.ones(months),
    )
    return triangle.fit(cells)


def test_one_cohort_says_nothing_of_the_season_before_two_years() -> None:
    told = one_cohort(23)
    assert not told.knows_season
    assert told.season.tolist() == [0.0] * 12


def test_one_cohort_tells_the_season_once_each_month_was_seen_twice() -> None:
    told = one_cohort(24)
    assert told.knows_season
    assert int(np.argmax(told.season)) == 4


def test_a_customer_with_many_orders_is_believed_and_a_new_one_is_not() -> None:
    gross = np.concatenate([[100.0] * 9, [300.0], [10.0] * 40, [12.0] * 40])
    owner = np.concatenate([np.zeros(9), [1], np.repeat(np.arange(2, 42), 2)]).astype(np.int64)
    day = np.concatenate([np.arange(9), [0], np.tile([0, 5], 40)]).astype(np.int64) + 19_000
    order = np.lexsort((day, owner))
    bought = Bought(owner=owner[order], day=day[order], orders=np.ones(90), gross=gross[order], refunded=np.zeros(42))
    told = worth(history(bought, 19_100)).per_day
    assert 80 < told[0] < 100
    assert told[1] < 200


def test_refunds_above_all_sales_leave_nothing() -> None:
    bought = shop(customers=20)
    most = Bought(
        owner=bought.owner, day=bought.day, orders=bought.orders, gross=bought.gross, refunded=np.full(20, 1e6)
    )
    assert refund_share(history(most, 19_540)).max() == 1.0
    assert refund_share(history(bought, 19_540)).max() == 0.0


def test_a_past_is_what_was_bought_before_and_nothing_later() -> None:
    bought = shop()
    past = history(bought, 19_300)
    assert past.last.max() < 19_300
    assert past.gross.sum() == pytest.approx(bought.gross[bought.day < 19_300].sum())
    assert len(past.days) == len(np.unique(bought.owner[bought.day < 19_300]))


def test_simulated_days_have_the_mean_of_the_formula() -> None:
    past = history(shop(), 19_540)
    found = forecast(past, 180)
    shape = (len(found.kinds.cohort), 4000)
    days, _ = chances(found, np.random.default_rng(1), np.ones(shape), np.ones(4000))
    weight = found.kinds.buyers.weight
    unblended = found.per_kind / found.blend
    straight = days.mean(1) / found.blend
    assert float(weight @ straight) == pytest.approx(float(weight @ unblended), rel=0.1)
    assert float(weight @ days.mean(1)) == pytest.approx(float(weight @ found.per_kind), rel=0.1)


def test_what_all_share_makes_a_total_less_sure_than_chance_alone() -> None:
    past = history(shop(customers=2000), 19_540)
    told = ranges(forecast(past, 180), past, 180, seed=1)
    low, middle, high = told.total.orders[0]
    by_chance = 2 * 1.645 * np.sqrt(2 * middle)
    assert high - low > 2 * by_chance


def test_a_longer_horizon_is_less_known_and_its_calendar_evens_out() -> None:
    assert common_sd(720, 180) > common_sd(180, 180)
    assert calendar_sd(720) < calendar_sd(180) < calendar_sd(30)


def test_widths_are_the_shipped_ones_until_there_are_thirty_earlier_forecasts() -> None:
    few = history(shop(days=200), 19_200)
    assert (calibrate(few, 90, seed=1).spread, calibrate(few, 90, seed=1).scores) == (1.0, 0)
    many = calibrate(history(shop(customers=1500), 19_540), 90, seed=1)
    assert many.scores >= 30
    assert 0.8 <= many.spread <= 1.4


def test_the_next_half_year_of_the_models_own_family_lies_in_its_interval() -> None:
    bought = shop(customers=1500, days=900, seed=3)
    past = history(bought, 19_540)
    told = ranges(forecast(past, 180), past, 180, seed=1)
    known = (bought.day >= 19_540) & (bought.day < 19_720) & np.isin(bought.owner, past.owner)
    low, _, high = told.total.value[0]
    assert low < bought.gross[known].sum() < high
