"""From the database to the planner's tables: spend, touch, order, experiment, consent; all money in base currency.

The tables are those of docs/payback.md, so a folder of them gives the planner's commands what the desk has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection
from django.db.models import Sum

from haitu.core.ledger import Account, Book
from haitu.core.money import minor_units
from haitu.models import Campaign, Experiment, FxRate, Merchant, Order, Spend, Touch, VisitCount
from haitu.plan.tables import write
from haitu.reads.profit.slice import ENTRIES_AN_EVENT

NEVER_SOLD = ("pending", "cancelled", "expired")
QUOTED_STILL = ("accepted", "paid", "part_shipped")  # not all has left: what it was quoted to bring stands for it
LATER = ("refunded", "returned", "return_charged", "refused_at_door")  # a row of its own, on its own day
NOT_SAID = "ZZ"  # ISO 3166's code for no country
FEWEST_VISITS = 30  # below which a market's share that allowed more is not told

CELL = {"channel": pl.String, "market": pl.String, "campaign": pl.String}
SPEND = {**CELL, "week": pl.Date, "amount": pl.Float64}
TOUCH: dict[str, Any] = {"person": pl.String, **CELL, "at": pl.Datetime("us")}
ORDER: dict[str, Any] = {"person": pl.String, "at": pl.Datetime("us"), "contribution": pl.Float64}
EXPERIMENT = {
    "channel": pl.String,
    "market": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "lift": pl.Float64,
    "se": pl.Float64,
}
CONSENT = {"market": pl.String, "share": pl.Float64}

# Contribution before traffic: that is what spend is set against, and a step of its own would count it twice.
_CONTRIBUTION = f"""
    SELECT e.order_id, e.book, v.at, -SUM(e.base_minor)
    FROM haitu_entry e
    LEFT JOIN (SELECT id, at FROM haitu_event WHERE merchant_id = %s AND kind IN ({", ".join(["%s"] * len(LATER))})) v
        ON v.id = e.id / {ENTRIES_AN_EVENT}
    WHERE e.merchant_id = %s AND e.order_id IS NOT NULL AND e.account < {Account.TRAFFIC:d}
    GROUP BY e.order_id, e.book, v.at
"""  # noqa: S608  # our own constants


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachFacts:
    """The tables, and what is to be known of them. `sourced` of the `persons` who ordered were touched before.

    `unpriced`: rows of spend in a currency without a rate, left out. `unplaced`: the share of spend whose file did not
    say the market and that was divided by the campaign's visits.
    """

    as_of: date
    currency: str
    spend: pl.DataFrame
    touch: pl.DataFrame
    order: pl.DataFrame
    experiment: pl.DataFrame
    consent: pl.DataFrame
    orders: int
    sourced_orders: int
    unpriced: int
    unplaced: float

    def write(self, folder: Path) -> None:
        """As `python -m haitu.plan` reads them."""
        named = {"spend": self.spend, "order": self.order}
        for name, frame in named.items():
            write(folder, name, frame.with_columns(pl.lit(self.currency).alias("currency")))
        write(folder, "touch", self.touch)
        write(folder, "experiment", self.experiment)
        write(folder, "consent", self.consent)


def gather(merchant_id: int, *, as_of: date) -> ReachFacts:
    """Everything up to and with the day; seven queries, whatever there is."""
    base: str = Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id)
    end = datetime.combine(as_of + timedelta(days=1), time(), tzinfo=UTC)
    named = campaigns_as_counted(merchant_id)
    spend, unpriced = _spend(merchant_id, base, as_of, named)
    visits = _visits(merchant_id, as_of, named)
    placed, unplaced = _placed(spend, visits)
    touch = _touch(merchant_id, end, named, placed)
    order, orders, sourced = _order(merchant_id, base, end, touch)
    return ReachFacts(
        as_of=as_of,
        currency=base,
        spend=placed,
        touch=touch,
        order=order,
        experiment=_experiment(merchant_id, as_of),
        consent=_consent(visits),
        orders=orders,
        sourced_orders=sourced,
        unpriced=unpriced,
        unplaced=unplaced,
    )


def weekly_spend(merchant_id: int, *, as_of: date) -> pl.DataFrame:
    """The planner's table `spend` alone."""
    base: str = Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id)
    named = campaigns_as_counted(merchant_id)
    spend, _unpriced = _spend(merchant_id, base, as_of, named)
    return _placed(spend, _visits(merchant_id, as_of, named))[0]


# Spend -------------------------------------------------------------------------------------------------------------
def campaigns_as_counted(merchant_id: int) -> Mapping[int, str]:
    """What each campaign counts as: links often carry the ad account's number of it, or a name it had before."""
    rows = list(Campaign.objects.of(merchant_id).order_by("pk"))
    also = {(row.channel_id, row.external_id): row.code for row in rows if row.external_id}
    also |= {(row.channel_id, old): row.code for row in rows for old in row.renamed_from}
    return {row.pk: also.get((row.channel_id, row.code), row.code) for row in rows}


