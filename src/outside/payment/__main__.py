"""`python -m outside.payment --port N`: the sandbox payment provider as a process of its own."""

from __future__ import annotations

import argparse
import signal
import tempfile
import threading
from pathlib import Path

from outside.payment.mischief import Mischief
from outside.payment.server import serving


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m outside.payment", description="A payment provider to rehearse with."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8010, help="port to listen on (default: %(default)s)")
    parser.add_argument("--address", default="", help="address under which buyers reach it (default: host and port)")
    parser.add_argument("--data", type=Path, help="its SQLite file (default: a new one, gone afterwards)")
    parser.add_argument("--hold-ms", type=int, default=300, help="a webhook waits so long (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=0, help="deliver every webhook so many times more")
    parser.add_argument("--reorder", action="store_true", help="deliver the newest webhook first")
    parser.add_argument("--lose", type=int, default=0, help="lose so many of the first webhooks")
    parser.add_argument("--tamper", type=int, default=0, help="change a byte in so many of the first deliveries")
    parser.add_argument("--outages", type=int, default=0, help="answer so many of the first API calls with 503")
    parser.add_argument("--decline-minor", type=int, action="append", default=[], help="decline this amount")
    parser.add_argument(
        "--later-s", type=float, default=20.0, help="seconds a bank transfer takes (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    options = _options()
    mischief = Mischief(
        hold_ms=options.hold_ms,
        repeat=options.repeat,
        reorder=options.reorder,
        lose=options.lose,
        tamper=options.tamper,
        outages=options.outages,
        decline_minor=set(options.decline_minor),
        later_s=options.later_s,
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with tempfile.TemporaryDirectory(prefix="outside-payment-") as folder:
        path = options.data or Path(folder) / "payment.sqlite3"
        path.parent.mkdir(parents=True, exist_ok=True)
        with serving(
            host=options.host, port=options.port, path=str(path), mischief=mischief, address=options.address
        ) as desk:
            print(f"Sandbox payments at {desk.own_address} (no real money moves)", flush=True)
            stopping.wait()


main()
