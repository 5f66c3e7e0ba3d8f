"""One adapter for the carriers that karrio speaks: our values in, karrio's requests out, its answers back as ours.

karrio knows the carriers' formats; what it lacks we add: a base address of our own choosing, its messages as refusals,
its many exceptions as CarrierSilent. A repeat is NOT harmless here: these carriers keep no reference that makes it so,
so a purchase whose answer is lost is left to a person (`repeats`).
"""

from __future__ import annotations

import logging
import warnings
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, partial
from typing import Any

from haitu.core.money import minor_units
from haitu.core.tracking import Scan
from haitu.links.carriers.answers import moment, scan
from haitu.links.carriers.protocol import (
    Address,
    BadCarrierAnswer,
    CarrierRefused,
    CarrierSilent,
    Label,
    LabelFormat,
    NotOffered,
    Rate,
    ShipmentWanted,
    Unoffered,
)

log = logging.getLogger(__name__)
SILENT = ("timeout", "connection", "503", "502", "500", "429", "gateway")


class NotInstalled(NotOffered):
    """The optional extra `carriers` is not installed here."""

    code = "not_installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KarrioCarrier:
    """A carrier of karrio's: its name there, what its account is opened with, and what else it wants to be told."""

    name: str
    secrets: tuple[str, ...]
    settings: tuple[str, ...] = ("account_number", "account_country_code")


KARRIO_CARRIERS: Mapping[str, KarrioCarrier] = {
    "ups": KarrioCarrier(name="ups", secrets=("client_id", "client_secret")),
    "fedex": KarrioCarrier(name="fedex", secrets=("api_key", "secret_key")),
    "dhl_express": KarrioCarrier(name="dhl_express", secrets=("site_id", "password")),
    "usps": KarrioCarrier(name="usps", secrets=("client_id", "client_secret")),
}


