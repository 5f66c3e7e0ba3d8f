"""Cash on delivery: what a carrier keeps for collecting at the door, how much it takes, and what refusals cost."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.core.errors import Refusal
from haitu.core.landed import Waterfall
from haitu.core.money import half_up, split


class CashNotOffered(Refusal):
    """Not every parcel of the order can be paid at the door."""

    code = "cash_not_offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class CashTerms:
    """What a lane's carrier asks; amounts in minor units of `currency`."""

    currency: str
    fee_fixed_minor: int = 0
    fee_bp: int = 0
    limit_minor: int | None = None
    remittance_days: int = 0
    refusal_fee_minor: int = 0
    refused_bp: int = 0

    def fee(self, amount_minor: int) -> int:
        """What is kept of an amount; never more than all of it."""
        return min(self.fee_fixed_minor + half_up(amount_minor * self.fee_bp, 10_000), amount_minor)

    def takes(self, amount_minor: int, currency: str) -> bool:
        """Whether a parcel may be paid so."""
        return currency == self.currency and (self.limit_minor is None or amount_minor <= self.limit_minor)


def agreed(parcel: tuple[Waterfall, ...], terms: CashTerms) -> tuple[Waterfall, ...]:
    """How a parcel's quoted lines change when it is paid at the door: the carrier's fee for the provider's, and the
    share of parcels expected to be refused times what one that is refused loses (in `returns`).

    A refused parcel earns nothing: freight there and back, duty, storage and traffic are lost with the refusal fee;
    its goods come back.
    """
    prices = [max(line.price, 0) for line in parcel]
    fees = split(terms.fee(sum(prices)), prices)
    turned_back = split(terms.refusal_fee_minor, prices)
    changes = []
    for line, fee, refusal_fee in zip(parcel, fees, turned_back, strict=True):
        earned = line.contribution + line.payment_fee - fee
        lost = line.last_mile * 2 + line.duty + line.import_vat + line.storage + line.traffic + refusal_fee
        expected = half_up(max(earned + lost, 0) * terms.refused_bp, 10_000)
        changes.append(Waterfall(payment_fee=fee - line.payment_fee, returns=expected))
    return tuple(changes)
