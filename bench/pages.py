"""Requests per second for product, listing and search pages with live prices, stock and promise; queries and bytes.

Run: .venv/bin/python -m bench.pages [seconds]

Eight visitors at once, each with a connection of its own and no cookie; the server is the one `./haitu run` starts (a
worker a core) on a PostgreSQL of its own. Every answer is looked at: it must be the page. Bytes are what a browser gets
before the first picture: the page and the style sheet, compressed. A page is measured after each worker has made it
once; the first look, in which everything is read anew, is given apart. Beside it the same server's answer to
/robots.txt: what the framework takes before any page is made.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import sys
import time
from pathlib import Path

from bench._http import VISITORS, Client, look_at_all
from bench._shop import HOST, cpu_seconds, fill, folder, percentile, process_of, serving, settings_for
from haitu.commands.postgres import temporary_cluster

ARTICLES = 1000
PAGES = {
    "product": [f"/de-de/p/lantern-{number}/" for number in range(ARTICLES)],
    "listing": ["/de-de/c/lighting/", "/de-de/c/lighting/?page=2", "/de-de/all/"],
    "search": [f"/de-de/search/?q=lantern+{number}" for number in range(0, ARTICLES, 50)],
    "robots": ["/robots.txt"],
}


async def visit(paths: list[str], seconds: float, port: int) -> list[float]:
    """All visitors look at these pages until the time is over; how long each answer took."""
    took: list[float] = []
    until = time.monotonic() + seconds
    dice = random.Random(3)

    async def visitor() -> None:
        client = Client(port, HOST)
        while time.monotonic() < until:
            path = dice.choice(paths)
            start = time.monotonic()
            answer = await client.get(path)
            took.append(time.monotonic() - start)
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status}")
            client.cookies.clear()

    await asyncio.gather(*(visitor() for _ in range(VISITORS)))
    return took


def queries_and_bytes(path: str) -> tuple[int, int]:
    """Queries of a second visit, and the bytes of page and style sheet compressed."""
    from django.contrib.staticfiles import finders  # noqa: PLC0415  # after settings_for
    from django.db import connection  # noqa: PLC0415
    from django.test import Client as InProcess  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client = InProcess(headers={"host": HOST})
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(path).content
    sheet = Path(str(finders.find("shop/shop.css"))).read_bytes()
    return len(captured), len(gzip.compress(page)) + len(gzip.compress(sheet))


def main() -> int:
    """Prints a line a kind of page."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    with folder() as var, temporary_cluster(durable=True) as database:
        settings_for(database, Path(var))
        fill(ARTICLES)
        looked = {kind: queries_and_bytes(paths[0]) for kind, paths in PAGES.items()}
        from django.db import connection  # noqa: PLC0415

        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # only this backend has a pool
        postgres = process_of(database.partition("host=")[2].partition("&")[0])
        with serving(len(os.sched_getaffinity(0))) as (port, server):
            for kind, paths in PAGES.items():
                first = asyncio.run(look_at_all(paths, port, HOST))
                before = cpu_seconds(server, postgres)
                took = asyncio.run(visit(paths, seconds, port))
                cpu = (cpu_seconds(server, postgres) - before) / len(took)
                queries, size = looked[kind]
                print(
                    f"{kind:<8} {len(took) / seconds:7.0f} req/s   p50 {percentile(took, 0.5) * 1e3:5.1f} ms   "
                    f"p95 {percentile(took, 0.95) * 1e3:5.1f} ms   {cpu * 1e3:.2f} ms CPU a request   "
                    f"{queries} queries   {size:,} bytes of page and style   first look {first * 1e3:.1f} ms"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
