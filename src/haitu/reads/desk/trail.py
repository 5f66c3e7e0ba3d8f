"""Who did what at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haitu.models import Audit
from haitu.reads.desk.paging import PageOf, cut


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRow:
    """One act; `change` holds (field, old, new)."""

    at: datetime
    user: str
    action: str
    subject: str
    change: tuple[tuple[str, Any, Any], ...]


def trail(merchant_id: int, page: int, *, search: str = "") -> PageOf[TrailRow]:
    """The newest first."""
    query = Audit.objects.of(merchant_id).select_related("user").order_by("-at", "-pk")
    if search:
        query = query.filter(subject__icontains=search)
    found, number, pages, total = cut(query, page)
    rows = tuple(
        TrailRow(
            at=row.at,
            user=row.user.username if row.user else "",
            action=row.action,
            subject=row.subject,
            change=tuple((name, old, new) for name, (old, new) in row.change.items()),
        )
        for row in found
    )
    return PageOf(rows=rows, number=number, pages=pages, total=total)
