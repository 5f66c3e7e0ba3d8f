"""GoodCang's open interface: a key and a token as headers, `ask: Success` in the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from outside.carriers.books import Books, Order
from outside.carriers.request import Request, Response, told

KEY, TOKEN = "gc-key", "gc-token"
CHINA = timezone(timedelta(hours=8))
WAREHOUSES = {"USEA": "US", "USSC": "US", "UK": "GB", "DE": "DE"}
US_SOUTH = {"USSC"}


def answer(request: Request, books: Books) -> Response:
    """One path."""
    if (request.headers.get("app-key"), request.headers.get("app-token")) != (KEY, TOKEN):
        return _refused("app-key or app-token is wrong")
    asked = request.json()
    path = PATHS.get(request.path.removeprefix("/public_open"))
    if path is None or not isinstance(asked, dict):
        return _refused("unknown interface")
    return path(books, asked)


def _done(data: Any, **fields: Any) -> Response:
    return told({"ask": "Success", "message": "Success", "data": data, **fields})


def _refused(said: str) -> Response:
    return told({"ask": "Failure", "message": said, "data": None})


def _warehouses(_: Books, __: dict[str, Any]) -> Response:
    return _done([{"warehouse_code": code, "country_code": country} for code, country in WAREHOUSES.items()])


def _fee(_: Books, asked: dict[str, Any]) -> Response:
    if asked.get("warehouse_code") not in WAREHOUSES:
        return _refused("unknown warehouse")
    pieces = sum(int(item.partition(":")[2] or 1) for item in asked["sku"])
    row = {"sm_code": "FEDEX-SMALLPARCEL", "sm_name_cn": "联邦小包", "sm_delivery_time_max": 5}
    return _done([row | {"total": f"{4.2 + 1.15 * pieces:.2f}"}])


def _order(books: Books, asked: dict[str, Any]) -> Response:
    stock = _shelf(books)
    for item in asked["items"]:
        if stock.get((item["product_sku"], asked["warehouse_code"]), 0) < item["quantity"]:
            return _refused(f"{item['product_sku']} is out of stock")

    def make(nth: int) -> Order:
        for item in asked["items"]:
            stock[item["product_sku"], asked["warehouse_code"]] -= item["quantity"]
        return Order(
            carrier="goodcang",
            account=KEY,
            reference=asked["reference_no"],
            waybill=f"{KEY.upper()}-261122-{nth:04d}",
            asked=asked,
            weight_g=0,
            price_minor=0,
            currency="USD",
        )

    order, _ = books.once("goodcang", KEY, asked["reference_no"], make)
    return told({"ask": "Success", "message": "Success", "order_code": order.waybill})


def _cancel(books: Books, asked: dict[str, Any]) -> Response:
    order = books.of("goodcang", KEY, asked["order_code"])
    if order is None or order.state == "shipped":
        return _refused("the order cannot be cancelled")
    order.state = "voided"
    return _done(None)


def _orders(books: Books, asked: dict[str, Any]) -> Response:
    found = []
    for code in asked["order_code_arr"]:
        order = books.of("goodcang", KEY, code)
        if order:
            newest = order.scans[-1] if order.scans else None
            at = newest.at if newest else order.made_at
            changed = datetime.fromtimestamp(at, tz=UTC).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
            row = {"order_code": order.waybill, "order_status": newest.code if newest else "W", "date_modify": changed}
            found.append(row)
    return _done(found, count=len(found))


def _grn(books: Books, asked: dict[str, Any]) -> Response:
    """The rules of the document, checked again at the other end."""
    skus = {detail["product_sku"] for box in asked["items"] for detail in box["box_details"]}
    if [box["box_no"] for box in asked["items"]] != list(range(1, len(asked["items"]) + 1)):
        return _refused("box_no must rise from 1")
    if any(len(sku) > 24 for sku in skus):
        return _refused("product_sku is longer than 24")
    if asked["warehouse_code"] in US_SOUTH and len(skus) > 20:
        return _refused("US-South takes at most 20 SKUs")
    grns = books.extra.setdefault("grn", {})
    code = grns.setdefault(asked["reference_no"], f"RVGC-261122-{len(grns) + 1:04d}")
    return _done({"receiving_code": code})


def _inventory(books: Books, asked: dict[str, Any]) -> Response:
    wanted = set(asked.get("product_sku_arr") or [])
    if len(wanted) > 200 or asked.get("pageSize", 20) > 200:
        return _refused("at most 200")
    rows = [
        {
            "product_sku": sku,
            "warehouse_code": warehouse,
            "onway": 5,
            "pending": 1,
            "sellable": units,
            "unsellable": 2,
            "reserved": 0,
            "pi_freeze": 0,
        }
        for (sku, warehouse), units in sorted(_shelf(books).items())
        if (not wanted or sku in wanted) and asked.get("warehouse_code") in ("", None, warehouse)
    ]
    start = (asked["page"] - 1) * asked["pageSize"]
    return _done(rows[start : start + asked["pageSize"]], count=len(rows))


def _return(books: Books, asked: dict[str, Any]) -> Response:
    if books.of("goodcang", KEY, asked["order_code"]) is None:
        return _refused("no such order")
    return _done({"asro_code": f"RO-{asked['ref_no']}"})


def _shelf(books: Books) -> dict[tuple[str, str], int]:
    shelf: dict[tuple[str, str], int] = books.extra.setdefault(
        "goodcang", {("LANTERN", "USEA"): 20, ("MUG", "USEA"): 3}
    )
    return shelf


PATHS = {
    "/base_data/get_warehouse": _warehouses,
    "/inventory/get_calculate_delivery_fee": _fee,
    "/inventory/get_product_inventory": _inventory,
    "/order/create_order": _order,
    "/order/cancel_order": _cancel,
    "/order/get_order_list": _orders,
    "/inbound_order/create_grn": _grn,
    "/return_order/create": _return,
}
