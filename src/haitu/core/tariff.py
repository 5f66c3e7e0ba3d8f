"""A customs territory's tariff: which of its lines hold for some goods, and the duty they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from haitu.core.dated import since
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.money import Exchange, half_up


class DutyUnknown(Refusal):
    """The duty on these goods cannot be worked out: no tariff line, no weight, or a rate that is only text."""

    code = "duty_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLine:
    """A line of a customs territory's tariff; `hs_code` covers every code it begins ("" covers all goods).

    `origin` "": goods of any origin. A line of one origin replaces the general one for it, unless it is `additional`:
    then it comes on top, and all additional lines that cover the goods add up. The rate is `ad_valorem_bp` of the
    customs value plus `specific_minor` for every `specific_per_g` grams (for every piece where that is None). With
    neither it is known only as `text`.
    """

    territory: str
    hs_code: str
    origin: str
    additional: bool
    ad_valorem_bp: int | None
    specific_minor: int | None
    specific_currency: str
    specific_per_g: int | None
    text: str
    valid_from: date | None
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """One kind of goods in a consignment; value (net of tax) and net weight are those of all its pieces together."""

    hs_code: str
    origin_country: str
    value_minor: int
    weight_g: int | None
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An amount in the consignment's currency, and how it came about."""

    amount_minor: int
    why: tuple[Why, ...]


def duty(goods: Goods, base_minor: int, lines: Iterable[DutyLine], *, territory: str, exchange: Exchange) -> Charge:
    """The duty of a territory on goods of that customs value by its lines in force; refuses DutyUnknown."""
    basic, additional, below = lines_for(goods, (line for line in lines if line.territory == territory))
    if not goods.hs_code or not basic:
        raise DutyUnknown(
            f"No tariff line of {territory} is known for {goods.hs_code or 'goods without HS code'}.",
            field="hs_code",
            hs_code=goods.hs_code,
            territory=territory,
        )
    parts = [_dearest(goods, base_minor, basic, exchange)]
    parts += [_on_line(goods, base_minor, line, exchange) for line in additional]
    if below:
        parts.append(_dearest(goods, base_minor, below, exchange))
    return Charge(
        amount_minor=sum(part.amount_minor for part in parts), why=tuple(why for part in parts for why in part.why)
    )


def lines_for(goods: Goods, lines: Iterable[DutyLine]) -> tuple[list[DutyLine], list[DutyLine], list[DutyLine]]:
    """Of one territory's lines in force those for the goods: (basic, additional, additional below).

    Of the basic lines and of those below, one holds for the goods, we do not know which; every additional one holds.
    Six digits of a code are the world's, the rest is each territory's: a code the tariff does not have is read by
    its first six, and a code shorter than the tariff's lines stands for all lines below it.
    """
    heading = goods.hs_code[:6]
    near = (line for line in lines if line.hs_code.startswith(heading) or heading.startswith(line.hs_code[:6]))
    fitting = list(dict.fromkeys(line for line in near if line.origin in {"", goods.origin_country}))  # each once
    basic = [line for line in fitting if not line.additional]
    additional = [line for line in fitting if line.additional]
    code = goods.hs_code
    if not any(_names(line, code) or _below(line, code) for line in basic):
        code = code[:6]
    return (
        _basic_lines(code, basic),
        [line for line in additional if code.startswith(line.hs_code)],
        [line for line in additional if _below(line, code)],
    )


def _names(line: DutyLine, code: str) -> bool:
    """Whether the line is a subheading that holds the code, not a rule for a chapter or for all goods."""
    return len(line.hs_code) >= 6 and code.startswith(line.hs_code)


def _below(line: DutyLine, code: str) -> bool:
    return len(line.hs_code) > len(code) >= 4 and line.hs_code.startswith(code)


def _basic_lines(code: str, lines: list[DutyLine]) -> list[DutyLine]:
    """The most specific line, one of the goods' own origin first; or all general ones below a code too short."""
    above = [line for line in lines if code.startswith(line.hs_code)]
    best = max(above, key=lambda line: (line.origin != "", len(line.hs_code), since(line)), default=None)
    if best is not None and (best.origin or _names(best, code)):
        return [best]
    below = [line for line in lines if _below(line, code) and not line.origin]
    return below or ([best] if best is not None else [])


def _dearest(goods: Goods, base_minor: int, lines: Sequence[DutyLine], exchange: Exchange) -> Charge:
    """The duty by the line that takes most: the buyer is never promised less than customs may ask."""
    charges = [_on_line(goods, base_minor, line, exchange) for line in lines]
    dearest = max(charges, key=lambda charge: charge.amount_minor)
    if len(lines) == 1:
        return dearest
    told = f"{goods.hs_code} does not name one line of the tariff; the dearest of {len(lines)} is taken."
    why = Why(code="dearest_line", told=told, given={"hs_code": goods.hs_code, "lines": len(lines)})
    return Charge(amount_minor=dearest.amount_minor, why=(why, *dearest.why))


def _on_line(goods: Goods, base_minor: int, line: DutyLine, exchange: Exchange) -> Charge:
    """The duty by one line: part of the value, plus so much for weight or pieces."""
    if line.ad_valorem_bp is None and line.specific_minor is None:
        raise DutyUnknown(
            f"The duty on {goods.hs_code} in {line.territory} is {line.text!r}, which cannot be worked out here.",
            field="hs_code",
            hs_code=goods.hs_code,
            text=line.text,
        )
    amount_minor = half_up(base_minor * (line.ad_valorem_bp or 0), 10_000)
    if line.specific_minor:
        amount_minor += exchange.take(_specific_minor(goods, line), line.specific_currency)
    told = (
        f"{goods.hs_code} from {goods.origin_country or 'anywhere'}: {line.text} on {exchange.shown(base_minor)}"
        f" = {exchange.shown(amount_minor)}{' on top' if line.additional else ''}."
    )
    given = {
        "hs_code": goods.hs_code,
        "line": line.hs_code,
        "origin": goods.origin_country,
        "text": line.text,
        "base_minor": base_minor,
        "duty_minor": amount_minor,
    }
    code = "additional_duty" if line.additional else "duty"
    return Charge(amount_minor=amount_minor, why=(Why(code=code, told=told, given=given, source=line.source),))


def _specific_minor(goods: Goods, line: DutyLine) -> int:
    """The part of a duty by weight or by piece, in minor units of the line's currency."""
    each_minor = line.specific_minor or 0
    if line.specific_per_g is None:
        return each_minor * goods.quantity
    if goods.weight_g is None:
        raise DutyUnknown(
            f"The duty on {goods.hs_code} in {line.territory} is {line.text}, but the weight is not known.",
            field="weight_g",
            hs_code=goods.hs_code,
            text=line.text,
        )
    return half_up(each_minor * goods.weight_g, line.specific_per_g)
