"""A merchant's own files: good rows are kept, bad fields are named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from haitu.core.customs import DutyLine, Threshold
from haitu.core.money import FxRate
from haitu.core.tax import TaxRate
from haitu.links.reference.assumptions import GoodsCosts, parse_assumptions
from haitu.links.reference.categories import parse_categories, rule_for
from haitu.links.reference.fx import parse_ecb, parse_pegs, pegged
from haitu.links.reference.retail import read_history
from haitu.links.reference.table import Problem
from haitu.links.reference.tariff import parse_own_duties, parse_tariff
from haitu.links.reference.tax import parse_tax_rates, parse_thresholds

DEMO = Path(__file__).parents[3] / "src/haitu/data/demo"


def written(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def told(problems: tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems]


def test_a_good_tax_rate_is_kept_and_a_bad_one_told(tmp_path: Path) -> None:
    rates, problems = parse_tax_rates(
        written(
            tmp_path,
            "country,region,kind,category,rate_bp,valid_from,valid_to,source\n"
            "DE,,vat,standard,1900,2021-01-01,,the law\n"
            "Deutschland,,vat,standard,19 %,2021-01-01,,\n",
        )
    )
    assert rates == (
        TaxRate(
            country="DE",
            region="",
            kind="vat",
            category="standard",
            rate_bp=1900,
            valid_from=date(2021, 1, 1),
            valid_to=None,
            source="the law",
        ),
    )
    assert told(problems) == [
        "line 3, country: 'Deutschland' given, a country code of two letters wanted",
        "line 3, rate_bp: '19 %' given, a whole number wanted",
        "line 3, source: '' given, some text wanted",
    ]


def test_a_threshold_is_at_or_below(tmp_path: Path) -> None:
    thresholds, problems = parse_thresholds(
        written(
            tmp_path,
            "country,kind,amount_minor,currency,operator,origin,valid_from,valid_to,source\n"
            "GB,seller_collects,13500,GBP,lte,,2021-01-01,,HMRC\n"
            "GB,free_of_all,13500,GBP,under,,2021-01-01,,HMRC\n",
        )
    )
    assert thresholds == (
        Threshold(
            country="GB",
            kind="seller_collects",
            amount_minor=13500,
            currency="GBP",
            inclusive=True,
            origin="",
            valid_from=date(2021, 1, 1),
            valid_to=None,
            source="HMRC",
        ),
    )
    assert [(problem.line, problem.column) for problem in problems] == [(3, "kind"), (3, "operator")]


NATIONAL = (
    "territory,hs_code,text,ad_valorem_bp,specific_minor,specific_currency,specific_quantity,specific_unit,"
    "valid_from,source\n"
)


def test_a_duty_by_weight_or_piece_is_reckoned_and_one_by_litre_only_told(tmp_path: Path) -> None:
    lines, problems = parse_tariff(
        written(
            tmp_path,
            NATIONAL + "US,0101,5.3¢/kg,0,53,USD,10000,g,,HTS\n"
            "US,0102,30¢ each + 4.3%,430,30,USD,1,item,,HTS\n"
            "US,0103,14¢/gross,0,14,USD,1,gross,,HTS\n"
            "US,0104,23¢/liter,0,23,USD,1,l,,HTS\n",
        )
    )
    assert problems == ()
    assert [(line.ad_valorem_bp, line.specific_minor, line.specific_per_g) for line in lines] == [
        (0, 53, 10_000),
        (430, 30, None),
        (0, 1, None),
        (None, None, None),
    ]


def test_an_extra_duty_on_all_goods_of_an_origin(tmp_path: Path) -> None:
    header = (
        "territory,hs_code,origin,additional,ad_valorem_bp,specific_minor,specific_currency,specific_per_g,text,"
        "valid_from,valid_to,source\n"
    )
    lines, problems = parse_own_duties(
        written(tmp_path, header + 'US,,CN,yes,1250,,,,"+12.5 %",2026-07-24,,FR\nUS,9,CN,yes,,,,,?,2026-07-24,,FR\n')
    )
    assert lines == (
        DutyLine(
            territory="US",
            hs_code="",
            origin="CN",
            additional=True,
            ad_valorem_bp=1250,
            specific_minor=None,
            specific_currency="",
            specific_per_g=None,
            text="+12.5 %",
            valid_from=date(2026, 7, 24),
            valid_to=None,
            source="FR",
        ),
    )
    assert [(problem.line, problem.column) for problem in problems] == [(3, "hs_code"), (3, "ad_valorem_bp")]


def test_a_dirham_follows_the_dollar(tmp_path: Path) -> None:
    rates, problems = parse_ecb(written(tmp_path, "on,USD,XYZ\n2026-10-29,,1\n2026-10-30,1.1172,\n", "ecb.csv"))
    pegs, none = parse_pegs(
        written(tmp_path, "currency,anchor,per_anchor,valid_from,source\nAED,USD,3.6725,1997-11-01,CBUAE\n", "pegs.csv")
    )
    assert none == ()
    assert told(problems) == ["line 2, XYZ: '1' given, a column named by a currency code wanted"]
    assert pegged(rates, pegs) == (
        FxRate(base="EUR", quote="AED", rate_e9=4_102_917_000, on=date(2026, 10, 30), source="peg to USD, CBUAE"),
    )


def test_a_currency_the_bank_quotes_is_not_pegged(tmp_path: Path) -> None:
    rates, _ = parse_ecb(written(tmp_path, "on,USD,AED\n2026-10-30,1.1,4.0\n", "ecb.csv"))
    pegs, _ = parse_pegs(
        written(tmp_path, "currency,anchor,per_anchor,valid_from,source\nAED,USD,3.6725,1997-11-01,CBUAE\n", "pegs.csv")
    )
    assert pegged(rates, pegs) == ()


def test_a_line_of_an_unheard_of_kind_is_told(tmp_path: Path) -> None:
    shipped = pl.read_parquet(DEMO.parent / "online_retail_ii/lines.parquet").head(3)
    shipped.with_columns(kind=pl.Series(["goods", "stolen", None])).write_parquet(tmp_path / "lines.parquet")
    history, problems = read_history(tmp_path / "lines.parquet")
    assert history.count_by_kind == {"goods": 1}
    assert [(problem.line, problem.column, problem.given) for problem in problems] == [
        (3, "kind", "stolen"),
        (4, "kind", ""),
    ]


def test_a_history_of_other_columns_is_refused_column_by_column(tmp_path: Path) -> None:
    pl.DataFrame({"invoice": ["1"]}).write_parquet(tmp_path / "lines.parquet")
    history, problems = read_history(tmp_path / "lines.parquet")
    assert history.lines.height == 0
    assert [problem.column for problem in problems][:2] == ["at", "customer"]


CATEGORIES = """
[[category]]
code = "candles"
icon = "candle"
names = { en = "Candles" }

