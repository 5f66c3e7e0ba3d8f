"""Who did what at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from haitu.models import Audit, User


def audit(
    by: User | None,
    action: str,
    subject: str,
    *,
    merchant_id: int,
    now: datetime,
    change: Mapping[str, tuple[object, object]] | None = None,
) -> None:
    """Keeps that this person did this, in the transaction that does it; the clockwork (None) leaves no line.

    `change`: field → (old, new), values that JSON can hold, or dates.
    """
    if by is None:
        return
    changed = {name: [_plain(value) for value in pair] for name, pair in (change or {}).items()}
    Audit.objects.create(
        merchant_id=merchant_id, user=by, at=now, action=action[:60], subject=subject[:120], change=changed
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
