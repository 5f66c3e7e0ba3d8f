"""The sandbox carrier: our own protocol, signed both ways. Its parcels travel by themselves where they are told to.

A request carries Sandbox-Account (the first 16 characters of the key), Sandbox-Time and Sandbox-Signature: hex
HMAC-SHA256 with the account's key over time, method, path and body, parted by newlines. A key begins with `ck_test_`;
one of less than 16 characters is an account without being made known first, for rehearsals.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from outside.carriers.books import PDF, Books, Order, Seen
from outside.carriers.request import Request, Response, told

log = logging.getLogger(__name__)
WINDOW_S = 300
SERVICES = {"standard": (350, 6, 7), "express": (900, 11, 3)}  # base, cents per started 100 g, days
ROAD = ("ANNOUNCED", "PICKUP", "HUB", "LINEHAUL", "OUT", "DELIVERED")
TRIES = 8
BASE36 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def mac(key: str, at: str, method: str, path: str, body: bytes) -> str:
    """The signature of either direction; a push is signed as method PUSH without a path."""
    message = f"{at}\n{method}\n{path}\n".encode() + body
    return hmac.new(key.encode(), message, "sha256").hexdigest()


def open_account(books: Books, key: str) -> None:
    """Makes a key known."""
    with books.lock:
        books.extra.setdefault("sandbox", {})[key[:16]] = key


def key_of(books: Books, account: str) -> str:
    """The key of an account: made known before, or so short that the account's name is the whole of it."""
    known = str(books.extra.get("sandbox", {}).get(account, ""))
    return known or (account if account.startswith("ck_test_") and len(account) < 16 else "")


def answer(request: Request, books: Books) -> Response:
    """One request."""
    key = key_of(books, request.headers.get("sandbox-account", ""))
    if not key:
        return told({"error": "This account is not known."}, 401)
    at = request.headers.get("sandbox-time", "")
    if not at.isdigit() or abs(books.now() - int(at)) > WINDOW_S:
        return told({"error": "The request's clock differs by more than five minutes."}, 401)
    expected = mac(key, at, request.method, request.path, request.body)
    if not hmac.compare_digest(expected, request.headers.get("sandbox-signature", "")):
        return told({"error": "The signature does not fit."}, 401)
    asked = request.json() if request.body else {}
    if not isinstance(asked, dict):
        return told({"error": "The body is not a JSON object."}, 400)
    return _route(request, books, key[:16], asked)


def _route(  # noqa: PLR0911  # an arm a path
    request: Request, books: Books, account: str, asked: dict[str, Any]
) -> Response:
    match (request.method, request.path.strip("/").split("/")):
        case ("GET", ["v1", "account"]):
            return told({"name": account})
        case ("POST", ["v1", "rates"]):
            return told({"rates": [_rate(service, asked) for service in SERVICES]})
        case ("POST", ["v1", "labels"]):
            return _buy(books, account, asked)
        case ("POST", ["v1", "labels", waybill, "void"]):
            return _void(books, account, waybill)
        case ("POST", ["v1", "manifests"]):
            found = [books.of("sandbox", account, waybill) for waybill in asked.get("waybills", [])]
            if not all(found):
                return told({"error": "A waybill is not ours."}, 422)
            return told({"number": f"M{len(found)}-{books.now()}", "format": "pdf", "content": _base64(PDF)})
        case ("POST", ["v1", "tracking"]):
            orders = [books.of("sandbox", account, waybill) for waybill in asked.get("waybills", [])]
            return told({"scans": [_scan(order, scan) for order in orders if order for scan in order.scans]})
        case ("POST", ["v1", "invoices"]):
            return _invoice(books, account, asked)
    return told({"error": "There is no such thing here."}, 404)


def _weight_g(asked: dict[str, Any]) -> int:
    return sum(int(parcel["weight_g"]) for parcel in asked.get("parcels", []))


