"""A shop to be measured: its own durable PostgreSQL, the tests' world with a thousand articles more, a real server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

HOST = "hengda.test"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def settings_for(database: str, folder: Path) -> None:
    """The environment of everything started from here; called before Django is set up."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "haitu.settings",
        "HAITU_DATABASE": database,
        "HAITU_VAR": str(folder),
        "HAITU_HOSTS": HOST,
        "HAITU_HTTPS": "no",
        "HAITU_LOG": "ERROR",
    }


@contextmanager
def folder() -> Iterator[Path]:
    """A place for what a running shop writes."""
    with tempfile.TemporaryDirectory(prefix="haitu-bench-") as path:
        yield Path(path)


def fill(articles: int) -> list[int]:
    """The world of the tests as of today, and so many more articles; the variants that can be bought in Germany."""
    import django  # noqa: PLC0415  # after settings_for

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from haitu.models import FxRate, Product, ProductText, Stock, StockMove, Variant  # noqa: PLC0415
    from tests import world as tests_world  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    world = tests_world.build()
    FxRate.objects.update(on=timezone.now().date() - timedelta(days=1))
    like, shelf = world.variants["LANTERN"], world.variants["LANTERN"].product.category
    products = Product.objects.bulk_create(
        Product(merchant=world.merchant, slug=f"lantern-{n}", category=shelf, status="live", rank=n)
        for n in range(articles)
    )
    ProductText.objects.bulk_create(
        ProductText(
            merchant=world.merchant, product=product, language=language, title=f"Lantern {n}", search=f"lantern {n}"
        )
        for n, product in enumerate(products)
        for language in ("en", "de")
    )
    variants = Variant.objects.bulk_create(
        Variant(
            merchant=world.merchant,
            product=product,
            sku=f"L-{n}",
            list_price_minor=20_00,
            hs_code=like.hs_code,
            weight_g=like.weight_g,
            length_mm=like.length_mm,
            width_mm=like.width_mm,
            height_mm=like.height_mm,
        )
        for n, product in enumerate(products)
    )
    stocks = Stock.objects.bulk_create(
        Stock(
            merchant=world.merchant,
            variant=variant,
            warehouse=world.warehouses[code],
            on_hand=1_000_000,
            goods_value_minor=1_000_000 * 40_00,
            inbound_value_minor=1_000_000 * 6_00,
        )
        for variant in variants
        for code in ("SZX", "LEJ", "EWR")
    )
    StockMove.objects.bulk_create(
        StockMove(
            merchant=world.merchant,
            stock=stock,
            at=timezone.now(),
            kind="received",
            quantity=stock.on_hand,
            goods_value_minor=stock.goods_value_minor,
            inbound_value_minor=stock.inbound_value_minor,
            reference="opening stock",
        )
        for stock in stocks
    )
    return [variant.pk for variant in variants]


@contextmanager
def serving(workers: int) -> Iterator[tuple[int, int]]:
    """The shop behind the server that `./haitu run` starts; its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "haitu.wsgi:application", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
    command += ["--workers", str(workers), "--blocking-threads", "4", "--workers-kill-timeout", "5"]
    server = subprocess.Popen(command, start_new_session=True)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        time.sleep(1)  # the second worker
        yield port, server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def cpu_seconds(*roots: int) -> float:
    """Processor time of these processes and all below them, ended ones that were waited for included."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = sum(map(int, fields[11:15])) * TICK_S
    return sum(seconds for pid, seconds in used.items() if _descends(pid, roots, parents))


def _descends(pid: int, roots: tuple[int, ...], parents: dict[int, int]) -> bool:
    while pid and pid not in roots:
        pid = parents.get(pid, 0)
    return pid in roots


def process_of(folder_or_socket: str) -> int:
    """The PostgreSQL server whose socket lies in that folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if command[0].endswith(b"postgres") and any(folder_or_socket.encode() in word for word in command):
                return int(entry.name)
    raise LookupError(f"no PostgreSQL server in {folder_or_socket}")


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share stays at or below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
