"""The sandbox provider: behaves as a real one does, moves no money. Its other end is src/outside/payment/."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, get_args

import httpx

from haitu.links.payment.protocol import (
    BadNotice,
    Notice,
    NoticeKind,
    PaymentWanted,
    ProviderRefused,
    ProviderSilent,
    RefundWanted,
    Standing,
    Started,
    State,
)
from haitu.links.payment.signature import verify

SIGNATURE_HEADER = "Sandbox-Signature"
PAUSES_S = (0.2, 0.8)  # before the second and the third try; a buyer is waiting
# The provider's clock tells whole seconds; without the rest a payment would come before its order.
REST_OF_THE_SECOND = timedelta(microseconds=999_999)
TIMEOUT = httpx.Timeout(5.0, connect=2.0)


@lru_cache(maxsize=16)
def _client(address: str) -> httpx.Client:
    """One pool of connections per provider and process; safe to share between threads."""
    return httpx.Client(base_url=address, timeout=TIMEOUT, trust_env=False)


class Sandbox:
    """One account at the sandbox provider."""

    def __init__(self, *, address: str, api_key: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._address = address
        self._api_key = api_key
        self._pause = pause

    def start(self, wanted: PaymentWanted) -> Started:
        """Opens a payment; the same reference again gives the same payment."""
        told = self._ask(
            "POST",
            "/v1/intents",
            key=wanted.reference,
            body={
                "reference": wanted.reference,
                "amount_minor": wanted.amount_minor,
                "currency": wanted.currency,
                "description": wanted.told,
                "return_url": wanted.return_url,
                "notify_url": wanted.notify_url,
                "language": wanted.language,
            },
        )
        return Started(intent=str(told["id"]), redirect_url=str(told["pay_url"]))

    def standing(self, intent: str) -> Standing:
        """Where a payment stands."""
        return _standing(self._ask("GET", f"/v1/intents/{intent}"))

    def refund(self, wanted: RefundWanted) -> Standing:
        """Asks for money to be given back; the same reference again is the same refund."""
        told = self._ask(
            "POST",
            "/v1/refunds",
            key=wanted.reference,
            body={
                "reference": wanted.reference,
                "intent": wanted.intent,
                "amount_minor": wanted.amount_minor,
                "currency": wanted.currency,
                "description": wanted.told,
            },
        )
        return _standing(told)

    def parse_notice(self, raw: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> Notice:
        """The notice in the bytes, after its signature was checked."""
        verify(raw, headers.get(SIGNATURE_HEADER, ""), secret, now)
        try:
            return _notice(json.loads(raw))
        except (ValueError, KeyError, TypeError, OverflowError) as problem:
            raise BadNotice(f"The notice is not one we know ({type(problem).__name__}).") from None

    def _ask(self, method: str, path: str, *, key: str = "", body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request, tried three times where trying again can help; the key makes a repeat harmless."""
        headers = {"Authorization": f"Bearer {self._api_key}"} | ({"Idempotency-Key": key} if key else {})
        told = ""
        for pause in (*PAUSES_S, None):
            try:
                answer = _client(self._address).request(method, path, headers=headers, json=body)
            except httpx.TransportError as problem:
                told = type(problem).__name__
            else:
                if answer.status_code < 500 and answer.status_code != 429:
                    return _content(answer)
                told = f"status {answer.status_code}"
            if pause is not None:
                self._pause(pause)
        raise ProviderSilent(f"The payment provider does not answer ({told}).", reason=told)


def _content(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        raise ProviderSilent("The payment provider answers with something else than JSON.") from None
    if not isinstance(content, dict):
        raise ProviderSilent("The payment provider answers with something unexpected.")
    if answer.status_code >= 400:
        raise ProviderRefused(str(content.get("error", f"status {answer.status_code}"))[:200])
    return content


def _standing(told: dict[str, Any]) -> Standing:
    state: State = told["status"] if told["status"] in get_args(State) else "pending"
    return Standing(
        state=state,
        intent=str(told.get("intent") or told["id"]),
        amount_minor=int(told["amount_minor"]),
        currency=str(told["currency"]),
        fee_minor=int(told.get("fee_minor", 0)),
        told=str(told.get("told", ""))[:200],
    )


def _notice(content: dict[str, Any]) -> Notice:
    data = content["data"]
    kind: NoticeKind = content["type"]
    if kind not in get_args(NoticeKind):
        raise BadNotice(f"A notice of kind {str(kind)[:40]!r} is not known here.")
    return Notice(
        id=str(content["id"])[:80],
        kind=kind,
        at=datetime.fromtimestamp(int(content["created"]), tz=UTC) + REST_OF_THE_SECOND,
        intent=str(data["intent"])[:80],
        reference=str(data.get("reference", ""))[:32],
        amount_minor=int(data["amount_minor"]),
        currency=str(data["currency"])[:3],
        fee_minor=int(data.get("fee_minor", 0)),
        told=str(data.get("told", ""))[:200],
    )
