"""An account at 4PX: price, order, label, cancellation and tracking of direct shipments."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from haitu.core.money import minor_units
from haitu.core.tracking import Scan
from haitu.links.carriers.answers import compact, minor, moment, part, rows, scan, seconds, text
from haitu.links.carriers.client import Call, Client
from haitu.links.carriers.fourpx.sign import sign
from haitu.links.carriers.protocol import (
    Address,
    BadCarrierAnswer,
    CarrierRefused,
    CarrierSilent,
    InvoiceLine,
    Label,
    NotOffered,
    Rate,
    ShipmentWanted,
    Unoffered,
)

PATH = "/router/api/service"
VERSIONS = {
    "ds.xms.order.create": "1.1.0",
    "ds.xms.order.cancel": "1.0.0",
    "ds.xms.label.get": "1.1.0",
    "tr.order.tracking.get": "1.0.0",
    "com.css.price_calculator": "1.0.0",
    "com.basis.warehouse.getlist": "1.0.0",
}
REPEATED = {"DS000022", "REF_NO_EXIST"}  # "the customer's number exists already"
BUSY = ("ISP", "429")


class FourPX(Unoffered):
    """One account. `settings`: `product` (logistics_product_code), `warehouse` (code of the hand-over warehouse)."""

    def __init__(
        self,
        address: str,
        secrets: Mapping[str, str],
        settings: Mapping[str, Any],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = Client(address)
        self._key, self._secret = secrets.get("app_key", ""), secrets.get("app_secret", "")
        self._settings, self._clock = settings, clock

    def check(self) -> str:
        """Lists the warehouses."""
        found = self._ask("com.basis.warehouse.getlist", {"service_code": "F"})
        return f"{len(rows(found, 'data'))} warehouses"

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """com.css.price_calculator."""
        largest = max(wanted.parcels, key=lambda parcel: parcel.weight_g)
        message = {
            "service_code": str(self._settings.get("service_code", "XMS")),
            "warehouse_code": str(self._settings.get("warehouse", "")),
            "weight": wanted.weight_g,
            "length": _centimetres(largest.length_mm),
            "width": _centimetres(largest.width_mm),
            "height": _centimetres(largest.height_mm),
            "destination": {"country": wanted.receiver.country, "post_code": wanted.receiver.postcode},
            "billing_time": int(self._clock() * 1000),
        }
        rates = [
            Rate(
                service=text(row, "product_code"),
                told=str(row.get("timely") or ""),
                price_minor=minor(row, "total_amount", text(row, "currency")),
                currency=text(row, "currency"),
            )
            for row in rows(self._ask("com.css.price_calculator", message), "data")
        ]
        return tuple(sorted(rates, key=lambda rate: rate.price_minor))

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """ds.xms.order.create, then ds.xms.label.get; an order that exists already only has its label fetched."""
        try:
            created = part(self._ask("ds.xms.order.create", self._order(wanted)), "data")
            waybill = text(created, "4px_tracking_no")
        except CarrierRefused as no:
            if no.given.get("result") not in REPEATED:
                raise
            waybill = ""
        asked = {"request_no": waybill or wanted.reference, "response_label_format": "PDF"}
        label = part(self._ask("ds.xms.label.get", asked), "data")
        waybill = waybill or text(label, "label_barcode")
        return Label(waybill=waybill, format="pdf", content=self._fetch(part(label, "label_url_info")))

    def void(self, waybill: str, reference: str) -> None:
        """ds.xms.order.cancel."""
        asked = {"request_no": waybill or reference, "cancel_reason": "cancelled by the merchant"}
        self._ask("ds.xms.order.cancel", asked)

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """tr.order.tracking.get, one by one as the interface wants it."""
        found: list[Scan] = []
        for waybill in waybills:
            data = self._ask("tr.order.tracking.get", {"deliveryOrderNo": waybill}).get("data")
            if isinstance(data, dict):
                found += [_scan(waybill, row) for row in rows(data, "trackingList")]
        return tuple(found)

    def invoice(self, since: date, until: date) -> tuple[InvoiceLine, ...]:  # noqa: ARG002
        """Refused: com.basis.billing.getbilling bills warehouse services, not direct shipments."""
        raise NotOffered("4PX bills direct shipments by file; upload it instead.", part="invoice")

    def _order(self, wanted: ShipmentWanted) -> dict[str, Any]:
        unit = minor_units(wanted.currency)
        total = str(Decimal(wanted.value_minor) / unit)
        order: dict[str, Any] = {
            "ref_no": wanted.reference,
            "business_type": "BDS",
            "duty_type": "P" if wanted.incoterm == "DDP" else "U",
            "cargo_type": "5",
            "is_insure": "N",
            "logistics_service_info": {
                "logistics_product_code": wanted.service or str(self._settings.get("product", ""))
            },
            "deliver_type_info": {"deliver_type": "2", "warehouse_code": str(self._settings.get("warehouse", ""))},
            "sender": _person(wanted.sender),
            "recipient_info": _person(wanted.receiver),
            "parcel_list": [
                {
                    "weight": parcel.weight_g,
                    "length": _centimetres(parcel.length_mm),
                    "width": _centimetres(parcel.width_mm),
                    "height": _centimetres(parcel.height_mm),
                    "parcel_value": total,
                    "currency": wanted.currency,
                    "include_battery": "N",
                    "declare_product_info": [
                        {
                            "declare_product_name_cn": line.told_local or line.told,
                            "declare_product_name_en": line.told,
                            "declare_product_code_qty": line.quantity,
                            "declare_unit_price_export": str(Decimal(line.value_minor) / unit / line.quantity),
                            "currency_export": wanted.currency,
                            "declare_unit_price_import": str(Decimal(line.value_minor) / unit / line.quantity),
                            "currency_import": wanted.currency,
                            "brand_export": "无",
                            "brand_import": "无",
                            "hscode_import": line.hs_code,
                            "origin_country": line.origin_country,
                        }
                        for line in wanted.customs
                    ],
                }
                for parcel in wanted.parcels
            ],
        }
        return order | ({"vat_no": wanted.ioss} if wanted.ioss else {})

    def _fetch(self, urls: Mapping[str, Any]) -> bytes:
        """The label lies at an address of 4PX's."""
        where = text(urls, "logistics_label")
        if not where.startswith(self._client.address):
            raise BadCarrierAnswer("4PX's label lies at an address that is not 4PX's.")
        path = where.removeprefix(self._client.address)
        answer = self._client.ask(lambda: Call(method="GET", path=path))
        if answer.status != 200 or not answer.content:
            raise BadCarrierAnswer("4PX's label cannot be fetched.", status=answer.status)
        return answer.content

    def _ask(self, method: str, message: Mapping[str, Any]) -> dict[str, Any]:
        body = compact(message)

        def make() -> Call:
            parameters = {
                "method": method,
                "app_key": self._key,
                "v": VERSIONS[method],
                "timestamp": str(int(self._clock() * 1000)),
                "format": "json",
            }
            signed = parameters | {"sign": sign(parameters, body, self._secret), "language": "en"}
            if self._settings.get("access_token"):
                signed["access_token"] = str(self._settings["access_token"])
            headers = {"Content-Type": "application/json"}
            return Call(method="POST", path=PATH, headers=headers, params=signed, content=body.encode())

        found = self._client.ask(make).json()
        if str(found.get("result")) in ("1", "2"):
            return found
        code, told = _refusal(found)
        if code.startswith(BUSY):
            raise CarrierSilent(f"4PX is busy: {told} ({code}).", reason=code)
        raise CarrierRefused(f"{told} ({code})"[:200], result=code)


def _refusal(found: Mapping[str, Any]) -> tuple[str, str]:
    """Code and words; the copies of the documentation name the fields in two ways."""
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = first.get("error_code") or first.get("errorCode") or ""
    told = first.get("error_msg") or first.get("errorMsg") or found.get("msg") or "refused"
    return str(code), str(told)


def _scan(waybill: str, row: Mapping[str, Any]) -> Scan:
    written = isinstance(row.get("occurDatetime"), str)
    at = moment(text(row, "occurDatetime")) if written else seconds(row, "occurDatetime")
    return scan(
        "fourpx",
        waybill=waybill,
        code=text(row, "businessLinkCode"),
        at=at,
        row=row,
        place=str(row.get("occurLocation") or ""),
        told=str(row.get("trackingContent") or ""),
    )


def _person(address: Address) -> dict[str, str]:
    first, _, last = address.name.partition(" ")
    return {
        "first_name": first,
        "last_name": last,
        "company": address.company,
        "phone": address.phone,
        "email": address.email,
        "country": address.country,
        "state": address.region,
        "city": address.city,
        "district": address.district,
        "street": address.street,
        "post_code": address.postcode,
    }


def _centimetres(millimetres: int) -> int:
    return -(-millimetres // 10)
