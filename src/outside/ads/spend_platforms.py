"""Google Ads, Meta and TikTok as far as they report spend, in the shapes their documents give (see haitu.links.ads)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs

from outside.ads.spend_books import APP_SECRET, DEVELOPER, REFRESH, TOKEN, Books, Spent
from outside.carriers.request import Request, Response, told

NUMBERS = {"DE": 276, "US": 840, "JP": 392, "GB": 826}


# Google --------------------------------------------------------------------------------------------------------------


def google(request: Request, books: Books) -> Response:
    """/token and …:searchStream; 401 for an old token, 400 for a query it does not know."""
    if request.path == "/token":
        form = request.form()
        if form.get("refresh_token") != REFRESH or form.get("grant_type") != "refresh_token":
            return told({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
        return told({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})
    headers = request.headers
    if (
        books.expired
        or headers.get("authorization") != f"Bearer {TOKEN}"
        or headers.get("developer-token") != DEVELOPER
    ):
        error = {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}
        return told([{"error": error}], 401)
    query = (request.json() or {}).get("query", "")
    days = re.search(r"segments\.date BETWEEN '([\d-]+)' AND '([\d-]+)'", query)
    resource = re.search(r" FROM (\w+) ", query)
    if (
        days is None
        or resource is None
        or not re.fullmatch(r"/v\d+/customers/\d+/googleAds:searchStream", request.path)
    ):
        return told([{"error": {"code": 400, "message": "Error in query.", "status": "INVALID_ARGUMENT"}}], 400)
    rows = books.between(days[1], days[2])
    if resource[1] == "user_location_view":
        found = [_google(row, books, placed=True) for row in rows if row.country]
    else:
        found = [_google(row, books, placed=False) for row in _whole(rows)]
    batches = [found[at : at + books.page] for at in range(0, len(found), books.page)]
    return told([{"results": batch, "fieldMask": "campaign.id", "requestId": "r1"} for batch in batches])


def _whole(rows: list[Spent]) -> list[Spent]:
    sums: dict[tuple[str, str, str], list[Spent]] = defaultdict(list)
    for row in rows:
        sums[row.day, row.campaign_id, row.campaign].append(row)
    return [
        Spent(
            day=day,
            campaign_id=number,
            campaign=name,
            country="",
            amount=f"{sum(round(float(row.amount) * 100) for row in found) / 100:.2f}",
            impressions=sum(row.impressions for row in found),
            clicks=sum(row.clicks for row in found),
            orders=sum(row.orders for row in found),
            value=str(sum(float(row.value) for row in found)),
        )
        for (day, number, name), found in sums.items()
    ]


def _google(row: Spent, books: Books, *, placed: bool) -> dict[str, Any]:
    """int64 as text and zeros left out, as Google's JSON does."""
    metrics = {
        "costMicros": str(round(float(row.amount) * 1_000_000)),
        "impressions": str(row.impressions),
        "clicks": str(row.clicks),
        "conversions": row.orders,
        "conversionsValue": float(row.value),
    }
    found: dict[str, Any] = {
        "customer": {"resourceName": "customers/1", "currencyCode": books.currency},
        "campaign": {
            "resourceName": f"customers/1/campaigns/{row.campaign_id}",
            "id": row.campaign_id,
            "name": row.campaign,
        },
        "metrics": {name: value for name, value in metrics.items() if value not in {"0", 0.0}},
        "segments": {"date": row.day},
    }
    if placed:
        found["userLocationView"] = {"countryCriterionId": str(2000 + NUMBERS[row.country])}
    return found


# Meta ----------------------------------------------------------------------------------------------------------------


def meta(request: Request, books: Books) -> Response:
    """POST act_…/insights → a run; GET run → how far; GET run/insights → its pages."""
    given = request.form() if request.method == "POST" else request.parameters()
    if no := _meta_refuses(given, books):
        return no
    path = re.sub(r"^/v[\d.]+", "", request.path)
    if request.method == "POST" and re.fullmatch(r"/act_\d+/insights", path):
        span = json.loads(given["time_range"])
        run = str(6_000_000 + len(books.runs))
        books.runs[run] = (span["since"], span["until"])
        return told({"report_run_id": run})
    run = path.strip("/").split("/")[0]
    if run not in books.runs:
        return told(
            {"error": {"message": "Unsupported get request.", "type": "GraphMethodException", "code": 100}}, 400
        )
    if not path.endswith("/insights"):
        books.running -= 1
        status, percent = ("Job Running", 50) if books.running >= 0 else ("Job Completed", 100)
        return told({"id": run, "async_status": status, "async_percent_completion": percent})
    return _meta_page(books, run, int(given.get("after") or 0))


