"""`python -m haitu.plan budget` on folders as a merchant may give them, good and bad."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from haitu.plan.__main__ import main
from haitu.plan.budget.facts import gather, next_quarter
from haitu.plan.tables import BadTable

AS_OF = date(2026, 12, 20)
RESPONSE = """channel,market,campaign,month,spend,r_m1,r_m6,r_m12
search,DE,kettles,,100,0,60,300
search,DE,kettles,,200,0,90,450
video,DE,kettles,,100,90,130,140
video,DE,kettles,,200,170,240,260
video,DE,kettles,2027-02-01,100,100,150,180
"""
SPEND = """channel,market,campaign,week,amount
search,DE,kettles,2026-12-14,30
video,DE,kettles,2026-12-14,60
"""


def folder(at: Path, **tables: str) -> Path:
    for name, text in tables.items():
        (at / f"{name}.csv").write_text(text)
    return at


def asked(facts: Path, *options: str) -> int:
    return main(["budget", "--facts", str(facts), "--as-of", str(AS_OF), "--out", str(facts / "out"), *options])


def written(facts: Path, name: str) -> pl.DataFrame:
    table = pl.read_parquet(facts / "out" / f"{name}.parquet")
    for column in table.select(pl.selectors.float()):
        assert column.is_finite().all(), f"{name}.{column.name} holds what is no number"
    return table


def test_the_next_quarter_begins_after_this_month() -> None:
    assert next_quarter(AS_OF) == (date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1))
    assert next_quarter(date(2026, 9, 30)) == (date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1))


def test_a_folder_of_responses_becomes_a_plan_with_moves_cash_and_sentences(tmp_path: Path) -> None:
    facts = folder(tmp_path, response=RESPONSE, spend=SPEND)
    assert asked(facts, "--cash", "250", "--horizon-months", "6") == 0
    budget = written(facts, "budget")
    assert budget.columns == [
        *("channel", "market", "campaign", "month", "before", "spend", "returned", "profit"),
        *("next_brings", "break_even_price", "verdict"),
    ]
    assert budget["month"].to_list() == ["2027-01", "2027-02", "2027-03"] * 2
    assert min(written(facts, "cash")["cash"].to_list()) >= -1e-6
    assert set(written(facts, "told")["code"]) <= {"cash_worth", "cash_suffices", "payback_month_worth"}
    assert written(facts, "moves")["gain"].sum() == pytest.approx(
        (written(facts, "summary")["profit"] - written(facts, "summary")["profit_before"]).item()
    )
    assert (facts / "out" / "problems.csv").read_text() == "table,row,column,given,wanted\n"


def test_a_month_of_its_own_has_its_own_response(tmp_path: Path) -> None:
    responses = gather(folder(tmp_path, response=RESPONSE), as_of=AS_OF, opening=None, seed=1, draws=5).responses
    assert [curve.returned[-1] for curve in responses.curves[1]] == [260.0, 180.0, 260.0]
    # Of video's two points, 90/140 of the one and 100/180 of the other came in the first month: the slower counts.
    assert responses.shares[1][1] == pytest.approx(100 / 180)


def test_dearer_ads_are_re_solved_and_told_as_moves(tmp_path: Path) -> None:
    facts = folder(tmp_path, response=RESPONSE, spend=SPEND)
    assert asked(facts, "--price-shock", "video=+30%") == 0
    moves = written(facts, "moves")
    assert moves.select("from_channel", "to_channel", "why").rows() == [
        ("video", "video", "other_month"),  # February's response is better
        ("video", None, "brings_too_little"),
    ]
    assert asked(facts, "--price-shock", "radio=+30%") == 1
    assert asked(facts, "--price-shock", "video+30%") == 1
    assert asked(facts, "--price-shock", "video=-100%") == 1


PAYBACK = """channel,market,campaign,spent,v_m3_p05,v_m3_p50,v_m3_p95,v_m24_p05,v_m24_p50,v_m24_p95,verdict
search,DE,kettles,1000,0.1,0.2,0.3,1.2,2.0,3.0,pays_back
video,DE,kettles,1000,0.5,0.8,1.1,0.4,0.9,4.0,unidentified
radio,DE,kettles,0,,,,,,,no_data
"""


def test_payback_and_spend_make_the_curves_where_no_response_is_given(tmp_path: Path) -> None:
    facts = folder(tmp_path, payback=PAYBACK, spend=SPEND)
    assert asked(facts) == 0
    budget = written(facts, "budget")
    assert budget["channel"].unique(maintain_order=True).to_list() == ["search", "video"]
    today = 60 / 13 * 365.25 / 12 / 7
    assert budget.filter(channel="video")["before"].to_list() == [pytest.approx(today)] * 3
    assert max(budget.filter(channel="video")["spend"].to_list()) <= today + 1e-9
    assert budget.filter(channel="search")["verdict"].to_list() == ["planned"] * 3
    assert "unidentified" in set(written(facts, "told")["code"])


def test_the_elasticity_is_told_or_the_mix_models_or_assumed(tmp_path: Path) -> None:
    def brings_at_double(**tables: str) -> float:
        facts = folder(tmp_path, payback=PAYBACK, spend=SPEND, **tables)
        curve = gather(facts, as_of=AS_OF, opening=None, seed=1, draws=5).responses.curves[0][0]
        return round(float(curve.returned[-1] / curve.at(30 / 13 * 365.25 / 12 / 7)), 3)

    assert brings_at_double() == round(2 * (1 / 0.7) / (1 + 2 * (1 / 0.7 - 1)), 3)
    mix = "channel,market,verdict,roi_p50,marginal_p50\nsearch,*,identified,2,1\nsearch,DE,unidentified,2,0.1\n"
    assert brings_at_double(mix=mix) == round(2 * 2 / 3, 3)
    assert brings_at_double(elasticity="channel,elasticity\nsearch,1\nsearch,7\n") == 2.0


def test_the_same_seed_gives_the_same_plan(tmp_path: Path) -> None:
    facts = folder(tmp_path, payback=PAYBACK, spend=SPEND)
    plans = []
    for seed in ("1", "1", "2"):
        assert asked(facts, "--seed", seed, "--caution", "0.5") == 0
        plans.append(written(facts, "summary")["worst_draws_profit"].item())
    assert plans[0] == plans[1] != plans[2]


def test_bad_rows_are_refused_by_number_and_the_others_are_planned(tmp_path: Path) -> None:
    facts = folder(
        tmp_path,
        response=RESPONSE
        + "search,DE,kettles,,-5,1,2,3\nsearch,DE,kettles,,200,0,1,2\nsearch,DE,kettles,,many,0,1,2\n",
        spend=SPEND
        + "search,DE,kettles,2026-12-07,-3\nsearch,DE,kettles,2027-12-06,3\nvideo,DE,kettles,2026-12-14,60\n",
        limit="channel,market,campaign,month,minimum,maximum,when_used\nradio,,,,,5,\nvideo,,,2029-01-01,,5,\n",
        terms="channel,credit_days\nsearch,-3\n",
        settlement="market,share,days\nDE,-1,7\n",
        fx="market,month,rate\nDE,2027-01-01,0\n",
        draw="draw,channel,market,campaign,factor\n0,search,DE,kettles,-1\n",
    )
    assert asked(facts) == 0
    problems = pl.read_csv(facts / "out" / "problems.csv").select("table", "row", "column").rows()
    assert sorted(problems) == [
        ("draw", 1, "factor"),
        ("fx", 1, "rate"),
        ("limit", 1, "channel"),
        ("limit", 2, "month"),
        ("response", 6, "spend"),
        ("response", 7, "channel"),
        ("response", 8, "spend"),
        ("settlement", 1, "share"),
        ("spend", 3, "amount"),
        ("spend", 4, "week"),
        ("spend", 5, "channel"),
        ("terms", 1, "credit_days"),
    ]


def test_a_folder_with_nothing_to_plan_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(folder(tmp_path, spend=SPEND)) == 1
    assert asked(folder(tmp_path, payback=PAYBACK, spend="channel,market,campaign,week,amount\n")) == 1
    nothing = "There is no response to plan with: give a table `response`, or `payback` beside `spend`."
    assert capsys.readouterr().err.splitlines() == [f"haitu.plan budget: {nothing}"] * 2
    assert asked(folder(tmp_path, response="channel,market,campaign,spend\nsearch,DE,kettles,5\n")) == 1
    assert capsys.readouterr().err == (
        "haitu.plan budget: The table speaks of no month after the spending; give columns such as r_m24.\n"
    )


def test_without_response_and_payback_the_payback_is_worked_out_from_touches_and_orders(tmp_path: Path) -> None:
    people = [f"p{i}" for i in range(60)]
    facts = folder(
        tmp_path,
        spend="channel,market,campaign,week,amount\n"
        + "".join(f"search,DE,kettles,2026-{week},300\n" for week in ("10-05", "10-12", "10-19", "11-02", "11-16")),
        touch="person,channel,market,campaign,at\n"
        + "".join(f"{p},search,DE,kettles,2026-10-{6 + i % 20:02d}\n" for i, p in enumerate(people)),
        order="person,at,contribution\n"
        + "".join(f"{p},2026-11-{1 + i % 28:02d},45\n" for i, p in enumerate(people) if i % 2),
    )
    assert asked(facts, "--cash", "500") == 0
    assert written(facts, "budget")["channel"].to_list() == ["search"] * 3


def test_two_currencies_are_refused(tmp_path: Path) -> None:
    facts = folder(
        tmp_path,
        response=RESPONSE,
        spend="channel,market,campaign,week,amount,currency\n"
        "search,DE,kettles,2026-12-14,30,EUR\nvideo,DE,kettles,2026-12-14,30,USD\n",
    )
    with pytest.raises(BadTable, match="several currencies"):
        gather(facts, as_of=AS_OF, opening=None, seed=1, draws=5)


def test_a_plan_that_cannot_be_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = folder(
        tmp_path,
        response=RESPONSE,
        limit="channel,market,campaign,minimum\nsearch,,,200\n",
        cash="month,amount,floor\n2027-01-01,-50,0\n",
    )
    assert asked(facts, "--cash", "100") == 1
    assert capsys.readouterr().err.startswith("haitu.plan budget: No plan keeps all of: ")


def test_money_terms_rates_and_draws_are_read_for_the_cells_they_speak_of(tmp_path: Path) -> None:
    facts = gather(
        folder(
            tmp_path,
            response=RESPONSE,
            terms="channel,credit_days\nsearch,30\n",
            settlement="market,outlet,share,days\nDE,shop,3,2\nDE,lazada,1,30\n",
            fx="market,month,rate\nDE,2026-12-01,0.9\nDE,2027-03-01,0.8\n",
            cash="month,amount,floor\n2027-01-01,5,1\n2027-01-01,5,2\n2027-03-01,-4,0\n",
            draw="draw,channel,market,campaign,factor\n0,search,DE,kettles,0.5\n1,search,DE,kettles,1.5\n",
        ),
        as_of=AS_OF,
        opening=None,
        seed=1,
        draws=5,
    )
    money = facts.money
    assert (money.opening, list(money.other), list(money.floor)) == (0.0, [10, 0, -4], [2, 0, 0])
    assert list(money.credit_days) == [30.0, 0.0]
    assert money.settlement == (((0.75, 2.0), (0.25, 30.0)),) * 2
    assert money.rate.tolist() == [[0.9, 0.9, 0.8]] * 2
    assert facts.responses.factors.tolist() == [[0.5, 1.0], [1.5, 1.0]]
