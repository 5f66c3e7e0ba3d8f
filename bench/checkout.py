"""Orders per second over HTTP on PostgreSQL: cart, quote, place, paid; beside the same SQL by bare psycopg.

Run: .venv/bin/python -m bench.checkout [seconds]

Eight buyers at once, each with a connection of its own, in one process; the server is the one `./haitu run` starts (a
worker a core), the database a PostgreSQL of its own that waits for the disk at every commit. An order is four requests:
put into the cart, look at the quote (with the address typed before), place, and the provider's signed notice of
payment. Both workers have shown every article before. The limit is the SQL that those four requests were seen to send,
sent again by psycopg from eight processes, each against a copy of the database of its own, so without any waiting for
each other.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import random
import re
import secrets
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django
import psycopg

from bench._http import Client, look_at_all
from bench._shop import HOST, cpu_seconds, fill, folder, percentile, process_of, serving, settings_for
from haitu.commands.postgres import temporary_cluster

BUYERS = 8
ARTICLES = 200
RECORDED = 300
SEEN = re.compile(r'name="seen" value="([^"]*)"')
ADDRESS = {
    "email": "buyer@example.test",
    "name": "Anna Weber",
    "phone": "",
    "street_address": "Hauptstraße 1",
    "postal_code": "04109",
    "city": "Leipzig",
    "country_area": "",
    "city_area": "",
}

Statement = tuple[str, Any]


def notice(reference: str, amount_minor: int, currency: str, secret: str) -> tuple[bytes, str]:
    """A payment provider's signed word that the money came."""
    content = {
        "id": f"evt_{secrets.token_hex(8)}",
        "type": "payment.succeeded",
        "created": int(time.time()),
        "data": {
            "intent": f"in_{reference}",
            "reference": reference,
            "amount_minor": amount_minor,
            "currency": currency,
            "fee_minor": 60,
        },
    }
    raw = json.dumps(content).encode()
    moment = int(time.time())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + raw, "sha256").hexdigest()
    return raw, f"t={moment},v1={signed}"


async def ready(client: Client) -> None:
    """Types the address once; it stays in the buyer's cookie."""
    await client.get("/de-de/")
    await client.get("/de-de/p/lantern-1/")


async def order(client: Client, variant: int, payments: psycopg.AsyncConnection[Any], secret: str) -> None:
    """One order, from the empty cart to the money."""
    put = await client.post("/de-de/cart/add/", {"variant": str(variant), "quantity": "1"})
    expect(put.status == 303, f"cart: {put.status}")
    if "checkout" not in client.cookies:
        mine = ADDRESS | {"email": f"{secrets.token_hex(8)}@example.test"}  # buyers are strangers to each other
        typed = await client.post("/de-de/checkout/", mine)
        expect(typed.status == 303, f"address: {typed.status} {typed.body[:2000]}")
        agreed = await client.post("/de-de/checkout/delivery/", {})
        expect(agreed.status == 303, f"delivery: {agreed.status}")
    shown = await client.get("/de-de/checkout/review/")
    found = SEEN.search(shown.body)
    expect(found is not None, f"review: {shown.status}")
    placed = await client.post("/de-de/checkout/place/", {"seen": found[1] if found else ""})
    expect(placed.status == 303 and "/order/" in placed.location, f"place: {placed.status} {placed.location}")
    token = placed.location.split("/order/")[1].split("/")[0]
    cursor = await payments.execute(
        "SELECT p.token, p.amount_minor, p.currency FROM haitu_payment p JOIN haitu_order o ON o.id = p.order_id "
        "WHERE o.token = %s",
        [token],
    )
    row = await cursor.fetchone()
    expect(row is not None, "no payment")
    reference, amount_minor, currency = row or ("", 0, "")
    raw, signature = notice(reference, amount_minor, currency, secret)
    heard = await client.send(
        "/hooks/pay/acct_hengda/", raw, f"Content-Type: application/json\r\nSandbox-Signature: {signature}\r\n"
    )
    expect(heard.status == 200, f"paid: {heard.status}")


def expect(holds: bool, told: str) -> None:
    """A measurement of failures is worth nothing."""
    if not holds:
        raise SystemExit(told)


async def shop_for(seconds: float, port: int, variants: list[int], database: str, secret: str) -> list[float]:
    """All buyers buy until the time is over; how long each order took."""
    dice = random.Random(1)
    took: list[float] = []
    until = 0.0

    async def buyer() -> None:
        client = Client(port, HOST)
        connection = await psycopg.AsyncConnection.connect(database, autocommit=True)
        await ready(client)
        await order(client, dice.choice(variants), connection, secret)
        await gate.wait()
        while time.monotonic() < until:
            start = time.monotonic()
            await order(client, dice.choice(variants), connection, secret)
            took.append(time.monotonic() - start)
        await connection.close()

    gate = asyncio.Barrier(BUYERS)
    until = time.monotonic() + seconds + 3
    await asyncio.gather(*(buyer() for _ in range(BUYERS)))
    return took