def _meta_refuses(given: dict[str, str], books: Books) -> Response | None:
    proof = hmac.new(APP_SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    if books.expired or given.get("access_token") != TOKEN:
        return told({"error": {"message": "Error validating access token", "type": "OAuthException", "code": 190}}, 400)
    if given.get("appsecret_proof") != proof:
        return told({"error": {"message": "Invalid appsecret_proof", "type": "GraphMethodException", "code": 100}}, 400)
    if not books.is_busy():
        return None
    usage = json.dumps({"1": [{"type": "ads_insights", "estimated_time_to_regain_access": books.regain_minutes}]})
    error = {"error": {"message": "User request limit reached", "type": "OAuthException", "code": 17}}
    return Response(body=json.dumps(error).encode(), status=400, headers={"X-Business-Use-Case-Usage": usage})


def _meta_page(books: Books, run: str, start: int) -> Response:
    rows = books.between(*books.runs[run])
    page = rows[start : start + books.page]
    until = start + books.page
    more = until < len(rows) or books.circle
    after = "1" if books.circle else str(until)
    paging: dict[str, Any] = {"cursors": {"before": str(start), "after": after}}
    if more:
        paging["next"] = f"{books.address}/meta/next"
    return told({"data": [_meta(row, books) for row in page], "paging": paging})


def _meta(row: Spent, books: Books) -> dict[str, Any]:
    """Figures as text; purchases under several names."""
    names = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase", "link_click")
    return {
        "campaign_id": row.campaign_id,
        "campaign_name": row.campaign,
        "account_currency": books.currency,
        "spend": row.amount,
        "impressions": str(row.impressions),
        "clicks": str(row.clicks),
        "actions": [{"action_type": name, "value": str(row.orders)} for name in names],
        "action_values": [{"action_type": name, "value": row.value} for name in names[:3]],
        "date_start": row.day,
        "date_stop": row.day,
        "country": row.country or "unknown",
    }


# TikTok --------------------------------------------------------------------------------------------------------------


def tiktok(request: Request, books: Books) -> Response:
    """report/integrated/get; errors come with 200 and a code."""
    if books.expired or request.headers.get("access-token") != TOKEN:
        return told(
            {"code": 40105, "message": "Access token is incorrect or has been revoked.", "request_id": "r", "data": {}}
        )
    if books.is_busy():
        return told(
            {"code": 40100, "message": "Too many requests. Please retry in some time.", "request_id": "r", "data": {}}
        )
    asked = {name: values[0] for name, values in parse_qs(request.query).items()}
    first, last = asked.get("start_date", ""), asked.get("end_date", "")
    if request.path != "/open_api/v1.3/report/integrated/get/" or not first or "advertiser_id" not in asked:
        return told({"code": 40002, "message": "advertiser_id: Missing data for required field.", "data": {}})
    page = int(asked["page"])
    if books.grow and page > 1:
        books.grow = False
        books.rows.insert(0, books.rows[0])
    rows = books.between(first, last)
    size = min(books.page, int(asked["page_size"]))
    info = {"page": page, "page_size": size, "total_number": len(rows), "total_page": -(-len(rows) // size)}
    found = [_tiktok(row, books) for row in rows[(page - 1) * size : page * size]]
    return told({"code": 0, "message": "OK", "request_id": "r", "data": {"list": found, "page_info": info}})


def _tiktok(row: Spent, books: Books) -> dict[str, Any]:
    return {
        "dimensions": {
            "campaign_id": row.campaign_id,
            "stat_time_day": f"{row.day} 00:00:00",
            "country_code": row.country or "None",
        },
        "metrics": {
            "campaign_name": row.campaign,
            "currency": books.currency,
            "spend": row.amount,
            "impressions": str(row.impressions),
            "clicks": str(row.clicks),
            "conversion": str(int(row.orders)),
        },
    }
