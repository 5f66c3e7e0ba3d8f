"""An account at GoodCang: fee trial, orders out of its warehouses, inbound orders, stock and returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from haitu.core.tracking import Scan
from haitu.links.carriers.answers import compact, minor, moment, part, rows, scan, text, whole
from haitu.links.carriers.client import Call, Client
from haitu.links.carriers.goodcang.rules import MODES, PAGE, THROUGH_HUB, InboundWanted, check
from haitu.links.carriers.goodcang.sign import headers
from haitu.links.carriers.protocol import CarrierRefused, Label, Rate, ShipmentWanted, Unoffered

ROOT = "/public_open"
CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockThere:
    """What GoodCang has of a SKU in a warehouse."""

    sku: str
    warehouse: str
    on_the_way: int
    to_shelve: int
    sellable: int
    defective: int
    reserved: int
    frozen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnWanted:
    """Goods that a buyer sends back to a warehouse."""

    reference: str
    warehouse: str
    order: str
    tracking: str
    goods: tuple[tuple[str, int], ...]
    reason: str = ""


class GoodCang(Unoffered):
    """One account. `settings`: `warehouse` (code), `service` (sm_code), `currency` of its prices."""

    def __init__(self, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._client = Client(address)
        self._headers = headers(secrets.get("app_key", ""), secrets.get("app_token", ""), address)
        self._settings = settings

    # A carrier for what leaves its warehouses ----------------------------------------------------------------
    def check(self) -> str:
        """Lists the warehouses."""
        return f"{len(rows(self._ask('/base_data/get_warehouse', {}), 'data'))} warehouses"

    def rate(self, wanted: ShipmentWanted) -> tuple[Rate, ...]:
        """The fee trial: by the goods' SKUs, whose measures GoodCang knows better."""
        currency = str(self._settings.get("currency", CURRENCY))
        asked = {
            "warehouse_code": self._warehouse(),
            "country_code": wanted.receiver.country,
            "postcode": wanted.receiver.postcode,
            "state": wanted.receiver.region,
            "city": wanted.receiver.city,
            "sku": [f"{line.sku}:{line.quantity}" for line in wanted.customs],
            "sm_code": wanted.service,
        }
        rates = [
            Rate(
                service=text(row, "sm_code"),
                told=str(row.get("sm_name_cn") or row.get("sm_name") or ""),
                price_minor=minor(row, "total", currency),
                currency=currency,
                days=row.get("sm_delivery_time_max") if isinstance(row.get("sm_delivery_time_max"), int) else None,
            )
            for row in rows(self._ask("/inventory/get_calculate_delivery_fee", asked), "data")
        ]
        return tuple(sorted(rates, key=lambda rate: rate.price_minor))

    def buy_label(self, wanted: ShipmentWanted) -> Label:
        """An order to the warehouse, which prints and sticks the label itself: there is nothing for us to print."""
        receiver = wanted.receiver
        asked = {
            "reference_no": wanted.reference,
            "platform": "OTHER",
            "shipping_method": wanted.service or str(self._settings.get("service", "")),
            "warehouse_code": self._warehouse(),
            "country_code": receiver.country,
            "province": receiver.region,
            "city": receiver.city,
            "address1": receiver.street,
            "zipcode": receiver.postcode,
            "name": receiver.name,
            "company": receiver.company,
            "phone": receiver.phone,
            "email": receiver.email,
            "verify": 1,
            "items": [{"product_sku": line.sku, "quantity": line.quantity} for line in wanted.customs],
        }
        found = self._ask("/order/create_order", asked)
        return Label(waybill=text(found, "order_code"), format="pdf", content=b"")

    def void(self, waybill: str, reference: str) -> None:  # noqa: ARG002  # by the order's code
        """Asks the warehouse to stop."""
        self._ask("/order/cancel_order", {"order_code": waybill, "reason": "cancelled by the merchant"})

    def track(self, waybills: Sequence[str]) -> tuple[Scan, ...]:
        """The state of each order, as a scan at the time it changed."""
        found: list[Scan] = []
        for start in range(0, len(waybills), PAGE):
            asked = {"page": 1, "pageSize": PAGE, "order_code_arr": list(waybills[start : start + PAGE])}
            for row in rows(self._ask("/order/get_order_list", asked), "data"):
                changed = text(row, "date_modify")
                code = text(row, "order_status")
                found.append(scan("goodcang", waybill=text(row, "order_code"), code=code, at=moment(changed), row=row))
        return tuple(found)

    # A warehouse for what lies there -------------------------------------------------------------------------
    def send_inbound(self, wanted: InboundWanted) -> str:
        """Announces goods (inbound_order/create_grn); GoodCang's receiving code. Refuses AgainstTheRules unasked."""
        check(wanted)
        asked: dict[str, Any] = {
            "reference_no": wanted.reference,
            "transit_type": wanted.transit_type,
            "receiving_shipping_type": MODES[wanted.mode],
            "warehouse_code": wanted.warehouse,
            "tracking_number": wanted.tracking,
            "receiving_desc": wanted.note[:255],
            "verify": int(wanted.submit),
            "items": [
                {
                    "box_no": number,
                    "box_details": [{"product_sku": goods.sku, "quantity": goods.quantity} for goods in box],
                }
                for number, box in enumerate(wanted.boxes, start=1)
            ],
        }
        if wanted.eta:
            asked["eta_date"] = wanted.eta.isoformat()
        if wanted.importer is not None:
            asked["import_company"] = wanted.importer
        if wanted.transit_type == THROUGH_HUB:
            asked |= {
                "transit_warehouse_code": wanted.hub,
                "sm_code": wanted.product,
                "clearance_service": int(wanted.own_vat),
            }
        return text(part(self._ask("/inbound_order/create_grn", asked), "data"), "receiving_code")

    def stock(self, skus: Sequence[str] = (), *, warehouse: str = "") -> tuple[StockThere, ...]:
        """All that lies there, page by page."""
        found: list[StockThere] = []
        for start in range(0, max(len(skus), 1), PAGE):
            page = 1
            while True:
                asked = {
                    "page": page,
                    "pageSize": PAGE,
                    "product_sku_arr": list(skus[start : start + PAGE]),
                    "warehouse_code": warehouse,
                }
                there = rows(self._ask("/inventory/get_product_inventory", asked), "data")
                found += [_stock(row) for row in there]
                if len(there) < PAGE:
                    break
                page += 1
        return tuple(found)

    def announce_return(self, wanted: ReturnWanted) -> str:
        """Announces goods that come back; GoodCang's code of the return."""
        asked = {
            "ref_no": wanted.reference,
            "order_code": wanted.order,
            "warehouse_code": wanted.warehouse,
            "tracking_no": wanted.tracking,
            "ro_desc": wanted.reason[:255],
            "is_verify": "1",
            "product_list": [{"product_sku": sku, "quantity": quantity} for sku, quantity in wanted.goods],
        }
        return text(part(self._ask("/return_order/create", asked), "data"), "asro_code")

    def _warehouse(self) -> str:
        return str(self._settings.get("warehouse", ""))

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        call = Call(method="POST", path=ROOT + path, headers=self._headers, content=compact(body).encode())
        found = self._client.ask(lambda: call).json()
        if str(found.get("ask")).lower() != "success":
            told = str(found.get("message") or found.get("Error") or "refused")[:200]
            raise CarrierRefused(told, result=str(found.get("ask")))
        return found


def _stock(row: Mapping[str, Any]) -> StockThere:
    return StockThere(
        sku=text(row, "product_sku"),
        warehouse=text(row, "warehouse_code"),
        on_the_way=whole(row, "onway"),
        to_shelve=whole(row, "pending"),
        sellable=whole(row, "sellable"),
        defective=whole(row, "unsellable"),
        reserved=whole(row, "reserved"),
        frozen=whole(row, "pi_freeze"),
    )