@cache
def _karrio() -> Any:
    """The library, loaded when it is first needed: it is optional and takes a second."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of its own dependencies
            import karrio.sdk as karrio  # noqa: PLC0415  # optional
            import loguru  # noqa: PLC0415  # karrio's own log, which may hold addresses

            loguru.logger.disable("karrio")
            list(karrio.gateway.providers)  # finds the carriers now, not in the middle of a purchase
    except ImportError:
        raise NotInstalled("karrio is not installed here: install haitu[carriers].", part="karrio") from None
    return karrio


class Karrio(Unoffered):
    """One account. `settings`: the account number, its country, `service` by karrio's name (ups_standard ...)."""

    repeats = False

    def __init__(
        self, given: KarrioCarrier, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]
    ) -> None:
        self._given, self._address, self._settings = given, address.rstrip("/"), settings
        self._secrets = {name: secrets.get(name, "") for name in given.secrets}

    @classmethod
    def of(cls, name: str) -> Callable[[str, Mapping[str, str], Mapping[str, Any]], Karrio]:
        """The maker of accounts at that carrier."""
        return partial(cls, KARRIO_CARRIERS[name])

    def check(self) -> str:
        """Fetches the access token, where the carrier has one; else finds the library."""
        gateway = self._gateway()
        if hasattr(gateway.proxy, "get_token"):
            _calling(gateway.proxy.get_token)
        return f"karrio speaks {self._given.name}"

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """All services, with the prices of the account."""
        request = _request("RateRequest", self._parties(wanted) | {"options": {"currency": wanted.currency}})
        found = self._done(lambda karrio, gateway: karrio.Rating.fetch(request).from_(gateway).parse())
        rates = [
            Rate(
                service=str(row.service),
                told=str((row.meta or {}).get("service_name", row.service)),
                price_minor=_minor(row.total_charge, row.currency),
                currency=str(row.currency),
                days=row.transit_days,
            )
            for row in found or ()
        ]
        return tuple(sorted(rates, key=lambda rate: rate.price_minor))

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """Buys one shipment, its label as PDF."""
        service = wanted.service or str(self._settings.get("service", ""))
        payer = {"paid_by": "sender", "account_number": str(self._settings.get("account_number", ""))}
        rest = {"service": service, "label_type": "PDF", "reference": wanted.reference, "payment": payer}
        request = _request("ShipmentRequest", self._parties(wanted) | rest)
        found = self._done(lambda karrio, gateway: karrio.Shipment.create(request).from_(gateway).parse())
        if found is None or not found.tracking_number or not found.docs or not found.docs.label:
            raise BadCarrierAnswer("The carrier sold a label without a number or a picture.")
        rate = found.selected_rate
        content = b64decode(found.docs.label)
        return Label(
            waybill=str(found.tracking_number),
            format=_format(content, str(found.label_type)),
            content=content,
            cost_minor=_minor(rate.total_charge, rate.currency) if rate else None,
            cost_currency=str(rate.currency) if rate else "",
        )

    def void(self, waybill: str, reference: str) -> None:  # noqa: ARG002  # by the waybill
        """Cancels."""
        request = _request("ShipmentCancelRequest", {"shipment_identifier": waybill})
        found = self._done(lambda karrio, gateway: karrio.Shipment.cancel(request).from_(gateway).parse())
        if found is None or not found.success:
            raise CarrierRefused("The carrier does not cancel this label.")

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """All scans. The carriers print local times without a zone; they are read as UTC, hours off at most."""
        request = _request("TrackingRequest", {"tracking_numbers": list(waybills)})
        found = self._done(lambda karrio, gateway: karrio.Tracking.fetch(request).from_(gateway).parse(), partly=True)
        return tuple(_scan(str(details.tracking_number), event) for details in found or () for event in details.events)

    def _gateway(self) -> Any:
        """karrio's gateway, with its settings pointed at our address."""
        names = self._given.settings
        rest = {name: str(self._settings[name]) for name in names if self._settings.get(name)}
        gateway = _karrio().gateway[self._given.name].create({**self._secrets, **rest})
        kind = type(gateway.settings)
        pointed = type(kind.__name__, (kind,), {"server_url": property(lambda _: self._address)})
        gateway.settings.__class__ = pointed
        gateway.proxy.settings = gateway.mapper.settings = gateway.settings
        return gateway

    def _done(self, call: Callable[[Any, Any], Any], *, partly: bool = False) -> Any:
        """What karrio parsed, its messages as refusals; with `partly` some waybills may be unknown."""
        gateway = self._gateway()
        found, messages = _calling(lambda: call(_karrio(), gateway))
        if messages and not (partly and found):
            told = "; ".join(f"{message.message} ({message.code})" for message in messages)[:200]
            if any(word in told.lower() for word in SILENT):
                raise CarrierSilent(f"The carrier is out of order: {told}.", reason=told)
            if partly and not found:
                return ()
            raise CarrierRefused(told, result=str(messages[0].code))
        return found

    def _parties(self, wanted: ShipmentWanted) -> dict[str, Any]:
        parties: dict[str, Any] = {
            "shipper": _person(wanted.sender),
            "recipient": _person(wanted.receiver),
            "reference": wanted.reference,
            "parcels": [
                {
                    "weight": float(Decimal(parcel.weight_g) / 1000),
                    "weight_unit": "KG",
                    "dimension_unit": "CM",
                    "length": -(-parcel.length_mm // 10) or None,
                    "width": -(-parcel.width_mm // 10) or None,
                    "height": -(-parcel.height_mm // 10) or None,
                }
                for parcel in wanted.parcels
            ],
        }
        if wanted.sender.country != wanted.receiver.country:
            parties["customs"] = _customs(wanted)
        return parties


def _customs(wanted: ShipmentWanted) -> dict[str, Any]:
    unit = minor_units(wanted.currency)
    return {
        "incoterm": wanted.incoterm,
        "content_type": "merchandise",
        "commercial_invoice": True,
        "invoice": wanted.reference,
        "invoice_date": datetime.now(UTC).date().isoformat(),
        "duty": {
            "paid_by": "sender" if wanted.incoterm == "DDP" else "recipient",
            "currency": wanted.currency,
            "declared_value": float(Decimal(wanted.value_minor) / unit),
        },
        "commodities": [
            {
                "sku": line.sku,
                "title": line.told,
                "description": line.told,
                "quantity": line.quantity,
                "hs_code": line.hs_code,
                "weight": float(Decimal(line.weight_g) / 1000 / line.quantity),
                "weight_unit": "KG",
                "value_amount": float(Decimal(line.value_minor) / unit / line.quantity),
                "value_currency": wanted.currency,
                "origin_country": line.origin_country,
            }
            for line in wanted.customs
        ],
    }


def _request(kind: str, values: Mapping[str, Any]) -> Any:
    """One of karrio's requests."""
    _karrio()
    from karrio.core import models  # noqa: PLC0415  # optional
    from karrio.lib import to_object  # noqa: PLC0415  # optional

    return to_object(getattr(models, kind), dict(values))


def _calling(call: Callable[[], Any]) -> Any:
    """karrio raises whatever its parts raise; none of it may pass this wall, nor be taken for a final no.

    It runs its requests in an event loop it starts itself, which no thread may do that has one: so it gets its own.
    """
    try:
        with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=1) as own:
            warnings.simplefilter("ignore")
            return own.submit(call).result()
    except NotOffered:
        raise
    except Exception as problem:  # noqa: BLE001  # a library's many ways to fail
        messages = getattr(problem, "messages", None)
        if messages:
            told = "; ".join(f"{message.message} ({message.code})" for message in messages)[:200]
            raise CarrierRefused(told, result=str(messages[0].code)) from None
        log.warning("karrio: %s", type(problem).__name__)
        told = type(problem).__name__
        raise CarrierSilent(f"The carrier does not answer ({told}).", reason=told) from None


def _person(address: Address) -> dict[str, Any]:
    return {
        "person_name": address.name,
        "company_name": address.company or None,
        "phone_number": address.phone or None,
        "email": address.email or None,
        "address_line1": address.street,
        "city": address.city,
        "state_code": address.region or None,
        "postal_code": address.postcode or None,
        "country_code": address.country,
    }


def _minor(amount: float, currency: str) -> int:
    return int((Decimal(str(amount)) * minor_units(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _format(content: bytes, told: str) -> LabelFormat:
    if content.startswith(b"%PDF"):
        return "pdf"
    if content.startswith(b"\x89PNG"):
        return "png"
    if content.startswith(b"^XA") or told.upper() == "ZPL":
        return "zpl"
    raise BadCarrierAnswer("The carrier's label is neither PDF, PNG nor ZPL.")


def _scan(waybill: str, event: Any) -> Scan:
    at = moment(str(event.timestamp)) if event.timestamp else _spoken(str(event.date), str(event.time or "00:00"))
    code = str(event.status or event.code or "unknown")
    row = {"code": event.code, "status": event.status, "told": event.description, "place": event.location}
    return scan(
        "karrio",
        waybill=waybill,
        code=code,
        at=at,
        row=row,
        place=str(event.location or ""),
        told=str(event.description or ""),
    )


def _spoken(day: str, hour: str) -> datetime:
    """A day and an hour such as "02:14 PM"."""
    for written in ("%I:%M %p", "%H:%M", "%H:%M:%S"):
        try:
            clock = datetime.strptime(hour, written).replace(tzinfo=UTC)
        except ValueError:
            continue
        return moment(day).replace(tzinfo=UTC) + timedelta(hours=clock.hour, minutes=clock.minute)
    return moment(day).replace(tzinfo=UTC)
