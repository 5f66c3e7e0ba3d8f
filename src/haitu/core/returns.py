"""Returns: what the buyer may send back and until when, what comes back of the money, what becomes of the goods.

A rule is the law of a country or a merchant's own word. Together they are the terms: whichever is better for the
buyer holds, so that no policy falls below the law. Where the law itself yields to the merchant's word, the word holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.money import half_up
from haitu.core.territory import vat_area_of

WHOLE_BP = 10_000


class TooLate(Refusal):
    """The days for sending it back are over."""

    code = "return_too_late"


class NotTakenBack(Refusal):
    """There is no right to send these goods back for this reason here, and the merchant grants none."""

    code = "not_taken_back"


class Reason(StrEnum):
    """Why it comes back."""

    UNWANTED = "unwanted"
    UNFIT = "unfit"
    DAMAGED = "damaged"
    FAULTY = "faulty"
    WRONG = "wrong"
    UNLIKE = "unlike"


OUR_FAULT = frozenset({Reason.DAMAGED, Reason.FAULTY, Reason.WRONG, Reason.UNLIKE})


class Exclusion(StrEnum):
    """Kinds of goods that need not be taken back when they are merely not wanted."""

    HYGIENE = "hygiene"
    SEALED = "sealed"
    CUSTOM = "custom"
    PERISHABLE = "perishable"


class Grade(StrEnum):
    """As new; opened; damaged; missing or something else in the box."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Fate(StrEnum):
    """What becomes of a piece: sold again here or elsewhere, destroyed, given away; nothing came, nothing becomes."""

    RESELL = "resell"
    MOVE = "move"
    DESTROY = "destroy"
    DONATE = "donate"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRule:
    """A dated rule. `country` "EU" is all members, "" every market of the merchant (`own` rules only).

    `window_days` after delivery goods may come back unwanted, 0: not at all; `fault_days` when we are at fault.
    `restocking_bp` of the goods' price may be kept when unwanted, `wear_bp` for use beyond trying.
    `yields`: a law that stands back where the merchant has a rule of their own. `by_hand`: a person approves.
    """

    country: str
    window_days: int
    fault_days: int
    way_back_free: bool
    outbound_back: bool
    restocking_bp: int
    wear_bp: int
    excludes: frozenset[Exclusion] = frozenset()
    yields: bool = False
    own: bool = False
    by_hand: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTerms:
    """What holds for an order, frozen when the buyer asks. Names as in ReturnRule.

    `free_days`: so long the law grants the way back of what is not wanted, and nobody needs to approve it.
    """

    window_days: int
    fault_days: int
    way_back_free: bool
    outbound_back: bool
    restocking_bp: int
    wear_bp: int
    excludes: tuple[str, ...]
    by_hand: bool
    free_days: int
    sources: tuple[str, ...]


def terms(rules: Iterable[ReturnRule], country: str, *, on: date) -> ReturnTerms:
    """The law of the country and the merchant's word, the better for the buyer of each."""
    standing = [rule for rule in rules if in_force(rule, on)]
    area = vat_area_of(country, on)
    law = _nearest([rule for rule in standing if not rule.own], (country, area))
    word = _nearest([rule for rule in standing if rule.own], (country, area, ""))
    if law is None or (law.yields and word is not None):
        return _terms(word, word) if word is not None else NO_RIGHTS
    return _terms(law, word)


NO_RIGHTS = ReturnTerms(
    window_days=0,
    fault_days=0,
    way_back_free=False,
    outbound_back=False,
    restocking_bp=0,
    wear_bp=0,
    excludes=(),
    by_hand=True,
    free_days=0,
    sources=(),
)


def _nearest(rules: Sequence[ReturnRule], places: Sequence[str]) -> ReturnRule | None:
    """The youngest rule of the first place that has one."""
    for place in places:
        found = max((rule for rule in rules if rule.country == place), key=since, default=None)
        if found is not None:
            return found
    return None


def _terms(law: ReturnRule, word: ReturnRule | None) -> ReturnTerms:
    """Never below the law; without a word nothing is kept that the law only allows to be kept."""
    excludes = law.excludes if word is None else law.excludes & word.excludes
    return ReturnTerms(
        window_days=max(law.window_days, word.window_days if word else 0),
        fault_days=max(law.fault_days, word.fault_days if word else 0),
        way_back_free=law.way_back_free or (word is not None and word.way_back_free),
        outbound_back=law.outbound_back or (word is not None and word.outbound_back),
        restocking_bp=min(law.restocking_bp, word.restocking_bp) if word else 0,
        wear_bp=min(law.wear_bp, word.wear_bp) if word else law.wear_bp,
        excludes=tuple(sorted(excludes)),
        by_hand=word is not None and word.by_hand,
        free_days=0 if law.own else law.window_days,
        sources=tuple(dict.fromkeys(rule.source for rule in (law, word) if rule is not None and rule.source)),
    )


def last_day(given: ReturnTerms, reason: Reason, delivered_on: date) -> date:
    """The last day on which goods delivered then may be asked back for that reason."""
    days = given.fault_days if reason in OUR_FAULT else given.window_days
    return delivered_on + timedelta(days)


def check(
    given: ReturnTerms, reason: Reason, kinds: Iterable[str], *, delivered_on: date | None, on: date
) -> date | None:
    """The last day, None while it has not been delivered; refuses TooLate and NotTakenBack."""
    ours = reason in OUR_FAULT
    barred = sorted(set(kinds) & set(given.excludes))
    if not ours and barred:
        raise NotTakenBack(f"Goods of this kind ({', '.join(barred)}) are not taken back.", kinds=", ".join(barred))
    if not (given.fault_days if ours else given.window_days):
        raise NotTakenBack("Goods are not taken back for this reason here.", kinds="")
    if delivered_on is None:
        return None
    last = last_day(given, reason, delivered_on)
    if on > last:
        raise TooLate(f"It could be sent back until {last}.", last=last)
    return last


