"""`manage demo`: loads the demo merchant from eighteen months of real orders; safe to repeat, and after a kill."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from haitu.actions.demo import load
from haitu.actions.demo.carrier import open_sandbox_carrier
from haitu.actions.demo.load import ASSUMPTIONS
from haitu.core.errors import Refusal
from haitu.links.reference.assumptions import parse_assumptions

LOGIN_FILE = "demo-login"


class Command(BaseCommand):
    """Tells what is loaded while it is loaded, and what was left aside."""

    help = __doc__ or ""
    _last_told = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--assumptions", type=Path, default=ASSUMPTIONS, help="what the data does not hold")
        parser.add_argument("--payment-address", default="http://127.0.0.1:8001", help="the payment sandbox")
        parser.add_argument("--carrier-address", default="", help="the sandbox carrier; none by default")
        parser.add_argument("--shop-address", default="http://localhost:8000", help="where carriers push to")
        parser.add_argument("--days", type=int, help="only the last so many days, for a quick look")
        parser.add_argument("--only-first", action="store_true", help="not beside merchants who are there for real")

    def handle(self, *_: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            loaded = load(
                now=timezone.now(),
                report=self._report,
                payment_address=options["payment_address"],
                assumptions=options["assumptions"],
                only_first=options["only_first"],
                days=options["days"],
            )
        except Refusal as refusal:
            raise CommandError(refusal.told) from None
        if options["carrier_address"]:
            open_sandbox_carrier(
                slug=parse_assumptions(options["assumptions"])[0].merchant.slug,
                address=options["carrier_address"],
                shop=options["shop_address"],
                now=timezone.now(),
            )
        if loaded is None:
            return
        if loaded.password:
            _keep_login(loaded.password)
        self.stdout.write(
            f"\n{loaded.merchant}: {loaded.orders:,} orders, {loaded.lines:,} lines of goods; of the cancelled lines "
            f"{loaded.taken_back.matched:,} found their sale and {loaded.taken_back.alone:,} stand alone."
        )
        aside = ", ".join(f"{count:,} {kind}" for kind, count in loaded.left_aside.items())
        self.stdout.write(f"Left aside, as no trade with a customer: {aside}.")
        self.stdout.write(f"Took {time.monotonic() - started:.0f} s.")

    def _report(self, told: str) -> None:
        """Progress stays on one line of a terminal; in a file every tenth part is enough."""
        is_progress, is_terminal = told.endswith("%"), self.stdout.isatty()
        if is_progress and not is_terminal and (not told.endswith("0 %") or told == self._last_told):
            return
        self._last_told = told
        self.stdout.write(told, ending="\r" if is_progress and is_terminal else "\n")
        self.stdout.flush()


def _keep_login(password: str) -> None:
    """The login is kept beside the database, readable by us alone, so that each start can show it."""
    path = Path(settings.VAR) / LOGIN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(password)
