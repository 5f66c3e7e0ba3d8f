"""An order's waterfall as it was quoted, beside what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from haitu.core.landed import Waterfall
from haitu.core.ledger import LAST_STEP, Book
from haitu.models import Entry, Order, OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The order's waterfalls in its own currency, as quoted and as it came; which steps of each rest on assumptions."""

    quoted: Waterfall | None
    actual: Waterfall
    assumed: frozenset[str]
    quote_assumed: frozenset[str]


def compared(merchant_id: int, order: Order) -> Compared:
    """Quoted from the lines (a cancelled order keeps what was quoted), actual from the ledger."""
    sums = (
        Entry.objects.of(merchant_id)
        .filter(order_id=order.pk, account__lte=LAST_STEP)
        .values_list("book", "account", "assumed")
        .annotate(total=Sum("amount_minor"))
    )
    steps = list(Waterfall.__dataclass_fields__)
    actual = dict.fromkeys(steps, 0)
    assumed: dict[int, set[str]] = {Book.QUOTED: set(), Book.ACTUAL: set()}
    for book, account, is_assumed, total in sums:
        step = steps[account - 1]
        if book == Book.ACTUAL:
            actual[step] += -total if step == "price" else total
        if is_assumed and total:
            assumed[book].add(step)
    quoted: Waterfall | None = None
    for values in OrderLine.objects.of(merchant_id).filter(order_id=order.pk).values_list("quoted", flat=True):
        if values:
            quoted = (quoted or Waterfall()) + Waterfall.from_list(values)
    return Compared(
        quoted=quoted,
        actual=Waterfall(**actual),
        assumed=frozenset(assumed[Book.ACTUAL]),
        quote_assumed=frozenset(assumed[Book.QUOTED]),
    )
