"""Routing a basket over the operator's 87 warehouses, and a queue of open orders re-routed after a closure.

Run: .venv/bin/python -m bench.routing [--orders 100000] [--only sqlite|postgresql] [--no-queue]
Routing is measured in CPU milliseconds of one question in process, with warm terms: baskets of one to three units a
line, each of the goods in so many of the 87 warehouses. `proven`: the share of answers whose search came to its end.
The queue: paid orders of one and two lines that wait for a lane which closes, re-routed whole.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from typing import Any

from haitu.commands import postgres
from haitu.core.errors import Refusal
from haitu.core.parcels import parcels_of
from haitu.core.route import Asking
from haitu.plan.network.operator import operator_network
from tests.core.hengda import TODAY
from tests.core.wide import wide

CASES = ((1, 10, "DE"), (5, 10, "DE"), (5, 30, "DE"), (5, 87, "DE"), (5, 30, "US"), (5, 30, "GB"))
QUESTIONS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--no-queue", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(_queue(given.orders)))
        return
    for lines, places, country in CASES:
        print(json.dumps(route(lines, places, country)), flush=True)
    if not given.no_queue:
        for name in [given.only] if given.only else ["sqlite", "postgresql"]:
            print(name, json.dumps(queue(name, given.orders)), flush=True)


def route(lines: int, places: int, country: str) -> dict[str, Any]:
    """Percentiles of one question in CPU milliseconds, after a hundred others have warmed the terms."""
    network = operator_network(on=TODAY)
    lanes = tuple(lane for lane in network.lanes if lane.destination == country)
    world = wide(1, places=places, sold_in=country, network=(network.warehouses, lanes))
    by_variant: dict[int, list[Any]] = {}
    for row in world.book.stock:
        by_variant.setdefault(row.variant_id, []).append(row)
    took, parcels, proven = [], 0, 0
    for number in range(100 + QUESTIONS):
        demand = {line.variant_id: line.quantity for line in world.basket(lines)}
        stock = tuple(row for variant in demand for row in by_variant[variant])
        book = replace(world.book, stock=stock)
        start = time.process_time()
        try:
            choice = parcels_of(Asking(demand, book, world.to, TODAY))
        except Refusal:
            continue
        if number >= 100:
            took.append((time.process_time() - start) * 1000)
            parcels, proven = parcels + len(choice.parcels), proven + choice.proven
    took.sort()
    return {
        "lines": lines,
        "in_warehouses": places,
        "to": country,
        "p50_ms": round(took[len(took) // 2], 2),
        "p95_ms": round(took[len(took) * 95 // 100], 2),
        "parcels": round(parcels / len(took), 2),
        "proven": round(proven / len(took), 2),
    }


def queue(name: str, orders: int) -> dict[str, Any]:
    """Measures in a process of its own, whose environment names the database."""
    if name == "postgresql":
        with postgres.temporary_cluster(durable=True) as address:
            return _inside(address, orders)
    with tempfile.TemporaryDirectory(prefix="haitu-bench-") as folder:
        return _inside(f"sqlite:///{folder}/routing.sqlite3", orders)


def _inside(address: str, orders: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="haitu-bench-var-") as var:
        environment = {**os.environ, "HAITU_DATABASE": address, "HAITU_VAR": var, "HAITU_LOG": "ERROR"}
        environment["DJANGO_SETTINGS_MODULE"] = "haitu.settings"
        command = [sys.executable, "-m", "bench.routing", "--inside", "--orders", str(orders)]
        told = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def _queue(orders: int) -> dict[str, Any]:
    """Seconds to re-route the queue once, and what a second run finds."""
    import django  # noqa: PLC0415  # the database is named by the environment of this process

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    from bench._queue import build  # noqa: PLC0415
    from haitu.actions.reroute import reroute  # noqa: PLC0415
    from tests.world import NOW  # noqa: PLC0415

    merchant_id = build(orders)
    start, cpu = time.perf_counter(), time.process_time()
    done = reroute(merchant_id=merchant_id, by=None, now=NOW)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    again = reroute(merchant_id=merchant_id, by=None, now=NOW)
    return {
        "orders": orders,
        "rerouted": done.orders,
        "refused": len(done.refused),
        "seconds": round(seconds, 1),
        "own_cpu_seconds": round(cpu, 1),
        "second_run_orders": again.orders,
        "second_run_seconds": round(time.perf_counter() - start, 2),
    }


if __name__ == "__main__":
    main()