def needs_approval(given: ReturnTerms, reason: Reason, *, delivered_on: date | None, on: date) -> bool:
    """Whether a person says yes first: never inside the days that the law grants."""
    if not given.by_hand:
        return False
    if reason in OUR_FAULT or not given.free_days:
        return True
    return delivered_on is not None and on > delivered_on + timedelta(given.free_days)


# Money -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPart:
    """What the buyer paid for one piece: for the thing, and its share of the way out."""

    goods_minor: int
    outbound_minor: int


def money_back(
    paid: PaidPart, given: ReturnTerms, *, grade: Grade, reason: Reason, keep_bp: int, whole_order: bool
) -> tuple[int, tuple[Why, ...]]:
    """What goes back for a piece, and each part that does not, told. `keep_bp`: for its grade, as the merchant says.

    At fault, we give all back whatever the grade. Nothing goes back for what did not come. The way out goes back with
    the whole order, where the terms say so.
    """
    if grade == Grade.D:
        return 0, (Why(code="nothing_came", told="It was not in the parcel."),)
    if reason in OUR_FAULT:
        return paid.goods_minor + paid.outbound_minor, ()
    kept = list[Why]()
    worn_minor = half_up(paid.goods_minor * min(keep_bp, given.wear_bp), WHOLE_BP)
    fee_minor = min(half_up(paid.goods_minor * given.restocking_bp, WHOLE_BP), paid.goods_minor - worn_minor)
    if worn_minor:
        kept.append(Why(code="kept_for_wear", told="Kept for wear.", given={"minor": worn_minor}))
    if fee_minor:
        kept.append(Why(code="kept_as_fee", told="Restocking fee.", given={"minor": fee_minor}))
    back = paid.goods_minor - worn_minor - fee_minor
    if given.outbound_back and whole_order:
        return back + paid.outbound_minor, tuple(kept)
    if paid.outbound_minor:
        kept.append(Why(code="kept_outbound", told="Delivery.", given={"minor": paid.outbound_minor}))
    return back, tuple(kept)


# Goods -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One thing that could become of a piece, in minor units of the merchant's base currency, costs positive."""

    fate: Fate
    warehouse_id: int | None = None
    warehouse: str = ""
    lane_id: int | None = None
    price_minor: int = 0
    lane_minor: int = 0
    storage_minor: int = 0
    handling_minor: int = 0
    selling_minor: int = 0
    fee_minor: int = 0

    @property
    def costs_minor(self) -> int:
        """All that it costs."""
        return self.lane_minor + self.storage_minor + self.handling_minor + self.selling_minor + self.fee_minor

    @property
    def contribution_minor(self) -> int:
        """What it leaves."""
        return self.price_minor - self.costs_minor

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.fate}:{self.warehouse_id or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A place where a piece could be sold again: its new price there without tax, and what lying and going cost."""

    warehouse_id: int
    warehouse: str
    here: bool
    price_minor: int
    storage_minor: int
    lane_id: int | None = None
    lane_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCosts:
    """What a merchant reckons with, per piece, in base currency. Price and keep: basis points of the new price."""

    price_b_bp: int
    price_c_bp: int
    keep_b_bp: int
    keep_c_bp: int
    selling_bp: int
    handling_minor: int
    destroy_minor: int
    donate_minor: int
    assumed: bool = False

    def price_bp(self, grade: Grade) -> int:
        """What share of the new price a piece of that grade brings."""
        return {Grade.A: WHOLE_BP, Grade.B: self.price_b_bp, Grade.C: self.price_c_bp}.get(grade, 0)

    def keep_bp(self, grade: Grade) -> int:
        """What share of the paid price is kept for a piece of that grade."""
        return {Grade.B: self.keep_b_bp, Grade.C: self.keep_c_bp}.get(grade, 0)


ORDER = (Fate.RESELL, Fate.MOVE, Fate.DONATE, Fate.DESTROY, Fate.NOTHING)


def ways(grade: Grade, shelves: Iterable[Shelf], costs: ReturnCosts) -> tuple[Way, ...]:
    """What could become of a piece, the best contribution first; of equals the one that moves it least.

    What it once cost is gone and the same for all, so it is not in here. Without a shelf it can still go.
    """
    if grade == Grade.D:
        return (Way(fate=Fate.NOTHING),)
    found = [
        Way(fate=Fate.DESTROY, fee_minor=costs.destroy_minor, handling_minor=costs.handling_minor),
        Way(fate=Fate.DONATE, fee_minor=costs.donate_minor, handling_minor=costs.handling_minor),
    ]
    for shelf in shelves:
        price_minor = half_up(shelf.price_minor * costs.price_bp(grade), WHOLE_BP)
        found.append(
            Way(
                fate=Fate.RESELL if shelf.here else Fate.MOVE,
                warehouse_id=shelf.warehouse_id,
                warehouse=shelf.warehouse,
                lane_id=shelf.lane_id,
                price_minor=price_minor,
                lane_minor=shelf.lane_minor,
                storage_minor=shelf.storage_minor,
                handling_minor=costs.handling_minor,
                selling_minor=half_up(price_minor * costs.selling_bp, WHOLE_BP),
            )
        )
    return tuple(sorted(found, key=lambda way: (-way.contribution_minor, ORDER.index(way.fate), way.warehouse)))
