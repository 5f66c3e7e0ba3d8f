"""An account at Cainiao LINK. The envelope is Cainiao's published one; which fields a line wants is agreed with it.

LINK is a gateway: a message type per business, JSON inside. The types for waybills (TMS_WAYBILL_GET and
TMS_WAYBILL_DISCARD) and their fields are those of the public LINK catalogue; tracking comes as pushes and, where the
contract has it, by a query type. The types are settings, so that a contract with other ones needs no code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from haitu.core.money import minor_units
from haitu.core.tracking import Scan
from haitu.links.carriers.answers import compact, moment, parsed, rows, scan, text
from haitu.links.carriers.cainiao.sign import form, opened
from haitu.links.carriers.client import Call, Client
from haitu.links.carriers.protocol import (
    Address,
    BadCarrierAnswer,
    CarrierRefused,
    CarrierSilent,
    Label,
    NotOffered,
    Push,
    ShipmentWanted,
    Thanks,
    Unoffered,
)

PATH = "/gateway/link.do"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
TYPES = {
    "get": "TMS_WAYBILL_GET",
    "void": "TMS_WAYBILL_DISCARD",
    "check": "TMS_WAYBILL_SUBSCRIPTION_QUERY",
    "track": "",
    "push": "LOGISTICS_TRACE_PUSH",
}
BUSY = ("S20", "SYSTEM", "LIMIT")  # beginnings of error codes that pass


class Cainiao(Unoffered):
    """One account. `settings`: `cp_code` (the line), `template` (where the print template lies), `types` of message."""

    thanks = Thanks(body=b'{"success":"true"}')

    def __init__(self, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._client = Client(address)
        self._provider, self._secret = secrets.get("provider_id", ""), secrets.get("secret", "")
        self._settings = settings
        self._types = TYPES | dict(settings.get("types", {}))

    def check(self) -> str:
        """Asks which lines we are subscribed to."""
        self._ask("check", {"cpCode": self._cp_code()})
        return "The digest is accepted."

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """A waybill number, and the print data as Cainiao's print component takes it, kept as the label.

        Cainiao draws its label in the merchant's print component from encrypted data; where the contract returns a
        PDF, it comes in `printContent`.
        """
        found = self._ask("get", self._order(wanted))
        row = next(iter(rows(found, "waybillCloudPrintResponseList")), None)
        if row is None:
            raise BadCarrierAnswer("Cainiao gives no waybill.")
        if row.get("objectId") not in (wanted.reference, None):
            raise BadCarrierAnswer("Cainiao's waybill belongs to another order.")
        return Label(waybill=text(row, "waybillCode"), format="pdf", content=_printed(row))

    def void(self, waybill: str, reference: str) -> None:  # noqa: ARG002  # Cainiao goes by the waybill
        """Gives the number back."""
        self._ask("void", {"cpCode": self._cp_code(), "waybillCode": waybill})

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """One query a waybill, where the contract has such a message type."""
        if not self._types["track"]:
            raise NotOffered("This LINK contract pushes tracking and answers no queries.", part="track")
        found: list[Scan] = []
        for waybill in waybills:
            answer = self._ask("track", {"mailNo": waybill, "cpCode": self._cp_code()})
            found += [_trace(waybill, row) for row in rows(answer, "traces")]
        return tuple(found)

    def parse_push(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Push:  # noqa: ARG002
        """The scans of a signed trace push. LINK's digest carries no time: what repeats is deduplicated by its key."""
        kind, content = opened(raw, self._secret)
        if kind != self._types["push"]:
            raise BadCarrierAnswer(f"A push of type {kind[:40]!r} is not known here.")
        found = parsed(content)
        return Push(scans=tuple(_trace(text(found, "mailNo"), row) for row in rows(found, "traces")))

    def _cp_code(self) -> str:
        return str(self._settings.get("cp_code", ""))

    def _order(self, wanted: ShipmentWanted) -> dict[str, Any]:
        unit = minor_units(wanted.currency)
        return {
            "cpCode": self._cp_code(),
            "sender": _person(wanted.sender),
            "tradeOrderInfoDtos": [
                {
                    "objectId": wanted.reference,
                    "templateUrl": str(self._settings.get("template", "")),
                    "recipient": _person(wanted.receiver),
                    "orderInfo": {"orderChannelsType": "OTHERS", "tradeOrderList": [wanted.reference]},
                    "packageInfo": {
                        "id": wanted.reference,
                        "weight": wanted.weight_g,
                        "items": [
                            {
                                "name": line.told_local or line.told,
                                "count": line.quantity,
                                "hsCode": line.hs_code,
                                "price": str(Decimal(line.value_minor) / unit),
                                "currency": wanted.currency,
                            }
                            for line in wanted.customs
                        ],
                    },
                }
            ],
        }

    def _ask(self, type_: str, message: Mapping[str, Any]) -> dict[str, Any]:
        content = compact(message)
        body = form(content, self._secret, kind=self._types[type_], provider=self._provider)
        call = Call(method="POST", path=PATH, headers={"Content-Type": FORM}, content=body)
        found = self._client.ask(lambda: call).json()
        if str(found.get("success", "true")).lower() != "true":
            code = str(found.get("errorCode") or "")
            told = f"{found.get('errorMsg') or 'refused'} ({code})"[:200]
            if code.upper().startswith(BUSY):
                raise CarrierSilent(f"Cainiao is busy: {told}.", reason=code)
            raise CarrierRefused(told, result=code)
        return found


def _printed(row: Mapping[str, Any]) -> bytes:
    if row.get("printContent"):
        return text(row, "printContent").encode()
    return text(row, "printData").encode()


def _person(address: Address) -> dict[str, Any]:
    return {
        "name": address.name,
        "mobile": address.phone,
        "phone": address.phone,
        "address": {
            "country": address.country,
            "province": address.region,
            "city": address.city,
            "district": address.district,
            "detail": address.street,
            "zipCode": address.postcode,
        },
    }


def _trace(waybill: str, row: Mapping[str, Any]) -> Scan:
    return scan(
        "cainiao",
        waybill=waybill,
        code=text(row, "action"),
        at=moment(text(row, "time")),
        row=row,
        place=str(row.get("facilityName") or row.get("city") or ""),
        told=str(row.get("desc") or ""),
    )
