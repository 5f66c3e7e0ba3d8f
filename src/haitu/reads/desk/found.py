"""Orders by the start of what a person types: a number, an e-mail address, a name or a surname; or by a whole SKU.

Each way is one stretch of an index, so that a search costs what it finds, not what there is. Capital and small letters
are alike (on SQLite those of A to Z), but for the number, which is looked for as typed and in capitals.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, QuerySet

from haitu.models import Order, OrderLine, Variant

MOST_NAMED = 500
LAST = "\U0010ffff"  # behind every text that goes on


def narrowed_to(query: QuerySet[Order], merchant_id: int, text: str) -> QuerySet[Order]:
    """Those of the query that fit. A few are named one by one: no planner can then take them for many. One query."""
    fitting = orders_that_fit(merchant_id, text)
    first = list(fitting[: MOST_NAMED + 1])
    return query.filter(pk__in=first if len(first) <= MOST_NAMED else fitting)


def orders_that_fit(merchant_id: int, text: str) -> QuerySet[Order, int]:
    """The ids of all orders that fit."""
    orders = Order.objects.of(merchant_id)
    text = text.strip().removeprefix("#")
    small = _small(text)
    ways = [
        orders.filter(_begins("number", text) | _begins("number", text.upper())),
        orders.filter(_begins("email", text.lower())),
        orders.filter(_begins("name_key", small)),
        orders.filter(_begins("surname_key", small)),
    ]
    variants = Variant.objects.of(merchant_id).filter(sku__in={text, text.upper(), text.lower()}).values("pk")
    with_sku = OrderLine.objects.of(merchant_id).filter(variant_id__in=variants).values_list("order_id", flat=True)
    first, *others = [way.values_list("pk", flat=True) for way in ways]
    return first.union(*others, with_sku)


def _begins(column: str, text: str) -> Q:
    """A start in the form that the database's index answers: a pattern on PostgreSQL, a stretch on SQLite."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST})


def _small(text: str) -> str:
    """Small letters as the database makes them."""
    if connection.vendor == "postgresql":
        return text.lower()
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
