"""YunExpress' older interface, as far as public clients show it: Basic, JSON, Code "0000"."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from outside.carriers.books import PDF, Books, Order
from outside.carriers.request import Request, Response, told

CODE, SECRET = "C00001", "secret="
AUTHORIZATION = "Basic " + b64encode(f"{CODE}&{SECRET}".encode()).decode()
CHINA = timezone(timedelta(hours=8))


def answer(request: Request, books: Books) -> Response:  # noqa: PLR0911  # an arm a path
    """One path."""
    if request.method == "GET" and request.path.startswith("/labels/"):
        return Response(body=PDF, content_type="application/pdf")
    if request.headers.get("authorization") != AUTHORIZATION:
        return told({"Code": "401", "Message": "Unauthorized"}, 401)
    asked, given = request.json(), request.parameters()
    match (request.method, request.path):
        case ("GET", "/api/Common/GetShippingMethods"):
            return _done(Items=[{"Code": "THZXR", "CName": "特惠专线"}])
        case ("GET", "/api/Freight/GetPriceTrial"):
            weight = float(given["Weight"])
            return _done(Items=[{"Code": "THZXR", "CName": "特惠专线", "TotalFee": round(17 + 62 * weight, 2)}])
        case ("POST", "/api/WayBill/CreateOrder"):
            return _create(books, asked[0])
        case ("POST", "/api/Label/Print"):
            return _done(Item=[{"Url": f"{books.own_address}/yunexpress/labels/{asked[0]}.pdf"}])
        case ("POST", "/api/WayBill/Delete"):
            order = books.of("yunexpress", CODE, asked["OrderNumber"])
            if order is None:
                return told({"Code": "1006", "Message": "订单不存在"})
            order.state = "voided"
            return _done(Item={"Status": "1"})
        case ("GET", "/api/Tracking/GetTrackAllInfo"):
            return _track(books, given["OrderNumber"])
    return told({"Code": "404", "Message": "Not found"}, 404)


def _done(**fields: Any) -> Response:
    return told({"Code": "0000", "Message": "提交成功!", **fields})


def _create(books: Books, asked: dict[str, Any]) -> Response:
    if not asked["Receiver"].get("Street"):
        return _done(Item=[{"Success": 0, "Remark": "收件人地址不能为空"}])

    def make(nth: int) -> Order:
        return Order(
            carrier="yunexpress",
            account=CODE,
            reference=asked["CustomerOrderNumber"],
            waybill=f"YT{2_632_300_000_000_000 + nth}",
            asked=asked,
            weight_g=round(asked["Weight"] * 1000),
            price_minor=0,
            currency="CNY",
        )

    order, again = books.once("yunexpress", CODE, asked["CustomerOrderNumber"], make)
    remark = "客户订单号已存在" if again else ""
    return _done(Item=[{"Success": 0 if again else 1, "Remark": remark, "WayBillNumber": order.waybill}])


def _track(books: Books, waybill: str) -> Response:
    order = books.of("yunexpress", CODE, waybill)
    if order is None or not order.scans:
        return _done(Item={"PackageState": 0, "OrderTrackingDetails": []})
    lines = [
        {
            "ProcessDate": datetime.fromtimestamp(scan.at, tz=UTC).astimezone(CHINA).isoformat(timespec="seconds"),
            "ProcessContent": scan.told or scan.code,
            "ProcessLocation": scan.place,
        }
        for scan in order.scans
    ]
    newest = max(order.scans, key=lambda scan: scan.at)
    return _done(Item={"PackageState": int(newest.code), "OrderTrackingDetails": lines})
