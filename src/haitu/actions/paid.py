"""The good day: the first notice about a payment that is waited for, in few statements.

The path of every sale, like placing it, so it is plain SQL. Whatever is not exactly that (a repeated notice, another
amount, an order that has expired) is left to actions.pay, which knows all the other days.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from haitu.actions.account import Account
from haitu.actions.letters import write_to
from haitu.actions.record import record
from haitu.core.events import Dims, Paid, Posting
from haitu.core.landed import Waterfall
from haitu.core.money import split
from haitu.links.payment.protocol import Notice

# The order is locked first, as everywhere: docs/locking.md. Its lines do not change once it is placed.
_WAITED_FOR = """
    SELECT p.id, o.id, o.market_id, o.outlet_id, o.channel, o.base_currency, o.fx_e9, o.email,
        l.id, l.variant_id, l.lane_id, l.quoted
    FROM haitu_payment p
    JOIN haitu_order o ON o.id = p.order_id
    JOIN haitu_orderline l ON l.order_id = o.id
    WHERE p.token = %s AND p.account_id = %s AND p.merchant_id = %s AND p.status = 'pending' AND o.status = 'pending'
        AND p.amount_minor = %s AND p.currency = %s
    ORDER BY l.position
"""
_KEPT = """
    INSERT INTO haitu_paymentnotice (merchant_id, account_id, external_id, kind, payload, received_at, state, told)
    VALUES (%s, %s, %s, %s, %s, %s, 'done', '')
    ON CONFLICT (account_id, external_id) DO NOTHING
    RETURNING id
"""
_SUCCEEDED = """
    UPDATE haitu_payment SET status = 'succeeded', intent = %s, told = ''
    WHERE id = %s AND merchant_id = %s AND status = 'pending'
"""


def settle_at_once(account: Account, notice: Notice, *, now: datetime) -> bool:
    """Keeps the notice and books the payment in one transaction; False, with nothing changed, if it takes more."""
    if notice.kind != "payment.succeeded":
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _WAITED_FOR + (" FOR NO KEY UPDATE OF o" if connection.features.has_select_for_no_key_update else ""),
            [notice.reference, account.id, account.merchant_id, notice.amount_minor, notice.currency],
        )
        rows = cursor.fetchall()
        if not rows or not _keep(cursor, account, notice, now):
            return False
        payment_id, order_id, market_id, outlet_id, channel, base_currency, fx_e9, email = rows[0][:8]
        cursor.execute(_SUCCEEDED, [notice.intent, payment_id, account.merchant_id])
        if cursor.rowcount != 1:
            transaction.set_rollback(True)
            return False
        dims = Dims(
            currency=notice.currency,
            base_currency=base_currency,
            fx_e9=fx_e9,
            order_id=order_id,
            market_id=market_id,
            outlet_id=outlet_id,
            channel=channel,
        )
        event = Paid(
            key=f"paid:{payment_id}",
            at=min(notice.at, now),
            dims=dims,
            amount_minor=notice.amount_minor,
            fee=fee_over([(*row[8:11], _price(row[11])) for row in rows], notice.fee_minor),
            account=account.provider,
        )
        record(event, merchant_id=account.merchant_id, now=now)
        if email:
            write_to(account.merchant_id, order_id, "paid", "", now=now)
    return True


def _keep(cursor: Any, account: Account, notice: Notice, now: datetime) -> bool:
    """Keeps the notice as done; False if it was kept before."""
    moment = connection.ops.adapt_datetimefield_value(now)
    cursor.execute(_KEPT, [account.merchant_id, account.id, notice.id, notice.kind, written(notice), moment])
    return cursor.fetchone() is not None


def written(notice: Notice) -> str:
    """The notice as JSON, as it is kept."""
    values = {name: getattr(notice, name) for name in notice.__dataclass_fields__}
    return json.dumps(values | {"at": notice.at.isoformat()})


def _price(quoted: Any) -> int:
    """The price a line's quote begins with; SQLite hands JSON over as text."""
    price: int = (json.loads(quoted) if isinstance(quoted, str) else quoted)[0]
    return price


def fee_over(lines: Sequence[tuple[int, int | None, int | None, int]], fee_minor: int) -> tuple[Posting, ...]:
    """The provider's fee over lines (id, variant, lane, price) by what each of them costs the buyer."""
    if not fee_minor:
        return ()
    parts = split(fee_minor, [max(price, 0) for *_, price in lines])
    return tuple(
        Posting(line_id=line_id, variant_id=variant_id, lane_id=lane_id, waterfall=Waterfall(payment_fee=part))
        for (line_id, variant_id, lane_id, _), part in zip(lines, parts, strict=True)
    )
