"""Money as whole numbers of the smallest unit: exponents, rounding, splitting, exchange, plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, Self, TypeVar

from haitu.core.errors import Refusal

# Decimals → currencies. ISO 4217 "List one" as published on 2026-01-01 by SIX, the maintenance agency (Bulgaria pays
# in euros since that day), without metals, testing codes and units of account that have no minor unit (XAU, XDR ...).
LISTED = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
        CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
        HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
        MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
        RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
        USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
        """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# Withdrawn since 2021 (same agency, "List three"), all of two decimals; an order keeps the currency it was paid in.
WITHDRAWN = "ANG BGN CUC HRK SLL ZWL"

EXPONENTS: dict[str, int] = dict.fromkeys(WITHDRAWN.split(), 2) | {
    currency: digits for digits, currencies in LISTED.items() for currency in currencies.split()
}

LARGEST_MINOR = 2**63 - 1  # what a bigint column holds
PLAIN_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,19})(?:\.(?P<fraction>[0-9]{1,19}))?")


class UnknownCurrency(Refusal):
    """The code is not an ISO 4217 currency with a minor unit."""

    code = "unknown_currency"


class BadAmount(Refusal):
    """The text is no plain amount in that currency."""

    code = "bad_amount"


class CannotSplit(Refusal):
    """The shares asked for cannot take the whole."""

    code = "cannot_split"


class FxMismatch(Refusal):
    """Two rates do not start from the same currency, or a rate is not above zero."""

    code = "fx_mismatch"


class RateMissing(Refusal):
    """An amount stands in a currency for which no rate is known."""

    code = "rate_missing"


class Countable(Protocol):
    """An int or an int64 column: what the formulas of money need, and no more."""

    def __add__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __floordiv__(self, other: Any, /) -> Self: ...
    def __lt__(self, other: Any, /) -> Any: ...


Number = TypeVar("Number", bound=Countable)


