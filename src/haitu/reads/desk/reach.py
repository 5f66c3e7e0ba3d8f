"""What traffic has paid back, as the newest answer of the planner says it; all money in base currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from haitu.core.money import minor_units
from haitu.models import AdAccount, Channel, ReachRun, Spend

EVERY = "*"
HORIZONS = (3, 6, 9, 12, 15, 18, 21, 24)
MONTHS = range(1, 25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """p05, p50 and p95, in basis points of the money spent."""

    low_bp: int
    mid_bp: int
    high_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayRow:
    """A channel, market and campaign ("*": all); `curve` by the end of month 1 to 24, `sure_bp` by HORIZONS."""

    channel: str
    name: str
    kind: str
    market: str
    campaign: str
    spent_minor: int
    earned_minor: int
    leads: int
    buyers: int
    curve: tuple[Band, ...]
    month_p10: int
    month_p50: int
    month_p90: int
    sure_bp: Mapping[int, int]
    caused_bp: int
    lag_weeks: int
    verdict: str
    why: str
    test_weeks: int
    test_cost_minor: int

    @property
    def by_24(self) -> Band:
        """What a unit of spend has returned by the end of month 24."""
        return self.curve[-1]

    def minor(self, share_bp: int) -> int:
        """So much of what was spent."""
        return round(self.spent_minor * share_bp / 10_000)

    @property
    def to_come_minor(self) -> tuple[int, int, int]:
        """What the money already spent still brings by its month 24: p05, p50, p95."""
        band = self.by_24
        low, mid, high = (max(0, self.minor(bp) - self.earned_minor) for bp in (band.low_bp, band.mid_bp, band.high_bp))
        return low, mid, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The step of the run under way; the last answer: of which day, from which rows; why no newer one came."""

    step: str
    as_of: date | None
    ended_at: datetime | None
    told: str
    facts: Mapping[str, Any]
    assumed: bool
    spends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRow:
    """A month's spend; `by_24` what it will have brought by its month 24 (p05, p50, p95)."""

    month: date
    spent_minor: int
    leads: int
    earned_minor: int
    by_24_minor: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRow:
    """What those who first came in a month brought, by months since; as credited."""

    month: date
    brought_minor: Mapping[int, int]
    orders: int

    @property
    def total_minor(self) -> int:
        """All of it."""
        return sum(self.brought_minor.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRow:
    """By a rule: what is credited, and what of it was caused."""

    rule: str
    credited_minor: int
    caused_minor: int
    share_bp: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellView:
    """Everything about a channel in a market (or a campaign of it)."""

    row: PayRow
    campaigns: tuple[PayRow, ...]
    months: tuple[MonthRow, ...]
    ages: tuple[AgeRow, ...]
    credit: tuple[CreditRow, ...]


def standing(merchant_id: int) -> Standing:
    """Where things stand; five queries."""
    runs = ReachRun.objects.of(merchant_id).order_by("-started_at")
    running = runs.filter(ended_at=None).values_list("step", flat=True).first()
    told = runs.filter(ended_at__isnull=False).values_list("told", flat=True).first()
    last = runs.filter(step="done").only("as_of", "ended_at", "facts").first()
    return Standing(
        step=running or "",
        as_of=last.as_of if last else None,
        ended_at=last.ended_at if last else None,
        told=told or "",
        facts=last.facts if last else {},
        assumed=AdAccount.objects.of(merchant_id).filter(settings__assumed=True).exists(),
        spends=Spend.objects.of(merchant_id).exists(),
    )


def paybacks(merchant_id: int, *, base: str) -> tuple[PayRow, ...]:
    """Every row of the newest answer, those who spent most first."""
    run = _answer(merchant_id, "payback")
    names = {row.code: row for row in Channel.objects.of(merchant_id)}
    rows = [_row(given, names, minor_units(base)) for given in (run.payback if run else [])]
    return tuple(sorted(rows, key=lambda row: (-row.spent_minor, row.channel, row.market, row.campaign)))


def known_months(merchant_id: int) -> Mapping[tuple[str, str], int]:
    """By channel and market ("*": all): how many months ago its first money was spent."""
    run = _answer(merchant_id, "months", "as_of")
    seen: dict[tuple[str, str], int] = {}
    for row in run.months if run else []:
        if run and row["spent"] > 0:
            first = date.fromisoformat(row["month"])
            age = (run.as_of.year - first.year) * 12 + run.as_of.month - first.month
            for market in (row["market"], EVERY):
                seen[row["channel"], market] = max(seen.get((row["channel"], market), 0), age)
    return seen


def cell(merchant_id: int, channel: str, market: str, campaign: str, *, base: str) -> CellView | None:
    """The page of one row, or None where the newest answer has no such row."""
    rows = paybacks(merchant_id, base=base)
    place = (channel, market, campaign)
    own = next((row for row in rows if (row.channel, row.market, row.campaign) == place), None)
    run = _answer(merchant_id, "months", "ages", "credit")
    if own is None or run is None:
        return None
    units = minor_units(base)
    of = {"channel": channel, "market": market, "campaign": campaign}
    return CellView(
        row=own,
        campaigns=tuple(
            row
            for row in rows
            if (row.channel, row.market) == (channel, market) and row.campaign not in {EVERY, campaign}
        )
        if campaign == EVERY
        else (),
        months=_months([row for row in run.months if _within(row, of)], units),
        ages=_ages([row for row in run.ages if _within(row, of)], units),
        credit=_credit([row for row in run.credit if _within(row, of | {"campaign": EVERY})], run.credit, units),
    )


def _answer(merchant_id: int, *columns: str) -> ReachRun | None:
    """The newest run that has an answer."""
    return ReachRun.objects.of(merchant_id).filter(step="done").order_by("-started_at").only(*columns).first()


def _within(row: Mapping[str, Any], of: Mapping[str, str]) -> bool:
    return all(wanted in {EVERY, row[name]} for name, wanted in of.items())


def _row(given: Mapping[str, Any], names: Mapping[str, Channel], units: int) -> PayRow:
    known = names.get(given["channel"])
    return PayRow(
        channel=given["channel"],
        name=known.name if known else given["channel"],
        kind=known.kind if known else "",
        market=given["market"],
        campaign=given["campaign"],
        spent_minor=round(given["spent"] * units),
        earned_minor=round(given["earned_p50"] * units),
        leads=given["leads"],
        buyers=given["buyers"],
        curve=tuple(
            Band(
                low_bp=_bp(given[f"v_m{month}_p05"]),
                mid_bp=_bp(given[f"v_m{month}_p50"]),
                high_bp=_bp(given[f"v_m{month}_p95"]),
            )
            for month in MONTHS
        ),
        month_p10=given["payback_month_p10"],
        month_p50=given["payback_month_p50"],
        month_p90=given["payback_month_p90"],
        sure_bp={month: _bp(given[f"p_payback_{month}"]) for month in HORIZONS},
        caused_bp=_bp(given["caused_p50"]),
        lag_weeks=round(given["lag_weeks_p50"]),
        verdict=given["verdict"],
        why=given["why"],
        test_weeks=given["test_weeks"],
        test_cost_minor=round(given["test_cost"] * units),
    )


def _bp(share: float) -> int:
    return round(share * 10_000)


def _months(rows: Sequence[Mapping[str, Any]], units: int) -> tuple[MonthRow, ...]:
    """Campaigns of a month added up; the ends of a sum's band are not below the sums of ends: told as the wider one."""
    by_month: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_month.setdefault(row["month"], []).append(row)
    return tuple(
        MonthRow(
            month=date.fromisoformat(month),
            spent_minor=_sum(some, "spent", units),
            leads=sum(row["leads"] for row in some),
            earned_minor=_sum(some, "earned_p50", units),
            by_24_minor=(
                _sum(some, "by_m24_p05", units),
                _sum(some, "by_m24_p50", units),
                _sum(some, "by_m24_p95", units),
            ),
        )
        for month, some in sorted(by_month.items())
    )


def _sum(rows: Sequence[Mapping[str, Any]], name: str, units: int) -> int:
    return round(float(sum(row[name] for row in rows)) * units)


def _ages(rows: Sequence[Mapping[str, Any]], units: int) -> tuple[AgeRow, ...]:
    by_month: dict[str, dict[int, int]] = {}
    orders: dict[str, int] = {}
    for row in rows:
        of = by_month.setdefault(row["month"], {})
        of[row["age"]] = of.get(row["age"], 0) + round(row["brought"] * units)
        orders[row["month"]] = orders.get(row["month"], 0) + row["orders"]
    return tuple(
        AgeRow(month=date.fromisoformat(month), brought_minor=of, orders=orders[month])
        for month, of in sorted(by_month.items())
    )


def _credit(own: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]], units: int) -> tuple[CreditRow, ...]:
    """By rule; the share is of what all channels together caused by that rule."""
    rules = list(dict.fromkeys(row["rule"] for row in every))
    found = []
    for rule in rules:
        rows = [row for row in own if row["rule"] == rule]
        whole = sum(row["caused"] for row in every if row["rule"] == rule)
        caused = sum(row["caused"] for row in rows)
        found.append(
            CreditRow(
                rule=rule,
                credited_minor=_sum(rows, "credited", units),
                caused_minor=_sum(rows, "caused", units),
                share_bp=_bp(caused / whole) if whole else 0,
                verdict=rows[0]["verdict"] if rows else "no_data",
            )
        )
    return tuple(found)
