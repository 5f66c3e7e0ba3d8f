"""One parcel by every lane into a country: what each would cost, how long it takes, or why it refuses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from haitu.core.errors import Refusal
from haitu.core.freight import Lane, Piece, ship_price
from haitu.core.money import convert
from haitu.models import Lane as LaneRow
from haitu.reads.closures import shut_on
from haitu.reads.exchange import exchange_rate
from haitu.reads.merchant import ShopMerchant
from haitu.reads.quote import lane_of, tariffs_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A lane for the parcel: `cost_minor` in the base currency and `price_minor` in the card's, or the refusal."""

    id: int
    code: str
    carrier: str
    service: str
    mode: str
    origin: str
    tariff_id: int
    days_p50: int
    days_p90: int
    currency: str
    price_minor: int | None = None
    cost_minor: int | None = None
    boxes: int = 0
    chargeable_g: int = 0
    best: bool = False
    refusal: Refusal | None = None


def destinations(merchant_id: int) -> tuple[str, ...]:
    """The countries that lanes to consumers lead to."""
    rows = LaneRow.objects.of(merchant_id).filter(to=None).values_list("destination", flat=True)
    return tuple(sorted(set(rows)))


def choices(merchant: ShopMerchant, country: str, piece: Piece, *, on: date, postcode: str = "") -> tuple[Choice, ...]:
    """The cheapest first, then those that refuse; `best` are those that no other lane beats in both cost and days."""
    rows = LaneRow.objects.of(merchant.id).filter(to=None, destination=country).select_related("origin", "tariff")
    found = list(rows.order_by("code"))
    shut, cards = shut_on(merchant.id, on), tariffs_on(merchant.id, {row.tariff.code for row in found}, on)
    made = []
    for row in found:
        card = cards.get(row.tariff.code, row.tariff)
        lane = lane_of(row, card, shut.lane(row), origin_country=row.origin.country)
        made.append(_choice(lane, row, card.pk, piece, base=merchant.base_currency, on=on, postcode=postcode))
    priced = sorted(
        (one for one in made if one.cost_minor is not None), key=lambda one: (one.cost_minor or 0, one.days_p90)
    )
    return (*_marked(priced), *(one for one in made if one.cost_minor is None))


def _choice(lane: Lane, row: LaneRow, tariff_id: int, piece: Piece, *, base: str, on: date, postcode: str) -> Choice:
    price_minor = cost_minor = None
    boxes = chargeable_g = 0
    refusal = None
    try:
        leg = ship_price(lane, [piece], on=on, postcode=postcode)
        price_minor, boxes, chargeable_g = leg.price_minor, leg.boxes, leg.chargeable_g
        cost_minor = convert(price_minor, exchange_rate(lane.tariff.currency, base, on=on))
    except Refusal as no:
        refusal = no
    return Choice(
        id=lane.id,
        code=lane.code,
        carrier=lane.carrier,
        service=lane.service,
        mode=lane.mode,
        origin=row.origin.code,
        tariff_id=tariff_id,
        days_p50=lane.days_p50,
        days_p90=lane.days_p90,
        currency=lane.tariff.currency,
        price_minor=price_minor if refusal is None else None,
        cost_minor=cost_minor,
        boxes=boxes,
        chargeable_g=chargeable_g,
        refusal=refusal,
    )


def _marked(priced: Iterable[Choice]) -> Iterable[Choice]:
    """From cheap to dear a lane is worth its price only if it is faster than every cheaper one."""
    fastest: int | None = None
    for one in priced:
        best = fastest is None or one.days_p90 < fastest
        fastest = one.days_p90 if fastest is None else min(fastest, one.days_p90)
        yield replace(one, best=best)
