"""THE formula: what is left of a price after everything it took to bring the goods to the buyer.

The same code is exact on an int and on an int64 column (numpy, polars' arrays): only + − × and floor division are
used, through `half_up`. The types say int; a column serves wherever an int does, mixed with ints as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from haitu.core.money import half_up, part
from haitu.core.tax import tax_inside, tax_on_top

STEPS = (
    "price",
    "tax",
    "goods",
    "inbound",
    "duty",
    "import_vat",
    "storage",
    "last_mile",
    "outlet_fee",
    "payment_fee",
    "returns",
    "traffic",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A price and what it cost, step by step, in minor units of one currency; costs are positive.

    `price` is all the buyer pays, with shipping, duty and tax; `tax` what the seller remits of it.
    """

    price: int = 0
    tax: int = 0
    goods: int = 0
    inbound: int = 0
    duty: int = 0
    import_vat: int = 0
    storage: int = 0
    last_mile: int = 0
    outlet_fee: int = 0
    payment_fee: int = 0
    returns: int = 0
    traffic: int = 0

    @property
    def costs(self) -> int:
        """Everything between the price and the contribution."""
        return (
            self.tax
            + self.goods
            + self.inbound
            + self.duty
            + self.import_vat
            + self.storage
            + self.last_mile
            + self.outlet_fee
            + self.payment_fee
            + self.returns
            + self.traffic
        )

    @property
    def contribution(self) -> int:
        """What is left."""
        return self.price - self.costs

    def __add__(self, other: Waterfall) -> Waterfall:
        """Step by step."""
        return Waterfall(**{step: getattr(self, step) + getattr(other, step) for step in STEPS})

    def __neg__(self) -> Waterfall:
        """What takes it back."""
        return Waterfall(**{step: -getattr(self, step) for step in STEPS})

    def part(self, start: int, stop: int, whole: int) -> Waterfall:
        """What belongs to the units from `start` to `stop` of `whole`: parts laid end to end sum to the waterfall."""
        return Waterfall(**{step: part(getattr(self, step), start, stop, whole) for step in STEPS})

    def as_list(self) -> list[int]:
        """The steps in order, as the database keeps them."""
        return [getattr(self, step) for step in STEPS]

    @classmethod
    def from_list(cls, values: Sequence[int]) -> Waterfall:
        """The inverse of `as_list`."""
        return cls(**dict(zip(STEPS, values, strict=True)))


def landed(
    *,
    charged_minor: int,
    tax_rate_bp: int = 0,
    tax_included: bool = False,
    added_minor: int = 0,
    goods_minor: int = 0,
    inbound_minor: int = 0,
    duty_minor: int = 0,
    import_vat_minor: int = 0,
    volume_cm3: int = 0,
    storage_days: int = 0,
    storage_milli_per_m3_day: int = 0,
    last_mile_minor: int = 0,
    outlet_fee_bp: int = 0,
    payment_fee_bp: int = 0,
    payment_fixed_minor: int = 0,
    returns_bp: int = 0,
    traffic_minor: int = 0,
) -> Waterfall:
    """The waterfall of some units; all amounts in minor units of the currency the buyer pays in.

    `charged_minor`: shelf price × quantity and the share of shipping. `tax_rate_bp`: the tax the seller remits on it
    (0 where the border collects it), inside it if `tax_included`, else on top. `added_minor`: duty and import VAT
    charged apart. `storage_milli_per_m3_day`: thousandths of a minor unit, so that a tariff keeps its digits when it
    changes currency. Fees are a share of all the buyer pays; returns are a share of it without tax.
    """
    if tax_included:
        tax_minor = tax_inside(charged_minor, tax_rate_bp)
        price_minor = charged_minor + added_minor
    else:
        tax_minor = tax_on_top(charged_minor, tax_rate_bp)
        price_minor = charged_minor + tax_minor + added_minor
    return Waterfall(
        price=price_minor,
        tax=tax_minor,
        goods=goods_minor,
        inbound=inbound_minor,
        duty=duty_minor,
        import_vat=import_vat_minor,
        storage=half_up(volume_cm3 * (storage_days * storage_milli_per_m3_day), 10**9),  # cm³ in a m³ × milli
        last_mile=last_mile_minor,
        outlet_fee=half_up(price_minor * outlet_fee_bp, 10_000),
        payment_fee=half_up(price_minor * payment_fee_bp, 10_000) + payment_fixed_minor,
        returns=half_up((price_minor - tax_minor) * returns_bp, 10_000),
        traffic=traffic_minor,
    )
