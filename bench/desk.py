"""How long the desk's heavy pages take: the search among many orders, and one product's prices in every market.

Run: .venv/bin/python -m bench.desk [orders] [postgres|sqlite ...]

A merchant with 28,000 orders of 24 lines each (what the demo has), 5,000 articles and five markets. Each question is
asked in this process, by the desk's own views, seven times; the middle one is given, with its queries. Beside them
stands the way that was taken before: a search for the text anywhere in number, e-mail and name, and the SKU in every
line of goods.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench._shop import HOST, fill, folder, settings_for
from haitu.commands.postgres import temporary_cluster

ORDERS, LINES, ARTICLES, TIMES = 28_000, 24, 5_000, 7
# One order in two is history with a customer's number for a name; the others have names and addresses.
FILL_ORDERS = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {orders})
    INSERT INTO haitu_order (merchant_id, token, number, outlet_id, market_id, status, channel, language, email, name,
        phone, address, currency, goods_minor, shipping_minor, duty_minor, tax_minor, total_minor, tax_included,
        incoterm, base_currency, fx_e9, fx_on, quote, paid_minor, refunded_minor, history, placed_at)
    SELECT {merchant}, 'token-' || i, CAST(500000 + i AS varchar(40)), {outlet}, {market}, 'delivered', 'direct', 'en',
        CASE WHEN i % 2 = 0 THEN 'buyer' || i || '@example.test' ELSE '' END,
        CASE WHEN i % 2 = 0 THEN 'Anna' || (i % 97) || ' Schmidt' || i ELSE 'Customer ' || i END,
        '', '{{}}', 'EUR', 4000, 490, 0, 717, 4490, {true}, 'DDP', 'CNY', 8000000000, '2026-11-20', '{{}}', 4490, 0,
        {true}, '{placed}'
    FROM n
"""
FILL_LINES = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {lines} - 1)
    INSERT INTO haitu_orderline (merchant_id, order_id, variant_id, position, sku, title, quantity, shipped, returned,
        unit_minor, amount_minor, tax_rate_bp, tax_minor, duty_minor, hs_code, origin_country, quoted)
    SELECT o.merchant_id, o.id, v.id, n.i, v.sku, 'Lantern', 1, 1, 0, 2000, 2000, 1900, 319, 0, '', '', '[]'
    FROM haitu_order o CROSS JOIN n
    JOIN haitu_variant v ON v.id = {first} + (o.id * 31 + n.i * 7) % {articles}
"""


def timed(ask: Callable[[], Any]) -> tuple[float, int]:
    """Milliseconds of the middle one of several, and the queries of the last."""
    from django.db import connection  # noqa: PLC0415  # after settings_for
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    took, queries = [], 0
    for _ in range(TIMES):
        with CaptureQueriesContext(connection) as captured:
            start = time.perf_counter()
            ask()
            took.append((time.perf_counter() - start) * 1e3)
        queries = len(captured)
    return median(took), queries


def fill_orders(orders: int, first_variant: int) -> Any:
    """The orders and their lines, by the database itself; the merchant's owner."""
    from django.db import connection  # noqa: PLC0415  # after settings_for
    from django.utils import timezone  # noqa: PLC0415

    from haitu.models import Market, Merchant, Outlet, User  # noqa: PLC0415

    merchant = Merchant.objects.get(slug="hengda")
    with connection.cursor() as cursor:
        cursor.execute(
            FILL_ORDERS.format(
                orders=orders,
                merchant=merchant.pk,
                outlet=Outlet.objects.of(merchant.pk).get().pk,
                market=Market.objects.of(merchant.pk).get(country="DE").pk,
                true="true" if connection.vendor == "postgresql" else "1",
                placed=timezone.now().isoformat(sep=" ", timespec="seconds")[:19],
            )
        )
        cursor.execute(FILL_LINES.format(lines=LINES, first=first_variant, articles=ARTICLES))
        cursor.execute("ANALYZE")
    return User.objects.get(username="lin")


def searched_anywhere(merchant_id: int, text: str) -> int:
    """The way before: read every order and every line."""
    from django.db.models import Q  # noqa: PLC0415  # after settings_for

    from haitu.models import Order, OrderLine  # noqa: PLC0415

    lines = OrderLine.objects.of(merchant_id).filter(sku__iexact=text).values("order_id")
    words = Q(number__icontains=text) | Q(email__icontains=text) | Q(name__icontains=text)
    return Order.objects.of(merchant_id).filter(words | Q(pk__in=lines)).count()


def measure(orders: int) -> None:
    """Prints a line a question."""
    variants = fill(ARTICLES)
    user = fill_orders(orders, variants[0])
    from django.db import connection  # noqa: PLC0415  # after settings_for
    from django.test import Client  # noqa: PLC0415

    from haitu.models import Merchant  # noqa: PLC0415
    from haitu.reads import quote  # noqa: PLC0415

    client = Client(headers={"host": HOST})
    client.force_login(user)
    merchant_id = Merchant.objects.get(slug="hengda").pk
    sku = f"L-{ARTICLES // 2}"
    asked = {
        "order by number": "514000",
        "orders by the start of a number": "5140",
        "order by e-mail": "buyer14000@",
        "orders by name": "Anna7 ",
        "order by surname": "schmidt14000",
        "orders by SKU": sku,
        "nothing fits": "nobody at all",
    }
    for what, text in asked.items():
        ms, queries = timed(lambda text=text: client.get("/desk/orders/", {"q": text}))  # type: ignore[misc]
        before, _ = timed(lambda text=text: searched_anywhere(merchant_id, text))  # type: ignore[misc]
        print(f"{connection.vendor:<11} {what:<32} {ms:7.1f} ms  {queries:3} queries   before {before:7.1f} ms")
    for what, text in {"everywhere: a number": "514000", "everywhere: a word": "lantern 25"}.items():
        ms, queries = timed(lambda text=text: client.get("/desk/search/", {"q": text}))  # type: ignore[misc]
        print(f"{connection.vendor:<11} {what:<32} {ms:7.1f} ms  {queries:3} queries")
    shelves = f"/desk/variants/{variants[0]}/markets/"

    def cold() -> None:
        quote._kept.clear()
        client.get(shelves)

    for what, ask in {"prices abroad, cold": cold, "prices abroad, warm": lambda: client.get(shelves)}.items():
        ms, queries = timed(ask)
        print(f"{connection.vendor:<11} {what:<32} {ms:7.1f} ms  {queries:3} queries")


def main() -> int:
    """Each database in a process of its own: settings are read once."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    for database in sys.argv[2:] or ["sqlite", "postgres"]:
        child = os.fork()
        if child == 0:
            os._exit(one(database, orders))
        if os.waitpid(child, 0)[1]:
            return 1
    return 0


def one(database: str, orders: int) -> int:
    """The figures on one database."""
    with folder() as var:
        if database == "sqlite":
            settings_for(f"sqlite:///{var}/desk.sqlite3", Path(var))
            measure(orders)
        else:
            with temporary_cluster() as address:
                settings_for(address, Path(var))
                measure(orders)
                from django.db import connection  # noqa: PLC0415  # after settings_for

                connection.close()
                connection.close_pool()  # type: ignore[attr-defined]  # only this backend has a pool
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
