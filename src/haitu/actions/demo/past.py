"""The history as columns: each line of goods sold, and its waterfall by the one landed formula on int64 columns.

What an invoice does not say (cost, weight, freight, fees) comes from the assumptions file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from haitu.core.events import Dims
from haitu.core.landed import STEPS, landed
from haitu.core.money import half_up, split
from haitu.links.reference.assumptions import PastCosts

LONDON = ZoneInfo("Europe/London")
CURRENCY = "GBP"
Column = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is assumed of one article: minor units of GBP and grams, for one piece."""

    variant_id: int
    title: str
    goods_minor: int
    inbound_minor: int
    weight_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the books the history belongs."""

    merchant_id: int
    base_currency: str
    outlet_id: int
    markets: Mapping[str, int]
    customers: Mapping[int, int]

    def dims(self, country: str, order_id: int | None) -> Dims:
        """What the entries of an invoice are filed under; the books are kept in the currency of the history."""
        return Dims(
            currency=CURRENCY,
            base_currency=self.base_currency,
            order_id=order_id,
            market_id=self.markets[country],
            outlet_id=self.outlet_id,
            channel="direct",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """All goods lines in the order of time. `falls` has a row a line and a column a step of the waterfall.

    `goods`: invoice, at, country, customer, sku, quantity, price_minor, amount (all pence) and postage (the invoice's).
    """

    goods: pl.DataFrame
    falls: Column
    pieces: Mapping[str, Piece]
    place: Place
    weeks: int


def shift_weeks(last_day: date, today: date) -> int:
    """The whole weeks that bring the last day of the history as near to today as they can, not past it."""
    return (today - last_day).days // 7


def moved(at: datetime, weeks: int) -> datetime:
    """A local time in London, so many weeks later by the calendar on the wall."""
    return (at + timedelta(weeks=weeks)).replace(tzinfo=LONDON)


def sold_goods(lines: pl.DataFrame, pieces: Mapping[str, Piece], past: PastCosts, place: Place, weeks: int) -> Sold:
    """The goods lines of articles we know, with what each earned by the assumptions."""
    carriage = (
        lines.filter(pl.col("kind") == "postage", pl.col("quantity") > 0)
        .group_by("invoice")
        .agg(postage=(pl.col("quantity").cast(pl.Int64) * pl.col("price_minor")).sum())
    )
    goods = (
        lines.filter(pl.col("kind") == "goods", pl.col("sku").is_in(list(pieces)))
        .sort("at", "invoice", maintain_order=True)
        .join(carriage, on="invoice", how="left", maintain_order="left")
        .with_columns(pl.col("postage").fill_null(0), amount=pl.col("quantity").cast(pl.Int64) * pl.col("price_minor"))
    )
    return Sold(goods=goods, falls=_falls(goods, pieces, past), pieces=pieces, place=place, weeks=weeks)


def _falls(goods: pl.DataFrame, pieces: Mapping[str, Piece], past: PastCosts) -> Column:
    quantity = goods["quantity"].to_numpy().astype(np.int64)
    amount = goods["amount"].to_numpy()
    worth = quantity * _of_piece(goods, pieces, "goods_minor")
    shares = _shares(goods, amount, quantity * _of_piece(goods, pieces, "weight_g"), past)
    columns: dict[str, Any] = {
        "charged_minor": amount + shares["postage"],
        "goods_minor": worth,
        "inbound_minor": quantity * _of_piece(goods, pieces, "inbound_minor"),
        "last_mile_minor": shares["freight"],
        "payment_fixed_minor": shares["fixed"],
        "traffic_minor": half_up(amount * past.traffic_bp, 10_000),
    }
    found = landed(**columns, payment_fee_bp=past.payment_fee_bp)
    steps = [np.broadcast_to(np.asarray(getattr(found, step), dtype=np.int64), amount.shape) for step in STEPS]
    steps[STEPS.index("storage")] = half_up(worth * past.storage_bp, 10_000)
    return np.stack(steps, axis=1)


def _of_piece(goods: pl.DataFrame, pieces: Mapping[str, Piece], name: str) -> Column:
    values = {sku: getattr(piece, name) for sku, piece in pieces.items()}
    return goods["sku"].replace_strict(values, return_dtype=pl.Int64).to_numpy()


def _shares(goods: pl.DataFrame, amount: Column, weight_g: Column, past: PastCosts) -> dict[str, Column]:
    """Per line its share of the invoice's carriage charged and fixed fee (by value) and of its freight (by weight)."""
    shares = {name: np.zeros(len(amount), dtype=np.int64) for name in ("postage", "freight", "fixed")}
    postage, countries = goods["postage"].to_list(), goods["country"].to_list()
    for start, stop in runs(goods["invoice"].to_list()):
        values, grams = amount[start:stop].tolist(), weight_g[start:stop].tolist()
        shares["postage"][start:stop] = split(postage[start], values)
        shares["fixed"][start:stop] = split(past.payment_fee_fixed_minor, values)
        shares["freight"][start:stop] = split(_freight_minor(sum(grams), countries[start], past), grams)
    return shares


def _freight_minor(grams: int, country: str, past: PastCosts) -> int:
    beyond_first_kg = -(-max(grams - 1000, 0) // 1000)
    if country == past.home_country:
        return past.home_parcel_minor + beyond_first_kg * past.home_per_kg_minor
    return past.abroad_parcel_minor + beyond_first_kg * past.abroad_per_kg_minor


def runs(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The spans of equal neighbours: start, and where the next begins."""
    start = 0
    for place in range(1, len(names) + 1):
        if place == len(names) or names[place] != names[start]:
            yield start, place
            start = place
