"""An order's row under lock, and the parts of its events that every action on it needs."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Max

from haitu.core.errors import Refusal
from haitu.core.events import Dims, Posting, from_payload, stamp
from haitu.core.landed import Waterfall
from haitu.core.money import half_up
from haitu.models import Event, Order, OrderLine, Refund

WAY_STEPS = ("duty", "import_vat", "storage", "last_mile")  # what another way changes


class NoSuchOrder(Refusal):
    """The merchant has no such order."""

    code = "no_such_order"


class OrderChanged(Refusal):
    """Something happened to the order since the page was opened; a form sent twice ends here."""

    code = "order_changed"


def locked(merchant_id: int, order_id: int, *, seen: str = "") -> Order:
    """The order, held until the transaction ends. Always the first lock taken: see docs/locking.md.

    `seen`: the stamp of the page that asks (core.events.stamp); refuses OrderChanged when it is an older one.
    """
    order = Order.objects.of(merchant_id).select_for_update(no_key=True).filter(pk=order_id).first()
    if order is None:
        raise NoSuchOrder("There is no such order.")
    if seen and seen != _stamp(order):
        raise OrderChanged("Something happened to this order since the page was opened; look again.")
    return order


def _stamp(order: Order) -> str:
    event = Event.objects.of(order.merchant_id).filter(order_id=order.pk).aggregate(last=Max("pk"))["last"]
    refund = Refund.objects.of(order.merchant_id).filter(order=order).aggregate(last=Max("pk"))["last"]
    return stamp(event or 0, refund or 0)


def dims_of(order: Order) -> Dims:
    """What the order's entries are filed under, at its frozen rate."""
    return Dims(
        order_id=order.pk,
        market_id=order.market_id,
        outlet_id=order.outlet_id,
        channel=order.channel,
        currency=order.currency,
        base_currency=order.base_currency,
        fx_e9=order.fx_e9,
    )


def lines_of(order: Order) -> list[OrderLine]:
    """The order's lines, in the order of the page."""
    return list(OrderLine.objects.of(order.merchant_id).filter(order=order).order_by("position", "pk"))


def placed_postings(order: Order) -> tuple[Posting, ...]:
    """The quote as it was posted when the order was placed, and changed when it was agreed to be paid at the door.

    Nothing for imported history.
    """
    kept = Event.objects.of(order.merchant_id).filter(order_id=order.pk, kind__in=("placed", "cash_agreed"))
    found = dict(kept.values_list("kind", "payload"))
    if "placed" not in found:
        return ()
    placed: tuple[Posting, ...] = getattr(from_payload("placed", found["placed"]), "postings", ())
    if "cash_agreed" not in found:
        return placed
    agreed: tuple[Posting, ...] = getattr(from_payload("cash_agreed", found["cash_agreed"]), "postings", ())
    changes = {posting.line_id: posting.waterfall for posting in agreed}
    return tuple(replace(p, waterfall=p.waterfall + changes.get(p.line_id, Waterfall())) for p in placed)


def quoted_by_line(order: Order, lines: list[OrderLine]) -> dict[int, Posting]:
    """Each line's quoted posting; where nothing was quoted, what the buyer paid and the tax in it."""
    placed = {posting.line_id: posting for posting in placed_postings(order)}
    return {line.pk: placed.get(line.pk) or _unquoted(order, line) for line in lines}


def expected_by_line(order: Order, lines: list[OrderLine]) -> dict[int, Posting]:
    """Each line's quoted posting with what its way costs now: of a re-routed line, as it was found then.

    Price, tax and fees stay as quoted; goods and the way in are taken from the stock that leaves.
    """
    expected = quoted_by_line(order, lines)
    quantities = {line.pk: line.quantity for line in lines}
    for entry in order.quote.get("rerouted", ()):
        for kept in entry["lines"]:
            line_id, units = kept["line_id"], kept["quantity"]
            now = Waterfall.from_list(kept["expected"])
            # Parts of a line are cut out of the whole line: as many units as it has would cost so much.
            by_way = {step: half_up(getattr(now, step) * quantities[line_id], units) for step in WAY_STEPS}
            expected[line_id] = replace(expected[line_id], waterfall=replace(expected[line_id].waterfall, **by_way))
    return expected


def _unquoted(order: Order, line: OrderLine) -> Posting:
    price_minor = line.amount_minor if order.tax_included else line.amount_minor + line.tax_minor
    return Posting(
        line_id=line.pk,
        variant_id=line.variant_id,
        lane_id=line.lane_id,
        waterfall=Waterfall(price=price_minor, tax=line.tax_minor),
        assumed=True,
        tax_assumed=True,
    )
