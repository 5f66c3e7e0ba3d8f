"""What a day of a campaign cost, whoever tells it: a file's line or an API's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from haitu.core.errors import Refusal

KINDS = ("media", "agency", "creator", "sample", "voucher", "other", "credit")


class NotASpendFile(Refusal):
    """The file is no spend report; `why` is a code of web.desk.spend_words, with what was given."""

    code = "not_a_spend_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One day, campaign, country and kind. `country` "" where the report does not divide by it.

    Orders and value are what the platform claims; orders are in thousandths, for platforms share one among clicks.
    """

    day: date
    campaign: str
    amount_minor: int
    campaign_id: str = ""
    country: str = ""
    channel: str = ""
    kind: str = "media"
    impressions: int = 0
    clicks: int = 0
    orders_milli: int = 0
    value_minor: int = 0

    @property
    def cell(self) -> tuple[date, str, str, str, str]:
        """What lines are summed by."""
        return self.day, self.campaign_id or self.campaign, self.country, self.channel, self.kind

    def json(self) -> dict[str, Any]:
        """As a JSON column keeps it; `from_json` is the inverse."""
        return {name: value for name, value in asdict(self).items() if value} | {
            "day": self.day.isoformat(),
            "amount_minor": self.amount_minor,
            "kind": self.kind,
        }


def from_json(kept: Mapping[str, Any]) -> Line:
    """The line that was kept."""
    return Line(**{"campaign": "", **kept, "day": date.fromisoformat(kept["day"])})


def summed(lines: Iterable[Line]) -> tuple[Line, ...]:
    """One line a cell, in the order of the days; of two names of one campaign the later day's stands."""
    cells: dict[tuple[date, str, str, str, str], Line] = {}
    for line in lines:
        known = cells.get(line.cell)
        if known is None:
            cells[line.cell] = line
            continue
        cells[line.cell] = replace(
            known,
            amount_minor=known.amount_minor + line.amount_minor,
            impressions=known.impressions + line.impressions,
            clicks=known.clicks + line.clicks,
            orders_milli=known.orders_milli + line.orders_milli,
            value_minor=known.value_minor + line.value_minor,
        )
    return tuple(sorted(cells.values(), key=lambda line: line.cell))
