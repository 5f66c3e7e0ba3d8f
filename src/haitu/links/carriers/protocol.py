"""What every carrier can do for us, whoever it is. What one of them cannot do it refuses as NotOffered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol

from haitu.core.errors import Refusal
from haitu.core.tracking import Scan

LabelFormat = Literal["pdf", "png", "zpl"]


class CarrierSilent(Refusal):
    """The carrier gave no answer, is out of order or has had enough for now. Nothing is lost; ask again later."""

    code = "carrier_silent"


class CarrierRefused(Refusal):
    """The carrier understood and says no, in its own words; asking the same again will not help."""

    code = "carrier_refused"


class BadCarrierAnswer(Refusal):
    """The carrier answered with something that its own documentation does not know. What it did is not known."""

    code = "bad_carrier_answer"


class NotOffered(Refusal):
    """The carrier's interface has no such thing."""

    code = "not_offered"


class ForgedPush(Refusal):
    """A push does not carry this account's valid and recent signature."""

    code = "forged_push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place to pick up from or deliver to. A country without postcodes leaves `postcode` empty."""

    name: str
    street: str
    city: str
    country: str
    postcode: str = ""
    region: str = ""
    district: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelWanted:
    """One box. Sizes may be unknown (0), the weight may not."""

    weight_g: int
    length_mm: int = 0
    width_mm: int = 0
    height_mm: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomsLine:
    """One kind of goods in the parcel; `value_minor` (shipment's currency) and `weight_g` are for all its pieces."""

    sku: str
    told: str
    quantity: int
    value_minor: int
    weight_g: int
    hs_code: str = ""
    origin_country: str = ""
    told_local: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentWanted:
    """What a label is bought for. `reference` is ours, and asking twice under it is the same as asking once."""

    reference: str
    sender: Address
    receiver: Address
    parcels: tuple[ParcelWanted, ...]
    customs: tuple[CustomsLine, ...]
    currency: str
    service: str = ""
    incoterm: str = "DAP"
    ioss: str = ""
    cash_minor: int = 0  # to collect at the door, in `currency`
    way_back: bool = False  # a return: from the buyer to us

    @property
    def weight_g(self) -> int:
        """All boxes together."""
        return sum(parcel.weight_g for parcel in self.parcels)

    @property
    def value_minor(self) -> int:
        """What customs are told it is worth."""
        return sum(line.value_minor for line in self.customs)


def to_json(wanted: ShipmentWanted) -> dict[str, Any]:
    """The shipment as JSON; `from_json` is its exact inverse."""
    return asdict(wanted)


def from_json(kept: Mapping[str, Any]) -> ShipmentWanted:
    """The shipment that was written down."""
    parts = {
        "sender": Address(**kept["sender"]),
        "receiver": Address(**kept["receiver"]),
        "parcels": tuple(ParcelWanted(**parcel) for parcel in kept["parcels"]),
        "customs": tuple(CustomsLine(**line) for line in kept["customs"]),
    }
    return ShipmentWanted(**{**kept, **parts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a service would cost, before it is bought; `days` the carrier's own estimate."""

    service: str
    told: str
    price_minor: int
    currency: str
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A bought label. `cost_minor` is None where the carrier tells it only on the bill."""

    waybill: str
    format: LabelFormat
    content: bytes
    cost_minor: int | None = None
    cost_currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The hand-over list of a pick-up."""

    number: str
    format: LabelFormat = "pdf"
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line of a carrier's bill; `weight_g` as the carrier charged it, None where it does not say."""

    waybill: str
    billed_minor: int
    currency: str
    kind: str = "freight"
    told: str = ""
    weight_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a verified push says, and the words the carrier wants to hear so that it stops repeating."""

    scans: tuple[Scan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thanks:
    """How a carrier wants its push acknowledged."""

    body: bytes = b'{"ok":true}'
    content_type: str = "application/json"


class Carrier(Protocol):
    """One merchant's account at a carrier.

    Every call may raise CarrierSilent (try later), CarrierRefused (its words), BadCarrierAnswer or NotOffered.
    """

    thanks: Thanks
    repeats: bool  # whether asking to buy twice under one reference buys once
    collects: bool  # whether `cash_minor` is told to it and collected at the door

    def check(self) -> str:
        """Asks something harmless that needs the account; a few words about the answer."""

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """What the shipment would cost, the cheapest first."""

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """Buys; the same reference again is the same waybill."""

    def void(self, waybill: str, reference: str) -> None:
        """Cancels a label that was not used; one that is cancelled already is well cancelled."""

    def manifest(self, waybills: Sequence[str]) -> Manifest:
        """Closes the day: the list that the driver signs."""

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """Everything the carrier knows about these, in any order; unknown ones are left out."""

    def invoice(self, since: date, until: date) -> tuple[InvoiceLine, ...]:
        """What was charged between two days, both included."""

    def parse_push(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Push:
        """The scans in a push, after its signature was checked. Raises ForgedPush or BadCarrierAnswer."""


class Unoffered:
    """The parts of the protocol that a carrier's interface may lack, refused one by one."""

    thanks = Thanks()
    repeats = True
    collects = False

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:  # noqa: ARG002
        """Refused."""
        raise NotOffered("This carrier's interface tells no prices.", part="rate")

    def manifest(self, waybills: Sequence[str]) -> Manifest:  # noqa: ARG002
        """Refused."""
        raise NotOffered("This carrier's interface closes no day.", part="manifest")

    def invoice(self, since: date, until: date) -> tuple[InvoiceLine, ...]:  # noqa: ARG002
        """Refused."""
        raise NotOffered("This carrier's interface gives no bills; upload the file instead.", part="invoice")

    def parse_push(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Push:  # noqa: ARG002
        """Refused."""
        raise NotOffered("This carrier's interface pushes no tracking.", part="push")
