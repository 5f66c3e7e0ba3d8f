"""Meta's, TikTok's and Google's doors for conversions, as their documents describe them.

Meta takes all events of a request or none. TikTok answers 200 with a code. Google fails row by row.
"""

from __future__ import annotations

import re
import time
from typing import Any

from outside.ads.conversions_books import DEVELOPER, REFRESH, TOKEN, Books
from outside.carriers.request import Request, Response, told

HASH = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d")
WEEK_S = 7 * 24 * 3600
CLEAR = ("fbc", "fbp", "client_ip_address", "client_user_agent", "ttclid", "ttp", "ip", "user_agent")


def meta(request: Request, books: Books) -> Response:
    """POST /{version}/{pixel}/events."""
    if books.expired or request.headers.get("authorization") != f"Bearer {TOKEN}":
        return _graph(190, "Error validating access token: Session has expired.", 400)
    rows = (request.json() or {}).get("data", [])
    for place, row in enumerate(rows):
        said = _meta_fault(row, place)
        if said:
            return _graph(100, said, 400)
    for row in rows:
        books.take("meta", row["event_id"], row)
    return told({"events_received": len(rows), "messages": [], "fbtrace_id": "A"})


def tiktok(request: Request, books: Books) -> Response:
    """POST /open_api/v1.3/event/track/."""
    if books.expired or request.headers.get("access-token") != TOKEN:
        return told({"code": 40105, "message": "Access token is incorrect or has been revoked."})
    rows = (request.json() or {}).get("data", [])
    bad = {place: said for place, row in enumerate(rows) if (said := _tiktok_fault(row))}
    if bad and not books.in_part:
        return told({"code": 40002, "message": f"data.{next(iter(bad))}: {next(iter(bad.values()))}", "data": {}})
    for place, row in enumerate(rows):
        if place not in bad:
            books.take("tiktok", row["event_id"], row)
    failed = [
        {"order_in_batch": place, "event_id": rows[place]["event_id"], "error_message": said}
        for place, said in bad.items()
    ]
    return told({"code": 20001 if bad else 0, "message": "OK", "data": {"failed_events": failed}})


def google(request: Request, books: Books) -> Response:
    """POST /token, /{version}/customers/{id}:uploadClickConversions and :uploadConversionAdjustments."""
    if request.path == "/token":
        good = request.form().get("refresh_token") == REFRESH and not books.expired
        return told({"access_token": TOKEN, "expires_in": 3599}) if good else told({"error": "invalid_grant"}, 400)
    if request.headers.get("authorization") != f"Bearer {TOKEN}" or request.headers.get("developer-token") != DEVELOPER:
        return told({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "invalid credentials"}}, 401)
    content = request.json() or {}
    if content.get("partialFailure") is not True:
        return told({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "partial_failure required"}}, 400)
    purchases = request.path.endswith(":uploadClickConversions")
    rows = content.get("conversions" if purchases else "conversionAdjustments", [])
    faults = [(_purchase_fault if purchases else _change_fault)(row, books) for row in rows]
    answer: dict[str, Any] = {"results": [{} if fault else row for row, fault in zip(rows, faults, strict=True)]}
    errors = [
        _google_error(fault, place, purchases=purchases) for place, fault in enumerate(faults) if fault is not None
    ]
    if errors:
        kind = "type.googleapis.com/google.ads.googleads.v24.errors.GoogleAdsFailure"
        answer["partialFailureError"] = {
            "code": 3,
            "message": "Multiple",
            "details": [{"@type": kind, "errors": errors}],
        }
    return told(answer)


def _meta_fault(row: dict[str, Any], place: int) -> str:
    user, custom = row.get("user_data", {}), row.get("custom_data", {})
    if row.get("event_time", 0) < time.time() - WEEK_S:
        return f"The parameter $['data'][{place}]['event_time'] is more than seven days in the past."
    hashes = [one for name, value in user.items() if name not in CLEAR for one in _each(value)]
    if not user or not all(HASH.fullmatch(one) for one in hashes):
        return f"The parameter $['data'][{place}]['user_data'] is not hashed, or empty."
    if not re.fullmatch(r"[A-Z]{3}", custom.get("currency", "")):
        return f"The parameter $['data'][{place}]['custom_data']['currency'] is no currency."
    return ""


def _tiktok_fault(row: dict[str, Any]) -> str:
    user = row.get("user", {})
    if not user or not all(HASH.fullmatch(value) for name, value in user.items() if name not in CLEAR):
        return "user: not hashed, or empty"
    if not re.fullmatch(r"[A-Z]{3}", row.get("properties", {}).get("currency", "")):
        return "properties.currency: not supported"
    return ""


def _purchase_fault(row: dict[str, Any], books: Books) -> str | None:  # noqa: PLR0911  # an arm a fault
    clicks = [name for name in ("gclid", "gbraid", "wbraid") if row.get(name)]
    if len(clicks) > 1:
        return "VALUE_MUST_BE_UNSET"
    if not MOMENT.fullmatch(row.get("conversionDateTime", "")):
        return "INVALID_DATE"
    if not clicks and not row.get("userIdentifiers"):
        return "MISSING_CONVERSION_IDENTIFIER"
    if any(not HASH.fullmatch(value) for one in row.get("userIdentifiers", []) for value in one.values()):
        return "INVALID_USER_IDENTIFIER"
    if not re.fullmatch(r"[A-Z]{3}", row.get("currencyCode", "")):
        return "INVALID_CURRENCY_CODE"
    if "EXPIRED" in row.get("gclid", ""):
        return "EXPIRED_EVENT"
    return None if books.take("google", row["orderId"], row) else "ORDER_ID_ALREADY_IN_USE"


def _change_fault(row: dict[str, Any], books: Books) -> str | None:
    if books.too_recent:
        return "TOO_RECENT_CONVERSION"
    if row["orderId"] not in books.of("google"):
        return "CONVERSION_NOT_FOUND"
    key = f"{row['orderId']} {row['adjustmentType']} {row['adjustmentDateTime']}"
    return None if books.take("google-change", key, row) else "RESTATEMENT_ALREADY_EXISTS"


def _google_error(code: str, place: int, *, purchases: bool) -> dict[str, Any]:
    enum = "conversionUploadError" if purchases else "conversionAdjustmentUploadError"
    field = "conversions" if purchases else "conversion_adjustments"
    path = [{"fieldName": field, "index": place}]
    words = code.lower().replace("_", " ")
    return {"errorCode": {enum: code}, "message": words, "location": {"fieldPathElements": path}}


def _graph(code: int, said: str, status: int) -> Response:
    return told({"error": {"message": said, "type": "OAuthException", "code": code, "fbtrace_id": "A"}}, status)


def _each(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
