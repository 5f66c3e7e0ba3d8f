"""Loads the demo merchant step by step; killed half-way and started again, it goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import polars as pl
from django.db import transaction

from haitu.actions.demo.after_sale import make_after_sale
from haitu.actions.demo.loads import make_loads
from haitu.actions.demo.past import Piece, Place, Sold, moved, shift_weeks, sold_goods
from haitu.actions.demo.returns import TakenBack, load_returns
from haitu.actions.demo.sales import load_sales
from haitu.actions.demo.setup import Made, make_merchant, make_owner, point_to_sandbox
from haitu.actions.demo.shelf import Kind, Plan, fill_stock, inbound_minor, kinds_of, make_products
from haitu.actions.demo.traffic import make_traffic
from haitu.actions.record import record, roll_up
from haitu.actions.reference import SHIPPED, load_shipped
from haitu.core.errors import Refusal
from haitu.core.events import Dims, Posting, Received
from haitu.core.landed import STEPS, Waterfall
from haitu.core.money import FxRate, cross
from haitu.links.reference.assumptions import Assumptions, parse_assumptions
from haitu.links.reference.categories import parse_categories
from haitu.links.reference.demo_after_sale import parse_after_sale
from haitu.links.reference.demo_traffic import parse_traffic
from haitu.links.reference.retail import parse_articles, read_history
from haitu.links.reference.table import Problem
from haitu.models import Customer, Event, Merchant, Outlet, Variant
from haitu.models import Market as MarketRow
from haitu.reads.exchange import exchange_rates

ASSUMPTIONS = SHIPPED / "demo/assumptions.toml"
CATEGORIES = SHIPPED / "demo/categories.toml"
TRAFFIC = SHIPPED / "demo/traffic.toml"
RETAIL = SHIPPED / "online_retail_ii"
ICONS = SHIPPED / "pictures/icons.json"
NOWHERE = "ZZ"  # ISO 3166's code for no country: the data says "Unspecified" or "European Community"
TRADE = ("goods", "cancel", "postage")  # the kinds of line that become entries

Report = Callable[[str], object]
Value = TypeVar("Value")


class BadFile(Refusal):
    """A file the demo is made from has problems; none of it is loaded."""

    code = "bad_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was loaded, and what was left aside, by kind of line. `password` is told once, when the owner is made."""

    merchant: str
    orders: int
    lines: int
    taken_back: TakenBack
    left_aside: Mapping[str, int]
    units_in_stock: int
    weeks_moved: int
    password: str | None


def load(
    *,
    now: datetime,
    report: Report,
    payment_address: str,
    assumptions: Path = ASSUMPTIONS,
    only_first: bool = False,
    days: int | None = None,
) -> Loaded | None:
    """The demo merchant with its history, or None if it is there already, whole.

    With `only_first` it is not put beside merchants who are there for real. `days`: only so many of the last days.
    """
    assumed = _sound(assumptions, parse_assumptions(assumptions))
    merchant = Merchant.objects.filter(slug=assumed.merchant.slug).first()
    if merchant:
        point_to_sandbox(merchant, payment_address)
    if (merchant and _is_whole(merchant.pk)) or (merchant is None and only_first and Merchant.objects.exists()):
        return None
    history = _sound(RETAIL / "lines.parquet", read_history(RETAIL / "lines.parquet"))
    lines = _last_days(history.lines.with_columns(pl.col("country").fill_null(NOWHERE)), days)
    categories = _sound(CATEGORIES, parse_categories(CATEGORIES))
    articles = _sound(RETAIL / "articles.parquet", parse_articles(RETAIL / "articles.parquet"))
    kinds = kinds_of(articles, categories, assumed)
    password, units = None, 0
    if merchant is None:
        for step in load_shipped():
            report(f"{step.name}: {step.rows:,} rows, {len(step.problems)} problems")
        plan = Plan(
            kinds=kinds,
            categories=categories,
            assumed=assumed,
            after_sale=_sound(assumptions, parse_after_sale(assumptions)),
            icons=ICONS,
            last_day=_last_day(lines),
            units_sold=_units_sold(lines, _last_day(lines), assumed),
            fx=_rates(assumed, now.date()),
        )
        merchant, password, units = _make(plan, lines, payment_address, now, report)
    sold = _sold(merchant, kinds, assumed, lines)
    report(f"history: {len(sold.goods):,} lines of goods, moved forward by {sold.weeks} weeks")
    known = load_sales(sold, now=now, progress=lambda seen: report(f"history: {seen * 100 // len(sold.goods)} %"))
    taken_back = load_returns(lines, sold, known, now=now)
    touches = make_traffic(merchant, _sound(TRAFFIC, parse_traffic(TRAFFIC)), now=now)
    report(f"traffic: {touches:,} visits and their cost, all of them assumed")
    _receive_what_was_sold(sold, now)
    roll_up()
    return Loaded(
        merchant=merchant.name,
        orders=len(known),
        lines=len(sold.goods),
        taken_back=taken_back,
        left_aside=_left_aside(lines),
        units_in_stock=units,
        weeks_moved=sold.weeks,
        password=password,
    )


def _last_days(lines: pl.DataFrame, days: int | None) -> pl.DataFrame:
    if days is None:
        return lines
    return lines.filter(pl.col("at").dt.date() > _last_day(lines) - timedelta(days=days))


def _left_aside(lines: pl.DataFrame) -> dict[str, int]:
    counted = lines.filter(~pl.col("kind").is_in(TRADE)).group_by("kind").len().sort("len", descending=True)
    return dict(counted.iter_rows())


