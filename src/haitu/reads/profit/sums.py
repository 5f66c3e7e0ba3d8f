"""The waterfall of any slice: what was earned, beside what was quoted.

Sums come from EntryWeek up to its mark and from the entries above it, in one statement, so they are exact at any time.
All money here is in the merchant's base currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import add
from typing import Any, NamedTuple

from django.db import connection

from haitu.core.landed import STEPS, Waterfall
from haitu.core.ledger import LAST_PROFIT_AND_LOSS, LAST_STEP, Account, Book, monday_of
from haitu.core.money import half_up
from haitu.models import Grain
from haitu.reads.profit.slice import ALL, FIRST_UNSUMMED, OPEN, By, Slice, key, where

SUMS = (*STEPS, "shrinkage")
NAMES = {
    By.MARKET: "SELECT id, country FROM haitu_market",
    By.SKU: "SELECT id, sku FROM haitu_variant",
    By.OUTLET: "SELECT id, name FROM haitu_outlet",
    By.LANE: "SELECT id, code FROM haitu_lane",
    By.ORDER: "SELECT id, number FROM haitu_order",
    By.LINE: "SELECT id, sku FROM haitu_orderline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A waterfall, and the part of each step that rests on an assumption."""

    waterfall: Waterfall = field(default_factory=Waterfall)
    assumed: Waterfall = field(default_factory=Waterfall)

    def assumed_bp(self, step: str) -> int:
        """How much of a step is assumed, in hundredths of a percent of all that moved in it."""
        assumed = abs(getattr(self.assumed, step))
        known = abs(getattr(self.waterfall, step) - getattr(self.assumed, step))
        return half_up(assumed * 10_000, assumed + known) if assumed else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitRow:
    """What a slice earned, beside what it was quoted to earn.

    To compare like with like, set `actual` less `history` (imported, never quoted) beside `quoted` less `open` (quoted,
    the goods have not left). Costs booked to no order stand in `actual` alone. `entries` were summed.
    """

    key: int | str
    label: str
    actual: Figures
    history: Waterfall
    quoted: Figures
    open: Waterfall
    shrinkage_minor: int
    entries: int

    @property
    def contribution_minor(self) -> int:
        """What is left, after stock that was lost or found."""
        return self.actual.waterfall.contribution - self.shrinkage_minor

    @property
    def comparable_actual(self) -> Waterfall:
        """What came of the orders that were quoted and left."""
        return self.actual.waterfall + -self.history

    @property
    def comparable_quoted(self) -> Waterfall:
        """What those orders were quoted to bring."""
        return self.quoted.waterfall + -self.open


def waterfall(
    merchant_id: int, by: By | None = None, *, of: Slice = ALL, top: int | None = None
) -> tuple[ProfitRow, ...]:
    """One row (by None) or one for each week, market ...: weeks in order, the rest by contribution, best first."""
    sums: dict[int | str, _Sum] = {}
    for summed in _summed(merchant_id, by, of):
        sums.setdefault(summed.key, _Sum()).add(summed)
    for slot, steps in _open(merchant_id, by, of):
        _add(sums.setdefault(slot, _Sum()).open, steps)
    if by is None and not sums:
        sums[""] = _Sum()
    slots = (
        sorted(sums) if by is By.WEEK else sorted(sums, key=lambda slot: (-sums[slot].contribution_minor, str(slot)))
    )
    labels = _labels(merchant_id, by, slots[:top])
    return tuple(sums[slot].row(slot, labels.get(slot, str(slot or ""))) for slot in slots[:top])


class _Summed(NamedTuple):
    """A group of entries, summed; steps as in SUMS."""

    key: int | str
    book: int
    assumed: bool
    history: bool
    entries: int
    steps: list[int]


@dataclass(slots=True)
class _Sum:
    """Running sums of one row: book × assumed, and two side sums."""

    steps: dict[tuple[int, bool], list[int]] = field(default_factory=dict)
    history: list[int] = field(default_factory=lambda: [0] * len(SUMS))
    open: list[int] = field(default_factory=lambda: [0] * len(STEPS))
    entries: int = 0

    def add(self, more: _Summed) -> None:
        self.entries += more.entries
        which = (more.book, more.assumed)
        if which in self.steps:
            _add(self.steps[which], more.steps)
        else:
            self.steps[which] = list(more.steps)
        if more.history and more.book == Book.ACTUAL:
            _add(self.history, more.steps)

    @property
    def contribution_minor(self) -> int:
        return sum(2 * sums[0] - sum(sums) for (book, _), sums in self.steps.items() if book == Book.ACTUAL)

    def row(self, key: int | str, label: str) -> ProfitRow:
        return ProfitRow(
            key=key,
            label=label,
            actual=self._figures(Book.ACTUAL),
            history=_steps(self.history),
            quoted=self._figures(Book.QUOTED),
            open=_steps(self.open),
            shrinkage_minor=self._sums(Book.ACTUAL, assumed=False)[-1] + self._sums(Book.ACTUAL, assumed=True)[-1],
            entries=self.entries,
        )

    def _figures(self, book: Book) -> Figures:
        assumed, known = self.steps.get((book, True)), self.steps.get((book, False))
        both = list(map(add, assumed, known)) if assumed and known else assumed or known
        if not both:
            return NO_FIGURES
        return Figures(waterfall=_steps(both), assumed=_steps(assumed) if assumed else NOTHING)

    def _sums(self, book: Book, *, assumed: bool) -> list[int]:
        return self.steps.get((book, assumed), [0] * len(SUMS))


