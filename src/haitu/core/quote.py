"""A basket and a Book become a Quote: every line priced, taxed, routed and explained; and a page's price and promise.

Shares, so that every sum is exact: shipping, fixed fees and traffic go to lines by value, freight by chargeable weight
(`money.split`). Tax, duty and import VAT are worked out per line; thresholds are tested per parcel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import chain

from haitu.core.assign import Choice, Parcel
from haitu.core.book import Basket, Book, Destination, Item, Promise, Quote, QuoteLine, QuoteParcel
from haitu.core.customs import check_incoterm
from haitu.core.dated import in_force
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.landed import landed
from haitu.core.market import Market
from haitu.core.money import display, half_up, split
from haitu.core.parcels import parcels_of
from haitu.core.route import Asking, NotForSaleHere, Reach, Way
from haitu.core.stock import unit_value
from haitu.core.tariff import Goods, lines_for
from haitu.core.territory import territory_of


class EmptyBasket(Refusal):
    """Nothing is in the basket."""

    code = "empty_basket"


class BadQuantity(Refusal):
    """A line asks for less than one unit."""

    code = "bad_quantity"


def quote(basket: Basket, book: Book, *, to: Destination, on: date) -> Quote:
    """The basket as the buyer would pay it on that day, with what it costs us; the same question, the same answer.

    Refuses EmptyBasket, BadQuantity, UnknownVariant, NotForSaleHere, OutOfStock, UnknownWeight, NotDelivered,
    and what tax and customs cannot know (NoTaxRate, DutyUnknown).
    """
    _check_destination(book, to)
    asking = Asking(_demand(basket), book, to, on)
    choice = parcels_of(asking)
    parcels = choice.parcels
    quoted = _sum_up(lines_of(parcels, asking), parcels, asking)
    return replace(quoted, why=(*quoted.why, *choice_why(choice, asking)))


def promise(variant_id: int, book: Book, *, to: Destination, on: date) -> Promise | None:
    """What a page may say about one unit, as a quote of it would; None where nothing can be sent now."""
    _check_destination(book, to)
    asking = Asking({variant_id: 1}, book, to, on)
    count = 0
    best: Reach | None = None
    best_rank = (0, 0)
    for at in sorted(asking.stock.values(), key=lambda at: at.warehouse_id):
        reach = asking.reach(at.warehouse_id, variant_id) if at.available else None
        if reach is None:
            continue
        count += at.available
        rank = (reach.carriage_minor + asking.worth_minor(at.warehouse_id, asking.demand), reach.days_p90)
        if best is None or rank < best_rank:
            best, best_rank = reach, rank
    if best is None:
        return None
    return Promise(
        available=count,
        earliest=on + timedelta(best.days_p50),
        latest=on + timedelta(best.days_p90),
        warehouse_id=best.warehouse.id,
        country=best.warehouse.country,
        lane_id=best.lane.id,
        carrier=best.lane.carrier,
        incoterm=book.terms.market.incoterm,
        duty_paid_by=best.duty_paid_by,
    )


def _check_destination(book: Book, to: Destination) -> None:
    country = book.terms.market.country
    if to.country != country:
        raise NotForSaleHere(
            f"These are prices for {country}; the destination is {to.country}.",
            field="country",
            given_country=to.country,
            allowed=country,
        )


def _demand(basket: Basket) -> dict[int, int]:
    """The basket with lines of the same variant taken together, so that they share its stock."""
    demand: dict[int, int] = {}
    for line in basket:
        if line.quantity < 1:
            raise BadQuantity(
                f"{line.quantity} is no quantity; order 1 or more.", field="quantity", quantity=line.quantity
            )
        demand[line.variant_id] = demand.get(line.variant_id, 0) + line.quantity
    if not demand:
        raise EmptyBasket("The basket is empty; put at least one thing in.", field="basket")
    return demand


def lines_of(parcels: Sequence[Parcel[Way]], asking: Asking) -> tuple[QuoteLine, ...]:
    """Every line with its waterfall; what belongs to the whole order is shared by value."""
    terms = asking.terms
    amounts = [amount for parcel in parcels for amount in asking.amounts(parcel.units)]
    fixed_fees = iter(split(terms.payment_fee_fixed_minor, amounts))
    traffic = iter(split(terms.market.traffic_minor, amounts))
    return tuple(
        _line(
            asking,
            parcel,
            number=number,
            place=place,
            freight_minor=freight_minor,
            fixed_fee_minor=next(fixed_fees),
            traffic_minor=next(traffic),
        )
        for number, parcel in enumerate(parcels, start=1)
        for place, freight_minor in enumerate(_freight_shares(parcel, asking.book))
    )


def _freight_shares(parcel: Parcel[Way], book: Book) -> tuple[int, ...]:
    """Freight by chargeable weight: the greater of each line's actual and volumetric weight, before any rounding."""
    divisor = parcel.leg.leg.lane.tariff.divisor_cm3_per_kg
    weights = []
    for variant, quantity in parcel.units.items():
        item = book.items[variant]
        weight_g = item.weight_g or 0
        weights.append(quantity * (max(weight_g * divisor, item.volume_mm3 or 0) if divisor else weight_g))
    return split(parcel.leg.freight_minor, weights)


