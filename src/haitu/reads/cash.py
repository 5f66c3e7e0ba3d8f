"""Where money is collected at the door, and whether a basket or an order can be paid so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import Q

from haitu.core.book import Quote
from haitu.core.cash import CashTerms
from haitu.models import CashOffer, CashOrder, CashParcel, CashState, ShipmentLine
from haitu.reads.merchant import ShopMerchant

KEPT = 256  # merchant × country × day
_kept: dict[tuple[int, str, date], tuple[int, dict[int, CashTerms]]] = {}


def cash_terms(merchant: ShopMerchant, country: str, *, on: date) -> Mapping[int, CashTerms]:
    """Lane id → its terms on that day; one query, remembered while the merchant's version stands."""
    key = (merchant.id, country, on)
    kept = _kept.get(key)
    if kept is None or kept[0] != merchant.version:
        if len(_kept) >= KEPT:
            _kept.clear()
        kept = _kept[key] = (merchant.version, _terms(merchant.id, country, on))
    return kept[1]


def _terms(merchant_id: int, country: str, on: date) -> dict[int, CashTerms]:
    rows = CashOffer.objects.of(merchant_id).filter(market__country=country, valid_from__lte=on)
    held = rows.filter(Q(valid_to=None) | Q(valid_to__gte=on)).order_by("valid_from", "pk")
    return {row.lane_id: terms_of(row) for row in held}  # of two the one that began last


def terms_of(row: CashOffer) -> CashTerms:
    """A row as core.cash reckons with it."""
    return CashTerms(**{name: getattr(row, name) for name in CashTerms.__dataclass_fields__})


def cash_for(quote: Quote, terms: Mapping[int, CashTerms]) -> bool:
    """Whether every parcel of the quote can be paid at the door."""
    amounts = collected_by_lane((line.parcel, line.lane_id, line.waterfall.price) for line in quote.lines)
    return bool(amounts) and all(
        lane in terms and terms[lane].takes(amount, quote.currency) for (_, lane), amount in amounts.items()
    )


def collected_by_lane(lines: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int], int]:
    """(parcel, lane) → what it would collect, of lines (parcel, lane, price)."""
    amounts: dict[tuple[int, int], int] = {}
    for parcel, lane, price in lines:
        amounts[parcel, lane] = amounts.get((parcel, lane), 0) + price
    return amounts


def agreed_terms(merchant_id: int, order_id: int) -> dict[int, CashTerms] | None:
    """The terms an order was agreed on, by lane; None: it is not paid at the door."""
    kept = CashOrder.objects.of(merchant_id).filter(order_id=order_id).values_list("terms", flat=True).first()
    return None if kept is None else {int(lane): CashTerms(**given) for lane, given in kept.items()}


def collected_parcels(merchant_id: int, order_id: int) -> frozenset[int] | None:
    """The parcels (ids) that were paid for at the door; None: the order is not paid there."""
    if not CashOrder.objects.of(merchant_id).filter(order_id=order_id).exists():
        return None
    rows = CashParcel.objects.of(merchant_id).filter(order_id=order_id)
    return frozenset(rows.exclude(collected_at=None).values_list("shipment_id", flat=True))


def turned_back(merchant_id: int, order_id: int) -> dict[int, int]:
    """Line id → its units in parcels that were refused at the door and have not come back: nobody has them."""
    refused = CashParcel.objects.of(merchant_id).filter(order_id=order_id, state=CashState.REFUSED, back_at=None)
    units: dict[int, int] = {}
    packed = ShipmentLine.objects.of(merchant_id).filter(shipment_id__in=refused.values("shipment_id"))
    for line_id, quantity in packed.values_list("line_id", "quantity"):
        units[line_id] = units.get(line_id, 0) + quantity
    return units


def cash_of(merchant_id: int, shipment_id: int) -> dict[str, Any]:
    """What a parcel is to collect; empty for one that is paid."""
    row = CashParcel.objects.of(merchant_id).filter(shipment_id=shipment_id).first()
    return {} if row is None else {"amount_minor": row.amount_minor, "currency": row.currency, "state": row.state}