def exponent(currency: str) -> int:
    """The number of decimals of a currency (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(
            f"{currency!r} is not an ISO 4217 currency code.", field="currency", currency=currency
        ) from None


def minor_units(currency: str) -> int:
    """How many minor units make one major unit: 100 for EUR, 1 for JPY, 1000 for KWD."""
    return int(10 ** exponent(currency))


def half_up(numerator: Number, denominator: int | Number) -> Number:
    """The quotient as a whole number; a half goes away from zero, so half_up(-n, d) == -half_up(n, d).

    Takes ints of any size or int64 columns (|numerator| below 2**62); the denominator is above zero.
    """
    # Floor division alone sends every half up. Taking one off below zero changes the result at a half only.
    rounded: Number = (numerator * 2 + denominator - (numerator < 0)) // (denominator * 2)
    return rounded


def part(value: Number, start: int, stop: int, whole: int) -> Number:
    """What belongs to the units from `start` to `stop` of `whole`; parts laid end to end sum exactly to the value."""
    return half_up(value * stop, whole) - half_up(value * start, whole)


def split(total_minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Shares in proportion to the weights that sum exactly to the total (largest remainder, ties to the first).

    Each share is less than one unit away from the exact one. Weights that are all zero give equal shares; a
    negative total gives the negated shares of its opposite.
    """
    if any(weight < 0 for weight in weights):
        raise CannotSplit("A weight is below zero.", field="weights", weights=tuple(weights))
    if not weights:
        if total_minor:
            raise CannotSplit(f"Nothing is there to take {total_minor}.", field="weights", total_minor=total_minor)
        return ()
    if len(weights) == 1:
        return (total_minor,)
    if total_minor < 0:
        return tuple(-share for share in split(-total_minor, weights))
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    shares = [total_minor * weight // whole for weight in weights]
    remainders = [total_minor * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -remainders[place])  # stable
    for place in by_remainder[: total_minor - sum(shares)]:
        shares[place] += 1
    return tuple(shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class FxRate:
    """The price of one major unit of `base` in major units of `quote`, times 10**9, on a day, by whom."""

    base: str
    quote: str
    rate_e9: int
    on: date
    source: str

    def __post_init__(self) -> None:
        if self.rate_e9 <= 0:
            raise FxMismatch(
                f"A rate is above zero; {self.base}→{self.quote} is {self.rate_e9}.", field="rate", rate_e9=self.rate_e9
            )


def at_par(currency: str, on: date) -> FxRate:
    """The rate of a currency to itself."""
    return FxRate(base=currency, quote=currency, rate_e9=10**9, on=on, source="identity")


def cross(to_base: FxRate, to_quote: FxRate) -> FxRate:
    """From EUR→A and EUR→B (any common first currency) the rate A→B, as old as the older of the two."""
    if to_base.base != to_quote.base:
        raise FxMismatch(
            f"One rate starts from {to_base.base}, the other from {to_quote.base}; both must start from one.",
            field="rate",
        )
    sources = dict.fromkeys((to_base.source, to_quote.source))  # each once, in order
    return FxRate(
        base=to_base.quote,
        quote=to_quote.quote,
        rate_e9=half_up(to_quote.rate_e9 * 10**9, to_base.rate_e9),
        on=min(to_base.on, to_quote.on),
        source=", ".join(sources),
    )


def convert(amount_minor: int, fx: FxRate) -> int:
    """An amount in minor units of fx.base as minor units of fx.quote, half-up."""
    return half_up(amount_minor * fx.rate_e9 * minor_units(fx.quote), 10**9 * minor_units(fx.base))


def convert_back(amount_minor: int, fx: FxRate) -> int:
    """An amount in minor units of fx.quote as minor units of fx.base by the same rate, half-up.

    So a refund thought of in the merchant's currency leaves in the currency that was charged, at the order's
    rate and without the error of an inverted, rounded one.
    """
    return half_up(amount_minor * 10**9 * minor_units(fx.base), fx.rate_e9 * minor_units(fx.quote))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The rates of a day into one currency, by the currency they come from."""

    currency: str
    rates: Mapping[str, FxRate]
    on: date

    def take(self, amount_minor: int, currency: str) -> int:
        """An amount of another currency as one of ours."""
        return convert(amount_minor, self.rate(currency))

    def give(self, amount_minor: int, currency: str) -> int:
        """An amount of ours as one of another currency, by the same rate."""
        return convert_back(amount_minor, self.rate(currency))

    def rate(self, currency: str) -> FxRate:
        """The rate from that currency into ours; ours is worth itself."""
        if currency == self.currency:
            return at_par(currency, self.on)
        fx = self.rates.get(currency)
        if fx is None or fx.quote != self.currency:
            raise RateMissing(
                f"No exchange rate from {currency} to {self.currency} is known.", field="currency", currency=currency
            )
        return fx

    def shown(self, amount_minor: int) -> str:
        """An amount of ours for an explanation: "12.34 EUR"."""
        return f"{display(amount_minor, self.currency)} {self.currency}"


def parse(text: str, currency: str) -> int:
    """Minor units from a plain decimal such as "12.34", "-5" or "500": a point, no grouping, no symbol.

    Decimals beyond the currency's exponent must be zeros; nothing is rounded away in silence.
    """
    digits = exponent(currency)
    found = PLAIN_AMOUNT.fullmatch(text.strip())
    if found is None:
        raise BadAmount(
            f"{text!r} is no plain amount: write digits and at most one point, like 12.34.", field="amount", given=text
        )
    fraction = (found["fraction"] or "").rstrip("0")
    if len(fraction) > digits:
        raise BadAmount(
            f"{text!r} has {len(fraction)} decimals; {currency} has {digits}.",
            field="amount",
            given=text,
            digits=digits,
        )
    amount_minor = int(found["whole"]) * minor_units(currency) + int(fraction.ljust(digits, "0") or "0")
    if amount_minor > LARGEST_MINOR:
        raise BadAmount(f"{text!r} is larger than any amount we can keep.", field="amount", given=text)
    return -amount_minor if found["sign"] == "-" else amount_minor


def display(amount_minor: int, currency: str) -> str:
    """Minor units as a plain decimal with all its decimals: 1234 EUR → "12.34", 500 JPY → "500"."""
    digits = exponent(currency)
    figures = str(abs(amount_minor)).rjust(digits + 1, "0")
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{figures[:-digits]}.{figures[-digits:]}" if digits else f"{sign}{figures}"