def _line(
    asking: Asking,
    parcel: Parcel[Way],
    *,
    number: int,
    place: int,
    freight_minor: int,
    fixed_fee_minor: int,
    traffic_minor: int,
) -> QuoteLine:
    """One line: what the buyer pays for it, what of that is tax, and what it earns."""
    terms, market, way = asking.terms, asking.terms.market, parcel.leg
    variant, quantity = list(parcel.units.items())[place]
    item, stock = asking.book.items[variant], asking.stock[parcel.warehouse_id, variant]
    border, warehouse = way.border, way.warehouse
    we_pay = border.paid_by == "us"
    duty_minor, import_vat_minor = (border.duty_minor[place], border.import_vat_minor[place]) if we_pay else (0, 0)
    # Where prices are shown with tax the shelf price is all the buyer pays; elsewhere what we pay is charged apart.
    apart = not market.prices_include_tax
    amount_minor = asking.prices[variant] * quantity
    rate_bp = way.rates[place].rate_bp if border.seller_taxes else 0
    waterfall = landed(
        charged_minor=amount_minor + way.shipping_minor[place],
        tax_rate_bp=rate_bp,
        tax_included=market.prices_include_tax,
        added_minor=duty_minor + import_vat_minor if apart else 0,
        goods_minor=terms.from_base(unit_value(stock.goods_value_minor, quantity, stock.on_hand)),
        inbound_minor=terms.from_base(unit_value(stock.inbound_value_minor, quantity, stock.on_hand)),
        duty_minor=duty_minor,
        import_vat_minor=import_vat_minor,
        volume_cm3=half_up((item.volume_mm3 or 0) * quantity, 1000),
        storage_days=warehouse.storage_days,
        storage_milli_per_m3_day=terms.storage_milli_per_m3_day(warehouse.id),
        last_mile_minor=freight_minor,
        outlet_fee_bp=terms.outlet_fee_bp,
        payment_fee_bp=terms.payment_fee_bp,
        payment_fixed_minor=fixed_fee_minor,
        returns_bp=market.returns_bp,
        traffic_minor=traffic_minor,
    )
    return QuoteLine(
        variant_id=variant,
        sku=item.sku,
        title=item.title,
        stock_id=stock.stock_id,
        warehouse_id=warehouse.id,
        lane_id=way.leg.lane.id,
        parcel=number,
        quantity=quantity,
        unit_minor=asking.prices[variant],
        amount_minor=amount_minor,
        tax_rate_bp=rate_bp,
        tax_minor=waterfall.tax,
        duty_minor=duty_minor if apart else 0,
        import_vat_minor=import_vat_minor if apart else 0,
        hs_code=item.hs_code,
        origin_country=item.origin_country,
        duty_text=_duty_text(item, asking) if way.crosses else "",
        waterfall=waterfall,
        assumed=item.assumed
        or stock.assumed
        or warehouse.assumed
        or market.assumed
        or way.leg.lane.tariff.assumed
        or item.volume_mm3 is None,  # then its storage is not known
    )


