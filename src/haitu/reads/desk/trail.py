"""Who did what at the desk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from haitu.models import Audit, Market, Order, Product, Shipment, Stock, Tariff, Variant
from haitu.reads.desk.paging import PageOf, cut
from haitu.reads.desk.products import titles_of
from haitu.reads.merchant import ShopMerchant

NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an act was done to: its page's kind and id ("" and 0 where it has none), its name, its amounts' currency."""

    name: str
    page: str = ""
    id: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRow:
    """One act; `change` holds (field, old, new) as they were kept, by the field's name: JSON forgets their order."""

    at: datetime
    user: str
    action: str
    subject: str
    about: About
    change: tuple[tuple[str, Any, Any], ...]


def trail(merchant: ShopMerchant, page: int, *, language: str, search: str = "") -> PageOf[TrailRow]:
    """The newest first; a fixed number of queries."""
    found, number, pages, total = cut(_query(merchant.id, search), page)
    return PageOf(rows=tuple(_rows(merchant, list(found), language)), number=number, pages=pages, total=total)


def every_act(merchant: ShopMerchant, *, language: str, search: str = "", chunk: int = 500) -> Iterator[TrailRow]:
    """All of it, the newest first, for a file."""
    query = _query(merchant.id, search).order_by("-pk")
    found = list(query[:chunk])
    while found:
        yield from _rows(merchant, found, language)
        found = list(query.filter(pk__lt=found[-1].pk)[:chunk])


def _query(merchant_id: int, search: str) -> QuerySet[Audit]:
    query = Audit.objects.of(merchant_id).select_related("user").order_by("-at", "-pk")
    if not search:
        return query
    shelves = Stock.objects.of(merchant_id).filter(variant__sku__iexact=search).values_list("pk", flat=True)
    acts = [Q(subject=f"stock {pk}") | Q(subject__startswith=f"stock {pk} →") for pk in shelves]
    return query.filter(reduce(or_, acts, Q(subject__icontains=search)))


def _rows(merchant: ShopMerchant, found: list[Audit], language: str) -> Iterator[TrailRow]:
    named = _named(merchant, found, language)
    for row in found:
        yield TrailRow(
            at=row.at,
            user=row.user.username if row.user else "",
            action=row.action,
            subject=row.subject,
            about=named.get((_kind(row.action), row.subject)) or About(name=row.subject),
            change=tuple((name, old, new) for name, (old, new) in sorted(row.change.items())),
        )


def _kind(action: str) -> str:
    """What the subject names: the word before the point, but for the prices, whose subjects differ."""
    return action if action.startswith("price.") else action.partition(".")[0]


def _named(merchant: ShopMerchant, found: Iterable[Audit], language: str) -> dict[tuple[str, str], About]:
    """(kind, subject) → what is meant; what is not there any more is left out and keeps its subject as a name."""
    subjects: dict[str, set[str]] = {}
    for row in found:
        subjects.setdefault(_kind(row.action), set()).add(row.subject)
    by_kind = {
        "order": _orders(merchant.id, subjects.get("order", set())),
        "parcel": _parcels(merchant.id, subjects.get("parcel", set())),
        "stock": _stocks(merchant.id, subjects.get("stock", set())),
        "price.list": _variants(merchant, subjects.get("price.list", set())),
        "price.market": _market_prices(merchant.id, subjects.get("price.market", set())),
        "product": _products(merchant, subjects.get("product", set()), language),
        "picture": _products(merchant, subjects.get("picture", set()), language),
        "market": _markets(merchant.id, subjects.get("market", set())),
        "tariff": _tariffs(merchant.id, subjects.get("tariff", set())),
    }
    return {(kind, subject): about for kind, abouts in by_kind.items() for subject, about in abouts.items()}


def _orders(merchant_id: int, subjects: set[str]) -> dict[str, About]:
    """Subjects such as "order 1234"."""
    if not subjects:
        return {}
    numbers = [subject.removeprefix("order ") for subject in subjects]
    rows = Order.objects.of(merchant_id).filter(number__in=numbers).values_list("number", "pk", "currency")
    return {f"order {number}": About(name=number, page="order", id=pk, currency=money) for number, pk, money in rows}


def _parcels(merchant_id: int, subjects: set[str]) -> dict[str, About]:
    """Subjects such as "parcel 1234-1"."""
    if not subjects:
        return {}
    rows = Shipment.objects.of(merchant_id).filter(number__in=[name.removeprefix("parcel ") for name in subjects])
    return {
        f"parcel {number}": About(name=number, page="order", id=order_id, currency=money)
        for number, order_id, money in rows.values_list("number", "order_id", "billed_currency")
    }


def _stocks(merchant_id: int, subjects: set[str]) -> dict[str, About]:
    """Subjects such as "stock 5", and "stock 5 → 9" for a move."""
    if not subjects:
        return {}
    ids = {int(number) for subject in subjects for number in NUMBER.findall(subject)}
    rows = Stock.objects.of(merchant_id).filter(pk__in=ids).values_list("pk", "variant__sku", "warehouse__code")
    places = {pk: (sku, code) for pk, sku, code in rows}
    named = {}
    for subject in subjects:
        there = [pk for pk in map(int, NUMBER.findall(subject)) if pk in places]
        if there:
            codes = " → ".join(places[pk][1] for pk in there)
            named[subject] = About(name=f"{places[there[0]][0]} · {codes}", page="stock_row", id=there[0])
    return named


def _variants(merchant: ShopMerchant, subjects: set[str]) -> dict[str, About]:
    """A SKU."""
    if not subjects:
        return {}
    rows = Variant.objects.of(merchant.id).filter(sku__in=subjects).values_list("sku", "product_id")
    return {sku: About(name=sku, page="product", id=pk, currency=merchant.list_currency) for sku, pk in rows}


def _market_prices(merchant_id: int, subjects: set[str]) -> dict[str, About]:
    """Subjects such as "LANTERN DE": a SKU and a country."""
    if not subjects:
        return {}
    currencies = dict(Market.objects.of(merchant_id).values_list("country", "currency"))
    skus = {subject: subject.rpartition(" ")[0] for subject in subjects}
    products = dict(Variant.objects.of(merchant_id).filter(sku__in=skus.values()).values_list("sku", "product_id"))
    return {
        subject: About(
            name=subject, page="product", id=products[sku], currency=currencies.get(subject.rpartition(" ")[2], "")
        )
        for subject, sku in skus.items()
        if sku in products
    }


def _products(merchant: ShopMerchant, subjects: set[str], language: str) -> dict[str, About]:
    """A product's slug."""
    if not subjects:
        return {}
    ids = dict(Product.objects.of(merchant.id).filter(slug__in=subjects).values_list("slug", "pk"))
    titles = titles_of(merchant.id, ids.values(), language)
    return {
        slug: About(name=titles.get(pk, slug), page="product", id=pk, currency=merchant.list_currency)
        for slug, pk in ids.items()
    }


def _markets(merchant_id: int, subjects: set[str]) -> dict[str, About]:
    """A country."""
    if not subjects:
        return {}
    rows = Market.objects.of(merchant_id).filter(country__in=subjects).values_list("country", "pk", "currency")
    return {country: About(name=country, page="market", id=pk, currency=money) for country, pk, money in rows}


def _tariffs(merchant_id: int, subjects: set[str]) -> dict[str, About]:
    """A rate card's code."""
    if not subjects:
        return {}
    rows = Tariff.objects.of(merchant_id).filter(code__in=subjects).values_list("code", "pk", "currency")
    return {code: About(name=code, page="tariff", id=pk, currency=money) for code, pk, money in rows}
