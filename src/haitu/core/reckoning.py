"""What parcels cost, answered in short: exactly, without an explanation, and by floors that hold for all of them.

`Asking` explains one way in full; a search asks for hundreds. Both say the same to the minor unit (a law).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import mul

from haitu.core.book import Item
from haitu.core.carriage import Carrier, Load, carriers
from haitu.core.columns import E6, Floor
from haitu.core.cover import Reckoned
from haitu.core.customs import Threshold
from haitu.core.dated import in_force
from haitu.core.errors import Refusal
from haitu.core.freight import LegPrice
from haitu.core.route import Asking
from haitu.core.stock import Units
from haitu.core.territory import territory_of, vat_area_of


class Reckoning:
    """The short answers to one question."""

    __slots__ = ("_carriers", "asking", "terms")

    def __init__(self, asking: Asking) -> None:
        self.asking, self.terms = asking, asking.terms
        self._carriers: Mapping[int, tuple[Carrier, ...]] = carriers(asking.terms, asking.to, asking.on)

    def __call__(self, warehouse_id: int, units: Units) -> Reckoned | None:
        """Cost and days of the way that `Asking` finds; None where it refuses."""
        asking = self.asking
        carrier, freight_minor = self._cheapest(warehouse_id, units)
        if carrier is None:
            return None
        try:
            taken = asking.taken(self.terms.warehouses[warehouse_id], units, asking.delivery(units))
        except Refusal:
            return None
        cost_minor = freight_minor + taken.minor + asking.worth_minor(warehouse_id, units)
        return Reckoned(cost_minor, carrier.days_p90)

    def leg(self, warehouse_id: int, units: Units) -> tuple[LegPrice, int]:
        """The leg by the cheapest lane of a warehouse that has one, with its price in the market's currency."""
        carrier, _ = self._cheapest(warehouse_id, units)
        if carrier is None:
            raise AssertionError("what was reckoned has a lane")
        return self.asking.leg(carrier.lane, units)

    def _cheapest(self, warehouse_id: int, units: Units) -> tuple[Carrier | None, int]:
        """The lane that costs least, of equals the earliest."""
        asking = self.asking
        load = Load.of([(asking.book.item(variant), quantity) for variant, quantity in units.items()])
        best: Carrier | None = None
        best_rank = (0, 0)
        for carrier in self._carriers[warehouse_id]:
            if asking.within_days is None or carrier.days_p90 <= asking.within_days:
                freight_minor = carrier.freight_minor(load)
                if freight_minor is not None:
                    rank = (freight_minor, carrier.days_p90)
                    if best is None or rank < best_rank:
                        best, best_rank = carrier, rank
        return best, best_rank[0]

    # Floors ------------------------------------------------------------------------------------------------------
    def floors(self) -> list[Floor]:
        """What no parcel costs less than, for every lane that may carry some of the demand."""
        terms, asking, demand = self.terms, self.asking, self.asking.demand
        lines = [(variant, asking.book.item(variant), demand[variant]) for variant in sorted(demand)]
        loads = [Load.of([(item, 1)]) for _, item, _ in lines]
        whole = Load.of([(item, quantity) for _, item, quantity in lines])
        sizes = [(load.weight_g or 0, load.volume_mm3 or 0) for load in loads]
        base_e6 = terms.from_base(E6 * E6) // E6  # a base unit's worth
        taken: dict[tuple[bool, bool], list[int | None]] = {}
        shut: dict[tuple[bool, bool], Callable[[tuple[int, ...]], bool] | None] = {}
        choosy = bool(whole.restrictions) or whole.weight_g is None or whole.volume_mm3 is None
        floors = []
        for at in {at for at, _ in asking.stock}:
            mine = self._carriers[at]
            if not mine:
                continue
            side = asking.side(at)
            if side not in taken:
                taken[side] = [self._least_taken_e6(at, variant) for variant, _, _ in lines]
                shut[side] = self._shut(at, [variant for variant, _, _ in lines]) if side[0] else None
            # Rounding, per parcel: freight and worth each once; per line the units' worth, tax, duty, import VAT.
            rounding = 1_500_000 + len(lines) * (base_e6 + (3_000_000 if side[0] else 600_000))
            fixed: list[int] = []
            barred = choosy
            for (variant, _, _), its_taken in zip(lines, taken[side], strict=True):
                stock = asking.stock.get((at, variant))
                barred = barred or its_taken is None
                its = its_taken or 0
                if stock is not None and stock.on_hand > 0:
                    its += (stock.goods_value_minor + stock.inbound_value_minor) * base_e6 // stock.on_hand
                fixed.append(its)
            for carrier in mine:
                if asking.within_days is not None and carrier.days_p90 > asking.within_days:
                    continue
                opening, each = _line(carrier, whole, sizes, fixed)
                allowed: list[int | None] = [*each]
                if barred or carrier.lane.tariff.max_side_mm:
                    allowed = [
                        unit if its is not None and carrier.takes(load) else None
                        for unit, its, load in zip(each, taken[side], loads, strict=True)
                    ]
                least = carrier.least_minor
                floors.append(Floor(at, opening - rounding, allowed, least, fixed, sizes, rounding, shut[side]))
        return floors

    def _least_taken_e6(self, warehouse_id: int, variant_id: int) -> int | None:
        """What tax, duty and import VAT take at least of one unit, in whatever parcel it travels; None: not let in."""
        asking = self.asking
        item, side = asking.book.item(variant_id), asking.side(warehouse_id)
        key = ("least taken", id(item), side, asking.to.region, asking.on)
        found: tuple[Item, tuple[int, int] | None] = self.terms.known(
            key, lambda: (item, self._least(warehouse_id, variant_id))
        )
        if found[1] is None:
            return None
        rate_e6, duty_e6 = found[1]
        tax_e6 = asking.prices[variant_id] * rate_e6  # and on the unit's share of delivery
        return tax_e6 + tax_e6 * asking.shipping_minor // (asking.goods_minor or 1) + duty_e6

    def _least(self, warehouse_id: int, variant_id: int) -> tuple[int, int] | None:
        """(tax in millionths of the price, duty of one unit in millionths), both such that no parcel takes less."""
        asking, warehouse, many = self.asking, self.terms.warehouses[warehouse_id], 10_000
        kinds = {limit.kind for limit in self._limits()}
        try:
            rates = asking.rates((variant_id,))
            alone = asking.border(warehouse, {variant_id: 1}, (0,), rates)
        except Refusal:
            return (0, 0) if kinds else None  # a limit may let it in; without one a parcel is what its goods are
        try:
            among_many = asking.border(warehouse, {variant_id: many}, (0,), rates)
        except Refusal:
            if len({(limit.amount_minor, limit.currency, limit.inclusive) for limit in self._limits()}) > 1:
                return 0, 0
            among_many = alone  # let in below the one limit only, where it is as alone
        if alone.scheme == "domestic":
            taxed = alone.seller_taxes
        elif not among_many.known or (alone.scheme == "seller_collects" and "import_vat_free" in kinds):
            return 0, 0
        else:
            taxed = alone.seller_taxes or alone.import_vat_minor[0] > 0
        rate_bp = rates[0].rate_bp
        share_e6 = E6 * rate_bp // (10_000 + (rate_bp if self.terms.market.prices_include_tax else 0))
        duty_e6 = 0
        if among_many is not alone and alone.duty_minor[0] > 1 and "flat_duty_to" not in kinds:
            duty_e6 = max(among_many.duty_minor[0] - 10, 0) * E6 // many
        return share_e6 if taxed else 0, duty_e6

    def _shut(self, warehouse_id: int, variants: Sequence[int]) -> Callable[[tuple[int, ...]], bool] | None:
        """Tells parcels that customs do not let in: above every limit, with goods whose duty is not known there."""
        here = self._limits()
        top_minor = max((self.terms.in_market(limit.amount_minor, limit.currency) + 2 for limit in here), default=0)
        values = [self._value_e6(variant) for variant in variants]
        unknown = [self._unknown_above(warehouse_id, variant, top_minor) for variant in variants]
        if not any(unknown):
            return None
        top_e6 = (top_minor + len(variants)) * E6  # each line's value is rounded

        def shut(given: tuple[int, ...]) -> bool:
            return sum(map(mul, given, values)) > top_e6 and any(map(mul, given, unknown))

        return shut

    def _unknown_above(self, warehouse_id: int, variant_id: int, top_minor: int) -> bool:
        """Whether a parcel of more than that value is refused if the variant lies in it."""
        asking, many = self.asking, 10_000
        item, warehouse = asking.book.item(variant_id), self.terms.warehouses[warehouse_id]

        def answer() -> tuple[Item, bool]:
            if self._value_e6(variant_id) * many <= (top_minor + 1) * E6:
                return item, False
            try:
                asking.border(warehouse, {variant_id: many}, (0,), asking.rates((variant_id,)))
            except Refusal:
                return item, True
            return item, False

        price_minor = asking.prices[variant_id]
        key = ("unknown above", id(item), price_minor, asking.side(warehouse_id), asking.to.region, asking.on)
        return self.terms.known(key, answer)[1]

    def _value_e6(self, variant_id: int) -> int:
        """What customs take a unit to be worth: its price without tax."""
        asking = self.asking
        rate_bp = asking.rates((variant_id,))[0].rate_bp if self.terms.market.prices_include_tax else 0
        return asking.prices[variant_id] * 10_000 * E6 // (10_000 + rate_bp)

    def _limits(self) -> list[Threshold]:
        """The limits in force where the buyer is."""
        country, on = self.asking.to.country, self.asking.on
        here = {country, vat_area_of(country, on), territory_of(country, on)}
        key = ("limits", country, on)
        return self.terms.known(
            key, lambda: [at for at in self.terms.thresholds if at.country in here and in_force(at, on)]
        )


def _line(
    carrier: Carrier, whole: Load, sizes: Sequence[tuple[int, int]], fixed: Sequence[int]
) -> tuple[int, list[int]]:
    """The lane's straight line that is tightest near the whole basket: opening, and each unit with what is fixed."""
    divisor = carrier.lane.tariff.divisor_cm3_per_kg
    weight_g, volume_mm3 = whole.weight_g or 0, whole.volume_mm3 or 0
    if divisor is not None and volume_mm3 > weight_g * divisor:
        opening, per_g = carrier.line_near(volume_mm3 // divisor)
        return opening, [its + per_g * (mm3 // divisor) for its, (_, mm3) in zip(fixed, sizes, strict=True)]
    opening, per_g = carrier.line_near(weight_g)
    return opening, [its + per_g * grams for its, (grams, _) in zip(fixed, sizes, strict=True)]
