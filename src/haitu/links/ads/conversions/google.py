"""Google Ads: click conversions and what refunds change of them, in batches that fail row by row.

developers.google.com/google-ads/api/docs/conversions (upload-online, upload-adjustments) and the error enums of
v24, read on 2026-11-23. `partialFailure` is always asked for. A row that Google has already counts as sent. The
conversion must come after its click. A restated or retracted conversion is named by its order id; it must be some
hours old before Google knows it, which is no refusal but "later". What a wbraid brought cannot be adjusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from haitu.core.hashing import for_google
from haitu.links.ads.conversions.client import post
from haitu.links.ads.conversions.protocol import (
    BatchRefused,
    Event,
    Outcome,
    PlatformSilent,
    TokenExpired,
    Told,
    by_halves,
)

VERSION = "v24"
TOKENS = "https://oauth2.googleapis.com/token"
# What these mean is "we have it": conversion_upload_error and conversion_adjustment_upload_error.
KNOWN = (
    "CLICK_CONVERSION_ALREADY_EXISTS",
    "ORDER_ID_ALREADY_IN_USE",
    "DUPLICATE_ORDER_ID",
    "DUPLICATE_CLICK_CONVERSION_IN_REQUEST",
    "CONVERSION_ALREADY_RETRACTED",
    "RESTATEMENT_ALREADY_EXISTS",
    "DUPLICATE_ADJUSTMENT_IN_REQUEST",
)
LATER = (
    "TOO_RECENT_CONVERSION",
    "TOO_RECENT_CONVERSION_ACTION",
    "TOO_RECENT_EVENT",
    "CONVERSION_NOT_FOUND",
    "TRANSIENT_ERROR",
    "INTERNAL_ERROR",
    "RESOURCE_EXHAUSTED",
    "RESOURCE_TEMPORARILY_EXHAUSTED",
)


class Google:
    """An account. `settings`: customer, conversion_action, login_customer (optional), token_address (optional).

    `secrets`: developer_token, client_id, client_secret, refresh_token.
    """

    SECRETS = ("developer_token", "client_id", "client_secret", "refresh_token")
    SETTINGS = ("customer", "conversion_action")
    clicks: tuple[str, ...] = ("gclid", "gbraid", "wbraid")
    adjusts = True
    most = 2000

    def __init__(self, *, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._customer = str(settings.get("customer", "")).replace("-", "")
        self._root = f"{address}/{VERSION}/customers/{self._customer}"
        self._action = f"customers/{self._customer}/conversionActions/{settings.get('conversion_action', '')}"
        self._login = str(settings.get("login_customer", "")).replace("-", "")
        self._tokens = str(settings.get("token_address") or TOKENS)
        self._secrets = secrets
        self._headers: dict[str, str] = {}

    def send(self, events: Sequence[Event], *, now: datetime) -> tuple[Told, ...]:  # noqa: ARG002  # the protocol's
        """One answer an event, in their order."""
        self._headers = self._authorised()
        purchases = [event for event in events if event.kind == "purchase"]
        changes = [event for event in events if event.kind != "purchase"]
        told = {each.id: each for each in by_halves(purchases, self._purchases)}
        told |= {each.id: each for each in by_halves(changes, self._changes)}
        return tuple(told[event.id] for event in events)

    def _authorised(self) -> dict[str, str]:
        form = {name: self._secrets.get(name, "") for name in ("client_id", "client_secret", "refresh_token")}
        answer = post(self._tokens, form={**form, "grant_type": "refresh_token"})
        token = answer.content.get("access_token")
        if not token:  # invalid_grant: the refresh token was revoked or has run out
            raise TokenExpired("The ad platform no longer takes the stored token.")
        headers = {"Authorization": f"Bearer {token}", "developer-token": self._secrets.get("developer_token", "")}
        return headers | ({"login-customer-id": self._login} if self._login else {})

    def _purchases(self, events: Sequence[Event]) -> tuple[Told, ...]:
        rows = [self._purchase(event) for event in events]
        content = {"conversions": rows, "partialFailure": True}
        matched = [_matched(row) for row in rows]
        return self._told(f"{self._root}:uploadClickConversions", content, events, matched)

    def _changes(self, events: Sequence[Event]) -> tuple[Told, ...]:
        content = {"conversionAdjustments": [self._change(event) for event in events], "partialFailure": True}
        return self._told(f"{self._root}:uploadConversionAdjustments", content, events, [("order_id",)] * len(events))

    def _told(
        self, address: str, content: Mapping[str, Any], events: Sequence[Event], matched: Sequence[tuple[str, ...]]
    ) -> tuple[Told, ...]:
        answer = post(address, content=content, headers=self._headers)
        if answer.status >= 400:
            _refuse(answer.content)
        failed = failures(answer.content.get("partialFailureError"))
        return tuple(_outcome(event, failed.get(place), matched[place]) for place, event in enumerate(events))

    def _purchase(self, event: Event) -> dict[str, Any]:
        row: dict[str, Any] = {
            "conversionAction": self._action,
            "conversionDateTime": moment(event.moment),
            "conversionValue": float(event.value),  # the API's own type; what we keep stays whole
            "currencyCode": event.currency,
            "orderId": event.id,
            # Only of people who allowed advertising is anything sent at all.
            "consent": {"adUserData": "GRANTED", "adPersonalization": "GRANTED"},
        }
        if event.click_id:
            row[event.click_kind] = event.click_id  # one of gclid, gbraid and wbraid
        if event.click_kind in ("", "gclid"):  # beside a gbraid or wbraid Google takes no person's data
            row["userIdentifiers"] = [{name: value} for name, value in for_google(event.person).items()]
        return row

    def _change(self, event: Event) -> dict[str, Any]:
        row: dict[str, Any] = {
            "conversionAction": self._action,
            "adjustmentType": "RETRACTION" if event.kind == "retract" else "RESTATEMENT",
            "orderId": event.of,
            "adjustmentDateTime": moment(event.moment),
        }
        if event.kind == "adjust":
            row["restatementValue"] = {"adjustedValue": float(event.value), "currencyCode": event.currency}
        return row


def moment(at: datetime) -> str:
    """`yyyy-mm-dd hh:mm:ss+00:00`, as Google wants a moment."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")


