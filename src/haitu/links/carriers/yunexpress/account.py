"""An account at YunExpress. Paths are those of public clients; which fields are wanted awaits a live account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from haitu.core.money import minor_units
from haitu.core.tracking import Scan
from haitu.links.carriers.answers import compact, minor, moment, part, rows, scan, text
from haitu.links.carriers.client import Answer, Call, Client
from haitu.links.carriers.protocol import (
    BadCarrierAnswer,
    CarrierRefused,
    Label,
    Rate,
    ShipmentWanted,
    Unoffered,
)
from haitu.links.carriers.yunexpress.sign import authorization

OK = "0000"
CURRENCY = "CNY"  # price trials are in yuan


class YunExpress(Unoffered):
    """One account. `settings`: `service` (ShippingMethodCode)."""

    def __init__(self, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._client = Client(address)
        self._authorization = authorization(secrets.get("code", ""), secrets.get("api_secret", ""))
        self._settings = settings

    def check(self) -> str:
        """Lists the shipping methods."""
        found = self._ask("GET", "/api/Common/GetShippingMethods", params={"CountryCode": "DE"})
        return f"{len(rows(found, 'Items'))} shipping methods"

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """Freight/GetPriceTrial."""
        params = {
            "CountryCode": wanted.receiver.country,
            "Weight": str(Decimal(wanted.weight_g) / 1000),
            "PackageType": "1",
        }
        rates = [
            Rate(
                service=text(row, "Code"),
                told=str(row.get("CName") or row.get("EName") or ""),
                price_minor=minor(row, "TotalFee", CURRENCY),
                currency=CURRENCY,
            )
            for row in rows(self._ask("GET", "/api/Freight/GetPriceTrial", params=params), "Items")
        ]
        return tuple(sorted(rates, key=lambda rate: rate.price_minor))

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """WayBill/CreateOrder, then the address of the label by Label/Print."""
        item = next(iter(rows(self._ask("POST", "/api/WayBill/CreateOrder", [self._order(wanted)]), "Item")), None)
        if item is None:
            raise BadCarrierAnswer("YunExpress gives no waybill.")
        if item.get("Success") not in (1, "1", True):
            waybill = item.get("WayBillNumber")
            if not waybill:  # a repeated customer number comes with the waybill it has
                raise CarrierRefused(str(item.get("Remark") or "refused")[:200])
        waybill = text(item, "WayBillNumber")
        printed = rows(self._ask("POST", "/api/Label/Print", [waybill]), "Item")
        if not printed:
            raise BadCarrierAnswer("YunExpress prints no label.")
        return Label(waybill=waybill, format="pdf", content=self._fetch(text(printed[0], "Url")))

    def void(self, waybill: str, reference: str) -> None:  # noqa: ARG002  # by the waybill
        """WayBill/Delete."""
        self._ask("POST", "/api/WayBill/Delete", {"OrderType": 1, "OrderNumber": waybill})

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """Tracking/GetTrackAllInfo, one by one; only the newest line carries the parcel's own state."""
        found: list[Scan] = []
        for waybill in waybills:
            answer = self._ask("GET", "/api/Tracking/GetTrackAllInfo", params={"OrderNumber": waybill})
            item = part(answer, "Item")
            lines = rows(item, "OrderTrackingDetails")
            newest = max((text(line, "ProcessDate") for line in lines), default="")
            found += [
                scan(
                    "yunexpress",
                    waybill=waybill,
                    code=text(item, "PackageState") if text(line, "ProcessDate") == newest else "2",
                    at=moment(text(line, "ProcessDate")),
                    row=line,
                    place=str(line.get("ProcessLocation") or ""),
                    told=str(line.get("ProcessContent") or ""),
                )
                for line in lines
            ]
        return tuple(found)

    def _order(self, wanted: ShipmentWanted) -> dict[str, Any]:
        unit, receiver = minor_units(wanted.currency), wanted.receiver
        first, _, last = receiver.name.partition(" ")
        order: dict[str, Any] = {
            "CustomerOrderNumber": wanted.reference,
            "ShippingMethodCode": wanted.service or str(self._settings.get("service", "")),
            "PackageCount": len(wanted.parcels),
            "Weight": float(Decimal(wanted.weight_g) / 1000),
            "TariffPrepay": 1 if wanted.incoterm == "DDP" else 0,
            "Receiver": {
                "CountryCode": receiver.country,
                "FirstName": first,
                "LastName": last,
                "Company": receiver.company,
                "Street": receiver.street,
                "City": receiver.city,
                "State": receiver.region,
                "Zip": receiver.postcode,
                "Phone": receiver.phone,
                "Email": receiver.email,
            },
            "Parcels": [
                {
                    "EName": line.told,
                    "CName": line.told_local or line.told,
                    "HSCode": line.hs_code,
                    "Quantity": line.quantity,
                    "UnitPrice": float(Decimal(line.value_minor) / unit / line.quantity),
                    "UnitWeight": float(Decimal(line.weight_g) / 1000 / line.quantity),
                    "SKU": line.sku,
                    "CurrencyCode": wanted.currency,
                }
                for line in wanted.customs
            ],
        }
        return order | ({"IossCode": wanted.ioss} if wanted.ioss else {})

    def _fetch(self, where: str) -> bytes:
        if not where.startswith(self._client.address):
            raise BadCarrierAnswer("YunExpress' label lies at an address that is not YunExpress'.")
        answer = self._send("GET", where.removeprefix(self._client.address))
        if answer.status != 200 or not answer.content:
            raise BadCarrierAnswer("YunExpress' label cannot be fetched.", status=answer.status)
        return answer.content

    def _ask(
        self, method: str, path: str, body: object = None, *, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        answer = self._send(method, path, body, params=params)
        found = answer.json()
        if str(found.get("Code")) != OK:
            code = str(found.get("Code") or answer.status)
            raise CarrierRefused(f"{found.get('Message') or 'refused'} ({code})"[:200], result=code)
        return found

    def _send(self, method: str, path: str, body: object = None, *, params: Mapping[str, str] | None = None) -> Answer:
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        content = b"" if body is None else compact(body).encode()
        if content:
            headers["Content-Type"] = "application/json"
        call = Call(method=method, path=path, headers=headers, params=params or {}, content=content)
        return self._client.ask(lambda: call)
