"""The part of UPS' REST interface that karrio uses: token, rating, shipping, void, tracking."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from outside.carriers.books import Books, Order
from outside.carriers.request import Request, Response, told

ID, SECRET, TOKEN = "ups-id", "ups-secret", "ups-token"
BASIC = "Basic " + b64encode(f"{ID}:{SECRET}".encode()).decode()
# One transparent pixel: karrio turns UPS' GIF labels upright, so it has to be a picture.
GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PRICES = {"11": ("UPS Standard", "18.40"), "65": ("UPS Express Saver", "42.10")}


def answer(request: Request, books: Books) -> Response:  # noqa: PLR0911  # an arm a path
    """One path."""
    if request.path == "/security/v1/oauth/token":
        if request.headers.get("authorization") != BASIC:
            return _refused("10401", "ClientId is Invalid", 401)
        return told({"access_token": TOKEN, "issued_at": str(books.now() * 1000), "expires_in": "14399"})
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return _refused("250002", "Invalid Authentication Information.", 401)
    parts = request.path.strip("/").split("/")
    match (request.method, parts[1] if len(parts) > 1 else ""):
        case ("POST", "rating"):
            return _rates()
        case ("POST", "shipments"):
            return _ship(books, request.json()["ShipmentRequest"])
        case ("DELETE", "shipments"):
            return _void(books, parts[-1])
        case ("GET", "track"):
            return _track(books, parts[-1])
    return _refused("404", "no such thing", 404)


def _refused(code: str, said: str, status: int = 400) -> Response:
    return told({"response": {"errors": [{"code": code, "message": said}]}}, status)


def _money(amount: str) -> dict[str, str]:
    return {"CurrencyCode": "EUR", "MonetaryValue": amount}


def _rates() -> Response:
    rated = [
        {
            "Service": {"Code": code, "Description": name},
            "TransportationCharges": _money(amount),
            "BaseServiceCharge": _money(amount),
            "ServiceOptionsCharges": _money("0.00"),
            "TotalCharges": _money(amount),
            "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "1.0"},
            "RatedPackage": [{"Weight": "1.0"}],
        }
        for code, (name, amount) in PRICES.items()
    ]
    return told({"RateResponse": {"Response": {"ResponseStatus": {"Code": "1"}}, "RatedShipment": rated}})


def _ship(books: Books, asked: dict[str, Any]) -> Response:
    shipment = asked["Shipment"]
    if not shipment["ShipTo"]["Address"].get("City"):
        return _refused("120202", "Missing ShipTo City")
    books.extra["ups_labels"] = books.extra.get("ups_labels", 0) + 1
    reference = f"call {books.extra['ups_labels']}"  # UPS knows no reference that makes a repeat harmless

    def make(nth: int) -> Order:
        return Order(
            carrier="ups",
            account=ID,
            reference=reference,
            waybill=f"1Z12345E{6_605_270_000 + nth}",
            asked=asked,
            weight_g=0,
            price_minor=1840,
            currency="EUR",
        )

    order, _ = books.once("ups", ID, reference, make)
    results = {
        "ShipmentCharges": {
            "TransportationCharges": _money("18.40"),
            "ServiceOptionsCharges": _money("0.00"),
            "TotalCharges": _money("18.40"),
        },
        "BillingWeight": {"UnitOfMeasurement": {"Code": "KGS"}, "Weight": "1.0"},
        "ShipmentIdentificationNumber": order.waybill,
        "PackageResults": [
            {
                "TrackingNumber": order.waybill,
                "ShippingLabel": {"ImageFormat": {"Code": "GIF"}, "GraphicImage": GIF},
            }
        ],
    }
    return told({"ShipmentResponse": {"Response": {"ResponseStatus": {"Code": "1"}}, "ShipmentResults": results}})


def _void(books: Books, waybill: str) -> Response:
    order = books.of("ups", ID, waybill)
    if order is None:
        return _refused("190102", "No shipment found within the allowed void period")
    order.state = "voided"
    status = {"Code": "1", "Description": "Voided"}
    summary = {"Status": status}
    return told({"VoidShipmentResponse": {"Response": {"ResponseStatus": {"Code": "1"}}, "SummaryResult": summary}})


def _track(books: Books, waybill: str) -> Response:
    order = books.of("ups", ID, waybill)
    if order is None:
        return _refused("TW0001", "Tracking Information Not Found", 404)
    activity = []
    for scan in sorted(order.scans, key=lambda scan: scan.at, reverse=True):
        at = datetime.fromtimestamp(scan.at, tz=UTC)
        activity.append(
            {
                "date": at.strftime("%Y%m%d"),
                "time": at.strftime("%H%M%S"),
                "gmtDate": at.strftime("%Y%m%d"),
                "gmtTime": at.strftime("%H:%M:%S"),
                "gmtOffset": "+00:00",
                "status": {"type": scan.code, "code": scan.code, "description": scan.told, "statusCode": "011"},
                "location": {"address": {"city": scan.place, "country": "DE"}},
            }
        )
    current = {"description": "", "code": "011"}
    package = {"trackingNumber": waybill, "activity": activity, "currentStatus": current, "deliveryDate": []}
    return told({"trackResponse": {"shipment": [{"inquiryNumber": waybill, "package": [package]}]}})
