"""`./haitu manage reroute MERCHANT`: what waits for a shut lane leaves by another; tells what cannot be served."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from haitu.actions.reroute import reroute
from haitu.core.money import display
from haitu.models import Merchant


class Command(BaseCommand):
    """Safe to run twice, at once, and after it was killed."""

    help = "Gives every paid order whose lane is shut the cheapest open way that keeps its promise, else the cheapest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose orders."""
        parser.add_argument("merchant", help="the merchant's short name")

    def handle(self, *_args: object, **options: Any) -> None:
        """Tells what was done, and every order that could not be served with its reason."""
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']!r}.")
        done = reroute(merchant_id=merchant.pk, by=None, now=timezone.now())
        more = ", ".join(
            f"{display(minor, currency)} {currency}" for currency, minor in sorted(done.more_minor.items())
        )
        self.stdout.write(
            f"{done.orders} orders re-routed, {done.late} of them late; more than quoted: {more or 'nothing'}."
        )
        for number, reason in done.refused:
            self.stdout.write(f"{number}: {reason}")
