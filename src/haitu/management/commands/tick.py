"""`tick`: one round of the clockwork, or (--forever) round after round."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from haitu.actions.clockwork import tick


class Command(BaseCommand):
    """Safe to run twice at once, and to be killed at any moment."""

    help = "Do what is due: expiry, notices, refunds, letters, tasks of dead workers, ledger sums and audit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--everything", action="store_true", help="run every job, due or not")
        parser.add_argument("--forever", action="store_true", help="go on until stopped")
        parser.add_argument("--interval", type=float, default=5, help="seconds between rounds (default: %(default)s)")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["forever"]:
            return self._round(options)
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            close_old_connections()
            self._round(options)
            stopping.wait(options["interval"])
        return None

    def _round(self, options: dict[str, Any]) -> None:
        told = tick(now=timezone.now(), everything=options["everything"])
        if options["verbosity"] > 1 or options["everything"]:
            for name, what in told.items():
                self.stdout.write(f"{name}: {what}")
