"""`python -m outside.carriers --port N`: the carriers to rehearse with as a process of their own."""

from __future__ import annotations

import argparse
import signal
import threading

from outside.carriers import sandbox
from outside.carriers.mischief import Mischief
from outside.carriers.server import serving


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m outside.carriers", description="Carriers to rehearse with.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8011, help="port to listen on (default: %(default)s)")
    parser.add_argument("--key", action="append", default=[], help="a sandbox account's key, ck_test_...")
    parser.add_argument("--step-s", type=float, default=20.0, help="seconds between a parcel's scans")
    parser.add_argument("--repeat", type=int, default=0, help="send every push so many times more")
    parser.add_argument("--reorder", action="store_true", help="send the newest push first")
    parser.add_argument("--throttle", type=int, default=0, help="answer so many of the first requests with 429")
    parser.add_argument("--outages", type=int, default=0, help="answer so many of the first requests with 503")
    return parser.parse_args()


def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    options = _options()
    mischief = Mischief(
        repeat=options.repeat, reorder=options.reorder, throttle=options.throttle, outages=options.outages
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with serving(host=options.host, port=options.port, mischief=mischief) as books:
        books.extra["step_s"] = options.step_s
        for key in options.key:
            sandbox.open_account(books, key)
        print(f"Sandbox carriers at {books.own_address} (no parcel moves)", flush=True)
        stopping.wait()


main()
