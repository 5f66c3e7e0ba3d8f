"""`manage load_reference`: loads the shipped rules and rates, or a merchant's own; reports rows and problems."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from haitu.actions.reference import Loaded, load_own, load_shipped
from haitu.models import Merchant

SHOWN = 20


class Command(BaseCommand):
    """Without options the shipped set; with --merchant, --kind and --file that merchant's own rows, which win."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", help="slug of the merchant whose own rows these are")
        parser.add_argument("--kind", choices=("tax", "thresholds", "duties"))
        parser.add_argument("--file", type=Path)

    def handle(self, *_: Any, **options: Any) -> None:
        given = [options["merchant"], options["kind"], options["file"]]
        if not any(given):
            for loaded in load_shipped():
                self._tell(loaded)
            return
        if not all(given):
            raise CommandError("--merchant, --kind and --file go together.")
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']!r}.")
        if not options["file"].is_file():
            raise CommandError(f"{options['file']} is not a file.")
        loaded = load_own(options["file"], options["kind"], merchant_id=merchant.pk)
        self._tell(loaded)
        if loaded.problems:
            raise CommandError("Nothing was loaded; correct the file and load it again.")

    def _tell(self, loaded: Loaded) -> None:
        self.stdout.write(f"{loaded.name}: {loaded.rows:,} rows, {len(loaded.problems)} problems")
        for problem in loaded.problems[:SHOWN]:
            self.stdout.write(f"  {problem}")
        if len(loaded.problems) > SHOWN:
            self.stdout.write(f"  ... and {len(loaded.problems) - SHOWN} more")
