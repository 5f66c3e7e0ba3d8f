"""An account at the sandbox carrier: everything the protocol asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from haitu.core.tracking import Scan
from haitu.links.carriers.answers import compact, decoded, label_format, parsed, rows, scan, seconds, text, whole
from haitu.links.carriers.client import Call, Client
from haitu.links.carriers.protocol import (
    CarrierRefused,
    InvoiceLine,
    Label,
    Manifest,
    Push,
    Rate,
    ShipmentWanted,
    Thanks,
    to_json,
)
from haitu.links.carriers.sandbox.sign import signed, verify_push


class Sandbox:
    """One account. `settings`: `service` (standard or express), `notify_url` (where its pushes go)."""

    thanks = Thanks()
    repeats = True
    collects = True

    def __init__(self, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._client = Client(address)
        self._key = secrets.get("api_key", "")
        self._settings = settings

    def check(self) -> str:
        """Asks who we are there."""
        return f"Account {text(self._ask('GET', '/v1/account'), 'name')}"

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """Its two services."""
        found = self._ask("POST", "/v1/rates", to_json(wanted))
        rates = [
            Rate(
                service=text(row, "service"),
                told=text(row, "told"),
                price_minor=whole(row, "price_minor"),
                currency=text(row, "currency")[:3],
                days=whole(row, "days"),
            )
            for row in rows(found, "rates")
        ]
        return tuple(sorted(rates, key=lambda rate: rate.price_minor))

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """Buys."""
        extra = {"notify_url": str(self._settings.get("notify_url", ""))}
        service = wanted.service or str(self._settings.get("service", "standard"))
        found = self._ask("POST", "/v1/labels", to_json(wanted) | extra | {"service": service})
        return Label(
            waybill=text(found, "waybill"),
            format=label_format(found),
            content=decoded(found, "content"),
            cost_minor=whole(found, "cost_minor"),
            cost_currency=text(found, "currency")[:3],
        )

    def void(self, waybill: str, reference: str) -> None:  # noqa: ARG002  # the sandbox goes by the waybill
        """Cancels."""
        self._ask("POST", f"/v1/labels/{waybill}/void", {})

    def manifest(self, waybills: Sequence[str]) -> Manifest:
        """Closes the day."""
        found = self._ask("POST", "/v1/manifests", {"waybills": list(waybills)})
        return Manifest(number=text(found, "number"), format=label_format(found), content=decoded(found, "content"))

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """All scans of these."""
        found = self._ask("POST", "/v1/tracking", {"waybills": list(waybills)})
        return tuple(_scan(row) for row in rows(found, "scans"))

    def invoice(self, since: date, until: date) -> tuple[InvoiceLine, ...]:
        """What it charged."""
        found = self._ask("POST", "/v1/invoices", {"since": since.isoformat(), "until": until.isoformat()})
        return tuple(
            InvoiceLine(
                waybill=text(row, "waybill"),
                billed_minor=whole(row, "billed_minor"),
                currency=text(row, "currency")[:3],
                kind=text(row, "kind"),
                told=text(row, "told"),
                weight_g=whole(row, "weight_g"),
            )
            for row in rows(found, "lines")
        )

    def parse_push(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Push:
        """The scans in it."""
        verify_push(self._key, raw, headers, now)
        return Push(scans=tuple(_scan(row) for row in rows(parsed(raw), "scans")))

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = b"" if body is None else compact(body).encode()

        def make() -> Call:
            headers = {"Content-Type": "application/json"} | signed(self._key, method, path, content)
            return Call(method=method, path=path, headers=headers, content=content)

        answer = self._client.ask(make)
        found = answer.json()
        if answer.status >= 400:
            raise CarrierRefused(str(found.get("error", f"status {answer.status}"))[:200])
        return found


def _scan(row: Mapping[str, Any]) -> Scan:
    return scan(
        "sandbox",
        waybill=text(row, "waybill"),
        code=text(row, "code"),
        at=seconds(row, "at"),
        row=row,
        place=str(row.get("place", "")),
        told=str(row.get("told", "")),
    )
