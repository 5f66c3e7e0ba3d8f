"""The closed list of what can happen, what each event does to its order, and how it is written down and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, assert_never, get_args

from haitu.core.happening import Dims, Happening, OrderStatus, Posting, RefundAbovePaid, RefundCurrency, WrongStatus
from haitu.core.landed import Waterfall
from haitu.core.money import FxRate, convert_back

__all__ = [
    "Dims",
    "Happening",
    "OrderStatus",
    "Posting",
    "RefundAbovePaid",
    "RefundCurrency",
    "WrongStatus",
]  # with the events below


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Happening):
    """A buyer placed an order: its quote is kept beside what will come. Imported history has no quote."""

    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(Happening):
    """Money came in for an order, `amount_minor` before the provider's fee. It is owed until the goods leave."""

    amount_minor: int
    fee: tuple[Posting, ...] = ()
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAgreed(Happening):
    """The buyer will pay at the door: the goods may leave unpaid. `postings`: how that changes the quote."""

    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected(Happening):
    """A carrier took the money for a parcel at the door: from now on it owes us that, less the fee it keeps."""

    shipment_id: int
    amount_minor: int
    fee: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remitted(Happening):
    """A carrier handed over what it had collected for a parcel (negative: it took some back)."""

    shipment_id: int
    remitted_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAtDoor(Happening):
    """Nobody paid for a parcel; it comes back. `postings`: its sale undone, and what the carrier keeps for it.

    `completes`: nothing else of the order is with the buyer or on its way.
    """

    shipment_id: int
    postings: tuple[Posting, ...]
    completes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(Happening):
    """A payment did not come through; the order waits on."""

    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Happening):
    """An order was called off before anything left; `postings` are those it was placed with."""

    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired(Happening):
    """An order was not paid in time; `postings` are those it was placed with."""

    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revived(Happening):
    """An expired order was paid after all and its goods were still there: the quote it was placed with stands again."""

    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped(Happening):
    """A parcel left: now the sale is earned and its costs are owed. No payment fee and no returns in here."""

    shipment_id: int
    postings: tuple[Posting, ...]
    completes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Happening):
    """A parcel arrived."""

    shipment_id: int
    completes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Happening):
    """Nothing more will leave: the money for the rest of an order that left in part went back before its goods did.

    `arrived`: all parcels that did leave have arrived.
    """

    arrived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierBilled(Happening):
    """A carrier's bill differs from what was booked when the parcel left: `last_mile` is the difference."""

    shipment_id: int
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(Happening):
    """Money went back to the buyer, in the charged currency.

    For goods that had left: `postings`, with all that went back in `returns` and minus the tax inside it in `tax`, for
    that tax is owed no more. For goods that never left: `deposit_minor`.
    """

    refund_id: int | None
    postings: tuple[Posting, ...] = ()
    deposit_minor: int = 0

    def __post_init__(self) -> None:
        Happening.__post_init__(self)
        if any(posting.waterfall.tax > 0 or posting.waterfall.returns < 0 for posting in self.postings):
            raise ValueError("a refund has what went back in returns, not below 0, and its tax in tax, not above 0")

    @property
    def amount_minor(self) -> int:
        """All that went back."""
        return self.deposit_minor + sum(posting.waterfall.returns for posting in self.postings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Happening):
    """Goods came back: `goods` and `inbound` negative, and what of their sum is lost in `returns`: none of it as new,
    all of it written off, a part for second choice. `last_mile` is the freight of the way back.
    """

    return_id: int | None
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCharged(Happening):
    """What a return costs beside its goods, in `returns`: its label (owed to the carrier), or the work on it."""

    case_id: int
    postings: tuple[Posting, ...]
    to_carrier: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCharged(Happening):
    """A settlement line that belongs to no order: an outlet's or a provider's fee, booked at settlement level."""

    postings: tuple[Posting, ...]
    settlement: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendBooked(Happening):
    """Money was spent on traffic for a channel and a market, whose orders then carry no assumed traffic."""

    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Happening):
    """Goods came into stock: `goods` is their value, `inbound` the freight and duty of the way in."""

    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOff(Happening):
    """Goods are no longer there: `goods` and `inbound` hold the value lost (negative: more was found)."""

    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revalued(Happening):
    """The goods are there, their value changed: `goods` and `inbound` hold what was added (negative: taken off)."""

    postings: tuple[Posting, ...]


