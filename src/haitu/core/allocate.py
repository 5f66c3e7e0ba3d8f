"""A freight bill shared among the goods it was paid for: by volume, weight, value, units, or as somebody typed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from haitu.core.errors import Refusal
from haitu.core.money import split

Measure = Literal["volume", "weight", "value", "units", "actuals"]


class UnknownMeasure(Refusal):
    """Goods lack the measure by which the bill is shared; they are never taken as weightless."""

    code = "unknown_measure"


class NothingToShareBy(Refusal):
    """No goods are there, or all of them measure nothing."""

    code = "nothing_to_share_by"


class ActualsDoNotSum(Refusal):
    """The amounts typed by hand do not make up the bill."""

    code = "actuals_do_not_sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Some units of one SKU in a shipment; measures of one unit, value and typed actual amount of all of them."""

    sku: str
    units: int
    weight_g: int | None = None
    volume_mm3: int | None = None
    value_minor: int | None = None
    actual_minor: int | None = None

    def measured(self, by: Measure) -> int | None:
        """What counts for these goods, None where it is not known; a weight or size of 0 is not known."""
        match by:
            case "units":
                return self.units
            case "value":
                return self.value_minor
            case "actuals":
                return self.actual_minor
            case "weight":
                return self.units * self.weight_g if self.weight_g else None
            case "volume":
                return self.units * self.volume_mm3 if self.volume_mm3 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """An amount to be shared; `only` names the SKUs it was paid for, all of them where it is empty."""

    total_minor: int
    by: Measure
    only: frozenset[str] = frozenset()


def allocate(total_minor: int, shares: Sequence[Share], *, by: Measure) -> tuple[int, ...]:
    """Each goods' part of the bill, in order; the parts sum to it, each less than one unit from the exact one.

    Typed actuals are kept as they are typed and must make up the bill.
    """
    measures = [_measure(share, by) for share in shares]
    if by == "actuals":
        _check_actuals(total_minor, measures)
        return tuple(measures)
    if not any(measures):
        raise NothingToShareBy(
            f"{total_minor} cannot be shared by {by}: there is none.", field="by", by=by, total_minor=total_minor
        )
    return split(total_minor, measures)


def allocate_bills(bills: Iterable[Bill], shares: Sequence[Share]) -> tuple[int, ...]:
    """What all bills together put on each goods; a bill for some of them stays with those."""
    sums = [0] * len(shares)
    for bill in bills:
        places = [place for place, share in enumerate(shares) if not bill.only or share.sku in bill.only]
        parts = allocate(bill.total_minor, [shares[place] for place in places], by=bill.by)
        for place, part in zip(places, parts, strict=True):
            sums[place] += part
    return tuple(sums)


def _measure(share: Share, by: Measure) -> int:
    measured = share.measured(by)
    if measured is None:
        raise UnknownMeasure(
            f"{share.sku} has no {by.removesuffix('s')}; the bill cannot be shared by {by}.",
            field=by,
            sku=share.sku,
            by=by,
        )
    return measured


def _check_actuals(total_minor: int, actuals: Sequence[int]) -> None:
    if sum(actuals) != total_minor:
        raise ActualsDoNotSum(
            f"The amounts typed sum to {sum(actuals)}, the bill is {total_minor}.",
            field="actuals",
            typed_minor=sum(actuals),
            total_minor=total_minor,
        )
