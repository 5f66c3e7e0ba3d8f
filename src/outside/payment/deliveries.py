"""Webhooks on their way: signed, tried again with ever longer pauses, and as unreliable as the mischief says."""

from __future__ import annotations

import hmac
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from outside.payment.desk import Desk

log = logging.getLogger(__name__)
MOST_TRIES = 12
LONGEST_PAUSE_S = 3600.0
TIMEOUT_S = 5.0
GLANCE_S = 0.05


def secret_of(account: str) -> str:
    """What an account's webhooks are signed with."""
    return "whsec_test_" + account.removeprefix("sk_test_")


def signature(body: bytes, account: str, at: int) -> str:
    """The header that proves who sent the body, and when."""
    signed = hmac.new(secret_of(account).encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return f"t={at},v1={signed}"


class Courier(threading.Thread):
    """The thread that delivers what is due, one after the other, until told to stop."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(name="deliveries", daemon=True)
        self._desk = desk
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ends after the running delivery."""
        self._stopping.set()
        self.join(timeout=2 * TIMEOUT_S)

    def run(self) -> None:
        while not self._stopping.wait(GLANCE_S):
            try:
                self._desk.settle_due()
                self._round()
            except Exception:
                log.exception("a round of deliveries failed")

    def _round(self) -> None:
        newest_first = "DESC" if self._desk.mischief.reorder else "ASC"
        due = f"SELECT * FROM delivery WHERE state = 'waiting' AND due_at <= ? ORDER BY id {newest_first} LIMIT 20"  # noqa: S608  # one of two words
        for delivery in self._desk.store.all(due, time.time()):
            if self._stopping.is_set():
                return
            self._deliver(delivery)

    def _deliver(self, delivery: dict[str, Any]) -> None:
        mischief = self._desk.mischief
        if mischief.lose > 0:
            mischief.lose -= 1
            self._note(delivery, "lost", "", 0)
            return
        body = str(delivery["body"]).encode()
        header = signature(body, delivery["account"], int(time.time()))
        if mischief.tamper > 0:
            mischief.tamper -= 1
            body = body.replace(b'"amount_minor": ', b'"amount_minor": 1', 1)
        told = _post(delivery["url"], body, header)
        if not told:
            self._note(delivery, "delivered", "", 0)
        elif delivery["tries"] + 1 >= MOST_TRIES:
            self._note(delivery, "given up", told, 0)
        else:
            self._note(delivery, "waiting", told, min(0.5 * 2 ** delivery["tries"], LONGEST_PAUSE_S))

    def _note(self, delivery: dict[str, Any], state: str, told: str, pause_s: float) -> None:
        self._desk.store.do(
            "UPDATE delivery SET state = ?, told = ?, tries = tries + 1, due_at = ? WHERE id = ?",
            *(state, told, time.time() + pause_s, delivery["id"]),
        )


def _post(url: str, body: bytes, header: str) -> str:
    """Posts and tells what went wrong; "" when it was taken."""
    address, host = _reachable(url)
    headers = {"Content-Type": "application/json", "Sandbox-Signature": header, "Host": host}
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")  # noqa: S310  # http only, checked on intake
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return "" if 200 <= answer.status < 300 else f"status {answer.status}"
    except urllib.error.HTTPError as problem:
        return f"status {problem.code}"
    except (OSError, HTTPException) as problem:
        return f"{type(problem).__name__}: {problem}"[:200]


def _reachable(url: str) -> tuple[str, str]:
    """The address to call and the Host to name: names below localhost are this machine (RFC 6761), resolved or not."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    if name.endswith(".localhost"):
        try:
            socket.getaddrinfo(name, None)
        except OSError:
            port = f":{parts.port}" if parts.port else ""
            return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), parts.netloc
    return url, parts.netloc