[[rule]]
category = "candles"
goods = "candle holder"
hs = "940550"
weight_g = 220
size_mm = [100, 90, 90]
icon = "candle"
words = ["T-LIGHT HOLDER"]

[[rule]]
category = "candles"
goods = "candles"
hs = "340600"
weight_g = 200
size_mm = [75, 75, 90]
icon = "candle"
words = []
"""


def test_the_first_rule_that_fits_wins_whole_words_only(tmp_path: Path) -> None:
    parsed, problems = parse_categories(written(tmp_path, CATEGORIES, "c.toml"))
    assert problems == ()
    titles = ("White Hanging Heart T-Light Holder", "SET/6 T LIGHT HOLDERS", "T-Light Holderless Plate", "Anything")
    assert [rule_for(title, parsed.rules).goods for title in titles] == [
        "candle holder",
        "candle holder",
        "candles",
        "candles",
    ]


def test_a_rule_with_a_slip_is_told_by_its_line(tmp_path: Path) -> None:
    slips = (
        CATEGORIES.replace("[100, 90, 90]", "[100, 90]")
        .replace('hs = "340600"', 'hs = "3406"')
        .replace("goods =", "good =", 1)
    )
    parsed, problems = parse_categories(written(tmp_path, slips, "c.toml"))
    assert parsed.rules == ()
    assert [(problem.line, problem.column) for problem in problems] == [
        (7, "good"),
        (7, "size_mm"),
        (7, "goods"),
        (16, "hs"),
        (23, "words"),
    ]


def test_a_lane_from_nowhere_and_shares_that_do_not_sum_are_told(tmp_path: Path) -> None:
    text = (DEMO / "assumptions.toml").read_text(encoding="utf-8")
    changed = text.replace('origin = "LEJ"', 'origin = "XXX"', 1).replace(
        "stock_share_bp = 3000", "stock_share_bp = 2999"
    )
    before, _ = parse_assumptions(DEMO / "assumptions.toml")
    after, problems = parse_assumptions(written(tmp_path, changed, "a.toml"))
    assert len(after.lanes) == len(before.lanes) - 1
    assert [(problem.column, problem.given) for problem in problems] == [
        ("origin", "XXX"),
        ("stock_share_bp", "9999 in all warehouses"),
    ]


def test_a_broken_file_is_told_not_raised(tmp_path: Path) -> None:
    _, problems = parse_categories(written(tmp_path, "[[category]\n", "c.toml"))
    assert problems[0].wanted == "a file in TOML"


def test_goods_cost_their_share_of_the_list_price_half_up_and_never_nothing() -> None:
    costs = GoodsCosts(default_cost_bp=4000, cost_bp={"cards": 3000}, origin_country="CN")
    assert [costs.cost_minor(price, "candles") for price in (295, 1)] == [118, 1]
    assert costs.cost_minor(125, "cards") == 38
