"""What ships is whole: every row of every shipped file is understood, and what the tables say of known things is so."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from haitu.core.money import EXPONENTS, WITHDRAWN
from haitu.core.tax import rate_on
from haitu.core.territory import EU_SINCE, in_eu
from haitu.links.reference.assumptions import Assumptions, parse_assumptions
from haitu.links.reference.categories import Categories, parse_categories, rule_for
from haitu.links.reference.countries import parse_countries, parse_currencies
from haitu.links.reference.fx import parse_ecb, parse_pegs, pegged
from haitu.links.reference.retail import parse_articles, read_history
from haitu.links.reference.tariff import parse_hs_codes, parse_own_duties, parse_tariff
from haitu.links.reference.tax import parse_tax_rates, parse_thresholds

DATA = Path(__file__).parents[3] / "src/haitu/data"
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def categories() -> Categories:
    parsed, problems = parse_categories(DATA / "demo/categories.toml")
    assert problems == ()
    return parsed


@pytest.fixture(scope="module")
def assumptions() -> Assumptions:
    parsed, problems = parse_assumptions(DATA / "demo/assumptions.toml")
    assert problems == ()
    return parsed


def test_the_package_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 9_000_000


def test_every_folder_says_where_it_comes_from() -> None:
    assert [
        folder.name for folder in DATA.iterdir() if folder.is_dir() and not (folder / "PROVENANCE.md").exists()
    ] == []


@pytest.mark.parametrize(
    ("country", "region", "category", "on", "rate_bp"),
    [
        ("DE", "", "standard", TODAY, 1900),
        ("DE", "", "standard", date(2020, 8, 1), 1600),
        ("GB", "", "standard", TODAY, 2000),
        ("FR", "", "standard", TODAY, 2000),
        ("EE", "", "standard", TODAY, 2400),
        ("JP", "", "standard", TODAY, 1000),
        ("AE", "", "standard", TODAY, 500),
        ("BH", "", "standard", TODAY, 1000),
        ("TH", "", "standard", TODAY, 700),
        ("CH", "", "standard", date(2017, 12, 31), 800),
        ("CA", "ON", "standard", TODAY, 1300),
        ("CA", "NS", "standard", TODAY, 1400),
        ("CA", "AB", "standard", TODAY, 500),
        ("US", "", "standard", TODAY, 0),
        ("US", "CA", "standard", TODAY, 725),
        ("US", "OR", "standard", TODAY, 0),
    ],
)
def test_known_tax_rates(country: str, region: str, category: str, on: date, rate_bp: int) -> None:
    shared, problems = parse_tax_rates(DATA / "tax/rates.csv")
    own, own_problems = parse_tax_rates(DATA / "tax/overrides.csv")
    assert problems + own_problems == ()
    assert rate_on(shared + own, country=country, region=region, category=category, on=on).rate_bp == rate_bp


def test_no_two_tax_rates_hold_for_one_place_category_and_day() -> None:
    rates = parse_tax_rates(DATA / "tax/rates.csv")[0] + parse_tax_rates(DATA / "tax/overrides.csv")[0]
    last: dict[tuple[str, str, str], date] = {}
    for rate in sorted(rates, key=lambda rate: rate.valid_from or date.min):
        place = (rate.country, rate.region, rate.category)
        assert (rate.valid_from or date.min) > last.get(place, date.min) or place not in last, rate
        last[place] = rate.valid_to or date.max


def test_thresholds_of_today() -> None:
    thresholds, problems = parse_thresholds(DATA / "tax/thresholds.csv")
    assert problems == ()
    now = {
        (each.country, each.kind): (each.amount_minor, each.currency, each.inclusive)
        for each in thresholds
        if not each.origin and (each.valid_from or TODAY) <= TODAY <= (each.valid_to or TODAY)
    }
    assert {place: amount for place, amount in now.items() if place[0] in {"EU", "GB", "US", "AU", "JP"}} == {
        ("EU", "flat_duty_to"): (15000, "EUR", False),
        ("EU", "flat_duty_each"): (300, "EUR", False),
        ("EU", "seller_collects"): (15000, "EUR", True),
        ("GB", "duty_free"): (13500, "GBP", True),
        ("GB", "seller_collects"): (13500, "GBP", True),
        ("AU", "duty_free"): (100_000, "AUD", True),
        ("AU", "seller_collects"): (100_000, "AUD", True),
        ("JP", "duty_free"): (10_000, "JPY", True),
        ("JP", "import_vat_free"): (10_000, "JPY", True),
    }


def test_every_tariff_line_is_read_and_known_ones_are_right() -> None:
    lines, problems = parse_tariff(DATA / "tariff/lines.parquet")
    six, six_problems = parse_tariff(DATA / "tariff/six_digits.parquet")
    assert problems + six_problems == ()
    assert len(lines) == 35_074
    duties = {(line.territory, line.hs_code): (line.ad_valorem_bp, line.specific_minor) for line in lines + six}
    assert duties["US", "61091000"] == (1650, None)  # cotton T-shirts
    assert duties["EU", "61091000"] == (1200, None)
    assert duties["GB", "95030010"] == (0, None)  # toy wheels
    assert duties["EU", "691110"] == (1200, None)  # porcelain tableware
    assert duties["US", "691110"] == (2080, None)
    assert duties["EU", "940531"] == (370, None)  # renumbered in the Harmonized System of 2022
    assert duties["US", "910529"] == (430, 30)  # 30 cents a clock and 4.3 %


def test_duties_written_by_hand_are_all_read() -> None:
    extra, problems = parse_own_duties(DATA / "tariff/origin_overrides.csv")
    estimates, more = parse_own_duties(DATA / "tariff/estimates.csv")
    assert problems + more == ()
    assert {line.additional for line in extra} == {True}
    assert {line.additional for line in estimates} == {False}
    on_candles_from_china = [
        line.ad_valorem_bp
        for line in extra
        if line.origin in {"", "CN"}
        and "340600".startswith(line.hs_code)
        and (line.valid_from or TODAY) <= TODAY <= (line.valid_to or TODAY)
    ]
    assert sorted(on_candles_from_china, key=str) == [1250, 750]


def test_the_harmonized_system_is_whole() -> None:
    codes, problems = parse_hs_codes(DATA / "hs/codes.parquet")
    assert problems == ()
    assert [sum(len(code.code) == digits for code in codes) for digits in (2, 4, 6)] == [97, 1229, 5613]


def test_the_bank_and_the_pegs_price_every_demo_currency(assumptions: Assumptions) -> None:
    rates, problems = parse_ecb(DATA / "fx/ecb.parquet")
    pegs, peg_problems = parse_pegs(DATA / "fx/pegs.csv")
    assert problems + peg_problems == ()
    last = {rate.quote: rate.rate_e9 for rate in (*rates, *pegged(rates, pegs)) if rate.on == date(2026, 10, 30)}
    assert (last["USD"], last["JPY"], last["AED"]) == (1_117_200_000, 175_680_000_000, 4_102_917_000)
    assert {market.currency for market in assumptions.markets} - last.keys() - {"EUR"} == set()


def test_countries_and_the_union_agree_with_the_rules() -> None:
    countries, problems = parse_countries(DATA / "countries/countries.csv")
    assert problems == ()
    assert len(countries) == 249
    listed = {c.iso2 for c in countries if c.eu_from and c.eu_from <= TODAY <= (c.eu_to or TODAY)}
    assert listed == {c.iso2 for c in countries if in_eu(c.iso2, TODAY)}
    assert {c.eu_from for c in countries if c.eu_from} == set(EU_SINCE)
    assert [(c.name_en, c.name_zh, c.currency) for c in countries if c.iso2 == "DE"] == [("Germany", "德国", "EUR")]


def test_currencies_are_those_of_the_money_rules() -> None:
    currencies, problems = parse_currencies(DATA / "countries/currencies.csv")
    assert problems == ()
    assert {c.code: c.exponent for c in currencies} == {
        code: digits for code, digits in EXPONENTS.items() if code not in WITHDRAWN.split()
    }


def test_the_history_is_the_first_eighteen_months_and_nothing_is_lost() -> None:
    history, problems = read_history(DATA / "online_retail_ii/lines.parquet")
    assert problems == ()
    assert history.lines.height == sum(history.count_by_kind.values()) == 711_967
    assert history.count_by_kind["goods"] == 690_281
    # The split's own figure is 13,931,765.965 pounds; the 15 lines at a tenth of a penny have become free.
    positive = history.lines.filter(
        (history.lines["quantity"] > 0)
        & (history.lines["price_minor"] > 0)
        & ~history.lines["invoice"].str.starts_with("C")
    )
    assert (positive["quantity"].cast(int) * positive["price_minor"]).sum() == 1_393_176_595


def test_every_article_has_its_place_and_at_most_one_in_fifty_is_left_over(categories: Categories) -> None:
    articles, problems = parse_articles(DATA / "online_retail_ii/articles.parquet")
    assert problems == ()
    assert len(articles) == 4_290
    placed = [rule_for(article.title, categories.rules).category for article in articles]
    assert placed.count("other") * 50 < len(articles)
    assert set(placed) == {category.code for category in categories.categories}


def test_every_rule_names_a_subheading_of_the_harmonized_system_and_a_shipped_icon(categories: Categories) -> None:
    codes = {code.code for code in parse_hs_codes(DATA / "hs/codes.parquet")[0]}
    icons = json.loads((DATA / "pictures/icons.json").read_text(encoding="utf-8"))
    assert {rule.hs_code for rule in categories.rules} - codes == set()
    assert {rule.icon for rule in categories.rules} - icons.keys() == set()
    assert {category.icon for category in categories.categories} - icons.keys() == set()
    assert {tuple(category.names) for category in categories.categories} == {("en", "zh", "de", "fr", "ja", "ar", "pt")}


def test_the_duty_of_every_rule_is_known_in_every_demo_market(categories: Categories, assumptions: Assumptions) -> None:
    estimates = parse_own_duties(DATA / "tariff/estimates.csv")[0]
    known = [
        line
        for line in (*parse_tariff(DATA / "tariff/six_digits.parquet")[0], *estimates)
        if line.ad_valorem_bp is not None
    ]
    prefixes: dict[str, set[str]] = {}
    for line in known:
        prefixes.setdefault(line.territory, set()).add(line.hs_code)
    territories = {"EU" if in_eu(market.country, TODAY) else market.country for market in assumptions.markets}
    unknown = [
        (territory, rule.hs_code)
        for territory in territories
        for rule in categories.rules
        if not any(rule.hs_code.startswith(prefix) for prefix in prefixes[territory])
    ]
    assert unknown == []


def test_every_language_of_a_demo_market_has_its_words(assumptions: Assumptions) -> None:
    """Portuguese is pt-br here: plain pt has no catalogue, and the shop in Brazil spoke English."""
    spoken = {tag.lower() for market in assumptions.markets for tag in market.languages}
    assert spoken - {tag for tag, _name in settings.LANGUAGES} == set()


def test_every_demo_market_is_reached_by_a_lane(assumptions: Assumptions) -> None:
    reached = {lane.destination for lane in assumptions.lanes}
    assert {market.country for market in assumptions.markets} == reached
    assert {lane.tariff for lane in assumptions.lanes} == {tariff.code for tariff in assumptions.tariffs}
