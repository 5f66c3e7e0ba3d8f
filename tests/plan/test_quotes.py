"""The column says what the quote of one line says: every component, the shelf price, the days, or the refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haitu.core.errors import Refusal
from haitu.core.landed import STEPS
from haitu.core.path_quote import path_quote
from haitu.plan.quotes.duties import Tariffs
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.sale import rules_of
from haitu.plan.quotes.sheet import PAYERS, quotes, road_of
from haitu.plan.quotes.skus import from_items
from tests.plan.drawn import TODAY, worlds


def scalar(world: dict[str, Any], place: int, quantity: int) -> tuple[object, ...]:
    try:
        found = path_quote(
            world["items"][place],
            quantity,
            world["path"],
            world["terms"],
            cost_minor=world["costs"][place],
            shipment=world["shipment"],
            into_base=world["into_base"],
            to=world["to"],
            on=TODAY,
        ).quote
    except Refusal as refusal:
        return (refusal.code,)
    [line] = found.lines
    window = ((found.earliest - TODAY).days, (found.latest - TODAY).days)
    return (tuple(line.waterfall.as_list()), line.unit_minor, found.duty_paid_by, *window)


def column(world: dict[str, Any], quantities: list[int]) -> list[tuple[object, ...]]:
    terms, to = world["terms"], world["to"]
    skus = from_items(world["items"], world["costs"], market_id=terms.market.id)
    tariffs = Tariffs(skus.classes, TODAY)
    rules = rules_of(terms, skus.categories, tariffs, to=to)
    road = road_of(
        world["path"],
        terms,
        tariffs,
        shipment=world["shipment"],
        into_base=world["into_base"],
        to=to,
    )
    sheet = quotes(skus, rules, road, terms, quantity=np.array(quantities, dtype=np.int64))
    steps = [sheet.column(step).tolist() for step in STEPS]
    return [
        (Refused(sheet.refused[row]).code,)
        if sheet.refused[row]
        else (
            tuple(step[row] for step in steps),
            int(sheet.shelf_minor[row]),
            PAYERS[sheet.paid_by[row]],
            road.days_p50,
            road.days_p90,
        )
        for row in range(len(skus))
    ]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds(), data=st.data())
def test_every_row_is_the_quote_of_that_line(world: dict[str, Any], data: st.DataObject) -> None:
    numbers = st.one_of(st.just(1), st.integers(1, 40), st.integers(900, 3000))
    quantities = [data.draw(numbers) for _ in world["items"]]
    rows = column(world, quantities)
    assert rows == [scalar(world, place, quantity) for place, quantity in enumerate(quantities)]
