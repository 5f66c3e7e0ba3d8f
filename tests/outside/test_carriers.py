"""The carriers' stand-in travels by itself and pushes, repeats and disorder included; the demo has an account there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from haitu.actions.carriers import carrier_of
from haitu.actions.demo.carrier import KEY, open_sandbox_carrier
from haitu.core.tracking import ParcelState, Scan, fold
from haitu.links.carriers import client
from haitu.links.carriers.protocol import ForgedPush
from haitu.links.carriers.sandbox import Sandbox
from haitu.models import CarrierAccount
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.links.carriers.parcels import PARCEL
from tests.world import NOW, World


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        yield there
    client.forget()


class Ear:
    """A shop's hook: verifies what comes and keeps it."""

    def __init__(self) -> None:
        self.pushes: list[tuple[Scan, ...]] = []
        self.forged = 0
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    made = Sandbox("", {"api_key": KEY}, {})
                    ear.pushes.append(made.parse_push(raw, dict(self.headers), datetime.now(UTC)).scans)
                except ForgedPush:
                    ear.forged += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/hooks/tracking/x/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within 30 seconds"
        time.sleep(0.05)


def test_a_parcel_travels_to_the_door_and_every_push_is_signed_and_sent_twice(books: Books) -> None:
    ear = Ear()
    books.mischief.repeat, books.mischief.reorder = 1, True
    books.extra["step_s"] = 0.05
    made = Sandbox(f"{books.own_address}/sandbox", {"api_key": KEY}, {"notify_url": ear.address})
    waybills = {made.buy_label(replace(PARCEL, reference=f"A-{nth}")).waybill for nth in range(2)}

    def seen(waybill: str) -> list[Scan]:
        return [scan for push in list(ear.pushes) for scan in push if scan.waybill == waybill]

    wait_until(lambda: all(fold(seen(waybill)).state == ParcelState.DELIVERED for waybill in waybills))
    ear.close()
    assert ear.forged == 0
    assert ear.pushes[0] == ear.pushes[1]


def test_the_demo_opens_its_account_once_and_follows_the_sandbox(world: World, books: Books) -> None:
    for address in ("http://127.0.0.1:9/sandbox", f"{books.own_address}/sandbox", f"{books.own_address}/sandbox"):
        open_sandbox_carrier(slug="hengda", address=address, shop="http://localhost:8000", now=NOW)
    row = CarrierAccount.objects.of(world.merchant.pk).get()
    assert row.settings["notify_url"] == f"http://localhost:8000/hooks/tracking/{row.token}/"
    assert carrier_of(row).check() == f"Account {KEY}"
    open_sandbox_carrier(slug="nobody", address="http://127.0.0.1:9", shop="", now=NOW)
    assert CarrierAccount.everyone.count() == 1
