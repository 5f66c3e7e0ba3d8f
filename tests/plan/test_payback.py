"""Payback: counts add up, rates are found, a slow channel is not a bad one, bands say what they know."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma, poisson

from haitu.plan.payback import seasons, shapes
from haitu.plan.payback.answer import Answer, answer, known_of, quantiles
from haitu.plan.payback.calibrate import SHIPPED, calibrate
from haitu.plan.payback.counts import Counts, count, one_more
from haitu.plan.payback.facts import Facts, of_frames
from haitu.plan.payback.journeys import journeys, purchases
from haitu.plan.payback.kinds import kind_of
from haitu.plan.payback.lost import recognised, share_lost
from haitu.plan.payback.paths import widened
from haitu.plan.payback.pooled import pool
from haitu.plan.payback.verdicts import Seen, judge, month_band, payback_months
from haitu.plan.payback.watched import layout, watched

START = datetime(2025, 1, 6)  # noqa: DTZ001  # UTC without a zone, as everything in plan.payback
DAY = timedelta(days=1)


def world(
    seed: int = 1,
    *,
    weeks: int = 26,
    lag_weeks: float = 14.0,
    conversion: float = 0.06,
    price: float = 3.0,
    channel: str = "google",
    leads_a_week: int = 150,
    repeats: float = 2.5,
    pay: float = 30.0,
) -> Facts:
    """One channel in two markets: leads all the time, a gamma lag, repeats that decay over 40 weeks."""
    rng = np.random.default_rng(seed)
    n = leads_a_week * weeks
    market = rng.choice(["DE", "US"], n)
    lead_at = np.sort(rng.uniform(0, 7 * weeks, n))
    buys = np.flatnonzero(rng.random(n) < conversion)
    first_at = lead_at[buys] + rng.gamma(2.0, lag_weeks * 7 / 2, len(buys))
    more = rng.poisson(repeats * rng.gamma(1.5, 1 / 1.5, len(buys)))
    again_at = np.repeat(first_at, more) + rng.exponential(40 * 7, more.sum())
    person, at = np.append(buys, np.repeat(buys, more)), np.append(first_at, again_at)
    kept = at < 7 * weeks
    person, at = person[kept], at[kept]
    touch = pl.DataFrame(
        {"person": [f"p{i}" for i in range(n)], "channel": channel, "market": market, "campaign": "c1"}
    )
    order = pl.DataFrame({"person": [f"p{i}" for i in person], "at": moments(at)})
    mondays = [(START + 7 * week * DAY).date() for week in range(weeks)]
    spend = pl.concat(
        [
            pl.DataFrame({"channel": channel, "market": m, "campaign": "c1", "week": mondays}).with_columns(
                amount=pl.lit(price * leads_a_week / 2)
            )
            for m in ("DE", "US")
        ]
    )
    return of_frames(
        as_of=(START + (7 * weeks - 1) * DAY).date(),
        spend=spend,
        touch=touch.with_columns(at=moments(lead_at)),
        order=order.with_columns(contribution=pl.Series(pay * np.exp(rng.normal(-0.1, 0.4, len(at))))),
    )


def moments(days: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pl.Series:
    return pl.Series(np.datetime64(START, "us") + (days * 86_400e6).astype("timedelta64[us]"))


def told(facts: Facts) -> Answer:
    return answer(facts, seed=1, draws=300)


def channel_row(found: Answer) -> dict[str, float | str]:
    return found.payback.filter(pl.col("market") == "*").row(0, named=True)


# Counting ---------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 10_000), days=st.integers(1, 60))
def test_more_days_added_are_all_days_counted(seed: int, days: int) -> None:
    whole = world(seed, weeks=12, lag_weeks=2, leads_a_week=40)
    cut = datetime.combine(whole.as_of, datetime.min.time()) - (days - 1) * DAY
    before = of_frames(
        as_of=whole.as_of - days * DAY,
        spend=whole.spend,
        touch=whole.touch.filter(pl.col("at") < cut),
        order=whole.order.sort("at").filter(pl.col("at") < cut),
    )
    after = of_frames(as_of=whole.as_of, spend=whole.spend, touch=whole.touch, order=whole.order.sort("at"))
    start = START.date()
    added, anew = one_more(count(before, start=start), before, after), count(after, start=start)
    assert added.cells == anew.cells
    for field in fields(Counts):
        if field.name not in {"cells", "start", "as_of"}:
            assert getattr(added, field.name) == pytest.approx(getattr(anew, field.name), abs=1e-6), field.name


def test_a_refund_belongs_to_the_order_before_it_and_a_loss_at_first_is_an_order() -> None:
    at = [START + n * DAY for n in (0, 3, 10, 5)]
    order = pl.DataFrame({"person": ["a", "a", "a", "b"], "at": at, "contribution": [50.0, -20.0, 30.0, -4.0]})
    found = purchases(order).sort("person", "number").select("person", "number", "gross", "refund").rows()
    assert found == [("a", 0, 50.0, -20.0), ("a", 1, 30.0, 0.0), ("b", 0, -4.0, 0.0)]


def test_who_ordered_before_the_first_touch_is_no_lead() -> None:
    touch = pl.DataFrame(
        {"person": ["old", "new", "new"], "channel": ["a", "a", "b"], "market": "DE", "campaign": "c1"}
    ).with_columns(at=pl.Series([START + 5 * DAY, START + 2 * DAY, START + 4 * DAY]))
    order = pl.DataFrame({"person": ["old", "new"], "at": [START, START + 4 * DAY], "contribution": [1.0, 1.0]})
    spend = pl.DataFrame(
        {"channel": ["a"], "market": ["DE"], "campaign": ["c1"], "week": [START.date()], "amount": [1.0]}
    )
    found = journeys(of_frames(as_of=date(2025, 2, 1), spend=spend, touch=touch, order=order))
    assert found.lead.select("person", "channel").rows() == [("new", "a")]
    assert found.strangers.height == 1


# Rates ------------------------------------------------------------------------------------------------------------


def test_a_day_is_watched_until_the_last() -> None:
    seen = seasons.watched(np.ones(30), 30, 6)
    assert seen.sum(axis=1) == pytest.approx((30 - 0.5 - np.arange(30)) / 7)


def test_every_lag_is_a_share_of_all_buyers() -> None:
    total = shapes.lags().by_week.sum(axis=1)
    assert (total <= 1 + 1e-9).all()
    assert total[shapes.lags().mean_weeks < 20].min() > 0.97


def test_the_closed_form_is_the_integral_over_the_rate() -> None:
    """One group, one shape, one level: the posterior mean of the rate by quadrature."""
    events, exposed, level, a = 7.0, 120.0, 0.05, 12.0
    alike = np.log([1e-12, 1.0, 1e-12, 1e-12])
    found = pool(
        np.array([[events]]),
        np.array([[exposed]]),
        np.ones((1, 1)),
        np.zeros(1),
        level=(np.log(level), 1e-6),
        alike=alike,
    )
    _, rates, _ = found.draw(np.random.default_rng(1), 200_000)

    def weight(rate: float) -> float:
        return float(gamma.pdf(rate, a, scale=level / a) * poisson.pmf(events, rate * exposed))

    mean = quad(lambda r: r * weight(r), 0, 1)[0] / quad(weight, 0, 1)[0]
    assert rates.mean() == pytest.approx(mean, rel=5e-3)


def test_buyers_who_are_yet_to_come_are_counted_in() -> None:
    """With a lag of 14 weeks, half a year has shown less than half of the buyers."""
    facts = world(weeks=26, leads_a_week=600)
    row = channel_row(told(facts))
    seen = float(row["buyers"]) / float(row["leads"])
    assert seen < 0.6 * 0.06
    true_v24 = 0.76 / 3.0 * 0.06 * 27.6 * (1 + 2.5 * 0.8)  # caused / price × conversion × pay × orders by then, about
    assert float(row["v_m24_p05"]) < true_v24 < float(row["v_m24_p95"])
    assert float(row["lag_weeks_p50"]) == pytest.approx(14, rel=0.35)


def test_a_slow_channel_is_kept_that_has_hardly_earned_yet() -> None:
    facts = world(weeks=26, lag_weeks=16, leads_a_week=400, price=1.6)
    row = channel_row(told(facts))
    assert float(row["earned_p50"]) < 0.6 * float(row["spent"])
    assert (row["verdict"], float(row["p_payback_24"]) > 0.8) == ("pays_back", True)


def test_data_overrule_what_a_name_promises() -> None:
    """A google that acts at once, a tiktok that takes three months."""
    fast = channel_row(told(world(lag_weeks=1.5, channel="google", leads_a_week=400)))
    slow = channel_row(told(world(lag_weeks=12, channel="tiktok", leads_a_week=400)))
    assert float(fast["lag_weeks_p50"]) == pytest.approx(1.5, rel=0.35)
    assert float(slow["lag_weeks_p50"]) == pytest.approx(12, rel=0.4)


@pytest.mark.parametrize(
    ("channel", "campaign", "kind"),
    [
        *[("Google Ads", "", "search"), ("google", "Brand Search DE", "brand search"), ("FB", "", "social")],
        *[("meta_retargeting", "", "retargeting"), ("小红书", "", "unknown"), ("TikTok Shop", "", "short video")],
    ],
)
def test_a_kind_is_read_from_a_name(channel: str, campaign: str, kind: str) -> None:
    assert kind_of(channel, campaign).name == kind


# What is caused, what is lost -------------------------------------------------------------------------------------


def test_an_experiment_moves_the_share_caused_and_narrows_it() -> None:
    facts = world(lag_weeks=2, channel="facebook")
    test = pl.DataFrame({"channel": ["facebook"], "market": ["*"], "lift": [0.3], "se": [0.05]})
    tested = of_frames(as_of=facts.as_of, spend=facts.spend, touch=facts.touch, order=facts.order, experiment=test)
    before, after = channel_row(told(facts)), channel_row(told(tested))
    assert float(before["caused_p50"]) == pytest.approx(0.77, abs=0.03)
    assert float(after["caused_p50"]) == pytest.approx(0.35, abs=0.05)
    assert float(after["v_m24"]) < 0.6 * float(before["v_m24"])


def test_half_consent_doubles_what_a_stored_lead_stands_for() -> None:
    facts = world(lag_weeks=2)
    half = pl.DataFrame({"market": ["*"], "share": [0.5]})
    told_half = of_frames(as_of=facts.as_of, spend=facts.spend, touch=facts.touch, order=facts.order, consent=half)
    assert known_of(told_half).consent == {"DE": 0.5, "US": 0.5, "*": 0.5}
    ratio = float(channel_row(told(told_half))["v_m6"]) / float(channel_row(told(facts))["v_m6"])
    assert ratio == pytest.approx(2, rel=0.06)


def test_nobody_is_recognised_less_than_is_not_lost() -> None:
    assert recognised(0.0, 10) == pytest.approx(np.ones(10))
    kept = recognised(0.5, 500)
    assert (np.diff(kept) < 0).all()
    assert kept[-1] == pytest.approx(0.5, abs=0.01)


def test_without_strangers_nobody_was_lost() -> None:
    counts = count(world(weeks=26))
    season = np.ones(counts.days + seasons.AHEAD_DAYS)
    consent = {"DE": 0.9, "US": 0.9}
    assert share_lost(counts, layout(counts), watched(counts, season), season, consent) < 0.05


# Bands and verdicts -----------------------------------------------------------------------------------------------


@given(seed=st.integers(0, 1000), n=st.integers(2, 50))
def test_quantiles_are_numpys(seed: int, n: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(3, n))
    assert np.array(quantiles(rows, (0.05, 0.5, 0.95))) == pytest.approx(np.quantile(rows, [0.05, 0.5, 0.95], axis=1))


def test_widened_draws_keep_their_median_and_spread_by_the_factor() -> None:
    draws = np.exp(np.random.default_rng(1).normal(size=(1001, 2)))
    wide = widened(draws, 2.0)
    assert np.median(wide, axis=0) == pytest.approx(np.median(draws, axis=0))
    assert np.log(wide).std(axis=0) == pytest.approx(2 * np.log(draws).std(axis=0), rel=0.02)


def test_an_old_merchant_is_judged_by_its_own_forecasts() -> None:
    facts = world(weeks=110, lag_weeks=3, leads_a_week=100)
    many = of_frames(
        as_of=facts.as_of,
        order=facts.order,
        **{
            name: getattr(facts, name).with_columns(
                campaign=pl.Series([f"c{i % 6}" for i in range(getattr(facts, name).height)])
            )
            for name in ("spend", "touch")
        },
    )
    young, old = (
        calibrate(f, journeys(f), count(f), known_of(f), seed=1) for f in (world(weeks=30, lag_weeks=3), many)
    )
    assert (young.scale, young.scores) == (SHIPPED, 0)
    assert old.scores >= 30
    assert 0.8 <= old.scale <= 1.6


def test_the_month_of_payback_is_the_first_by_whose_end_it_is_back() -> None:
    paths = np.array([np.linspace(0.1, 3.6, 36), np.full(36, 0.9), np.linspace(0.04, 1.44, 36)])
    assert payback_months(paths).tolist() == [10, 25, 25]


@pytest.mark.parametrize(
    ("level", "later", "p_earned", "said"),
    [
        *[(1.5, 0.0, 0.9, ("paid_back", "earned")), (1.5, 0.0, 0.1, ("pays_back", "likely"))],
        *[(1.02, 0.0, 0.1, ("pays_back", "even")), (0.8, 0.4, 0.0, ("beyond_24", "later"))],
        *[(0.5, 0.1, 0.0, ("never", "too_little"))],
    ],
)
def test_a_verdict_is_one_word_and_a_reason(level: float, later: float, p_earned: float, said: tuple[str, str]) -> None:
    spread = np.exp(np.linspace(-0.2, 0.2, 101))[:, None]
    paths = spread * np.append(np.linspace(0, level, 24), np.linspace(level, level + later, 12))
    seen = Seen(p_earned=p_earned, leads=10, buyers=10, orders=10, spend_a_week=5, buyers_a_week=5)
    found = judge(paths, seen)
    assert (found.verdict, found.why) == said


def test_what_could_be_anything_asks_for_a_test() -> None:
    paths = np.exp(np.linspace(-3, 3, 101))[:, None] * np.ones(36)
    seen = Seen(p_earned=0, leads=10, buyers=10, orders=10, spend_a_week=50.0, buyers_a_week=20.0)
    found = judge(paths, seen)
    assert (found.verdict, found.why, found.test_weeks, found.test_cost) == ("unidentified", "too_wide", 9, 450.0)


def test_a_band_of_months_holds_no_more_than_it_says() -> None:
    narrow = np.repeat([6.0, 7.0, 8.0], [150, 700, 150])
    assert month_band(narrow) == (7, 7, 7)  # 6 and 8 lie with their middles in the outer tenths
    assert month_band(np.full(400, 25.0)) == (25, 25, 25)
    assert month_band(np.repeat([3.0, 25.0], [200, 200])) == (3, 3, 25)


@given(st.lists(st.integers(1, 25), min_size=1, max_size=60))
def test_a_band_of_months_holds_its_middle(months: list[int]) -> None:
    low, middle, high = month_band(np.array(months, dtype=float))
    assert low <= middle <= high


def test_a_few_loyal_buyers_beside_many_who_leave_are_found() -> None:
    grid = shapes.repeats()
    since = np.arange(60) + 0.5
    rate = 0.9 * np.exp(-since / 8) + 0.1
    seen = np.linspace(2_000.0, 200.0, 60)
    found = pool(0.05 * (rate * seen)[None], seen[None], grid.by_week, grid.log_prior, level=(np.log(0.7), 1.0))
    second_year = found.expected(grid.by_week)[52:104].sum()
    assert second_year == pytest.approx(0.05 * 0.1 * 52, rel=0.25)  # a single decay would have said next to none