Event = (
    Placed
    | Paid
    | CashAgreed
    | Collected
    | Remitted
    | RefusedAtDoor
    | PaymentFailed
    | Cancelled
    | Expired
    | Revived
    | Shipped
    | Delivered
    | Closed
    | CarrierBilled
    | Refunded
    | Returned
    | ReturnCharged
    | FeeCharged
    | SpendBooked
    | Received
    | WrittenOff
    | Revalued
)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


KINDS: Mapping[str, type[Event]] = {_snake(kind.__name__): kind for kind in get_args(Event)}
_NAMES: Mapping[type[Event], str] = {kind: name for name, kind in KINDS.items()}


def kind_of(event: Event) -> str:
    """The name under which an event is kept: CarrierBilled → "carrier_billed"."""
    return _NAMES[type(event)]


# What an event does to its order -------------------------------------------------------------------------------------

ANY = frozenset(OrderStatus)
NONE: frozenset[OrderStatus] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How an event moves its order: from one of `from_` to `to` (None: stays), with money in and money back.

    `must`: the event cannot happen in another status. A payment can: money that came is booked whatever became of the
    order, and the order stays as it is.
    """

    from_: frozenset[OrderStatus]
    to: OrderStatus | None = None
    must: bool = True
    paid_minor: int = 0
    refunded_minor: int = 0

    @property
    def changes_order(self) -> bool:
        """Whether the order's row is touched at all."""
        return self.to is not None or self.paid_minor != 0 or self.refunded_minor != 0


STAYS = Move(from_=ANY)
ACCEPTS = Move(from_=frozenset({OrderStatus.PENDING}), to=OrderStatus.ACCEPTED)
CANCELS = Move(from_=frozenset({OrderStatus.PENDING, OrderStatus.ACCEPTED, OrderStatus.PAID}), to=OrderStatus.CANCELLED)
EXPIRES = Move(from_=frozenset({OrderStatus.PENDING}), to=OrderStatus.EXPIRED)
REVIVES = Move(from_=frozenset({OrderStatus.EXPIRED}), to=OrderStatus.PENDING)
SHIPS_PART = Move(
    from_=frozenset({OrderStatus.ACCEPTED, OrderStatus.PAID, OrderStatus.PART_SHIPPED}), to=OrderStatus.PART_SHIPPED
)
SHIPS = replace(SHIPS_PART, to=OrderStatus.SHIPPED)
DELIVERS_PART = Move(from_=frozenset({OrderStatus.PART_SHIPPED, OrderStatus.SHIPPED}))
DELIVERS = Move(from_=frozenset({OrderStatus.SHIPPED}), to=OrderStatus.DELIVERED)
REFUSES_PART = Move(from_=frozenset({OrderStatus.PART_SHIPPED, OrderStatus.SHIPPED}))
REFUSES = replace(REFUSES_PART, to=OrderStatus.CANCELLED)
CLOSES = Move(from_=frozenset({OrderStatus.PART_SHIPPED}), to=OrderStatus.SHIPPED)
# Also of an order that had left whole: what was on its way last was refused at the door.
CLOSES_ARRIVED = Move(from_=frozenset({OrderStatus.PART_SHIPPED, OrderStatus.SHIPPED}), to=OrderStatus.DELIVERED)


