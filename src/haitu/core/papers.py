"""What stands on the papers that travel with goods: commercial invoice, packing list, CN22 or CN23, pick list.

Values are those of the sale without the destination's tax, for that is what customs ask for; the parts of several
parcels sum to the order's lines to the last minor unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from haitu.core.errors import Refusal
from haitu.core.money import part
from haitu.core.tax import tax_inside

# UPU Convention Manual, Parcel Post and Letter Post Regulations: CN22 up to 300 SDR and 2 kg, above that CN23.
# An SDR has been worth more than a euro on every day since 1999, so 300 EUR is never above 300 SDR.
CN22_EUR_CENTS = 300_00
CN22_GRAMS = 2_000
CN22_LINES = 3  # what the label has room for

CustomsForm = Literal["CN22", "CN23"]


class PaperIncomplete(Refusal):
    """Something that customs need is not known; the sentence says what and of which goods."""

    code = "paper_incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who sends or receives; `ids` are registrations such as ("IOSS", "IM3720000001") or ("EORI", "...")."""

    name: str
    lines: tuple[str, ...]
    country: str
    phone: str = ""
    email: str = ""
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """Goods in the parcel; value and weight of all units of the line together, without tax, without packing."""

    sku: str
    description: str
    hs_code: str
    origin_country: str
    quantity: int
    value_minor: int
    weight_g: int | None
    place: str = ""  # where it lies, for the pick list


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """One parcel on paper. `gross_g`: as weighed or, else, its goods together."""

    number: str
    on: date
    sender: Party
    receiver: Party
    lines: tuple[PaperLine, ...]
    currency: str
    freight_minor: int
    incoterm: str
    gross_g: int | None = None
    boxes: int = 1
    carrier: str = ""
    waybill: str = ""

    @property
    def goods_minor(self) -> int:
        """The value of the goods."""
        return sum(line.value_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        """Goods and freight."""
        return self.goods_minor + self.freight_minor

    @property
    def units(self) -> int:
        """All pieces."""
        return sum(line.quantity for line in self.lines)

    @property
    def net_g(self) -> int | None:
        """The goods' own weight, None where one is not known."""
        weights = [line.weight_g for line in self.lines]
        return None if any(weight is None for weight in weights) else sum(weight or 0 for weight in weights)


def net_part(amount_minor: int, tax_bp: int, *, start: int, stop: int, whole: int) -> int:
    """The value without the tax inside it of the units from `start` to `stop` of `whole`; parts end to end sum up."""
    return part(amount_minor - tax_inside(amount_minor, tax_bp), start, stop, whole)


def customs_form(papers: Papers, value_eur_cents: int) -> CustomsForm:
    """Which postal declaration the parcel needs; the greater one where its weight is not known."""
    weight_g = papers.gross_g if papers.gross_g is not None else papers.net_g
    small = value_eur_cents <= CN22_EUR_CENTS and weight_g is not None and weight_g <= CN22_GRAMS
    return "CN22" if small and len(papers.lines) <= CN22_LINES else "CN23"


def check_for_customs(papers: Papers) -> None:
    """Refuse papers that a customs officer would send back: no code, no origin, no weight, no value, no sender."""
    for line in papers.lines:
        for name, missing in (
            ("HS code", not line.hs_code),
            ("country of origin", not line.origin_country),
            ("weight", not line.weight_g),
        ):
            if missing:
                raise PaperIncomplete(f"{line.sku} has no {name}.", field="lines", sku=line.sku, missing=name)
    for party, whom in ((papers.sender, "sender"), (papers.receiver, "receiver")):
        if not party.name or not party.lines:
            raise PaperIncomplete(f"The {whom} has no name or address.", field=whom, sku=whom, missing="address")