def record_sql(variants: list[int], secret: str) -> list[list[Statement]]:
    """The SQL of so many orders, order by order, as the four requests sent it; transactions included."""
    from django.db import connection  # noqa: PLC0415  # after settings_for
    from django.test import Client as InProcess  # noqa: PLC0415

    from haitu.models import Payment  # noqa: PLC0415

    said: list[tuple[bool, str, Any]] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        said.append((connection.in_atomic_block, sql, params))
        return execute(sql, params, many, context)

    recorded = []
    client = InProcess(headers={"host": HOST})
    client.post("/de-de/cart/add/", {"variant": variants[0], "quantity": 1})
    client.post("/de-de/checkout/", ADDRESS)
    client.post("/de-de/checkout/delivery/", {})
    dice = random.Random(2)
    for _ in range(RECORDED):
        with connection.execute_wrapper(listen):
            client.post("/de-de/cart/add/", {"variant": dice.choice(variants), "quantity": 1})
            found = SEEN.search(client.get("/de-de/checkout/review/").content.decode())
            placed = client.post("/de-de/checkout/place/", {"seen": found[1] if found else ""})
        token = placed.headers["Location"].split("/order/")[1].split("/")[0]
        payment = Payment.everyone.get(order__token=token)
        raw, signature = notice(payment.token, payment.amount_minor, payment.currency, secret)
        with connection.execute_wrapper(listen):
            client.post(
                "/hooks/pay/acct_hengda/",
                raw,
                content_type="application/json",
                headers={"sandbox-signature": signature},
            )
        recorded.append(_with_transactions(said))
        said.clear()
    connection.close()
    return recorded


def _with_transactions(said: list[tuple[bool, str, Any]]) -> list[Statement]:
    statements: list[Statement] = []
    inside = False
    for atomic, sql, params in said:
        if "SAVEPOINT" in sql:
            continue
        if atomic != inside:
            statements.append(("BEGIN" if atomic else "COMMIT", None))
            inside = atomic
        statements.append((sql, params))
    if inside:
        statements.append(("COMMIT", None))
    return statements


def replay(database: str, orders: list[list[Statement]]) -> list[float]:
    """Sends the recorded SQL; how long each order took."""
    took = []
    with psycopg.connect(database, autocommit=True, prepare_threshold=2) as connection:
        cursor = connection.cursor()
        for statements in orders:
            start = time.monotonic()
            for sql, params in statements:
                cursor.execute(sql, params)
                if cursor.description:
                    cursor.fetchall()
            took.append(time.monotonic() - start)
    return took


def limit(database: str, orders: list[list[Statement]]) -> tuple[float, list[float], float]:
    """Orders per second of the bare SQL from eight processes, each on its own copy, and processor time an order."""
    names = [f"copy{number}" for number in range(BUYERS)]
    copies = [database.replace("/haitu?", f"/{name}?") for name in names]
    with psycopg.connect(database.replace("/haitu?", "/postgres?"), autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE start")
        connection.execute("CHECKPOINT")
    server = process_of(database.partition("host=")[2].partition("&")[0])
    with ProcessPoolExecutor(BUYERS, mp_context=get_context("spawn"), initializer=django.setup) as pool:
        list(pool.map(replay, copies, [[]] * BUYERS))  # the processes are there before the clock runs
        before, start = cpu_seconds(server, os.getpid()), time.monotonic()
        took = [seconds for some in pool.map(replay, copies, [orders] * BUYERS) for seconds in some]
        wall = time.monotonic() - start
        cpu = cpu_seconds(server, os.getpid()) - before
    return len(took) / wall, took, cpu / len(took)


def main() -> int:
    """Prints both, and the ratio."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    with folder() as var, temporary_cluster(durable=True) as database:
        settings_for(database, Path(var))
        variants = fill(ARTICLES)
        from django.db import connection  # noqa: PLC0415

        from tests.world import WEBHOOK_SECRET  # noqa: PLC0415

        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        _copy(database, "start", "haitu")
        orders = record_sql(variants, WEBHOOK_SECRET)
        connection.close_pool()  # type: ignore[attr-defined]
        _copy(database, "haitu", "start")
        postgres = process_of(database.partition("host=")[2].partition("&")[0])
        with serving(len(os.sched_getaffinity(0))) as (port, server):
            paths = [f"/de-de/p/lantern-{number}/" for number in range(ARTICLES)]
            asyncio.run(look_at_all(paths, port, HOST))  # each worker knows what is for sale
            asyncio.run(shop_for(2, port, variants, database, WEBHOOK_SECRET))
            before, start = (cpu_seconds(server), cpu_seconds(postgres)), time.monotonic()
            took = asyncio.run(shop_for(seconds, port, variants, database, WEBHOOK_SECRET))
            wall = time.monotonic() - start
            served, stored = cpu_seconds(server) - before[0], cpu_seconds(postgres) - before[1]
        bare, bare_took, bare_cpu = limit(database, orders)
    made = len(took) + BUYERS
    rate = made / wall
    print(
        f"shop    {rate:7.0f} orders/s   p50 {percentile(took, 0.5) * 1e3:5.1f} ms   p95 "
        f"{percentile(took, 0.95) * 1e3:5.1f} ms   "
        f"{served / made * 1e3:.2f} ms of server + {stored / made * 1e3:.2f} ms of database CPU an order"
    )
    print(
        f"limit   {bare:7.0f} orders/s   p50 {percentile(bare_took, 0.5) * 1e3:5.1f} ms   p95 "
        f"{percentile(bare_took, 0.95) * 1e3:5.1f} ms   {bare_cpu * 1e3:.2f} ms of psycopg + database CPU an order, "
        f"{sum(len(some) for some in orders) / len(orders):.0f} statements"
    )
    print(f"ratio   {rate / bare:7.2f}")
    return 0


def _copy(database: str, name: str, of: str) -> None:
    with psycopg.connect(database.replace("/haitu?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {of}")


if __name__ == "__main__":
    sys.exit(main())