def _spend(merchant_id: int, base: str, as_of: date, named: Mapping[int, str]) -> tuple[pl.DataFrame, int]:
    """By campaign and week, each day by its own rate; and how many rows no rate is known for."""
    rows = (
        Spend.objects.of(merchant_id)
        .filter(day__lte=as_of)
        .values_list("channel__code", "market__country", "campaign_id", "day", "account__currency")
        .annotate(minor=Sum("amount_minor"))
    )
    schema = {
        "channel": pl.String,
        "market": pl.String,
        "campaign": pl.Int64,
        "day": pl.Date,
        "currency": pl.String,
        "minor": pl.Int64,
    }
    frame = pl.DataFrame(list(rows), schema=schema, orient="row")
    currencies = frame["currency"].unique().to_list()
    units = {currency: float(minor_units(currency)) for currency in [*currencies, base]}
    priced = _at_rate(frame, base).with_columns(
        (pl.col("minor") / pl.col("currency").replace_strict(units, return_dtype=pl.Float64) * pl.col("rate")).alias(
            "amount"
        ),
        pl.col("campaign").replace_strict({0: "", **named}, return_dtype=pl.String),
        pl.col("market").fill_null(NOT_SAID),
        pl.col("day").dt.truncate("1w").alias("week"),
    )
    unpriced = priced["amount"].null_count()
    weekly = priced.drop_nulls("amount").group_by(*CELL, "week").agg(pl.col("amount").sum())
    return weekly.select(list(SPEND)).sort(*CELL, "week"), unpriced


def _at_rate(frame: pl.DataFrame, base: str) -> pl.DataFrame:
    """With `rate`: base currency for one of `currency`, by the newest rates on or before the day."""
    wanted = {*frame["currency"].unique().to_list(), base}
    rates = FxRate.objects.filter(currency__in=wanted).order_by("on", "pk").values_list("currency", "on", "per_eur_e9")
    known = (
        pl.DataFrame(
            [("EUR", date.min, 10**9), *rates],
            schema={"currency": pl.String, "on": pl.Date, "per_eur": pl.Int64},
            orient="row",
        )
        .unique(["currency", "on"], keep="last", maintain_order=True)
        .sort("on")
    )
    asked = frame.with_columns(pl.lit(base).alias("base")).sort("day")
    for currency, name in (("currency", "of_it"), ("base", "of_base")):
        of = known.rename({"currency": currency, "per_eur": name})
        asked = asked.join_asof(of, left_on="day", right_on="on", by=currency, check_sortedness=False).drop("on")
    same = pl.col("currency") == pl.col("base")
    return asked.with_columns(
        pl.when(same).then(1.0).otherwise(pl.col("of_base") / pl.col("of_it")).alias("rate")
    ).drop("of_it", "of_base", "base")


