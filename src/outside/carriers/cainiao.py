"""Cainiao's LINK gateway: a form with data_digest; a + that was not percent-encoded breaks it, as it does there."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from outside.carriers.books import Books, Order
from outside.carriers.request import Request, Response, told

CHINA = timezone(timedelta(hours=8))
PROVIDER, SECRET = "LP-HAITU", "key123"


def digest(content: str, secret: str = SECRET) -> str:
    """base64(MD5(content + secret)), the raw sixteen bytes."""
    return base64.b64encode(hashlib.md5(f"{content}{secret}".encode()).digest()).decode()  # noqa: S324


def push_body(waybill: str, traces: list[dict[str, Any]], secret: str = SECRET) -> bytes:
    """A trace push as LINK sends it."""
    content = json.dumps({"mailNo": waybill, "traces": traces}, ensure_ascii=False)
    fields = {
        "msg_type": "LOGISTICS_TRACE_PUSH",
        "logistic_provider_id": PROVIDER,
        "data_digest": digest(content, secret),
        "logistics_interface": content,
    }
    return urlencode(fields).encode()


def answer(request: Request, books: Books) -> Response:  # noqa: PLR0911  # an arm a message
    """One message."""
    form = request.form()
    content = form.get("logistics_interface", "")
    if request.path != "/gateway/link.do" or form.get("logistic_provider_id") != PROVIDER:
        return _refused("S01", "unknown provider")
    if form.get("data_digest") != digest(content):
        return _refused("S02", "illegal data digest")
    message = json.loads(content)
    match form.get("msg_type"):
        case "TMS_WAYBILL_GET":
            return _waybill(books, message)
        case "TMS_WAYBILL_DISCARD":
            order = books.of("cainiao", PROVIDER, message.get("waybillCode", ""))
            if order is None:
                return _refused("B01", "waybill does not exist")
            order.state = "voided"
            return told({"success": "true", "discardResult": True})
        case "TMS_WAYBILL_SUBSCRIPTION_QUERY":
            return told({"success": "true", "waybillApplySubscriptionCols": []})
        case "HAITU_TRACE_QUERY":
            order = books.of("cainiao", PROVIDER, message.get("mailNo", ""))
            return told({"success": "true", "traces": traces_of(order) if order else []})
    return _refused("S03", "unknown msg_type")


def traces_of(order: Order) -> list[dict[str, Any]]:
    """The order's scans as traces, in China's time."""

    return [
        {
            "action": scan.code,
            "time": datetime.fromtimestamp(scan.at, tz=CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "desc": scan.told,
            "city": scan.place,
        }
        for scan in order.scans
    ]


def _waybill(books: Books, message: dict[str, Any]) -> Response:
    trade = message["tradeOrderInfoDtos"][0]
    if not trade["recipient"]["address"].get("detail"):
        return _refused("B02", "recipient address is empty")

    def make(nth: int) -> Order:
        return Order(
            carrier="cainiao",
            account=PROVIDER,
            reference=trade["objectId"],
            waybill=f"LP{10_000_000_000 + nth}CN",
            asked=message,
            weight_g=int(trade["packageInfo"]["weight"]),
            price_minor=0,
            currency="CNY",
        )

    order, _ = books.once("cainiao", PROVIDER, trade["objectId"], make)
    row = {"objectId": trade["objectId"], "waybillCode": order.waybill, "printData": '{"encrypted":true}'}
    return told({"success": "true", "waybillCloudPrintResponseList": [row]})


def _refused(code: str, said: str) -> Response:
    return told({"success": "false", "errorCode": code, "errorMsg": said})
