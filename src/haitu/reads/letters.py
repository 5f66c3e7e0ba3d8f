"""What a letter says, as values ready to print."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from haitu.models import Letter, OrderLine, Refund, Shipment, ShipmentLine
from haitu.reads.afloat import ships_by
from haitu.reads.late import LATER, expected_by, may_call_off, promised_by
from haitu.reads.merchant import by_id, shop_root
from haitu.reads.return_letter import ReturnTold, return_told
from haitu.reads.shop.markets import layout_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterLine:
    """Some units of one thing; `amount_minor` as the order shows them."""

    title: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterShown:
    """A letter about an order; `about_minor` is the refund's amount, `tracking` and `carrier` the parcel's.

    `promised` is the day the order was sold with, `latest` the one that holds now (of a late order's letter: the one it
    brings). `may_cancel`: nothing has left, the order's page still takes it back.
    """

    kind: str
    language: str
    email: str
    reply_to: str
    merchant: str
    name: str
    number: str
    address: str
    currency: str
    total_minor: int
    lines: tuple[LetterLine, ...]
    expires_at: datetime | None
    latest: date | None
    duty_paid_by: str
    paid_minor: int
    promised: date | None = None
    may_cancel: bool = False
    ships: date | None = None
    sent_in: int = 1
    about_minor: int = 0
    reason: str = ""
    carrier: str = ""
    tracking: str = ""
    back: ReturnTold | None = None


def letter_shown(letter: Letter) -> LetterShown:
    """Everything the letter needs; a shipment's letter lists what is in that parcel only."""
    order = letter.order
    shipment = _shipment(letter)
    refund = Refund.objects.of(letter.merchant_id).filter(pk=letter.reference).first() if _is_refund(letter) else None
    latest = date.fromisoformat(letter.reference) if letter.kind == LATER else expected_by(order.quote)
    return LetterShown(
        kind=letter.kind,
        language=order.language,
        email=order.email,
        reply_to=order.merchant.reply_to,
        merchant=order.merchant.name,
        name=order.name,
        number=order.number,
        address=_address(letter),
        currency=order.currency,
        total_minor=order.total_minor,
        lines=_lines(letter, shipment),
        expires_at=order.expires_at,
        latest=latest,
        promised=promised_by(order.quote),
        may_cancel=may_call_off(order.status, order.quote),
        duty_paid_by=order.quote.get("duty_paid_by", ""),
        ships=ships_by(order.quote),
        sent_in=len(order.quote.get("parcels", ())),
        paid_minor=order.paid_minor,
        about_minor=refund.amount_minor if refund else 0,
        reason=refund.reason if refund else "",
        carrier=shipment.lane.carrier if shipment else "",
        tracking=shipment.tracking if shipment else "",
        back=return_told(letter),
    )


def _is_refund(letter: Letter) -> bool:
    return letter.kind == "refunded" and letter.reference.isdigit()


def _shipment(letter: Letter) -> Shipment | None:
    if letter.kind != "shipped" or not letter.reference.isdigit():
        return None
    return Shipment.objects.of(letter.merchant_id).select_related("lane").filter(pk=letter.reference).first()


def _lines(letter: Letter, shipment: Shipment | None) -> tuple[LetterLine, ...]:
    if shipment is None:
        rows = OrderLine.objects.of(letter.merchant_id).filter(order=letter.order).order_by("position", "pk")
        return tuple(LetterLine(title=row.title, quantity=row.quantity, amount_minor=row.amount_minor) for row in rows)
    packed = ShipmentLine.objects.of(letter.merchant_id).filter(shipment=shipment).select_related("line")
    return tuple(
        LetterLine(title=row.line.title, quantity=row.quantity, amount_minor=row.line.unit_minor * row.quantity)
        for row in packed.order_by("line__position", "pk")
    )


def _address(letter: Letter) -> str:
    """The order's page on the merchant's first domain; "" when the merchant has none or closed the market."""
    root, merchant = shop_root(letter.merchant_id), by_id(letter.merchant_id)
    if not root or merchant is None:
        return ""
    order = letter.order
    tags = (market.tag_of(order.language) for market in layout_of(merchant).markets if market.id == order.market_id)
    tag = next(tags, None)
    return f"{root}/{tag}/order/{order.token}/" if tag else ""
