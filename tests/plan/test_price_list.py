"""A price list on disk: complete, refreshed where something changed, never half a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from haitu.core.book import Destination
from haitu.core.freight import Break, Lane, Piece, Tariff
from haitu.core.money import Exchange
from haitu.plan.quotes.duties import Tariffs
from haitu.plan.quotes.offer import Offer, offer
from haitu.plan.quotes.price_list import PART, PriceList, Refresh, file_of
from haitu.plan.quotes.sale import rules_of
from haitu.plan.quotes.sheet import quotes, road_of
from haitu.plan.quotes.skus import Skus, from_items
from tests.core.hengda import ITEMS, LANES, LEIPZIG, PER_EUR_E9, SHENZHEN, TODAY, fx, lane, market, terms

CARTONS = Piece(sku="carton", quantity=500, weight_g=10_000, length_mm=500, width_mm=400, height_mm=300)
CARD = Tariff(
    code="RAIL",
    currency="USD",
    divisor_cm3_per_kg=1000,
    step_g=1000,
    breaks=(Break(up_to_g=68_000_000, base_minor=3_000_00),),
)
RAIL = replace(lane(50, SHENZHEN, "DE", tariff=CARD), code="SZX-LEJ", to_warehouse_id=LEIPZIG)
BY = {lane.code: lane for lane in LANES}


def goods(count: int) -> Skus:
    items = [replace(list(ITEMS.values())[n % 3], variant_id=n, list_minor=10_00 + 7 * n) for n in range(count)]
    return from_items(items, [300 + n for n in range(count)])


def offers(skus: Skus, **lanes: Lane) -> dict[str, Offer]:
    """Germany: direct, or by rail over Leipzig; Britain: direct, or over Leipzig."""
    tariffs = Tariffs(skus.classes, TODAY)
    rail, de, gb = lanes.get("rail", RAIL), lanes.get("de", BY["LEJ-DE"]), lanes.get("gb", BY["LEJ-GB"])
    paths = {"DE": [(BY["SZX-DE"],), (rail, de)], "GB": [(BY["SZX-GB"],), (rail, gb)]}
    made = {}
    for country, roads in paths.items():
        of = terms(market(country))
        to = Destination(country=country)
        into_base = Exchange(currency="CNY", rates={code: fx(code, "CNY") for code in PER_EUR_E9}, on=TODAY)
        found = [road_of(road, of, tariffs, shipment=CARTONS, into_base=into_base, to=to) for road in roads]
        made[country] = offer(rules_of(of, skus.categories, tariffs, to=to), found, of)
    return made


def price_list(root: Path, skus: Skus, offered: dict[str, Offer]) -> Refresh:
    return PriceList(root=root, skus=skus, offers=offered, chunk=40).refresh()


def prices(root: Path, country: str) -> pl.DataFrame:
    return pl.read_parquet(root / "prices" / f"market={country}" / "*.parquet").sort("variant_id")


@pytest.fixture
def skus() -> Skus:
    return goods(100)


def dearer(one: Lane) -> Lane:
    return replace(one, tariff=replace(one.tariff, fuel_bp=one.tariff.fuel_bp + 777))


def test_every_sku_has_its_shelf_price_and_best_paths(tmp_path: Path, skus: Skus) -> None:
    offered = offers(skus)
    assert price_list(tmp_path, skus, offered) == Refresh(written=6, kept=0, removed=0, quotes=400, changed_quotes=400)
    found = prices(tmp_path, "DE")
    assert found["variant_id"].to_list() == list(range(100))
    direct, over = (quotes(skus, offered["DE"].rules, road, terms(market("DE"))) for road in offered["DE"].roads[::-1])
    for sku in range(100):
        wanted = sorted(
            (-int(sheet.waterfall.contribution[sku]), name)  # type: ignore[index]
            for sheet, name in ((direct, "SZX-DE"), (over, "SZX-LEJ > LEJ-DE"))
            if not sheet.refused[sku]
        )
        row = found.row(sku, named=True)
        told = [(row[f"contribution_{n}_minor"], row[f"path_{n}"]) for n in (1, 2, 3) if row[f"path_{n}"] is not None]
        assert told == [(-minor, name) for minor, name in wanted]


def test_the_paths_are_listed_with_their_days(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    paths = pl.read_parquet(tmp_path / "paths" / "paths.parquet")
    assert paths.filter(market="DE").select("path", "days_p90", "lead_p90").rows() == [
        ("SZX-LEJ > LEJ-DE", 4, 19),
        ("SZX-DE", 15, 15),
    ]


def test_nothing_changed_nothing_is_written(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    assert price_list(tmp_path, skus, offers(skus)) == Refresh(written=0, kept=6, removed=0, quotes=0, changed_quotes=0)


def test_a_dearer_last_mile_changes_its_market_alone(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    before, britain = prices(tmp_path, "DE"), prices(tmp_path, "GB")
    again = price_list(tmp_path, skus, offers(skus, de=dearer(BY["LEJ-DE"])))
    assert again == Refresh(written=3, kept=3, removed=0, quotes=200, changed_quotes=100)
    assert prices(tmp_path, "DE").equals(before) is False
    assert prices(tmp_path, "GB").equals(britain)


def test_a_dearer_line_haul_changes_every_market_it_feeds(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    again = price_list(tmp_path, skus, offers(skus, rail=dearer(RAIL)))
    assert (again.written, again.quotes, again.changed_quotes) == (6, 400, 200)
    fresh = tmp_path / "fresh"
    price_list(fresh, skus, offers(skus, rail=dearer(RAIL)))
    assert prices(tmp_path, "GB").equals(prices(fresh, "GB"))


def test_one_changed_sku_changes_its_chunk(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    weight_g = np.where(skus.variant_id == 41, 555, skus.weight_g)
    assert price_list(tmp_path, replace(skus, weight_g=weight_g), offers(skus)).written == 2


def test_a_closed_lane_is_gone_from_the_list(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    price_list(tmp_path, skus, offers(skus, rail=replace(RAIL, open=False)))
    for country in ("DE", "GB"):
        named = prices(tmp_path, country).select(pl.col("^path_.$").cast(pl.String)).to_series().drop_nulls()
        assert set(named) == {f"SZX-{country}"}


def test_a_killed_run_leaves_whole_files_and_the_next_one_goes_on(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    whole = prices(tmp_path, "DE")
    lost = file_of(tmp_path, "DE", 1)
    half = lost.with_name(lost.name + PART)
    half.write_bytes(lost.read_bytes()[:100])  # as a kill in the middle of writing leaves it
    lost.unlink()
    assert price_list(tmp_path, skus, offers(skus)).written == 1
    assert prices(tmp_path, "DE").equals(whole)
    assert not half.exists()


def test_a_broken_file_is_written_anew(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    file_of(tmp_path, "GB", 0).write_bytes(b"PAR1 no more")
    assert price_list(tmp_path, skus, offers(skus)).written == 1


def test_markets_and_chunks_that_are_no_more_are_removed(tmp_path: Path, skus: Skus) -> None:
    price_list(tmp_path, skus, offers(skus))
    fewer = skus.part(0, 40)
    only_germany = {"DE": offers(fewer)["DE"]}
    assert (price_list(tmp_path, fewer, only_germany).kept, sorted(tmp_path.glob("prices/*/*.parquet"))) == (
        1,
        [file_of(tmp_path, "DE", 0)],
    )
