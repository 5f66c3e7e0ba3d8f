"""SF's open platform: one door, a form with msgDigest, a letter inside an envelope."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from outside.carriers.books import PDF, Books, Order
from outside.carriers.request import Request, Response, told

PARTNER, CHECKWORD = "HTTEST01", "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci"  # the checkword SF prints in its own example
CHINA = timezone(timedelta(hours=8))
KEPT = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*_")


def java_encode(given: str) -> str:
    """java.net.URLEncoder, byte by byte as its documentation describes it."""
    return "".join("+" if byte == 0x20 else chr(byte) if byte in KEPT else f"%{byte:02X}" for byte in given.encode())


def answer(request: Request, books: Books) -> Response:  # noqa: PLR0911  # a reason a line
    """The envelope: who asks, is it signed, which service."""
    if request.method == "GET" and request.path.startswith("/print/"):
        return Response(body=PDF, content_type="application/pdf")
    form = request.form()
    if request.path != "/std/service" or not form.get("serviceCode") or not form.get("requestID"):
        return _envelope("A1001", "必传参数不可为空")
    signed = java_encode(form.get("msgData", "") + form.get("timestamp", "") + CHECKWORD)
    expected = base64.b64encode(hashlib.md5(signed.encode()).digest()).decode()  # noqa: S324  # SF's own choice
    if form.get("partnerID") != PARTNER or form.get("msgDigest") != expected:
        return _envelope("A1006", "数字签名无效")
    if abs(books.now() * 1000 - int(form["timestamp"])) > 600_000:
        return _envelope("A1002", "请求时效已过期")
    if books.extra.get("sf_busy", 0) > 0:
        books.extra["sf_busy"] -= 1
        return _envelope("A1005", "流量受限")
    service = SERVICES.get(form["serviceCode"])
    if service is None:
        return _envelope("A1004", "无对应服务权限")
    try:
        message = json.loads(form["msgData"])
    except ValueError:
        return _refused("S0001", "非法的JSON格式")
    return service(books, message)


def _envelope(code: str, said: str, letter: str = "") -> Response:
    return told({"apiErrorMsg": said, "apiResponseID": "0001", "apiResultCode": code, "apiResultData": letter or None})


def _done(message: Any) -> Response:
    letter = {"success": True, "errorCode": "S0000", "errorMsg": None, "msgData": message}
    return _envelope("A1000", "", json.dumps(letter, ensure_ascii=False))


def _refused(code: str, said: str) -> Response:
    letter = {"success": False, "errorCode": code, "errorMsg": said, "msgData": None}
    return _envelope("A1000", "", json.dumps(letter, ensure_ascii=False))


def _create(books: Books, message: dict[str, Any]) -> Response:
    contacts = {contact["contactType"]: contact for contact in message.get("contactInfoList", [])}
    if not message.get("orderId") or not contacts.get(2, {}).get("address"):
        return _refused("S0002", "参数 address 不能为空")

    def make(nth: int) -> Order:
        return Order(
            carrier="sf",
            account=PARTNER,
            reference=message["orderId"],
            waybill=f"SF{7_444_400_000_000 + nth}",
            asked=message,
            weight_g=round(float(message.get("totalWeight", 0)) * 1000),
            price_minor=0,
            currency="CNY",
        )

    order, again = books.once("sf", PARTNER, message["orderId"], make)
    if again:
        return _refused("8016", "重复下单")
    return _done(_found(order))


def _found(order: Order) -> dict[str, Any]:
    numbers = [{"waybillType": 1, "waybillNo": order.waybill}]
    return {"orderId": order.reference, "filterResult": 2, "waybillNoInfoList": numbers}


def _search(books: Books, message: dict[str, Any]) -> Response:
    order = books.of("sf", PARTNER, message.get("orderId", ""))
    return _done(_found(order)) if order else _refused("8017", "订单号不存在")


def _update(books: Books, message: dict[str, Any]) -> Response:
    order = books.of("sf", PARTNER, message.get("orderId", ""))
    if order is None:
        return _refused("8017", "订单号不存在")
    if any(scan.code in ("50", "54") for scan in order.scans):
        return _refused("8037", "已揽收，不能取消")
    order.state = "voided"
    return _done({"orderId": order.reference, "resStatus": 2})


def _print(books: Books, message: dict[str, Any]) -> Response:
    waybill = message["documents"][0]["masterWaybillNo"]
    if books.of("sf", PARTNER, waybill) is None:
        return _refused("S0003", "运单号不存在")
    file: dict[str, Any] = {"waybillNo": waybill, "url": f"{books.own_address}/sf/print/{waybill}.pdf", "token": "t"}
    letter = {"success": True, "errorCode": "S0000", "errorMsg": None, "obj": {"files": [file]}}
    return _envelope("A1000", "", json.dumps(letter))


def _routes(books: Books, message: dict[str, Any]) -> Response:
    found = []
    for waybill in message["trackingNumber"]:
        order = books.of("sf", PARTNER, waybill)
        scans = order.scans if order else []
        routes = [
            {
                "acceptTime": datetime.fromtimestamp(scan.at, tz=UTC).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
                "acceptAddress": scan.place,
                "remark": scan.told,
                "opCode": scan.code,
            }
            for scan in scans
        ]
        found.append({"mailNo": waybill, "routes": routes})
    return _done({"routeResps": found})


def _price(_: Books, message: dict[str, Any]) -> Response:
    weight = float(message.get("weight", 0))
    if weight <= 0:
        return _refused("S0006", "参数 weight 不能小于 0")
    products = [("1", "顺丰特快", 23.0), ("2", "顺丰标快", 18.0)]
    found = [
        {
            "businessType": code,
            "businessTypeDesc": name,
            "deliverTime": "2026-11-22 18:00:00,2026-11-22 18:00:00",
            "fee": round(base + 13.05 * max(weight - 1, 0), 2),
            "searchPrice": "1",
        }
        for code, name, base in products
    ]
    return _done({"deliverTmDto": found})


SERVICES = {
    "EXP_RECE_CREATE_ORDER": _create,
    "EXP_RECE_SEARCH_ORDER_RESP": _search,
    "EXP_RECE_UPDATE_ORDER": _update,
    "EXP_RECE_SEARCH_ROUTES": _routes,
    "EXP_RECE_QUERY_DELIVERTM": _price,
    "COM_RECE_CLOUD_PRINT_WAYBILLS": _print,
}
