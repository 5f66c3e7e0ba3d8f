"""Rate cards of the demonstration network: parcels from a list, linehaul worked out from distance."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from haitu.core.freight import Break, Surcharge, Tariff
from haitu.core.place import KM_PER_NM

TABLE = Path(__file__).resolve().parents[2] / "data" / "network" / "cards.toml"
ASSUMED = "assumed, see data/network/PROVENANCE.md"
BOXES = {"20GP": 62, "40GP": 96, "40HQ": 100}  # per cent of a 40HQ's price: assumed
LOADED_40HQ_DM3 = 68_000
AIR_BREAKS = (
    (45, 150),
    (100, 125),
    (300, 110),
    (1000, 100),
    (100_000, 92),
)  # up to kg, per cent: SCMS's fall, dampened


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """The dates between which a surcharge holds, in the year of the network's day."""

    first: date
    last: date

    def surcharge(self, code: str, kind: Literal["bp", "per_step", "per_box"], amount: int) -> tuple[Surcharge, ...]:
        """The surcharge, or none where there is no amount."""
        one = Surcharge(code=code, kind=kind, amount=amount, valid_from=self.first, valid_to=self.last)
        return (one,) if amount else ()


class Cards:
    """The table, with the seasons of a year; `factor` multiplies what distance gives."""

    def __init__(self, year: int) -> None:
        table: dict[str, Any] = tomllib.loads(TABLE.read_text())
        self.linehaul: Mapping[str, Mapping[str, float]] = table["linehaul"]
        self.sea_peak = Season(first=date(year, 8, 1), last=date(year, 10, 31))
        self.parcel_peak = Season(first=date(year, 10, 15), last=date(year, 12, 31))
        self.parcels = {row["code"]: self._parcel(row) for row in table["card"]}

    def _parcel(self, row: Mapping[str, Any]) -> Tariff:
        return Tariff(
            code=row["code"],
            currency=row["currency"],
            breaks=tuple(Break(up_to_g=g, base_minor=base, per_step_minor=step) for g, base, step in row["breaks"]),
            divisor_cm3_per_kg=row.get("divisor_cm3_per_kg"),
            step_g=row["step_g"],
            fuel_bp=row.get("fuel_bp", 0),
            max_weight_g=row.get("max_weight_g"),
            max_side_mm=row.get("max_side_mm"),
            assumed=True,
            source=row.get("source", ASSUMED),
            surcharges=self.parcel_peak.surcharge("peak", "per_box", row.get("peak_minor", 0)),
        )

    def dwell_days(self, mode: str) -> int:
        """Days at both ends together."""
        return int(self.linehaul[mode]["dwell_days"])

    def containers(self, code: str, mode: str, distance_km: int, factor: float) -> Tariff:
        """Whole containers: by sea per nautical mile, by rail per kilometre."""
        figures = self.linehaul[mode]
        if mode == "sea":
            whole = figures["base_usd_minor"] + figures["usd_minor_per_100nm"] * distance_km / KM_PER_NM / 100
        else:
            whole = figures["base_usd_minor"] + figures["usd_minor_per_100km"] * distance_km / 100
        prices = tuple((kind, round(whole * factor * share / 100)) for kind, share in BOXES.items())
        return Tariff(
            code=code,
            currency="USD",
            breaks=(),
            basis="box",
            box_minor=prices,
            assumed=True,
            source=ASSUMED,
            surcharges=self.sea_peak.surcharge("peak", "per_box", int(figures.get("peak_usd_minor", 0))),
        )

    def shared(self, code: str, full: Tariff) -> Tariff:
        """A part of a container, by the revenue ton: the greater of a cubic metre and 1,000 kg, at least one tenth."""
        by_kind = dict(full.box_minor)
        share_bp = int(self.linehaul["sea"]["lcl_share_bp"])
        per_100dm3 = round(by_kind["40HQ"] * 100 * share_bp / LOADED_40HQ_DM3 / 10_000)
        return replace(
            full,
            code=code,
            basis="weight",
            box_minor=(),
            divisor_cm3_per_kg=1_000,
            step_g=100_000,
            breaks=(Break(up_to_g=30_000_000, base_minor=3_500, per_step_minor=per_100dm3),),
            surcharges=(),
        )

    def by_weight(self, code: str, mode: str, distance_km: int, factor: float) -> Tariff:
        """Air and road: so much a kilogram, by air falling with weight."""
        figures = self.linehaul[mode]
        per_kg = (figures["base_usd_minor"] + figures["usd_minor_per_100km"] * distance_km / 100) * factor
        steps = AIR_BREAKS if mode == "air" else ((30_000, 100),)
        return Tariff(
            code=code,
            currency="USD",
            divisor_cm3_per_kg=6_000 if mode == "air" else 3_000,
            step_g=1_000,
            minimum_minor=5_000,
            fuel_bp=int(figures.get("fuel_bp", 0)),
            breaks=tuple(
                Break(up_to_g=kg * 1_000, base_minor=0, per_step_minor=max(1, round(per_kg * share / 100)))
                for kg, share in steps
            ),
            assumed=True,
            source=ASSUMED,
            surcharges=self.parcel_peak.surcharge("peak", "bp", int(figures.get("peak_bp", 0))),
        )
