"""Which merchant answers under a host name."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from haitu.models import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopMerchant:
    """A merchant as every page needs it. `version` rises with each change of prices, lanes, taxes or markets."""

    id: int
    slug: str
    name: str
    base_currency: str
    list_currency: str
    home_country: str
    time_zone: str
    reply_to: str
    version: int
    history_shift_weeks: int


_SELECT = """
    SELECT m.id, m.slug, m.name, m.base_currency, m.list_currency, m.home_country, m.time_zone, m.reply_to,
           m.version, m.history_shift_weeks
    FROM haitu_merchant m
"""


def by_host(host: str) -> ShopMerchant | None:
    """The merchant whose domain this is; `host` may carry a port. One query, never cached: domains are withdrawn."""
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return _one(_SELECT + " JOIN haitu_domain d ON d.merchant_id = m.id WHERE d.host = %s", name.lower())


def by_id(merchant_id: int) -> ShopMerchant | None:
    """The merchant of that id, as it stands now."""
    return _one(_SELECT + " WHERE m.id = %s", merchant_id)


def _one(sql: str, given: str | int) -> ShopMerchant | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [given])
        row = cursor.fetchone()
    if row is None:
        return None
    return ShopMerchant(
        id=row[0],
        slug=row[1],
        name=row[2],
        base_currency=row[3],
        list_currency=row[4],
        home_country=row[5],
        time_zone=row[6],
        reply_to=row[7],
        version=row[8],
        history_shift_weeks=row[9],
    )


def shop_root(merchant_id: int) -> str:
    """The shop's address on the merchant's first domain, without a slash at its end; "" for a merchant without one."""
    host = Domain.objects.filter(merchant_id=merchant_id).order_by("pk").values_list("host", flat=True).first()
    port = f":{settings.SHOWN_PORT}" if settings.SHOWN_PORT else ""
    return f"{'https' if settings.HTTPS else 'http'}://{host}{port}" if host else ""
