"""A market, and the price on its shelf: list price, exchange, tax shown or not, a pleasing ending."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from haitu.core.errors import Refusal
from haitu.core.money import FxMismatch, FxRate, exponent, half_up, minor_units

NO_CHARM = "none"


class UnknownCharm(Refusal):
    """The ending asked for is neither "none" nor one to four digits."""

    code = "unknown_charm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A country as one merchant sells there; amounts in minor units of its currency.

    `languages`: the default first. `charm`: how prices end. `price_factor_bp`: list price × this. `registrations`:
    the tax registrations held ("IOSS", "GB", "US-CA"). `shipping_minor`: what the buyer pays for delivery, nothing
    from goods worth `shipping_free_from_minor`. `traffic_minor` an order and `returns_bp` of the goods are
    expectations, mere assumptions where `assumed` says so.
    """

    id: int
    country: str
    region: str = ""
    currency: str
    languages: tuple[str, ...]
    prices_include_tax: bool
    charm: str
    price_factor_bp: int
    incoterm: Literal["DDP", "DAP"]
    registrations: frozenset[str]
    shipping_minor: int
    shipping_free_from_minor: int | None
    traffic_minor: int
    returns_bp: int
    assumed: bool


def charm(price_minor: int, currency: str, ending: str) -> int:
    """The nearest price with that ending, the higher of two equally near ones; "none" leaves the price alone.

    The ending is one to four digits as a price of two decimals shows them: "99" makes 12.34 → 11.99 and 12.50 → 12.99,
    "00" whole euros. A currency without decimals ends in the same digits (¥1,234, "00" → ¥1,200), one with three gets
    a zero behind them (KD 4.321, "99" → KD 3.990). A price above zero never becomes zero.
    """
    if ending == NO_CHARM or price_minor <= 0:
        return price_minor
    if not re.fullmatch("[0-9]{1,4}", ending):
        raise UnknownCharm(
            f'A price ends in one to four digits or is left alone ("none"); given was {ending!r}.',
            field="charm",
            charm=ending,
        )
    finer = 10 ** max(0, exponent(currency) - 2)
    step = finer * 10 ** len(ending)
    below = price_minor - (price_minor - finer * int(ending)) % step
    nearest = below if price_minor - below < below + step - price_minor else below + step
    return int(nearest if nearest > 0 else nearest + step)


def shelf_price(
    list_minor: int, fx: FxRate, market: Market, tax_rate_bp: int, override_minor: int | None = None
) -> int:
    """What the shop shows in the market's currency, with tax in it where the market shows prices so.

    The list price is net, in minor units of fx.base. Factor, rate and tax are multiplied first and rounded once,
    then comes the ending. A price set by hand stands as it was typed.
    """
    if override_minor is not None:
        return override_minor
    if fx.quote != market.currency:
        raise FxMismatch(
            f"The rate leads to {fx.quote}, the market sells in {market.currency}.", field="rate", quote=fx.quote
        )
    tax_factor_bp = 10_000 + tax_rate_bp if market.prices_include_tax else 10_000
    numerator = list_minor * market.price_factor_bp * fx.rate_e9 * minor_units(fx.quote) * tax_factor_bp
    exact_minor = half_up(numerator, 10_000 * 10**9 * minor_units(fx.base) * 10_000)
    return charm(exact_minor, market.currency, market.charm)