def _duty_text(item: Item, asking: Asking) -> str:
    """The tariff's own words for the item, as they stood on that day."""
    territory = territory_of(asking.to.country, asking.on)
    goods = Goods(hs_code=item.hs_code, origin_country=item.origin_country, value_minor=0, weight_g=None, quantity=1)
    basic, additional, below = lines_for(
        goods, (line for line in item.duty_lines if line.territory == territory and in_force(line, asking.on))
    )
    parts = [" or ".join(dict.fromkeys(line.text for line in lines)) for lines in (basic, below) if lines]
    return " + ".join(parts[:1] + [line.text for line in additional] + parts[1:])


def _sum_up(lines: tuple[QuoteLine, ...], parcels: Sequence[Parcel[Way]], asking: Asking) -> Quote:
    """The sums, the delivery window, who pays duty, and why."""
    terms, market = asking.terms, asking.terms.market
    duty_minor = sum(line.duty_minor for line in lines)
    import_tax_minor = sum(line.import_vat_minor for line in lines)
    tax_minor = sum(line.tax_minor for line in lines)
    on_top_minor = 0 if market.prices_include_tax else tax_minor
    total_minor = asking.goods_minor + asking.shipping_minor + duty_minor + import_tax_minor + on_top_minor
    payers = {parcel.leg.border.paid_by for parcel in parcels}
    check_incoterm(duty_minor + import_tax_minor > 0, market.incoterm)
    duty_paid_by = "us" if "us" in payers else "buyer" if "buyer" in payers else "none"
    days_p90 = max(parcel.leg.days_p90 for parcel in parcels)
    seen = (
        market.id,
        market.currency,
        sorted((variant, asking.demand[variant], asking.prices[variant]) for variant in asking.demand),
        (asking.goods_minor, asking.shipping_minor, duty_minor, import_tax_minor, tax_minor, total_minor),
        market.prices_include_tax,
        market.incoterm,
        duty_paid_by,
        days_p90,
    )
    return Quote(
        currency=market.currency,
        market_id=market.id,
        lines=lines,
        parcels=tuple(_shown(parcel, asking) for parcel in parcels),
        goods_minor=asking.goods_minor,
        shipping_minor=asking.shipping_minor,
        duty_minor=duty_minor,
        tax_minor=tax_minor,
        import_tax_minor=import_tax_minor,
        total_minor=total_minor,
        tax_included=market.prices_include_tax,
        incoterm=market.incoterm,
        duty_paid_by=duty_paid_by,
        earliest=asking.on + timedelta(min(parcel.leg.days_p50 for parcel in parcels)),
        latest=asking.on + timedelta(days_p90),
        base_fx=terms.base_fx,
        why=tuple(_why(lines, parcels, asking)),
        # The window counts in days from the order: a basket kept over midnight is not refused for being a day later.
        digest=sha256(repr(seen).encode()).hexdigest(),
    )


def _shown(parcel: Parcel[Way], asking: Asking) -> QuoteParcel:
    way, lane = parcel.leg, parcel.leg.leg.lane
    return QuoteParcel(
        warehouse_id=way.warehouse.id,
        warehouse=way.warehouse.code,
        country=way.warehouse.country,
        lane_id=lane.id,
        lane=lane.code,
        carrier=lane.carrier,
        service=lane.service,
        boxes=way.leg.boxes,
        weight_g=way.leg.weight_g,
        chargeable_g=way.leg.chargeable_g,
        freight_minor=way.freight_minor,
        earliest=asking.on + timedelta(way.days_p50),
        latest=asking.on + timedelta(way.days_p90),
        scheme=way.border.scheme,
        incoterm=asking.terms.market.incoterm,
    )


def _why(lines: Sequence[QuoteLine], parcels: Sequence[Parcel[Way]], asking: Asking) -> Iterator[Why]:
    """What a person can follow: lines, shipping, then each parcel's route, freight and customs."""
    market = asking.terms.market
    rates = chain.from_iterable(parcel.leg.rates for parcel in parcels)
    for line, rate in zip(lines, rates, strict=True):
        yield _line_why(line, rate.source, market)
    free_from_minor = market.shipping_free_from_minor
    rule = "" if free_from_minor is None else f", free from {display(free_from_minor, market.currency)}"
    yield Why(
        code="shipping",
        told=f"Delivery costs {display(asking.shipping_minor, market.currency)} {market.currency}{rule}.",
        given={"shipping_minor": asking.shipping_minor, "free_from_minor": free_from_minor},
    )
    for number, parcel in enumerate(parcels, start=1):
        yield _route_why(number, parcel.leg)
        yield parcel.leg.leg.why
        yield from parcel.leg.border.explanation


