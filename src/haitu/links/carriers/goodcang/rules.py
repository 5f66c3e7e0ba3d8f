"""What GoodCang refuses, refused before it is asked: the limits of its documents of inbound_order/create_grn.

Source: open.goodcang.com, "RESTFUL V1 创建入库单", as copied in a public repository; seen on 2026-11-22.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from haitu.core.errors import Refusal

LONGEST_SKU = 24
MOST_SKUS_US_SOUTH = 20
LONGEST_REFERENCE = 50
LONGEST_TRACKING = 35
LONGEST_BOX_REFERENCE = 30
PAGE = 200
NEEDS_IMPORTER = frozenset({"UK", "DE", "FR", "GB"})  # the destination warehouse's country wants a VAT number
SERIAL = re.compile(r"[\w\-.+]{6,100}", re.ASCII)

# transit_type: 0 sent by ourselves, 3 through GoodCang's hub, 5 to FBA.
OWN_WAY, THROUGH_HUB, TO_FBA = 0, 3, 5
MODES = {"air": 0, "lcl": 1, "express": 2, "rail_fcl": 3, "sea_fcl": 4, "rail_lcl": 5}
Mode = Literal["air", "lcl", "express", "rail_fcl", "sea_fcl", "rail_lcl"]


class AgainstTheRules(Refusal):
    """The inbound order breaks a rule of the warehouse's; it names the rule, the value and the limit."""

    code = "against_the_rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedGoods:
    """Pieces of one SKU in a box."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundWanted:
    """Goods on their way to a warehouse of GoodCang's. `boxes` are numbered from 1 in their order."""

    reference: str
    warehouse: str
    warehouse_country: str
    mode: Mode
    boxes: tuple[tuple[BoxedGoods, ...], ...]
    transit_type: int = OWN_WAY
    eta: date | None = None
    tracking: str = ""
    hub: str = ""
    product: str = ""  # sm_code: GoodCang's line, through its hub only
    importer: int | None = None
    own_vat: bool = False
    us_south: bool = False
    submit: bool = False
    note: str = ""


def check(wanted: InboundWanted) -> None:
    """Refuses AgainstTheRules at the first rule that is broken."""
    skus = {goods.sku for box in wanted.boxes for goods in box}
    if not skus or any(not box for box in wanted.boxes):
        raise _broken("boxes", "an inbound order has at least one box, and no empty one", len(wanted.boxes))
    for sku in sorted(skus):
        if not 0 < len(sku) <= LONGEST_SKU:
            raise _broken("sku", f"a SKU has 1 to {LONGEST_SKU} characters", sku)
    if wanted.us_south and len(skus) > MOST_SKUS_US_SOUTH:
        raise _broken("skus", f"an inbound order to US-South has at most {MOST_SKUS_US_SOUTH} SKUs", len(skus))
    if any(goods.quantity < 1 for box in wanted.boxes for goods in box):
        raise _broken("quantity", "a box holds one piece or more of each SKU", 0)
    if not 0 < len(wanted.reference) <= LONGEST_REFERENCE:
        raise _broken("reference", f"a reference has 1 to {LONGEST_REFERENCE} characters", wanted.reference)
    if len(wanted.tracking) > LONGEST_TRACKING:
        raise _broken("tracking", f"a tracking or container number has at most {LONGEST_TRACKING}", wanted.tracking)
    if wanted.transit_type == THROUGH_HUB:
        _check_hub(wanted)
    else:
        _check_own_way(wanted)


def _check_hub(wanted: InboundWanted) -> None:
    full = wanted.mode in ("rail_fcl", "sea_fcl")
    if not wanted.hub:
        raise _broken("hub", "a transit order names the hub", "")
    if not full and not wanted.product:
        raise _broken("product", "a transit order that fills no container names GoodCang's line", "")
    if wanted.own_vat and wanted.importer is None:
        raise _broken("importer", "clearance under one's own VAT number names the importer", "")
    if wanted.warehouse_country in NEEDS_IMPORTER and not wanted.own_vat:
        raise _broken("own_vat", "this country's warehouses clear under one's own VAT number", wanted.warehouse_country)


def _check_own_way(wanted: InboundWanted) -> None:
    if wanted.eta is None:
        raise _broken("eta", "an order that we send ourselves says when it arrives", "")
    if wanted.submit and not wanted.tracking:
        raise _broken("tracking", "a submitted order has a tracking or container number", "")
    if wanted.warehouse_country in NEEDS_IMPORTER and wanted.importer is None:
        raise _broken("importer", "this country's warehouses need an importer with a VAT number", "")


def _broken(rule: str, wanted: str, given: object) -> AgainstTheRules:
    told = f"GoodCang would refuse this: {wanted}; {str(given)[:60]!r} was given."
    return AgainstTheRules(told, field=rule, rule=rule, wanted=wanted, given=str(given)[:60])