def _sound(path: Path, parsed: tuple[Value, tuple[Problem, ...]]) -> Value:
    value, problems = parsed
    if problems:
        told = "; ".join(str(problem) for problem in problems[:5])
        raise BadFile(f"{path.name} has {len(problems)} problems: {told}", field=path.name)
    return value


def _make(
    plan: Plan, lines: pl.DataFrame, payment_address: str, now: datetime, report: Report
) -> tuple[Merchant, str, int]:
    """Everything but the history, in one transaction: a killed start leaves nothing half-made."""
    with transaction.atomic():
        made = make_merchant(plan.assumed, set(lines["country"].unique()), payment_address=payment_address)
        variants = make_products(made.merchant, plan)
        _make_customers(made, lines, now)
        units = fill_stock(made.merchant, plan, variants, made.warehouses, now=now)
        loads = make_loads(made.merchant, plan, variants, made.warehouses, now=now)
        make_after_sale(made.merchant, plan.after_sale, made.warehouses, now=now)
        weeks = shift_weeks(plan.last_day, now.date())
        Merchant.objects.filter(pk=made.merchant.pk).update(history_shift_weeks=weeks)
        made.merchant.history_shift_weeks = weeks
        password = make_owner(made.merchant)
    report(f"catalogue: {len(plan.kinds):,} articles, {units:,} units in {len(made.warehouses)} warehouses")
    report(f"inbound: {loads} loads on their way")
    return made.merchant, password, units


def _make_customers(made: Made, lines: pl.DataFrame, now: datetime) -> None:
    """The history's customers are numbers and a country."""
    known = (
        lines.drop_nulls("customer").sort("at").group_by("customer", maintain_order=True).agg(pl.col("country").last())
    )
    Customer.objects.bulk_create(
        [
            Customer(
                merchant=made.merchant,
                external_id=str(number),
                name=f"Customer {number}",
                country=country,
                language="en",
                created_at=now,
            )
            for number, country in known.iter_rows()
        ],
        batch_size=500,
    )


def _last_day(lines: pl.DataFrame) -> date:
    last: datetime = lines["at"].max()  # type: ignore[assignment]  # a column of times
    return last.date()


def _rates(assumed: Assumptions, on: date) -> dict[str, FxRate]:
    """From every currency of a first leg into the books' currency."""
    base = assumed.merchant.base_currency
    currencies = {assumed.supplier.currency, *(warehouse.inbound_currency for warehouse in assumed.warehouses)}
    rates = exchange_rates({*currencies, base}, on=on)
    return {currency: cross(rates[currency], rates[base]) for currency in currencies}


def _units_sold(lines: pl.DataFrame, last_day: date, assumed: Assumptions) -> dict[str, int]:
    since = datetime.combine(last_day, datetime.min.time()) - timedelta(weeks=assumed.stock.weeks_of_history)
    recent = lines.filter(pl.col("kind") == "goods", pl.col("at") >= since)
    return dict(recent.group_by("sku").agg(pl.col("quantity").sum()).iter_rows())


def _sold(merchant: Merchant, kinds: list[Kind], assumed: Assumptions, lines: pl.DataFrame) -> Sold:
    """The goods lines with their costs, as the rows in the database know articles, markets and customers."""
    numbers = Customer.objects.of(merchant.pk).exclude(external_id="").values_list("external_id", "pk")
    place = Place(
        merchant_id=merchant.pk,
        base_currency=merchant.base_currency,
        outlet_id=Outlet.objects.of(merchant.pk).order_by("pk").values_list("pk", flat=True)[0],
        markets=dict(MarketRow.objects.of(merchant.pk).values_list("country", "pk")),
        customers={int(number): pk for number, pk in numbers},
    )
    pieces = _pieces(merchant, kinds, assumed)
    return sold_goods(lines, pieces, assumed.history, place, merchant.history_shift_weeks)


def _pieces(merchant: Merchant, kinds: list[Kind], assumed: Assumptions) -> dict[str, Piece]:
    """What a piece cost and weighs; its way in is that of the home warehouse."""
    variants = dict(Variant.objects.of(merchant.pk).values_list("sku", "pk"))
    home = next(w for w in assumed.warehouses if w.country == assumed.history.home_country)
    fx = _rates(assumed, merchant.created_at.date())[home.inbound_currency]
    return {
        kind.article.sku: Piece(
            variant_id=variants[kind.article.sku],
            title=kind.article.title,
            goods_minor=kind.goods_minor,
            inbound_minor=inbound_minor(kind.weight_g, home, fx),
            weight_g=kind.weight_g,
        )
        for kind in kinds
    }


def _receive_what_was_sold(sold: Sold, now: datetime) -> None:
    """For each month the goods that went out must have come in before: booked on its first day, as assumed."""
    table = pl.DataFrame(
        {
            "month": sold.goods["at"].dt.truncate("1mo"),
            "goods": sold.falls[:, STEPS.index("goods")],
            "inbound": sold.falls[:, STEPS.index("inbound")],
        }
    )
    place = sold.place
    dims = Dims(currency=place.base_currency, base_currency=place.base_currency)
    with transaction.atomic():
        for month, goods, inbound in table.group_by("month").sum().sort("month").iter_rows():
            posting = Posting(waterfall=Waterfall(goods=goods, inbound=inbound), assumed=True)
            key = f"history:received:{month:%Y-%m}"
            event = Received(key=key, at=moved(month, sold.weeks), dims=dims, postings=(posting,))
            record(event, merchant_id=place.merchant_id, now=now)


def _is_whole(merchant_id: int) -> bool:
    """The goods received are booked last."""
    return Event.objects.of(merchant_id).filter(key__startswith="history:received:").exists()
