"""What the carriers remember: orders, scans and charges, in memory, behind one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from outside.carriers.mischief import Mischief

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


@dataclass(slots=True, kw_only=True)
class Seen:
    """A scan: the carrier's code, unix seconds, place and words."""

    code: str
    at: int
    place: str = ""
    told: str = ""


@dataclass(slots=True, kw_only=True)
class Order:
    """A shipment a carrier was asked to carry. `asked` is the request as it came."""

    carrier: str
    account: str
    reference: str
    waybill: str
    asked: dict[str, Any]
    weight_g: int
    price_minor: int
    currency: str
    service: str = ""
    state: str = "open"
    notify_url: str = ""
    made_at: int = 0
    scans: list[Seen] = field(default_factory=list)


class Books:
    """Every carrier's orders. Times are unix seconds on the server's own clock."""

    def __init__(self, mischief: Mischief) -> None:
        self.mischief = mischief
        self.own_address = ""
        self.lock = threading.RLock()
        self.orders: dict[str, Order] = {}
        self.by_reference: dict[tuple[str, str, str], str] = {}
        self.calls: list[str] = []
        self.extra: dict[str, Any] = {}

    def now(self) -> int:
        """The server's clock."""
        return int(time.time()) + self.mischief.skew_s

    def once(self, carrier: str, account: str, reference: str, make: Callable[[int], Order]) -> tuple[Order, bool]:
        """The order of that reference, made when it is new; whether it was there before."""
        with self.lock:
            key = (carrier, account, reference)
            if key in self.by_reference:
                return self.orders[self.by_reference[key]], True
            order = make(len(self.orders) + 1)
            order.made_at = self.now()
            self.orders[order.waybill] = order
            self.by_reference[key] = order.waybill
            return order, False

    def of(self, carrier: str, account: str, waybill: str) -> Order | None:
        """An account's order by its waybill or reference."""
        with self.lock:
            waybill = self.by_reference.get((carrier, account, waybill), waybill)
            order = self.orders.get(waybill)
            return order if order and (order.carrier, order.account) == (carrier, account) else None

    def see(self, waybill: str, *scans: Seen) -> None:
        """The parcel was seen."""
        with self.lock:
            self.orders[waybill].scans.extend(scans)

    def travelled(self, waybill: str, codes: Sequence[str], *, start: int, step_s: int = 3600) -> list[Seen]:
        """Scans of these codes, an hour apart."""
        scans = [Seen(code=code, at=start + nth * step_s) for nth, code in enumerate(codes)]
        self.see(waybill, *scans)
        return scans
