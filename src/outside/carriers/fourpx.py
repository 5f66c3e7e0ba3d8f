"""4PX's open platform: signed parameters in the query, JSON in the body, result "1" or "0"."""

from __future__ import annotations

import hashlib
from typing import Any

from outside.carriers.books import PDF, Books, Order
from outside.carriers.request import Request, Response, told

KEY, SECRET = "haitu-key", "haitu-secret"
WINDOW_MS = 600_000


def answer(request: Request, books: Books) -> Response:
    """One method."""
    if request.method == "GET" and request.path.startswith("/label/"):
        return Response(body=PDF, content_type="application/pdf")
    given = request.parameters()
    names = ("app_key", "format", "method", "timestamp", "v")
    if request.path != "/router/api/service" or any(not given.get(name) for name in names):
        return _refused("SYS001", "missing parameter")
    signed = "".join(name + given[name] for name in names) + request.body.decode() + SECRET
    if given["app_key"] != KEY or given.get("sign") != hashlib.md5(signed.encode()).hexdigest():  # noqa: S324
        return _refused("SYS002", "invalid sign")
    if abs(books.now() * 1000 - int(given["timestamp"])) > WINDOW_MS:
        return _refused("SYS003", "timestamp out of range")
    method = METHODS.get(given["method"])
    return method(books, request.json()) if method else _refused("SYS004", "unknown method")


def _done(data: Any) -> Response:
    return told({"result": "1", "msg": "ok", "errors": [], "data": data})


def _refused(code: str, said: str) -> Response:
    return told({"result": "0", "msg": said, "errors": [{"error_code": code, "error_msg": said}]})


def _create(books: Books, asked: dict[str, Any]) -> Response:
    if not asked["recipient_info"].get("city"):
        return _refused("DS000010", "recipient city is empty")

    def make(nth: int) -> Order:
        return Order(
            carrier="fourpx",
            account=KEY,
            reference=asked["ref_no"],
            waybill=f"4PX{3_000_000_000_000 + nth}CN",
            asked=asked,
            weight_g=sum(parcel["weight"] for parcel in asked["parcel_list"]),
            price_minor=0,
            currency="CNY",
        )

    order, again = books.once("fourpx", KEY, asked["ref_no"], make)
    if again:
        return _refused("DS000022", "ref_no exists already")
    return _done(
        {"ds_consignment_no": f"DS{order.waybill}", "4px_tracking_no": order.waybill, "ref_no": order.reference}
    )


def _label(books: Books, asked: dict[str, Any]) -> Response:
    order = books.of("fourpx", KEY, asked["request_no"])
    if order is None:
        return _refused("DS000030", "no such order")
    urls = {"logistics_label": f"{books.own_address}/fourpx/label/{order.waybill}.pdf"}
    return _done({"label_barcode": order.waybill, "label_url_info": urls})


def _cancel(books: Books, asked: dict[str, Any]) -> Response:
    order = books.of("fourpx", KEY, asked["request_no"])
    if order is None or order.scans:
        return _refused("DS000031", "the order cannot be cancelled any more")
    order.state = "voided"
    return _done(None)


def _track(books: Books, asked: dict[str, Any]) -> Response:
    order = books.of("fourpx", KEY, asked["deliveryOrderNo"])
    if order is None:
        return _done(None)
    rows = [
        {
            "businessLinkCode": scan.code,
            "occurDatetime": scan.at * 1000,
            "occurLocation": scan.place,
            "trackingContent": scan.told,
        }
        for scan in order.scans
    ]
    return _done({"deliveryOrderNo": order.waybill, "trackingList": rows})


def _price(_: Books, asked: dict[str, Any]) -> Response:
    if asked["weight"] <= 0:
        return _refused("CSS001", "weight is empty")
    amount = 30 + asked["weight"] * 0.05
    return _done([{"product_code": "A1", "total_amount": amount, "currency": "CNY", "timely": "8-12"}])


def _warehouses(_: Books, __: dict[str, Any]) -> Response:
    return _done([{"warehouse_code": "CNSZXA", "warehouse_name_cn": "深圳"}])


METHODS = {
    "ds.xms.order.create": _create,
    "ds.xms.order.cancel": _cancel,
    "ds.xms.label.get": _label,
    "tr.order.tracking.get": _track,
    "com.css.price_calculator": _price,
    "com.basis.warehouse.getlist": _warehouses,
}
