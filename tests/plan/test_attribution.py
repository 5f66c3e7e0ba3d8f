"""Four journeys to Lanhai's kettles, credited by hand; then what of the credit was caused."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haitu.plan.__main__ import main
from haitu.plan.attribution.answer import credit, journeys
from haitu.plan.attribution.caused import Channel, Measurement, caused
from haitu.plan.attribution.rules import RULES, Journeys, shared_out

AS_OF = date(2026, 12, 31)
VIDEO, SEARCH, AGAIN = 0, 1, 2  # video opens, search closes, "again" retargets
# Anna: video, search, again → 100. Bo: search → 40. Chen: video, search → nothing. Dara: video → nothing.
PEOPLE = ((VIDEO, SEARCH, AGAIN), (SEARCH,), (VIDEO, SEARCH), (VIDEO,))
VALUE = (100.0, 40.0, 0.0, 0.0)


def lanhai(*, people: tuple[tuple[int, ...], ...] = PEOPLE, value: tuple[float, ...] = VALUE) -> Journeys:
    return Journeys(
        person=np.repeat(np.arange(len(people)), [len(path) for path in people]),
        cell=np.array([cell for path in people for cell in path], dtype=np.int64),
        value=np.array(value),
        bought=np.array(value) != 0,
        cells=3,
        channel_of=np.arange(3),
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("first", [100, 40, 0]),
        ("last", [0, 40, 100]),
        ("linear", [100 / 3, 100 / 3 + 40, 100 / 3]),
        ("position", [40, 20 + 40, 40]),
        ("shapley", [100 / 3, 100 / 3 + 40, 100 / 3]),
    ],
)
def test_each_rule_gives_what_it_says(rule: str, expected: list[float]) -> None:
    assert shared_out(lanhai(), rule).tolist() == pytest.approx(expected)


def test_markov_credits_by_what_would_be_lost_without_a_cell() -> None:
    # Chances: again buys always (1 of 1); search ends in an order 1/3 or leads to again 1/3, so 2/3; video leads to
    # search 2/3, so 4/9. The start goes to video 3/4, to search 1/4: 1/2 in all. Without video 1/6 is left (−1/3);
    # without search nothing (−1/2); without again search is worth 1/3, so 1/4 is left (−1/4). 140 by 4 : 6 : 3.
    assert shared_out(lanhai(), "markov").tolist() == pytest.approx([140 * 4 / 13, 140 * 6 / 13, 140 * 3 / 13])


def test_a_touch_seen_twice_counts_twice_by_linear_and_once_by_shapley() -> None:
    twice = lanhai(people=((VIDEO, VIDEO, SEARCH),), value=(90.0,))
    assert shared_out(twice, "linear").tolist() == pytest.approx([60, 30, 0])
    assert shared_out(twice, "shapley").tolist() == pytest.approx([45, 45, 0])


def test_journeys_without_any_order_are_owed_nothing() -> None:
    for rule in RULES:
        assert shared_out(lanhai(value=(0.0, 0.0, 0.0, 0.0)), rule).tolist() == [0, 0, 0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 13), min_size=1, max_size=6), st.integers(0, 3)), min_size=1, max_size=25
    ),
    st.sampled_from(RULES),
    st.integers(2, 14),
)
def test_every_rule_gives_away_every_order_exactly_once(
    people: list[tuple[list[int], int]], rule: str, channels: int
) -> None:
    """Law: credits are never below zero and sum to what the buyers brought, with few channels and with many."""
    told = Journeys(
        person=np.repeat(np.arange(len(people)), [len(path) for path, _ in people]),
        cell=np.array([cell for path, _ in people for cell in path], dtype=np.int64),
        value=np.array([float(orders) for _, orders in people]),
        bought=np.array([orders > 0 for _, orders in people]),
        cells=14,
        channel_of=np.arange(14) % channels,
    )
    shared = shared_out(told, rule)
    assert shared.sum() == pytest.approx(sum(orders for _, orders in people))
    assert shared.min() >= -1e-9


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sets(st.integers(0, 4), min_size=1), st.integers(1, 9)), min_size=1, max_size=12))
def test_exact_shapley_is_the_even_split_of_each_journey_over_its_channels(people: list[tuple[set[int], int]]) -> None:
    """Law: a sum of unanimity games has this value; the two are worked out in different ways."""
    told = Journeys(
        person=np.repeat(np.arange(len(people)), [len(path) for path, _ in people]),
        cell=np.array([cell for path, _ in people for cell in sorted(path)], dtype=np.int64),
        value=np.array([float(orders) for _, orders in people]),
        bought=np.ones(len(people), bool),
        cells=5,
        channel_of=np.arange(5),
    )
    even = np.zeros(5)
    for path, value in people:
        even[list(path)] += value / len(path)
    assert shared_out(told, "shapley").tolist() == pytest.approx(even.tolist())


# What was caused --------------------------------------------------------------------------------------------------


def channel(name: str, *, credited: float = 1000.0, touched: float = 1500.0, opened: float = 1000.0) -> Channel:
    return Channel(channel=name, market="DE", campaign="c1", credited=credited, touched=touched, opened=opened)


def lift(name: str, value: float, se: float, *, market: str = "DE") -> Measurement:
    return Measurement(channel=name, market=market, of="touched", value=value, se=se)


def test_a_precise_experiment_decides_and_a_loose_one_is_shrunk() -> None:
    sure = caused([channel("facebook")], [lift("facebook", 0.2, 0.005)], draws=2000, seed=1)
    assert sure.mean[0] == pytest.approx(0.2 * 1500, rel=0.03)
    loose = caused([channel("facebook")], [lift("facebook", 0.2, 0.5)], draws=2000, seed=1)
    assert 500 < loose.mean[0] < 0.76 * 1000 + 1
    assert np.quantile(sure.draws[0], 0.95) - np.quantile(sure.draws[0], 0.05) < 30
    assert (sure.verdict, loose.verdict) == (("measured",), ("measured",))


def test_what_nobody_measured_is_wide_and_never_all() -> None:
    blind = caused([channel("facebook", touched=1000.0)], [], draws=4000, seed=1)
    assert blind.verdict == ("unmeasured",)
    assert blind.draws.max() <= 950.0
    assert np.quantile(blind.draws[0], 0.95) - np.quantile(blind.draws[0], 0.05) > 500


def test_retargeting_that_opens_no_journey_harvests_no_credit_but_an_experiment_may_prove_it() -> None:
    harvests = channel("retargeting", opened=20.0)
    assert caused([harvests], [], draws=2000, seed=1).mean[0] < 60
    proven = caused([harvests], [lift("retargeting", 0.4, 0.01)], draws=2000, seed=1)
    assert proven.mean[0] == pytest.approx(600, rel=0.05)


def test_a_test_in_one_market_speaks_less_firmly_of_another() -> None:
    here = caused([channel("facebook")], [lift("facebook", 0.2, 0.05)], draws=4000, seed=1)
    there = caused([channel("facebook")], [lift("facebook", 0.2, 0.05, market="US")], draws=4000, seed=1)
    assert (here.verdict, there.verdict) == (("measured",), ("pooled",))
    assert there.draws.std() > here.draws.std()
    assert there.mean[0] > here.mean[0]


def test_money_known_from_the_mix_model_counts_for_its_market_only() -> None:
    mix = Measurement(channel="facebook", market="DE", of="money", value=300.0, se=5.0)
    assert caused([channel("facebook")], [mix], draws=2000, seed=1).mean[0] == pytest.approx(300, rel=0.03)
    elsewhere = Measurement(channel="facebook", market="US", of="money", value=300.0, se=5.0)
    assert caused([channel("facebook")], [elsewhere], draws=100, seed=1).verdict == ("unmeasured",)


def test_a_channel_with_no_credit_caused_nothing() -> None:
    none = caused([channel("facebook", credited=0.0, touched=0.0, opened=0.0)], [], draws=50, seed=1)
    assert (none.mean.tolist(), none.draws.max()) == ([0.0], 0.0)
    lost = caused([channel("facebook", credited=-50.0, touched=-50.0)], [], draws=50, seed=1)
    assert np.isfinite(lost.draws).all()


# From tables ------------------------------------------------------------------------------------------------------


def tables(
    touches: list[tuple[str | None, str, str, int]], orders: list[tuple[str | None, int, float]]
) -> pl.DataFrame:
    touch = pl.DataFrame(
        [
            (person, ch, market, "c1", datetime.fromisoformat(f"2026-12-{day:02d}"))
            for person, ch, market, day in touches
        ],
        schema={
            "person": pl.String,
            "channel": pl.String,
            "market": pl.String,
            "campaign": pl.String,
            "at": pl.Datetime("us"),
        },
        orient="row",
    )
    order = pl.DataFrame(
        [(person, datetime.fromisoformat(f"2026-12-{day:02d}"), amount) for person, day, amount in orders],
        schema={"person": pl.String, "at": pl.Datetime("us"), "contribution": pl.Float64},
        orient="row",
    )
    return journeys(touch, order, as_of=AS_OF, lookback_days=20)


def test_touches_after_the_first_order_and_before_the_lookback_do_not_count() -> None:
    seen = tables(
        [("anna", "google", "DE", 1), ("anna", "tiktok", "DE", 25), ("anna", "retargeting", "DE", 30)],
        [("anna", 28, 50.0), ("anna", 31, 20.0), ("zoe", 30, 9.0), (None, 30, 9.0)],
    )
    assert seen.select("person", "channel", "value", "bought").rows() == [("anna", "tiktok", 70.0, True)]


def test_an_order_counts_once_also_for_a_person_of_two_markets() -> None:
    seen = tables([("anna", "google", "DE", 15), ("anna", "google", "US", 16)], [("anna", 28, 50.0)])
    table = credit(seen, "last", [], draws=50, seed=1)
    assert table.select("market", "credited", "verdict").rows() == [("DE", 0.0, "no_data"), ("US", 50.0, "unmeasured")]


def test_refunds_larger_than_orders_give_no_share_and_no_confident_nonsense() -> None:
    seen = tables([("anna", "google", "DE", 15), ("bo", "tiktok", "DE", 15)], [("anna", 20, 30.0), ("anna", 22, -80.0)])
    for rule in RULES:
        table = credit(seen, rule, [lift("google", 0.5, 0.1)], draws=50, seed=1)
        assert table["caused"].to_list() == [0.0, 0.0]
        assert table["share"].to_list() == [0.0, 0.0]
        assert table["verdict"].to_list() == ["no_data", "no_data"]


TOUCH = "person,channel,market,campaign,at\nanna,google,DE,c1,2026-12-01\nbo,retargeting,DE,c1,2026-12-02T10:00:00\n"
ORDER = "person,at,contribution\nanna,2026-12-05,40\nbo,2026-12-05,30\n"


def run(folder: Path, *options: str, **files: str) -> int:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return main(
        ["attribution", "--facts", str(folder), "--as-of", "2026-12-31", "--out", str(folder / "out"), *options]
    )


def test_a_folder_becomes_credit_by_every_rule(tmp_path: Path) -> None:
    assert run(tmp_path, touch=TOUCH, order=ORDER) == 0
    table = pl.read_parquet(tmp_path / "out" / "credit.parquet")
    assert table["rule"].unique(maintain_order=True).to_list() == list(RULES)
    assert table.filter(rule="first")["credited"].to_list() == [40.0, 30.0]
    for column in table.select(pl.selectors.float()):
        assert column.is_finite().all()
    assert (table["caused_p05"] <= table["caused_p95"]).all()
    again = tmp_path / "again"
    again.mkdir()
    assert run(again, "--rule", "markov", touch=TOUCH, order=ORDER) == 0
    rerun = pl.read_parquet(again / "out" / "credit.parquet")
    assert rerun.equals(table.filter(rule="markov"))


def test_the_mix_models_own_table_counts_where_it_knows(tmp_path: Path) -> None:
    mix = (
        "channel,market,contribution_p05,contribution_p50,contribution_p95,verdict\n"
        "google,DE,9,10,11,identified\ngoogle,*,99,100,101,identified\nretargeting,DE,9,10,11,unidentified\n"
    )
    assert run(tmp_path, "--rule", "first", touch=TOUCH, order=ORDER, mix=mix) == 0
    table = pl.read_parquet(tmp_path / "out" / "credit.parquet")
    assert table.select("channel", "verdict").rows() == [("google", "measured"), ("retargeting", "unmeasured")]
    assert table["caused"][0] == pytest.approx(10.0, rel=0.05)


def test_bad_rows_are_refused_by_number(tmp_path: Path) -> None:
    assert (
        run(
            tmp_path,
            touch=TOUCH + "chen,google,DE,c1,2027-02-01\nchen,,DE,c1,2026-12-01\n",
            order=ORDER + "anna,2026-12-05,40\nanna,2027-12-05,40\nanna,2026-12-06,much\n",
            experiment="channel,market,start,end,lift,se\ngoogle,DE,2026-11-01,2026-11-20,0.5,0\n"
            "radio,DE,2026-11-01,2026-11-20,0.5,0.1\ngoogle,DE,2026-11-01,2026-11-20,37,0.1\n"
            "google,DE,2026-11-21,2026-11-20,0.5,0.1\ngoogle,DE,2026-11-01,2027-11-20,0.5,0.1\n",
            incremental="channel,market,contribution,se\nradio,DE,5,1\ngoogle,DE,5,-1\n",
        )
        == 0
    )
    problems = pl.read_csv(tmp_path / "out" / "problems.csv").select("table", "row", "column").rows()
    assert problems == [
        *(("touch", 3, "at"), ("touch", 4, "channel")),
        *(("order", 3, "person"), ("order", 4, "at"), ("order", 5, "contribution")),
        *(("experiment", 1, "se"), ("experiment", 2, "channel"), ("experiment", 3, "lift")),
        *(("experiment", 4, "end"), ("experiment", 5, "end")),
        *(("incremental", 1, "channel"), ("incremental", 2, "se")),
    ]


def test_without_touches_there_is_nothing_to_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, touch="person,channel,market,campaign,at\n,google,DE,c1,2026-12-01\n", order=ORDER) == 1
    assert capsys.readouterr().err.startswith("haitu.plan attribution: No touch of a known person can be used")


def test_touches_without_orders_give_rows_without_credit(tmp_path: Path) -> None:
    assert run(tmp_path, touch=TOUCH, order="person,at,contribution\n") == 0
    table = pl.read_parquet(tmp_path / "out" / "credit.parquet")
    assert set(table["verdict"]) == {"no_data"}
    assert table["caused"].sum() == 0.0
