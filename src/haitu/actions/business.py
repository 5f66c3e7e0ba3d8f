"""Who the merchant is on papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.models import Merchant, User

ID_KINDS = ("EORI", "EORI-GB", "IOSS", "VAT", "USCC")
LONGEST = 80
MOST_LINES = 4


class BadExporter(Refusal):
    """A name, an address or a registration that papers have no room for; the sentence says which."""

    code = "bad_exporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """What stands on papers as sender; `ids`: kind → number."""

    name: str
    lines: tuple[str, ...]
    country: str
    phone: str = ""
    email: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


def save_exporter(*, merchant_id: int, exporter: Exporter, by: User | None, now: datetime) -> None:
    """From now on papers name this sender."""
    _check(exporter)
    said = asdict(exporter) | {"lines": list(exporter.lines), "ids": dict(exporter.ids)}
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update().get(pk=merchant_id)
        change = {
            name: (merchant.exporter.get(name), value)
            for name, value in said.items()
            if merchant.exporter.get(name) != value
        }
        if change:
            Merchant.objects.filter(pk=merchant_id).update(exporter=said)
            audit(by, "business.save", exporter.name, merchant_id=merchant_id, now=now, change=change)


def _check(exporter: Exporter) -> None:
    if not exporter.name or not exporter.lines:
        raise BadExporter("Papers need a name and an address.", field="name")
    if len(exporter.lines) > MOST_LINES:
        raise BadExporter(f"An address has at most {MOST_LINES} lines.", field="lines")
    if any(len(text) > LONGEST for text in (exporter.name, *exporter.lines, exporter.phone, exporter.email)):
        raise BadExporter(f"A line has at most {LONGEST} characters.", field="lines")
    if len(exporter.country) != 2 or not exporter.country.isupper():
        raise BadExporter(f"{exporter.country!r} is no country code such as CN.", field="country")
    for kind, number in exporter.ids.items():
        if kind not in ID_KINDS or not number or len(number) > 40 or not number.replace(" ", "").isalnum():
            raise BadExporter(f"{number!r} is no {kind} number.", field="ids", kind=kind)
