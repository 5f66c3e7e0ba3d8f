"""What the provider does with money that is not there: open, settle, decline, refund."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from outside.payment.mischief import Mischief
from outside.payment.store import Store

FEE_BP = 290
FEE_FIXED_MINOR = 30
INTENT_FIELDS = ("reference", "currency", "description", "return_url", "notify_url", "language")


class Refused(Exception):
    """The request is understood and declined with this status."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(told)
        self.status = status
        self.told = told


class Desk:
    """The provider's counter. Times are unix seconds."""

    def __init__(self, store: Store, mischief: Mischief, *, own_address: str) -> None:
        self.store = store
        self.mischief = mischief
        self.own_address = own_address

    # The merchant's side
    def once(self, account: str, key: str, asked: Mapping[str, Any], work: str) -> tuple[int, dict[str, Any]]:
        """Answers the same key the same way, whatever happened in between; another question under it is refused."""
        if not re.fullmatch(r"[\w-]{8,80}", key, re.ASCII):
            raise Refused(400, "Send an Idempotency-Key of 8 to 80 letters, digits, - or _.")
        question = json.dumps([work, asked], sort_keys=True)
        with self.store.transaction():
            kept = self.store.one("SELECT * FROM answer WHERE account = ? AND key = ?", account, key)
            if kept and kept["asked"] != question:
                raise Refused(409, "This Idempotency-Key was used for another request.")
            if kept:
                return kept["status"], json.loads(kept["body"])
            told = self._open(account, asked) if work == "intent" else self._refund(account, asked)
            self.store.do(
                "INSERT INTO answer (account, key, asked, status, body) VALUES (?, ?, ?, 201, ?)",
                *(account, key, question, json.dumps(told)),
            )
        return 201, told

    def _open(self, account: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        texts = {name: str(asked.get(name, ""))[:500] for name in INTENT_FIELDS}
        amount_minor = _amount(asked)
        if not re.fullmatch("[A-Z]{3}", texts["currency"]):
            raise Refused(422, "currency is three capital letters.")
        for name in ("return_url", "notify_url"):
            if urlsplit(texts[name]).scheme not in ("http", "https"):
                raise Refused(422, f"{name} is not an http address.")
        intent_id = f"pi_{secrets.token_urlsafe(18)}"
        self.store.do(
            "INSERT INTO intent (id, account, reference, amount_minor, currency, description, return_url, notify_url,"
            " language, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
            *(intent_id, account, texts["reference"], amount_minor, texts["currency"], texts["description"]),
            *(texts["return_url"], texts["notify_url"], texts["language"]),
        )
        return self.intent(account, intent_id)

    def intent(self, account: str, intent_id: str) -> dict[str, Any]:
        """An intent as its merchant may see it."""
        row = self.store.one("SELECT * FROM intent WHERE id = ? AND account = ?", intent_id, account)
        if row is None:
            raise Refused(404, "There is no such intent.")
        names = ("id", "reference", "amount_minor", "currency", "status", "fee_minor", "refunded_minor", "told")
        return {name: row[name] for name in names} | {"pay_url": f"{self.own_address}/pay/{intent_id}"}

    def _refund(self, account: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        amount_minor = _amount(asked)
        row = self.store.one("SELECT * FROM intent WHERE id = ? AND account = ?", str(asked.get("intent")), account)
        if row is None:
            raise Refused(404, "There is no such intent.")
        if row["status"] != "succeeded":
            raise Refused(422, "Only a payment that succeeded can be refunded.")
        if asked.get("currency") != row["currency"]:
            raise Refused(422, f"This payment was made in {row['currency']}.")
        left = row["amount_minor"] - row["refunded_minor"]
        if amount_minor > left:
            raise Refused(422, f"{left} are left to refund of this payment.")
        self.store.do("UPDATE intent SET refunded_minor = refunded_minor + ? WHERE id = ?", amount_minor, row["id"])
        refund = {
            "id": f"re_{secrets.token_urlsafe(18)}",
            "intent": row["id"],
            "reference": str(asked.get("reference", ""))[:80],
            "amount_minor": amount_minor,
            "currency": row["currency"],
            "status": "pending",
        }
        self.store.do(
            "INSERT INTO refund (id, account, intent, reference, amount_minor, currency, status)"
            " VALUES (?, ?, ?, ?, ?, ?, 'succeeded')",
            *(refund["id"], account, row["id"], refund["reference"], amount_minor, row["currency"]),
        )
        names = ("intent", "reference", "amount_minor", "currency")
        self._notify(row, "refund.succeeded", {name: refund[name] for name in names})
        return refund

    def refund(self, account: str, refund_id: str) -> dict[str, Any]:
        """A refund as its merchant may see it."""
        row = self.store.one("SELECT * FROM refund WHERE id = ? AND account = ?", refund_id, account)
        if row is None:
            raise Refused(404, "There is no such refund.")
        return {name: row[name] for name in ("id", "intent", "reference", "amount_minor", "currency", "status", "told")}

    # The payer's side
    def to_pay(self, intent_id: str) -> dict[str, Any]:
        """An intent as its payer may see it; nobody can guess an id."""
        row = self.store.one("SELECT * FROM intent WHERE id = ?", intent_id)
        if row is None:
            raise Refused(404, "There is no such payment.")
        return row

    def choose(self, intent_id: str, choice: str) -> dict[str, Any]:
        """The payer pays, declines, or sends a bank transfer that takes a while; a second choice changes nothing."""
        with self.store.transaction():
            row = self.to_pay(intent_id)
            if row["status"] == "pending" and row["settles_at"] is None:
                if choice == "pay":
                    self._settle(row, declined=row["amount_minor"] in self.mischief.decline_minor)
                elif choice == "decline":
                    self._settle(row, declined=True)
                elif choice == "later":
                    settles_at = time.time() + self.mischief.later_s
                    self.store.do("UPDATE intent SET settles_at = ? WHERE id = ?", settles_at, intent_id)
        return self.to_pay(intent_id)

    def settle_due(self) -> None:
        """Bank transfers arrive."""
        due = "SELECT * FROM intent WHERE status = 'pending' AND settles_at <= ?"
        with self.store.transaction():
            for row in self.store.all(due, time.time()):
                self._settle(row, declined=False)

    def _settle(self, row: dict[str, Any], *, declined: bool) -> None:
        fee_minor = (
            0
            if declined
            else min((row["amount_minor"] * FEE_BP + 5_000) // 10_000 + FEE_FIXED_MINOR, row["amount_minor"])
        )
        told = "The card was declined." if declined else ""
        status = "failed" if declined else "succeeded"
        self.store.do(
            "UPDATE intent SET status = ?, told = ?, fee_minor = ? WHERE id = ?", status, told, fee_minor, row["id"]
        )
        data = {name: row[name] for name in ("reference", "amount_minor", "currency")}
        data |= {"intent": row["id"], "fee_minor": fee_minor, "told": told}
        self._notify(row, f"payment.{status}", data)

    def _notify(self, intent: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
        now = time.time()
        body = json.dumps({"id": f"evt_{secrets.token_hex(12)}", "type": kind, "created": int(now), "data": data})
        due_at = now + self.mischief.hold_ms / 1000
        for _ in range(1 + self.mischief.repeat):
            self.store.put_on_its_way(intent["account"], intent["notify_url"], body, due_at=due_at)


def fee(amount_minor: int) -> int:
    """What the provider keeps of a payment: 2.9 % and 30 minor units, never more than it is."""
    return min((amount_minor * FEE_BP + 5_000) // 10_000 + FEE_FIXED_MINOR, amount_minor)


def _amount(asked: Mapping[str, Any]) -> int:
    amount_minor = asked.get("amount_minor")
    if not isinstance(amount_minor, int) or isinstance(amount_minor, bool) or not 0 < amount_minor < 2**53:
        raise Refused(422, "amount_minor is a whole number above zero.")
    return amount_minor