def choice_why(choice: Choice[Way], asking: Asking) -> Iterator[Why]:
    """Why these warehouses: the landed cost and days against the best single parcel beside them, and if unproven."""
    market, other = asking.terms.market, choice.next_best
    if other is not None:
        [(at, _)] = other.sent
        more_minor, days = other.cost_minor - choice.cost_minor, other.days_p90 - choice.days_p90
        warehouse = asking.terms.warehouses[at].code
        sent = " and ".join(parcel.leg.warehouse.code for parcel in choice.parcels)
        later = f"{days} days later" if days > 0 else f"{-days} days earlier" if days < 0 else "as early"
        more = f"{display(more_minor, market.currency)} {market.currency}"
        yield Why(
            code="split" if len(choice.parcels) > 1 else "choice",
            told=f"From {sent}: all from {warehouse} would cost {more} more and arrive {later}.",
            given={"chosen": sent, "other": warehouse, "more_minor": more_minor, "days": days},
        )
    elif len(choice.parcels) > 1:
        sent = " and ".join(parcel.leg.warehouse.code for parcel in choice.parcels)
        told = f"No single warehouse can send all of it; from {sent} it costs least."
        yield Why(code="split_needed", told=told, given={"chosen": sent})
    if len(choice.parcels) > 1 or (other is not None and sum(asking.demand.values()) > 1):
        yield from _extra_parcel_why(asking)
    if not choice.proven:
        told = "Not every split of this basket was compared; the best one found is taken."
        yield Why(code="split_unproven", told=told)


def _extra_parcel_why(asking: Asking) -> Iterator[Why]:
    """What a parcel beyond the first was counted for, where the merchant has said it."""
    extra = asking.terms.extra_parcel
    if extra is not None:
        yield Why(
            code="extra_parcel",
            told=f"Since {extra.valid_from} each parcel beyond the first counts {display(extra.minor, extra.currency)} "
            f"{extra.currency} in this comparison{' (assumed)' if extra.assumed else ''}.",
            given={
                "minor": extra.minor,
                "currency": extra.currency,
                "valid_from": extra.valid_from.isoformat(),
                "assumed": extra.assumed,
            },
            source=extra.source,
        )


def _line_why(line: QuoteLine, tax_source: str, market: Market) -> Why:
    currency = market.currency
    taxed = ""
    if line.tax_rate_bp:
        where = "inside" if market.prices_include_tax else "on top"
        tax = f"{line.tax_rate_bp / 100:g} % = {display(line.tax_minor, currency)} {currency}"
        taxed = f" Tax {where}, on its share of delivery too: {tax}."
    return Why(
        code="line",
        told=f"{line.quantity} × {line.sku} at {display(line.unit_minor, currency)} = "
        f"{display(line.amount_minor, currency)} {currency}.{taxed}",
        given={
            "sku": line.sku,
            "quantity": line.quantity,
            "unit_minor": line.unit_minor,
            "amount_minor": line.amount_minor,
            "tax_rate_bp": line.tax_rate_bp,
            "tax_minor": line.tax_minor,
        },
        source=tax_source if line.tax_rate_bp else "",
    )


def _route_why(number: int, way: Way) -> Why:
    lane = way.leg.lane
    return Why(
        code="route",
        told=f"Parcel {number} leaves {way.warehouse.code} by {lane.carrier} ({lane.code}): "
        f"{way.days_p50} to {way.days_p90} days, {way.warehouse.handling_days} of them to pack.",
        given={
            "parcel": number,
            "warehouse": way.warehouse.code,
            "lane": lane.code,
            "days_p50": way.days_p50,
            "days_p90": way.days_p90,
        },
    )