def _placed(spend: pl.DataFrame, visits: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """Spend whose file does not say the market, divided as the campaign's visits were; and its share of all."""
    lost = spend.filter(pl.col("market") == NOT_SAID)
    if lost.is_empty():
        return spend, 0.0
    seen = visits.group_by(list(CELL)).agg(pl.col("visits").sum())
    seen = seen.with_columns((pl.col("visits") / pl.col("visits").sum().over("channel", "campaign")).alias("part"))
    spread = lost.drop("market").join(seen, on=["channel", "campaign"], how="left")
    spread = spread.with_columns(
        pl.col("market").fill_null(NOT_SAID), pl.col("amount") * pl.col("part").fill_null(1.0)
    ).select(list(SPEND))
    whole = pl.concat([spend.filter(pl.col("market") != NOT_SAID), spread])
    summed = whole.group_by(*CELL, "week").agg(pl.col("amount").sum()).select(list(SPEND)).sort(*CELL, "week")
    total = float(spend["amount"].sum())
    return summed, float(lost["amount"].sum()) / total if total else 0.0


# Visits ------------------------------------------------------------------------------------------------------------
def _visits(merchant_id: int, as_of: date, named: Mapping[int, str]) -> pl.DataFrame:
    """CELL, allowed, visits."""
    rows = (
        VisitCount.objects.of(merchant_id)
        .filter(day__lte=as_of)
        .values_list("channel__code", "market__country", "campaign_id", "allowed")
        .annotate(n=Sum("visits"))
    )
    told = [(channel, market, named.get(campaign, "*"), allowed, n) for channel, market, campaign, allowed, n in rows]
    return pl.DataFrame(told, schema={**CELL, "allowed": pl.Boolean, "visits": pl.Int64}, orient="row")


def _consent(visits: pl.DataFrame) -> pl.DataFrame:
    """The share of visits whose reader allowed a touch to be kept, by market."""
    by_market = visits.group_by("market").agg(
        pl.col("visits").sum(), pl.col("visits").filter(pl.col("allowed")).sum().alias("kept")
    )
    told = by_market.filter(pl.col("visits") >= FEWEST_VISITS).with_columns(
        (pl.col("kept") / pl.col("visits")).clip(0.01, 1.0).alias("share")
    )
    return told.select(list(CONSENT)).sort("market")


def _touch(merchant_id: int, end: datetime, named: Mapping[int, str], spend: pl.DataFrame) -> pl.DataFrame:
    """Touches of remembered readers; the person is the customer once the browser is known to be theirs.

    A touch without a campaign counts for the one campaign that spends in its channel and market, where it is one.
    """
    rows = (
        Touch.objects.of(merchant_id)
        .filter(at__lt=end)
        .order_by("at", "pk")
        .values_list("visitor__customer_id", "visitor_id", "channel__code", "market__country", "campaign_id", "at")
    )
    only = {
        (channel, market): campaigns[0]
        for channel, market, campaigns in spend.group_by("channel", "market")
        .agg(pl.col("campaign").unique())
        .iter_rows()
        if len(campaigns) == 1
    }
    told = [
        (
            _person(customer, visitor), channel, market,
            named.get(campaign) or only.get((channel, market), "*"), at.replace(tzinfo=None),
        )
        for customer, visitor, channel, market, campaign, at in rows
    ]  # fmt: skip
    return pl.DataFrame(told, schema=TOUCH, orient="row")


def _person(customer: int | None, visitor: int | None) -> str | None:
    if customer is not None:
        return f"c{customer}"
    return f"v{visitor}" if visitor is not None else None


# Orders ------------------------------------------------------------------------------------------------------------
def _order(merchant_id: int, base: str, end: datetime, touch: pl.DataFrame) -> tuple[pl.DataFrame, int, int]:
    """An order on its day, what came back of it on the day it did; how many orders, and how many of known source.

    What came back of an order placed before the person's first touch is left out, as the order is no traffic's either.
    """
    rows = (
        Order.objects.of(merchant_id)
        .filter(placed_at__lt=end)
        .exclude(status__in=NEVER_SOLD)
        .values_list("pk", "customer_id", "visitor_id", "visitor__customer_id", "placed_at", "status")
    )
    orders = pl.DataFrame(
        [
            (pk, _person(customer or theirs, visitor), at.replace(tzinfo=None), status in QUOTED_STILL)
            for pk, customer, visitor, theirs, at, status in rows.iterator(chunk_size=10_000)
        ],
        schema={"order_id": pl.Int64, "person": pl.String, "placed": pl.Datetime("us"), "open": pl.Boolean},
        orient="row",
    )
    sums = orders.join(_contributions(merchant_id), on="order_id", how="inner")
    quoted = pl.col("book") == Book.QUOTED.value
    # Of an order that has not left, the quote; of one that has, the ledger; of both, what came back.
    counts = pl.when(pl.col("later").is_null()).then(quoted == pl.col("open")).otherwise(~quoted)
    sums = sums.filter(counts & (pl.col("later").is_null() | (pl.col("later") < end.replace(tzinfo=None))))
    first = touch.drop_nulls("person").group_by("person").agg(pl.col("at").min().alias("touched"))
    sums = sums.join(first, on="person", how="left")
    sums = sums.filter(
        pl.col("later").is_null() | pl.col("touched").is_null() | (pl.col("placed") >= pl.col("touched"))
    )
    told = sums.select(
        "person",
        pl.coalesce("later", "placed").alias("at"),
        (pl.col("minor") / float(minor_units(base))).alias("contribution"),
    ).sort("at", "person", "contribution")
    # Two alike of one moment are two: the planner takes rows that are the same for one told twice.
    alike = pl.int_range(pl.len()).over("person", "at", "contribution")
    told = told.with_columns(pl.col("at") + pl.duration(microseconds=alike))
    known = orders["person"].is_in(touch["person"].unique().implode()).sum()
    return told.select(list(ORDER)), orders.height, int(known or 0)


def _contributions(merchant_id: int) -> pl.DataFrame:
    """order_id, book, `later` (when it came back, null for what the order itself brought), minor."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTRIBUTION, [merchant_id, *LATER, merchant_id])
        rows = [(order_id, book, moment(at), int(minor)) for order_id, book, at, minor in cursor.fetchall()]
    schema: dict[str, Any] = {"order_id": pl.Int64, "book": pl.Int64, "later": pl.Datetime("us"), "minor": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def moment(at: Any) -> datetime | None:
    """A moment as a cursor gives it: SQLite hands out text."""
    if at is None:
        return None
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _experiment(merchant_id: int, as_of: date) -> pl.DataFrame:
    rows = (
        Experiment.objects.of(merchant_id)
        .filter(lift__isnull=False, se__gt=0, last_day__lte=as_of)
        .order_by("last_day", "pk")
        .values_list("channel__code", "first_day", "last_day", "lift", "se")
    )
    return pl.DataFrame([(channel, "*", *rest) for channel, *rest in rows], schema=EXPERIMENT, orient="row")
