"""SKUs as columns: what the quote of a unit needs to know of the goods, whatever the market and the path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np

from haitu.core.book import Item
from haitu.core.errors import Refusal
from haitu.core.tariff import DutyLine
from haitu.plan.quotes.exact import Column

NO_OVERRIDE = -1


class BadFacts(Refusal):
    """Columns of different length, or a number that cannot be."""

    code = "bad_facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customs:
    """What customs needs to know of goods, the same for many SKUs: code, origin, the tariff lines that may hold."""

    hs_code: str
    origin_country: str
    duty_lines: tuple[DutyLine, ...]


@dataclass(frozen=True, kw_only=True)
class Skus:
    """One row per SKU, int64; prices and costs per unit, a measure of 0 is not known.

    `cost_minor` in the merchant's base currency, `list_minor` in the list currency. `category` and `customs_class` are
    places in `categories` and `classes`; bit n of `restrictions` stands for `kinds[n]`. `overrides`: market id → price
    set by hand as shown there, NO_OVERRIDE where none.
    """

    variant_id: Column
    list_minor: Column
    cost_minor: Column
    weight_g: Column
    length_mm: Column
    width_mm: Column
    height_mm: Column
    restrictions: Column
    category: Column
    customs_class: Column
    categories: tuple[str, ...]
    kinds: tuple[str, ...]
    classes: tuple[Customs, ...]
    overrides: Mapping[int, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, column in self.columns():
            if len(column) != len(self.variant_id) or column.dtype != np.int64:
                raise BadFacts(f"{name} is no int64 column of {len(self.variant_id)} rows.", field=name)
        for name in ("list_minor", "cost_minor", "weight_g", "length_mm", "width_mm", "height_mm"):
            if len(self) and int(getattr(self, name).min()) < 0:
                raise BadFacts(f"{name} is below zero in some row; what is not known is 0.", field=name)

    def __len__(self) -> int:
        return len(self.variant_id)

    def columns(self) -> list[tuple[str, Column]]:
        """Every column by name, the overrides by market."""
        plain = [(f.name, getattr(self, f.name)) for f in fields(self) if f.type == "Column"]
        return plain + [(f"override {market}", column) for market, column in sorted(self.overrides.items())]

    @cached_property
    def volume_mm3(self) -> Column:
        """Of one unit, 0 where a side is not known."""
        return self.length_mm * self.width_mm * self.height_mm

    @cached_property
    def longest_mm(self) -> Column:
        """The longest side."""
        return np.maximum(np.maximum(self.length_mm, self.width_mm), self.height_mm)

    def part(self, start: int, stop: int) -> Skus:
        """Some of the rows, as a view."""
        cut = {f.name: getattr(self, f.name)[start:stop] for f in fields(self) if f.type == "Column"}
        return replace(self, **cut, overrides={m: column[start:stop] for m, column in self.overrides.items()})

    def fingerprint(self) -> str:
        """Changes whenever anything here does."""
        digest = blake2b(repr((self.categories, self.kinds)).encode(), digest_size=16)
        for name, column in self.columns():
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def from_items(items: Sequence[Item], costs_minor: Iterable[int], *, market_id: int = 0) -> Skus:
    """Items as a market sells them, as columns; their overrides hold for that market."""
    categories = tuple(dict.fromkeys(item.tax_category for item in items))
    kinds = tuple(sorted(frozenset[str]().union(*(item.restrictions for item in items))))
    customs = [
        Customs(hs_code=item.hs_code, origin_country=item.origin_country, duty_lines=item.duty_lines) for item in items
    ]
    classes = {one: place for place, one in enumerate(dict.fromkeys(customs))}

    def column(values: Iterable[int | None]) -> Column:
        return np.array([value or 0 for value in values], dtype=np.int64)

    overrides = (NO_OVERRIDE if item.override_minor is None else item.override_minor for item in items)
    return Skus(
        variant_id=column(item.variant_id for item in items),
        list_minor=column(item.list_minor for item in items),
        cost_minor=column(costs_minor),
        weight_g=column(item.weight_g for item in items),
        length_mm=column(item.length_mm for item in items),
        width_mm=column(item.width_mm for item in items),
        height_mm=column(item.height_mm for item in items),
        restrictions=column(sum(1 << kinds.index(kind) for kind in item.restrictions) for item in items),
        category=column(categories.index(item.tax_category) for item in items),
        customs_class=column(classes[one] for one in customs),
        categories=categories,
        kinds=kinds,
        classes=tuple(classes),
        overrides={market_id: column(overrides)} if any(item.override_minor is not None for item in items) else {},
    )
