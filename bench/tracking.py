"""Tracking pushes taken in on SQLite and PostgreSQL: signed, kept, folded, arrivals booked, with repeats and disorder.

Run: .venv/bin/python -m bench.tracking [--parcels 2000] [--only sqlite|postgresql]
Each parcel is scanned eight times. A quarter of all scans is sent once more, all are shuffled over the pushes (so that
a parcel's scans come in any order, some before and some after its arrival), and every tenth push is repeated whole.
Counted are scans that arrive per second, first and repeated alike; beside it stands the bare insert of the same rows
into an equal table without keys. PostgreSQL waits for the disk at each commit, as in trade.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from haitu.commands import postgres

CODES = ("ANNOUNCED", "PICKUP", "HUB", "LINEHAUL", "CUSTOMS_IN", "CUSTOMS_OUT", "OUT", "DELIVERED")
KEY = "ck_test_bench_0123456789abcdef"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SCANS_A_PUSH = 50
SENDERS = 2
GOAL = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parcels", type=int, default=2_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(measure(given.parcels)))
        return
    for name in [given.only] if given.only else ["sqlite", "postgresql"]:
        report(name, given.parcels)


def report(name: str, parcels: int) -> None:
    """Measures in a process of its own, whose environment names the database."""
    if name == "postgresql":
        with postgres.temporary_cluster(durable=True) as address:
            told = in_process(address, parcels)
    else:
        with tempfile.TemporaryDirectory(prefix="haitu-bench-") as folder:
            told = in_process(f"sqlite:///{folder}/tracking.sqlite3", parcels)
    print(name)
    for what, figure in told.items():
        print(f"  {what:<62} {figure}")


def in_process(address: str, parcels: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="haitu-bench-var-") as var:
        environment = {**os.environ, "HAITU_DATABASE": address, "HAITU_VAR": var, "HAITU_LOG": "ERROR"}
        environment["DJANGO_SETTINGS_MODULE"] = "haitu.settings"
        command = [sys.executable, "-m", "bench.tracking", "--inside", "--parcels", str(parcels)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, cwd=Path.cwd())
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# Inside --------------------------------------------------------------------------------------------------------------


def measure(parcels: int) -> dict[str, Any]:
    import django  # noqa: PLC0415  # the environment names the database first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  # as above
    from django.db import connection  # noqa: PLC0415  # as above

    call_command("migrate", verbosity=0, skip_checks=True)
    token, merchant_id = world(parcels)
    pushes = road(parcels)
    scans = sum(count for _, _, count in pushes)
    senders = 1 if connection.vendor == "sqlite" else SENDERS  # SQLite has one writer
    began, worked = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(lambda push: send(token, push[0], push[1]), pushes))
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    bare = bare_insert(parcels)
    return {
        "scans sent (repeats included)": f"{scans:,} in {len(pushes):,} pushes by {senders} senders",
        "scans a second": f"{scans / seconds:,.0f} (goal {GOAL:,})",
        "scans a second of this process' own CPU time": f"{scans / worked:,.0f}",
        "the same rows by a bare INSERT, rows a second": f"{bare:,.0f}; {bare * seconds / scans:.1f} times ours",
    } | check(merchant_id, parcels)


def world(parcels: int) -> tuple[str, int]:
    """A merchant with that many parcels on the road; nothing was quoted, so that arrivals alone are booked."""
    from haitu.actions import carriers  # noqa: PLC0415  # as above
    from haitu.models import CarrierAccount, Lane, Market, Merchant, Order, Outlet, Shipment, Tariff, Warehouse  # noqa: PLC0415

    merchant = Merchant.objects.create(slug="m", name="M", base_currency="CNY", list_currency="USD")
    outlet = Outlet.objects.create(merchant=merchant, code="own", name="Own shop")
    market = Market.objects.create(
        merchant=merchant, country="DE", currency="EUR", languages=["de"], prices_include_tax=True
    )
    house = Warehouse.objects.create(merchant=merchant, code="LEJ", name="Leipzig", kind="overseas", country="DE")
    tariff = Tariff.objects.create(merchant=merchant, code="T", currency="EUR", breaks=[[30_000, 100, 0]])
    lane = Lane.objects.create(
        merchant=merchant, code="L", carrier="S", mode="courier", origin=house, destination="DE", tariff=tariff,
        days_p50=2, days_p90=3,
    )  # fmt: skip
    orders = Order.objects.bulk_create(
        [
            Order(
                merchant=merchant, token=f"t{nth}", number=f"A-{nth}", outlet=outlet, market=market, status="shipped",
                language="de", currency="EUR", goods_minor=0, shipping_minor=0, duty_minor=0, tax_minor=0,
                total_minor=0, tax_included=True, incoterm="DDP", base_currency="CNY", fx_e9=8 * 10**9,
                fx_on=NOW.date(), placed_at=NOW,
            )
            for nth in range(parcels)
        ],
        batch_size=500,
    )  # fmt: skip
    Shipment.objects.bulk_create(
        [
            Shipment(
                merchant=merchant, order=order, warehouse=house, lane=lane, number=f"{order.number}-1",
                tracking=f"W{nth:06d}", quoted_minor=0, shipped_at=NOW,
            )
            for nth, order in enumerate(orders)
        ],
        batch_size=500,
    )  # fmt: skip
    draft = carriers.AccountDraft(carrier="sandbox", name="S", address="http://127.0.0.1:9", secrets={"api_key": KEY})
    account_id = carriers.save_account(merchant_id=merchant.pk, account_id=None, draft=draft, by=None, now=NOW)
    return CarrierAccount.objects.of(merchant.pk).get(pk=account_id).token, merchant.pk


def road(parcels: int) -> list[tuple[bytes, dict[str, str], int]]:
    """Signed pushes: (bytes, headers, scans in it)."""
    from outside.carriers.sandbox import signed_push  # noqa: PLC0415  # beside the measuring

    chance = Random(20261122)
    scans = [
        {"waybill": f"W{nth:06d}", "code": code, "at": int((NOW + timedelta(hours=6 * step)).timestamp())}
        for nth in range(parcels)
        for step, code in enumerate(CODES)
    ]
    scans += chance.sample(scans, len(scans) // 4)
    chance.shuffle(scans)
    made = []
    for start in range(0, len(scans), SCANS_A_PUSH):
        some = scans[start : start + SCANS_A_PUSH]
        body = json.dumps({"scans": some}).encode()
        made.append((body, signed_push(KEY, body, int(sent_at().timestamp())), len(some)))
    return made + chance.sample(made, len(made) // 10)


def sent_at() -> datetime:
    return NOW + timedelta(days=3)


def send(token: str, raw: bytes, headers: dict[str, str]) -> None:
    from haitu.actions.track import receive_push  # noqa: PLC0415  # as above

    receive_push(account_token=token, raw=raw, headers=headers, now=sent_at())


def bare_insert(parcels: int) -> float:
    """Rows a second of the same size into a table without keys, a push at a time."""
    from django.db import connection, transaction  # noqa: PLC0415  # as above

    row = (1, 1, "k" * 40, "CUSTOMS_IN", "customs", NOW.isoformat(), "", "", "x" * 90, NOW.isoformat())
    columns = "a bigint, b bigint, c text, d text, e text, f text, g text, h text, i text, j text"
    rows = parcels * len(CODES)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare ({columns})")
        values = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"] * SCANS_A_PUSH)
        began = time.perf_counter()
        for _ in range(rows // SCANS_A_PUSH):
            with transaction.atomic():
                cursor.execute(f"INSERT INTO bare VALUES {values}", row * SCANS_A_PUSH)
    return rows / (time.perf_counter() - began)


def check(merchant_id: int, parcels: int) -> dict[str, Any]:
    """Nothing lost, nothing twice."""
    from haitu.models import Event, Order, TrackingEvent, Waybill  # noqa: PLC0415  # as above

    kept = TrackingEvent.objects.of(merchant_id).count()
    arrived = Waybill.objects.of(merchant_id).filter(state="delivered").count()
    booked = Event.objects.of(merchant_id).filter(kind="delivered").count()
    done = Order.objects.of(merchant_id).filter(status="delivered").count()
    told = f"{kept:,} scans, {arrived:,} waybills, {booked:,} arrivals, {done:,} orders"
    if (kept, arrived, booked, done) != (parcels * len(CODES), parcels, parcels, parcels):
        raise SystemExit(f"lost or doubled: {told}")
    return {"kept once, delivered and booked once": told}


if __name__ == "__main__":
    main()