def _price(service: str, weight_g: int) -> int:
    base, step, _ = SERVICES[service]
    return base + step * (-(-weight_g // 100))


def _rate(service: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "service": service,
        "told": service.capitalize(),
        "price_minor": _price(service, _weight_g(asked)),
        "currency": "EUR",
        "days": SERVICES[service][2],
    }


def _buy(books: Books, account: str, asked: dict[str, Any]) -> Response:
    reference, service = str(asked.get("reference", "")), str(asked.get("service", "standard"))
    receiver = asked.get("receiver") or {}
    if service not in SERVICES or not reference:
        return told({"error": f"There is no service {service!r}."}, 422)
    if not receiver.get("street") or not receiver.get("city"):
        return told({"error": "The receiver's address has no street or city."}, 422)
    if receiver.get("country") == "AQ":
        return told({"error": "We do not deliver to Antarctica."}, 422)
    weight_g = _weight_g(asked)
    if weight_g <= 0 or weight_g > 30_000:
        return told({"error": f"A parcel weighs 1 g to 30 kg; this one {weight_g} g."}, 422)

    def make(nth: int) -> Order:
        random = "".join(secrets.choice(BASE36) for _ in range(8))
        return Order(
            carrier="sandbox",
            account=account,
            reference=reference,
            waybill=f"SBX{nth:05d}{random}",
            asked=asked,
            weight_g=weight_g,
            price_minor=_price(service, weight_g),
            currency="EUR",
            service=service,
            notify_url=str(asked.get("notify_url", "")),
        )

    order, _ = books.once("sandbox", account, reference, make)
    if order.state == "voided":
        return told({"error": "This reference was voided; take a new one."}, 409)
    if not order.scans:
        books.see(order.waybill, Seen(code="ANNOUNCED", at=books.now(), told="Data received"))
    return told(
        {
            "waybill": order.waybill,
            "format": "pdf",
            "content": _base64(label_pdf(order)),
            "cost_minor": order.price_minor,
            "currency": order.currency,
        }
    )


def _void(books: Books, account: str, waybill: str) -> Response:
    order = books.of("sandbox", account, waybill)
    if order is None:
        return told({"error": "There is no such waybill."}, 404)
    if any(scan.code == "PICKUP" for scan in order.scans):
        return told({"error": "The parcel was picked up already."}, 409)
    order.state = "voided"
    return told({"waybill": waybill, "state": "voided"})


def _invoice(books: Books, account: str, asked: dict[str, Any]) -> Response:
    """Charged as weighed: every seventh parcel is found a little heavier than it was told."""
    lines = []
    with books.lock:
        orders = [o for o in books.orders.values() if (o.carrier, o.account) == ("sandbox", account)]
    for nth, order in enumerate(sorted(orders, key=lambda order: order.waybill), start=1):
        day = datetime.fromtimestamp(order.made_at, tz=UTC).date().isoformat()
        if order.state == "voided" or not str(asked.get("since")) <= day <= str(asked.get("until")):
            continue
        weight_g = order.weight_g + (400 if nth % 7 == 0 else 0)
        lines.append(
            {
                "waybill": order.waybill,
                "billed_minor": _price(order.service, weight_g),
                "currency": order.currency,
                "kind": "freight",
                "told": order.service,
                "weight_g": weight_g,
            }
        )
    return told({"lines": lines})


def label_pdf(order: Order) -> bytes:
    """A label of 100 × 150 mm in the plainest PDF there is."""
    receiver = order.asked.get("receiver", {})
    lines = [
        *("SANDBOX CARRIER - NO PARCEL MOVES", order.waybill, f"ref {order.reference}"),
        *(str(receiver.get(name, "")) for name in ("name", "street", "postcode", "city", "country")),
    ]
    shown = [
        line.encode("ascii", "replace").decode().replace("\\", "").replace("(", "").replace(")", "") for line in lines
    ]
    text = "BT /F1 12 Tf 20 395 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in shown) + " ET"
    parts = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 283 425]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj{part}endobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"xref\n0 6\n0000000000 65535 f \n{table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + end.encode()


def _scan(order: Order, scan: Seen) -> dict[str, Any]:
    return {"waybill": order.waybill, "code": scan.code, "at": scan.at, "place": scan.place, "told": scan.told}


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


# Pushes --------------------------------------------------------------------------------------------------------------


def signed_push(key: str, body: bytes, at: int) -> dict[str, str]:
    """The headers of a push."""
    return {
        "Content-Type": "application/json",
        "Sandbox-Time": str(at),
        "Sandbox-Signature": mac(key, str(at), "PUSH", "", body),
    }


def push(books: Books, key: str, url: str, scans: list[dict[str, Any]]) -> int:
    """Sends scans as one push, as often as the mischief says; the last status, 0 for no answer."""
    body = json.dumps({"scans": scans}).encode()
    status = 0
    for _ in range(1 + books.mischief.repeat):
        request = urllib.request.Request(url, data=body, headers=signed_push(key, body, books.now()))  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=5) as heard:  # noqa: S310  # http, on this machine
                status = heard.status
        except urllib.error.HTTPError as problem:
            status = problem.code
        except (OSError, HTTPException):
            status = 0
    return status


class Traveller(threading.Thread):
    """Moves parcels that have a `notify_url`: a step every `books.extra["step_s"]` seconds, each pushed until heard."""

    def __init__(self, books: Books) -> None:
        super().__init__(name="traveller", daemon=True)
        self._books = books
        self._stopping = threading.Event()
        self._tries: dict[str, int] = {}

    def stop(self) -> None:
        """Ends after the running round."""
        self._stopping.set()
        self.join(timeout=12)

    def run(self) -> None:
        while not self._stopping.wait(0.25):
            step_s = float(self._books.extra.get("step_s", 0))
            if step_s:
                try:
                    self._round(step_s)
                except Exception:
                    log.exception("a round of travelling failed")

    def _round(self, step_s: float) -> None:
        with self._books.lock:
            orders = [o for o in self._books.orders.values() if o.notify_url and o.state == "open"]
        orders.sort(key=lambda order: order.made_at, reverse=self._books.mischief.reorder)
        for order in orders:
            due = min(int((self._books.now() - order.made_at) / step_s), len(ROAD) - 1)
            while len(order.scans) <= due:
                code = ROAD[len(order.scans)]
                self._books.see(order.waybill, Seen(code=code, at=self._books.now(), told=code.capitalize()))
                self._tell(order)
            if order.scans and order.scans[-1].code == ROAD[-1]:
                order.state = "arrived"

    def _tell(self, order: Order) -> None:
        key = key_of(self._books, order.account)
        scans = [_scan(order, scan) for scan in order.scans]
        if push(self._books, key, order.notify_url, scans) != 200:
            self._tries[order.waybill] = self._tries.get(order.waybill, 0) + 1
            if self._tries[order.waybill] >= TRIES:
                order.notify_url = ""
