"""`./haitu manage reach_facts MERCHANT --out DIR`: the tables that `python -m haitu.plan` reckons paybacks from."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from haitu.models import Merchant
from haitu.reads.reach.facts import gather


class Command(BaseCommand):
    """The planner's answer to this folder is the one that the desk shows."""

    help = "Writes spend, touch, order, experiment and consent, as docs/payback.md describes them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, as of when, and where to."""
        parser.add_argument("merchant", nargs="?", default="demo", help="the merchant's short name")
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="DATE", help="the last day; today if not given")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR")

    def handle(self, *_args: object, **options: Any) -> None:
        """Writes, and says the line that asks the planner."""
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']!r}.")
        as_of = options["as_of"] or timezone.now().astimezone(ZoneInfo(merchant.time_zone)).date()
        facts = gather(merchant.pk, as_of=as_of)
        facts.write(options["out"])
        self.stdout.write(
            f"{facts.spend.height:,} rows of spend, {facts.touch.height:,} touches, {facts.order.height:,} of orders; "
            f"the source of {facts.sourced_orders:,} of {facts.orders:,} orders is known."
        )
        self.stdout.write(f"python -m haitu.plan payback --facts {options['out']} --as-of {as_of} --out ANSWER")