def move(event: Event) -> Move:  # noqa: C901, PLR0911, PLR0912  # an arm an event
    """What the event does to its order."""
    match event:
        case Paid():
            from_ = frozenset({OrderStatus.PENDING})
            return Move(from_=from_, to=OrderStatus.PAID, must=False, paid_minor=event.amount_minor)
        case CashAgreed():
            return ACCEPTS
        case Collected():
            return Move(from_=ANY, paid_minor=event.amount_minor)
        case RefusedAtDoor():
            return REFUSES if event.completes else REFUSES_PART
        case Cancelled():
            return CANCELS
        case Expired():
            return EXPIRES
        case Revived():
            return REVIVES
        case Shipped():
            return SHIPS if event.completes else SHIPS_PART
        case Delivered():
            return DELIVERS if event.completes else DELIVERS_PART
        case Closed():
            return CLOSES_ARRIVED if event.arrived else CLOSES
        case Refunded():
            return Move(from_=ANY, refunded_minor=event.amount_minor)
        case Placed() | Remitted() | PaymentFailed() | CarrierBilled() | Returned() | ReturnCharged():
            return STAYS
        case FeeCharged() | SpendBooked() | Received() | WrittenOff() | Revalued():
            return STAYS
        case _:
            assert_never(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an order's events amount to; the order's row says the same, or the audit speaks up."""

    status: OrderStatus = OrderStatus.PENDING
    paid_minor: int = 0
    refunded_minor: int = 0


def after(standing: Standing, event: Event) -> Standing:
    """The order's standing once the event has happened; refuses what cannot."""
    step = move(event)
    fits = standing.status in step.from_
    if step.must and not fits:
        raise wrong_status(event, standing.status)
    changed = Standing(
        status=step.to if fits and step.to else standing.status,
        paid_minor=standing.paid_minor + step.paid_minor,
        refunded_minor=standing.refunded_minor + step.refunded_minor,
    )
    if step.refunded_minor and changed.refunded_minor > changed.paid_minor:
        raise refund_above_paid(step.refunded_minor, standing)
    return changed


def stamp(last_event_id: int, last_refund_id: int) -> str:
    """What tells whether anything happened to an order since somebody looked; a refund on its way has no event yet."""
    return f"{last_event_id}.{last_refund_id}"


def wrong_status(event: Event, status: str) -> WrongStatus:
    """The refusal of an event that does not fit the order's status."""
    allowed = ", ".join(sorted(move(event).from_))
    told = f"The order is {status}; “{kind_of(event)}” needs it to be {allowed}."
    return WrongStatus(told, status=status, kind=kind_of(event), allowed=allowed)


def refund_above_paid(asked_minor: int, standing: Standing) -> RefundAbovePaid:
    """The refusal of a refund that would exceed what was paid."""
    left = standing.paid_minor - standing.refunded_minor
    told = f"{asked_minor} minor units were to be refunded; of the payment {left} are left."
    return RefundAbovePaid(told, field="amount", asked_minor=asked_minor, left_minor=left)


def in_charged_currency(amount_minor: int, currency: str, dims: Dims) -> int:
    """An amount to refund in minor units of the currency that was charged, at the order's frozen rate.

    Refunding 1 EUR on an order paid in forints gives back the forints that 1 EUR was worth, never 1 forint.
    """
    if currency == dims.currency:
        return amount_minor
    if currency != dims.base_currency:
        told = f"A refund is given in {dims.currency} (charged) or {dims.base_currency}, not in {currency}."
        raise RefundCurrency(told, field="currency", currency=currency, charged=dims.currency, base=dims.base_currency)
    frozen = FxRate(
        base=dims.currency, quote=dims.base_currency, rate_e9=dims.fx_e9, on=date.min, source="the order's frozen rate"
    )
    return convert_back(amount_minor, frozen)


# Written down and read back ------------------------------------------------------------------------------------------

_POSTINGS = ("postings", "fee")


def to_payload(event: Event) -> dict[str, Any]:
    """The event as JSON; `from_payload` is its exact inverse."""
    payload = {item.name: getattr(event, item.name) for item in fields(event)}
    payload["at"] = event.at.isoformat()
    payload["dims"] = _dims_to_list(event.dims)
    for name in _POSTINGS:
        if name in payload:
            payload[name] = [_posting_to_list(posting) for posting in payload[name]]
    return payload


def from_payload(kind: str, payload: Mapping[str, Any]) -> Event:
    """The event that was written down under that kind."""
    values = dict(payload)
    values["at"] = datetime.fromisoformat(values["at"])
    values["dims"] = _dims_from_list(values["dims"])
    for name in _POSTINGS:
        if name in values:
            values[name] = tuple(_posting_from_list(item) for item in values[name])
    return KINDS[kind](**values)


def _dims_to_list(dims: Dims) -> list[Any]:
    return [
        *(dims.currency, dims.base_currency, dims.fx_e9),
        *(dims.order_id, dims.market_id, dims.outlet_id, dims.channel),
    ]


def _dims_from_list(values: list[Any]) -> Dims:
    currency, base_currency, fx_e9, order_id, market_id, outlet_id, channel = values
    return Dims(
        currency=currency,
        base_currency=base_currency,
        fx_e9=fx_e9,
        order_id=order_id,
        market_id=market_id,
        outlet_id=outlet_id,
        channel=channel,
    )


def _posting_to_list(posting: Posting) -> list[Any]:
    assumptions = posting.assumed + 2 * posting.tax_assumed
    return [posting.line_id, posting.variant_id, posting.lane_id, assumptions, *posting.waterfall.as_list()]


def _posting_from_list(values: list[Any]) -> Posting:
    line_id, variant_id, lane_id, assumptions, *steps = values
    return Posting(
        line_id=line_id,
        variant_id=variant_id,
        lane_id=lane_id,
        assumed=bool(assumptions & 1),
        tax_assumed=bool(assumptions & 2),
        waterfall=Waterfall.from_list(steps),
    )
