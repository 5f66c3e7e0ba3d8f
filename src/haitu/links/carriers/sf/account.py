"""An account at SF. Service codes, fields and error codes as in SF's published API pages; see docs/carriers.md."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from haitu.core.money import minor_units
from haitu.core.tracking import Scan
from haitu.links.carriers.answers import compact, decoded, minor, moment, parsed, part, rows, scan, text
from haitu.links.carriers.client import Call, Client
from haitu.links.carriers.protocol import (
    Address,
    BadCarrierAnswer,
    CarrierRefused,
    CarrierSilent,
    InvoiceLine,
    Label,
    NotOffered,
    Push,
    Rate,
    ShipmentWanted,
    Thanks,
    Unoffered,
)
from haitu.links.carriers.sf.sign import digest

PATH = "/std/service"
AT_ONCE = 10  # waybills in one EXP_RECE_SEARCH_ROUTES
OK, DONE = "A1000", "S0000"
LATER = {"A1005", "A1009", "A1099"}  # rate limit, downstream unreachable, system error
REPEATED = {"8016", "S0011"}  # "repeated order number": the waybill is asked for instead


class SF(Unoffered):
    """One account. `settings`: `monthly_card` 月结卡号, `service` (expressTypeId), `template` of the label."""

    thanks = Thanks(body='{"return_code":"0000","return_msg":"成功"}'.encode())

    def __init__(
        self,
        address: str,
        secrets: Mapping[str, str],
        settings: Mapping[str, Any],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = Client(address)
        self._partner, self._checkword = secrets.get("partner_id", ""), secrets.get("checkword", "")
        self._settings, self._clock = settings, clock

    def check(self) -> str:
        """Asks for an order that there is not; that needs the account and its signature."""
        try:
            self._ask("EXP_RECE_SEARCH_ORDER_RESP", {"orderId": "haitu-connection-test", "language": "zh-CN"})
        except CarrierRefused as no:
            if str(no.given.get("result", "")).startswith("A"):
                raise
        return "The signature is accepted."

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """EXP_RECE_QUERY_DELIVERTM: products with price and delivery time, in yuan."""
        message = {
            "businessType": wanted.service or str(self._settings.get("service", "")),
            "weight": float(Decimal(wanted.weight_g) / 1000),
            "searchPrice": "1",
            "srcAddress": _place(wanted.sender),
            "destAddress": _place(wanted.receiver),
        }
        found = rows(self._ask("EXP_RECE_QUERY_DELIVERTM", message), "deliverTmDto")
        rates = [
            Rate(
                service=text(row, "businessType"),
                told=str(row.get("businessTypeDesc") or ""),
                price_minor=minor(row, "fee", "CNY"),
                currency="CNY",
            )
            for row in found
            if row.get("fee") is not None
        ]
        return tuple(sorted(rates, key=lambda rate: rate.price_minor))

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """EXP_RECE_CREATE_ORDER, then the picture of the label by COM_RECE_CLOUD_PRINT_WAYBILLS."""
        try:
            found = self._ask("EXP_RECE_CREATE_ORDER", self._order(wanted))
        except CarrierRefused as no:
            if no.given.get("result") not in REPEATED:
                raise
            found = self._ask("EXP_RECE_SEARCH_ORDER_RESP", {"orderId": wanted.reference, "language": "zh-CN"})
        waybill = _waybill(found)
        printed = self._ask(
            "COM_RECE_CLOUD_PRINT_WAYBILLS",
            {
                "templateCode": str(self._settings.get("template", f"fm_150_standard_{self._partner}")),
                "version": "2.0",
                "fileType": "pdf",
                "sync": True,
                "documents": [{"masterWaybillNo": waybill}],
            },
        )
        return Label(waybill=waybill, format="pdf", content=self._file(printed))

    def void(self, waybill: str, reference: str) -> None:  # noqa: ARG002  # SF cancels by the order number
        """EXP_RECE_UPDATE_ORDER with dealType 2."""
        self._ask("EXP_RECE_UPDATE_ORDER", {"orderId": reference, "dealType": 2, "language": "zh-CN"})

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """EXP_RECE_SEARCH_ROUTES, ten at a time."""
        found: list[Scan] = []
        for start in range(0, len(waybills), AT_ONCE):
            message: dict[str, Any] = {
                "language": "zh-CN",
                "trackingType": "1",
                "trackingNumber": list(waybills[start : start + AT_ONCE]),
                "methodType": "1",
            }
            if self._settings.get("check_phone"):
                message["checkPhoneNo"] = str(self._settings["check_phone"])
            for parcel in rows(self._ask("EXP_RECE_SEARCH_ROUTES", message), "routeResps"):
                found += [_route(text(parcel, "mailNo"), row) for row in rows(parcel, "routes")]
        return tuple(found)

    def invoice(self, since: date, until: date) -> tuple[InvoiceLine, ...]:  # noqa: ARG002
        """Refused: EXP_RECE_QUERY_SFWAYBILL tells the fees of one waybill, not the bill of a month."""
        raise NotOffered("SF tells the fees of one waybill; upload the monthly bill instead.", part="invoice")

    def parse_push(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Push:  # noqa: ARG002
        """A route push {"Body": {"WaybillRoute": [...]}}.

        SF signs none of it in any copy of its documentation that we have seen. What proves the sender is the hook's
        address, which only SF and the merchant know; see docs/carriers.md.
        """
        body = part(parsed(raw), "Body")
        return Push(scans=tuple(_route(text(row, "mailno"), row) for row in rows(body, "WaybillRoute")))

    def _order(self, wanted: ShipmentWanted) -> dict[str, Any]:
        unit = minor_units(wanted.currency)
        order: dict[str, Any] = {
            "language": "zh-CN",
            "orderId": wanted.reference,
            "expressTypeId": int(wanted.service or self._settings.get("service", 1)),
            "payMethod": 1,
            "isReturnRoutelabel": 1,
            "parcelQty": len(wanted.parcels),
            "totalWeight": float(Decimal(wanted.weight_g) / 1000),
            "cargoDetails": [
                {
                    "name": line.told_local or line.told,
                    "count": line.quantity,
                    "unit": "件",
                    "weight": float(Decimal(line.weight_g) / 1000),
                    "amount": float(Decimal(line.value_minor) / unit / line.quantity),
                    "currency": wanted.currency,
                    "sourceArea": line.origin_country,
                    "hsCode": line.hs_code,
                }
                for line in wanted.customs
            ],
            "contactInfoList": [_contact(1, wanted.sender), _contact(2, wanted.receiver)],
            "customsInfo": {"declaredValue": float(Decimal(wanted.value_minor) / unit)},
        }
        if self._settings.get("monthly_card"):
            order["monthlyCard"] = str(self._settings["monthly_card"])
        if wanted.cash_minor:
            amount = str(Decimal(wanted.cash_minor) / unit)
            order["serviceList"] = [{"name": "COD", "value": amount, "value1": order.get("monthlyCard", "")}]
        return order

    def _file(self, printed: Mapping[str, Any]) -> bytes:
        """The label's bytes: in the answer, or behind an address of SF's own."""
        files = rows(part(printed, "obj"), "files")
        if not files:
            raise BadCarrierAnswer("SF prints no label.")
        first = files[0]
        if first.get("content"):
            return decoded(first, "content")
        where, token = text(first, "url"), str(first.get("token", ""))
        if not where.startswith(self._client.address):
            raise BadCarrierAnswer("SF's label lies at an address that is not SF's.")
        path = where.removeprefix(self._client.address)
        answer = self._client.ask(lambda: Call(method="GET", path=path, headers={"X-Auth-token": token}))
        if answer.status != 200:
            raise BadCarrierAnswer("SF's label cannot be fetched.", status=answer.status)
        return answer.content

    def _ask(self, code: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """One call: the envelope says whether it was accepted, the letter inside whether it was done."""
        written, request_id = compact(message), uuid4().hex

        def make() -> Call:
            at = str(int(self._clock() * 1000))
            form = {
                "partnerID": self._partner,
                "requestID": request_id,
                "serviceCode": code,
                "timestamp": at,
                "msgDigest": digest(written, at, self._checkword),
                "msgData": written,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
            return Call(method="POST", path=PATH, headers=headers, content=urlencode(form).encode())

        envelope = self._client.ask(make).json()
        result = str(envelope.get("apiResultCode", ""))
        if result in LATER:
            raise CarrierSilent(f"SF is busy ({result}).", reason=result)
        if result != OK:
            told = str(envelope.get("apiErrorMsg") or result or "no result code")[:200]
            raise CarrierRefused(f"{told} ({result})", result=result)
        return _letter(envelope.get("apiResultData"))


def _letter(given: object) -> dict[str, Any]:
    """apiResultData: JSON inside a JSON string, and in some copies not inside one."""
    letter = parsed(given) if isinstance(given, str) else given
    if not isinstance(letter, dict):
        raise BadCarrierAnswer("SF's answer has no apiResultData.")
    if letter.get("success") not in (True, "true") or letter.get("errorCode") not in (DONE, None):
        code = str(letter.get("errorCode", ""))
        raise CarrierRefused(f"{letter.get('errorMsg') or 'refused'} ({code})"[:200], result=code)
    found = letter.get("msgData", letter.get("obj"))
    if "obj" in letter and "msgData" not in letter:
        return {"obj": letter["obj"]}
    if isinstance(found, str):
        found = json.loads(found) if found.startswith("{") else {}
    if not isinstance(found, dict):
        raise BadCarrierAnswer("SF's answer has no msgData.")
    return found


def _waybill(found: Mapping[str, Any]) -> str:
    """The mother waybill: waybillType 1."""
    for row in rows(found, "waybillNoInfoList"):
        if str(row.get("waybillType")) == "1":
            return text(row, "waybillNo")
    raise BadCarrierAnswer("SF's order has no waybill.")


def _route(waybill: str, row: Mapping[str, Any]) -> Scan:
    return scan(
        "sf",
        waybill=waybill,
        code=text(row, "opCode"),
        at=moment(text(row, "acceptTime")),
        row=row,
        place=str(row.get("acceptAddress") or ""),
        told=str(row.get("remark") or ""),
    )


def _contact(kind: int, address: Address) -> dict[str, Any]:
    return {
        "contactType": kind,
        "contact": address.name,
        "company": address.company or address.name,
        "mobile": address.phone,
        "country": address.country,
        "province": address.region,
        "city": address.city,
        "county": address.district,
        "address": address.street,
        "postCode": address.postcode,
        "email": address.email,
    }


def _place(address: Address) -> dict[str, str]:
    return {
        "province": address.region,
        "city": address.city,
        "district": address.district,
        "address": address.street,
    }