def failures(error: object) -> dict[int, tuple[str, str]]:
    """Row → (code, Google's words), out of a partial failure: google.ads.googleads.errors.GoogleAdsFailure."""
    found: dict[int, tuple[str, str]] = {}
    for detail in _list(_get(error, "details")):
        for one in _list(_get(detail, "errors")):
            path = _list(_get(_get(one, "location"), "fieldPathElements"))
            index = next((part["index"] for part in path if isinstance(part, dict) and "index" in part), None)
            codes = _get(one, "errorCode")
            code = str(next(iter(codes.values()), "")) if isinstance(codes, dict) else ""
            if index is not None:
                found.setdefault(int(index), (code, str(_get(one, "message") or code)))
    return found


def _outcome(event: Event, failed: tuple[str, str] | None, matched: tuple[str, ...]) -> Told:
    if failed is None:
        return Told(id=event.id, outcome="sent", matched=matched)
    code, words = failed
    outcome: Outcome = "sent" if code in KNOWN else "later" if code in LATER else "refused"
    return Told(id=event.id, outcome=outcome, why=f"{code}: {words}"[:200], matched=matched)


def _matched(row: Mapping[str, Any]) -> tuple[str, ...]:
    keys = [name for name in Google.clicks if name in row]
    keys += [name for one in cast("list[dict[str, str]]", row.get("userIdentifiers", [])) for name in one]
    return tuple(keys)


def _refuse(content: Mapping[str, Any]) -> None:
    error = content.get("error")
    status, told = _get(error, "status"), str(_get(error, "message") or "no reason given")
    if status == "UNAUTHENTICATED":
        raise TokenExpired("The ad platform no longer takes the stored token.")
    if status in ("RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL"):
        raise PlatformSilent(f"The ad platform does not answer ({told}).", reason=told)
    raise BatchRefused(told, reason=told)


def _get(of: object, name: str) -> Any:
    return of.get(name) if isinstance(of, dict) else None


def _list(of: object) -> list[Any]:
    return of if isinstance(of, list) else []
