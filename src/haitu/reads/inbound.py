"""How the costs of a load are shared among its lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from haitu.core.allocate import Measure, Share, allocate
from haitu.models import Inbound, InboundLine

MEASURES: tuple[Measure, ...] = get_args(Measure)


def shares_of(inbound: Inbound, lines: Sequence[InboundLine]) -> dict[int, int]:
    """Line id → its part of freight (by what the load says) and duty (by value), as announced, in base currency.

    `lines` with their variants. Refuses UnknownMeasure where the goods lack what the freight is shared by.
    """
    shares = [
        Share(
            sku=line.variant.sku,
            units=line.quantity,
            weight_g=line.variant.weight_g,
            volume_mm3=(line.variant.length_mm or 0) * (line.variant.width_mm or 0) * (line.variant.height_mm or 0),
            value_minor=line.goods_value_minor,
        )
        for line in lines
    ]
    by = next(measure for measure in MEASURES if measure == inbound.share_by)
    freight = _parts(inbound.freight_minor, shares, by)
    duty = _parts(inbound.duty_minor, shares, "value")
    return {line.pk: f + d for line, f, d in zip(lines, freight, duty, strict=True)}


def _parts(total_minor: int, shares: Sequence[Share], by: Measure) -> tuple[int, ...]:
    if not total_minor:
        return (0,) * len(shares)
    if by == "value" and not any(share.value_minor for share in shares):
        by = "units"  # goods worth nothing on paper, or a transfer that has not left: each unit alike
    return allocate(total_minor, shares, by=by)
