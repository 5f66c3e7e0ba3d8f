"""An ad platform's export file as it comes → lines, and what is wrong.

Title lines above the header, totals below and empty columns beside it are passed over. Lines of one day, campaign,
country and kind are summed: a report by ad group, device or hour has many of them. A line that repeats an earlier one
cell for cell is refused: a platform prints every combination of what it divides by once (Google Ads: a row a
combination of segments; Meta: a row a breakdown), so such a file was put together by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from haitu.core.money import minor_units
from haitu.links.ads import figures
from haitu.links.ads.columns import COARSE, FIELDS, NEEDED, TOTALS, currency_of, field_of, heading, kind_of
from haitu.links.ads.lines import Line, NotASpendFile, summed
from haitu.links.reference.table import Problem
from haitu.links.tariffs.countries import country
from haitu.links.tariffs.said import NotAPriceList
from haitu.links.tariffs.workbook import opened

MOST_LINES = 200_000
MOST_MINOR = 10**13
LONGEST = 120
_Wrong = Callable[[str, str], Problem]  # column, what is wanted there
UNKNOWN_COUNTRY = {"unknown", "unspecified", "other", "未知", "unbekannt", "不明", "total", "zz"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the account says: its currency and time zone; `today` there. `order`: a person's word on 1/2/2026.

    `columns`: header → field, said by a person; it wins over what the header is recognised as.
    """

    currency: str
    time_zone: str
    today: date
    order: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file says. `columns`: header → what it was taken for, "" for nothing; `totals`: lines that only add up."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    columns: Mapping[str, str]
    digest: str
    read: int = 0
    totals: int = 0

    @property
    def amount_minor(self) -> int:
        """The sum of all lines."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def days(self) -> tuple[date, ...]:
        """The days that occur, in order."""
        return tuple(sorted({line.day for line in self.lines}))


def read(content: bytes, terms: Terms) -> Reading:
    """The lines that can be read and a problem for each that cannot. Refuses NotASpendFile."""
    sheet, semicolons = _table(content)
    at = heading(sheet)
    if at is None:
        raise NotASpendFile("No line names the columns of a spend report.", why="no_header")
    table = _Table(headers=sheet[at], terms=terms)
    table.check()
    body = list(enumerate(sheet[at + 1 :], start=at + 2))
    if len(body) > MOST_LINES:
        raise NotASpendFile(f"More than {MOST_LINES} lines.", why="too_long", most=MOST_LINES)
    table.learn([cells for _number, cells in body], semicolons=semicolons)
    for number, cells in body:
        table.take(number, cells)
    return Reading(
        lines=summed(table.lines),
        problems=tuple(table.problems),
        columns={header: table.fields.get(at, "") for at, header in enumerate(table.headers) if header},
        digest=hashlib.sha256(content).hexdigest(),
        read=len(table.lines),
        totals=table.totals,
    )


def _table(content: bytes) -> tuple[Sequence[Sequence[str]], bool]:
    """The first sheet with a header in it, and whether semicolons part its cells."""
    try:
        book = opened(content)
    except NotAPriceList as no:
        raise NotASpendFile(f"The file cannot be read: {no.told}", why="unreadable") from None
    sheets = sorted(book.sheets, key=lambda sheet: heading(sheet.rows) is None)
    return sheets[0].rows, not content.startswith(b"PK") and any("“;”" in str(told) for told in book.noticed)


@dataclass(slots=True, kw_only=True)
class _Table:
    """A table being read line by line."""

    headers: Sequence[str]
    terms: Terms
    fields: dict[int, str] = field(default_factory=dict)
    currency: str = ""
    order: str = ""
    signs: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    totals: int = 0
    seen: set[tuple[str, ...]] = field(default_factory=set)
    zone: ZoneInfo = field(init=False)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.terms.time_zone)
        for at, header in enumerate(self.headers):
            meant = self.terms.columns.get(header, field_of(header))
            if meant in FIELDS and meant not in self.fields.values():
                self.fields[at] = meant
                self.currency = self.currency or (currency_of(header) if meant == "amount" else "")

    def check(self) -> None:
        """Refuses a table without a day, a campaign or an amount, and one in another currency."""
        have = set(self.fields.values()) | ({"day"} if {"starts", "ends"} <= set(self.fields.values()) else set())
        missing = [name for name in NEEDED if name not in have]
        if "day" in missing and any(header.strip().lower() in COARSE for header in self.headers):
            raise NotASpendFile("The report is not by day.", why="not_by_day")
        if missing:
            raise NotASpendFile(f"No column for {', '.join(missing)}.", why="no_column", missing=", ".join(missing))
        self._same_currency(self.currency)

    def _same_currency(self, currency: str) -> None:
        if currency and currency != self.terms.currency:
            raise NotASpendFile(
                f"The file is in {currency}, the account in {self.terms.currency}.",
                why="other_currency",
                currency=currency,
                account=self.terms.currency,
            )

    def learn(self, body: Sequence[Sequence[str]], *, semicolons: bool) -> None:
        """How the columns write their numbers and days."""
        for at, name in self.fields.items():
            cells = [cells[at] for cells in body if at < len(cells)]
            if name in {"amount", "impressions", "clicks", "orders", "value"}:
                self.signs[name] = figures.decimal_sign(cells, semicolons=semicolons)
            elif name in {"day", "starts"} and not self.order:
                self.order = self.terms.order or figures.day_order(cells)

    def take(self, number: int, cells: Sequence[str]) -> None:
        """One line: kept, refused, or passed over because it is empty or only adds up."""
        given = {name: cells[at].strip() if at < len(cells) else "" for at, name in self.fields.items()}
        if not any(cells):
            return
        if self._adds_up(given, cells):
            self.totals += 1
            return
        self._same_currency(given.get("currency", "").upper() if len(given.get("currency", "")) == 3 else "")
        found = self._line(number, given)
        if isinstance(found, Problem):
            self.problems.append(found)
            return
        whole = tuple(cells)
        twice = "hour" in given and figures.times(found.day, figures.hour(given["hour"]) or 0, self.zone) == 2
        if whole in self.seen and found.amount_minor and not twice:
            self.problems.append(Problem(line=number, column="", given=" ".join(whole)[:100], wanted="once"))
            return
        self.seen.add(whole)
        self.lines.append(found)

    def _adds_up(self, given: Mapping[str, str], cells: Sequence[str]) -> bool:
        first = next((cell.strip() for cell in cells if cell.strip() not in figures.NONE), "")
        no_day = given.get("day", given.get("starts", "")) in figures.NONE
        return (
            bool(TOTALS.fullmatch(first))
            or (no_day and given["campaign"] in figures.NONE)
            or (given["campaign"] in figures.NONE and not given.get("campaign_id") and "starts" in given)
        )

    def _line(self, number: int, given: Mapping[str, str]) -> Line | Problem:
        def wrong(column: str, wanted: str) -> Problem:
            return Problem(line=number, column=column, given=given.get(column, "")[:100], wanted=wanted)

        day = self._day(given)
        if day is None:
            ambiguous = not self.order and figures.NUMERIC.match(given.get("day", ""))
            return wrong("day" if "day" in given else "starts", "day_order" if ambiguous else "day")
        if day > self.terms.today:
            return wrong("day" if "day" in given else "starts", "not_future")
        if given.get("ends") and "day" not in given and figures.day(given["ends"], self.order) != day:
            return wrong("ends", "one_day")
        if not given["campaign"] and not given.get("campaign_id"):
            return wrong("campaign", "campaign")
        if given.get("hour") and not self._hour(day, given["hour"]):
            return wrong("hour", "hour")
        return self._costed(day, given, wrong)

    def _costed(self, day: date, given: Mapping[str, str], wrong: _Wrong) -> Line | Problem:
        kind = kind_of(given["kind"]) if given.get("kind") else "media"
        land = country(given.get("country", ""))
        if not kind:
            return wrong("kind", "kind")
        if given.get("country") and not land and given["country"].lower() not in UNKNOWN_COUNTRY | figures.NONE:
            return wrong("country", "country")
        values = {name: figures.number(given.get(name, ""), sign) for name, sign in self.signs.items()}
        bad = next((name for name, value in values.items() if value is None), "")
        if bad:
            return wrong(bad, "amount" if bad in {"amount", "value"} else "number")
        sound = {name: value or Decimal(0) for name, value in values.items()}
        unit = minor_units(self.terms.currency)
        amount = figures.rounded(sound["amount"], unit)
        if abs(amount) > MOST_MINOR or any(value > MOST_MINOR for value in sound.values()):
            return wrong("amount", "amount")
        if amount < 0 and kind != "credit":
            return wrong("amount", "not_negative")
        return Line(
            day=day,
            campaign=(given["campaign"] or given.get("campaign_id", ""))[:LONGEST],
            campaign_id=given.get("campaign_id", "").removesuffix(".0")[:40],
            country=land,
            channel=given.get("channel", "")[:60],
            kind=kind,
            amount_minor=amount,
            impressions=max(figures.rounded(sound.get("impressions", Decimal(0)), 1), 0),
            clicks=max(figures.rounded(sound.get("clicks", Decimal(0)), 1), 0),
            orders_milli=max(figures.rounded(sound.get("orders", Decimal(0)), 1000), 0),
            value_minor=max(figures.rounded(sound.get("value", Decimal(0)), unit), 0),
        )

    def _day(self, given: Mapping[str, str]) -> date | None:
        return figures.day(given["day"] if "day" in given else given.get("starts", ""), self.order)

    def _hour(self, day: date, given: str) -> bool:
        hour = figures.hour(given)
        return hour is not None and figures.times(day, hour, self.zone) > 0