def _add(total: list[int], more: Sequence[int]) -> None:
    total[:] = map(add, total, more)


NOTHING = Waterfall()
NO_FIGURES = Figures()


def _steps(sums: Sequence[int]) -> Waterfall:
    return Waterfall.from_list(sums[: len(STEPS)]) if any(sums) else NOTHING


# Sums ----------------------------------------------------------------------------------------------------------------


def _summed(merchant_id: int, by: By | None, of: Slice) -> Iterator[_Summed]:
    """Both sources in one statement: neither a sale nor a roll-up can come between them."""
    of_entries, given = where(of, nullable=True)
    base_sums = ", ".join(["CAST(SUM(e.base_minor) AS bigint)", *["0"] * (len(SUMS) - 1)])
    above_the_mark = "" if _reads_entries(by, of) else f"AND e.id >= {FIRST_UNSUMMED}"
    sql = f"""
        SELECT {key(by, nullable=True)}, e.book, e.assumed, COALESCE(o.history, %s), e.account, COUNT(*), {base_sums}
        FROM haitu_entry e LEFT JOIN haitu_order o ON o.id = e.order_id
        WHERE e.merchant_id = %s AND e.account <= {LAST_PROFIT_AND_LOSS.value} {above_the_mark} {of_entries}
        GROUP BY 1, 2, 3, 4, 5
    """  # noqa: S608  # our own names; values are parameters
    parameters: list[Any] = [False, merchant_id, *given]
    if not _reads_entries(by, of):
        more, given = _rolled_up(merchant_id, by, of)
        sql += f" UNION ALL {more}"
        parameters += given
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        for slot, book, assumed, history, account, entries, *sums in cursor.fetchall():
            steps = sums if account == 0 else _alone(account, sums[0])
            yield _Summed(slot, book, bool(assumed), bool(history), int(entries), steps)


def _rolled_up(merchant_id: int, by: By | None, of: Slice) -> tuple[str, list[Any]]:
    """The part below the mark. Sums over everything but the variant are there as they are asked for."""
    grain, (of_weeks, given) = _grain(by, of), where(of, nullable=False)
    grouped = grain is not Grain.VARIANT
    sums = [f"CAST(SUM(e.{step}) AS bigint)" if grouped else f"e.{step}" for step in ("entries", *SUMS)]
    sql = f"""
        SELECT {key(by, nullable=False)}, e.book, e.assumed, e.history, 0, {", ".join(sums)}
        FROM haitu_entryweek e WHERE e.merchant_id = %s AND e.grain = {grain.value} {of_weeks}
        {"GROUP BY 1, 2, 3, 4" if grouped else ""}
    """  # noqa: S608  # our own names; values are parameters
    return sql, [merchant_id, *given]


def _alone(account: int, base_minor: int) -> list[int]:
    """One account's sum as steps, with the waterfall's sign."""
    steps = [0] * len(SUMS)
    steps[account - 1] = -base_minor if account == Account.PRICE else base_minor
    return steps


def _open(merchant_id: int, by: By | None, of: Slice) -> Iterator[tuple[int | str, list[int]]]:
    """The quoted steps of what has not left: whole orders, and of those that left in part the units still here."""
    of_entries, given = where(of, nullable=True)
    sql = f"""
        SELECT {key(by, nullable=True)}, e.account, e.line_id, COALESCE(l.quantity, 1), COALESCE(l.shipped, 0),
            SUM(e.base_minor)
        FROM haitu_order o
        JOIN haitu_entry e ON e.order_id = o.id
        LEFT JOIN haitu_orderline l ON l.id = e.line_id
        WHERE o.merchant_id = %s AND o.status IN ({", ".join(["%s"] * len(OPEN))})
            AND e.merchant_id = o.merchant_id AND e.book = {Book.QUOTED.value} AND e.account <= {LAST_STEP.value}
            {of_entries}
        GROUP BY 1, 2, 3, 4, 5
    """  # noqa: S608  # our own names; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, [merchant_id, *OPEN, *given])
        for slot, account, _, quantity, shipped, base_minor in cursor.fetchall():
            steps = _alone(account, int(base_minor) - half_up(int(base_minor) * shipped, quantity))
            yield slot, steps[: len(STEPS)]


def _reads_entries(by: By | None, of: Slice) -> bool:
    return by in (By.ORDER, By.LINE) or of.reads_entries


def _grain(by: By | None, of: Slice) -> Grain:
    """The coarsest sums that can tell."""
    if by is not By.SKU and of.variant_id is None:
        return Grain.WEEK
    of_nothing_else = replace(of, variant_id=None) == ALL
    return Grain.VARIANT if by in (By.SKU, None) and of_nothing_else else Grain.WEEK_AND_VARIANT


def _labels(merchant_id: int, by: By | None, keys: Sequence[int | str]) -> dict[Any, str]:
    """What people call the keys: a week its Monday, an id the name of its row."""
    if by is By.WEEK:
        return {key: monday_of(int(key)).isoformat() for key in keys}
    return _names(by, merchant_id, keys) if by in NAMES else {}


def _names(by: By, merchant_id: int, keys: Sequence[int | str]) -> dict[Any, str]:
    names: dict[Any, str] = {}
    with connection.cursor() as cursor:
        for some in (keys[start : start + 1_000] for start in range(0, len(keys), 1_000)):
            places = ", ".join(["%s"] * len(some))
            cursor.execute(f"{NAMES[by]} WHERE merchant_id = %s AND id IN ({places})", [merchant_id, *some])
            names |= dict(cursor.fetchall())
    return names
