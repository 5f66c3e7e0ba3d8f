"""The provider's doors: an API for merchants, a page for buyers."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from outside.payment.desk import Desk, Refused
from outside.payment.pages import STYLE, back_address, front_page, pay_page, told_page

LARGEST_BODY = 64 * 1024
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
ID = r"[A-Za-z0-9_-]{4,60}"


class App:
    """A WSGI application over one Desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        path = environ.get("PATH_INFO", "/")
        answer = self._api if path.startswith("/v1/") else self._pages
        status, headers, body = answer(environ, environ["REQUEST_METHOD"], path)
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    # Merchants
    def _api(self, environ: WSGIEnvironment, method: str, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        try:
            if self._desk.mischief.outages > 0:
                self._desk.mischief.outages -= 1
                raise Refused(503, "Out of order, as was asked for.")
            status, told = self._asked(environ, method, path)
        except Refused as refusal:
            status, told = refusal.status, {"error": refusal.told}
        return status, [("Content-Type", "application/json")], json.dumps(told).encode()

    def _asked(self, environ: WSGIEnvironment, method: str, path: str) -> tuple[int, dict[str, Any]]:
        account = _account(environ)
        key = environ.get("HTTP_IDEMPOTENCY_KEY", "")
        if (method, path) == ("POST", "/v1/intents"):
            return self._desk.once(account, key, _json(environ), "intent")
        if (method, path) == ("POST", "/v1/refunds"):
            return self._desk.once(account, key, _json(environ), "refund")
        found = re.fullmatch(rf"/v1/(intents|refunds)/({ID})", path)
        if method == "GET" and found:
            look: Callable[[str, str], dict[str, Any]]
            look = self._desk.intent if found[1] == "intents" else self._desk.refund
            return 200, look(account, found[2])
        raise Refused(404, "There is no such thing here.")

    # Buyers
    def _pages(self, environ: WSGIEnvironment, method: str, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
        try:
            status, headers, page = self._shown(environ, method, path)
        except Refused as refusal:
            status, headers, page = refusal.status, [], told_page(refusal.told)
        policy = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'"
        headers += [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        return status, headers, page.encode()

    def _shown(self, environ: WSGIEnvironment, method: str, path: str) -> tuple[int, list[tuple[str, str]], str]:
        if path == "/" and method == "GET":
            return 200, [], front_page(len(self._desk.store.all("SELECT id FROM intent")))
        found = re.fullmatch(rf"/pay/({ID})", path)
        if not found:
            raise Refused(404, "There is no such page.")
        if method == "GET":
            return 200, [], pay_page(self._desk.to_pay(found[1]))
        if method == "POST":
            choice = parse_qs(_body(environ).decode(errors="replace")).get("choice", [""])[0]
            if choice not in ("pay", "decline", "later"):
                raise Refused(400, "Choose one of the buttons.")
            intent = self._desk.choose(found[1], choice)
            return 303, [("Location", back_address(intent))], ""
        raise Refused(405, "This page is only read or answered.")


def _account(environ: WSGIEnvironment) -> str:
    found = re.fullmatch(r"Bearer (sk_test_[A-Za-z0-9_-]{4,80})", environ.get("HTTP_AUTHORIZATION", ""))
    if not found:
        raise Refused(401, "Send your key: Authorization: Bearer sk_test_…")
    return found[1]


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        raise Refused(413, "The body is too large.")
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _json(environ: WSGIEnvironment) -> dict[str, Any]:
    try:
        content = json.loads(_body(environ))
    except ValueError:
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(content, dict):
        raise Refused(400, "The body is not a JSON object.")
    return content
