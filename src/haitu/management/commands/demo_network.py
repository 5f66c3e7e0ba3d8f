"""`manage demo_network`: lays an operator's network of 87 warehouses and hubs, 40 markets and all their lanes."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from haitu.actions.demo.network import SLUG, lay_network
from haitu.core.errors import Refusal
from haitu.plan.network.operator import SEED


class Command(BaseCommand):
    """For a merchant of its own, or for one that is there."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", default=SLUG, help="slug; a merchant that is not there is made")
        parser.add_argument("--seed", type=int, default=SEED, help="another number moves prices and days a little")

    def handle(self, *_: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            laid = lay_network(now=timezone.now(), slug=options["merchant"], seed=options["seed"])
        except Refusal as refusal:
            raise CommandError(refusal.told) from None
        self.stdout.write(
            f"{laid.merchant}: {laid.warehouses} warehouses and hubs, {laid.lanes:,} lanes by {laid.tariffs} rate "
            f"cards, {laid.markets} markets; {laid.places:,} places known. Took {time.monotonic() - started:.0f} s."
        )
