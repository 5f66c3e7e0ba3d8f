"""The best paths are those that the sheets of all paths say, three deep, in any world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haitu.plan.quotes.best import KEPT, NO_ROAD, Best, best
from haitu.plan.quotes.duties import Tariffs
from haitu.plan.quotes.offer import Chunk, Offer, offer
from haitu.plan.quotes.sale import rules_of
from haitu.plan.quotes.sheet import Sheet, quotes, road_of
from haitu.plan.quotes.skus import Skus, from_items
from tests.plan.drawn import TODAY, cards, worlds

Rows = list[list[tuple[int, int]]]


def several(world: dict[str, Any], data: st.DataObject) -> tuple[Skus, Offer, list[Sheet]]:
    """The world's path, and others that differ in their last lane or go without line hauls."""
    terms, to, path = world["terms"], world["to"], world["path"]
    skus = from_items(world["items"], world["costs"], market_id=terms.market.id)
    tariffs = Tariffs(skus.classes, TODAY)
    rules = rules_of(terms, skus.categories, tariffs, to=to)
    paths = [path]
    for number in range(data.draw(st.integers(0, 4))):
        last = replace(path[-1], id=200 + number, tariff=data.draw(cards()), days_p90=data.draw(st.integers(0, 3)))
        first = path[:-1] if data.draw(st.booleans()) else ()
        paths.append((*first, last))
    kept: dict[str, Any] = {"shipment": world["shipment"], "into_base": world["into_base"], "to": to}
    offered = offer(rules, [road_of(lanes, terms, tariffs, **kept) for lanes in paths], terms)
    return skus, offered, [quotes(skus, rules, road, terms) for road in offered.roads]


def ranked(skus: Skus, sheets: list[Sheet]) -> Rows:
    """What the sheets say: per SKU the places of its best roads and what they leave."""
    rows: Rows = []
    for sku in range(len(skus)):
        left = [
            (int(sheet.waterfall.contribution[sku]), place)  # type: ignore[index]
            for place, sheet in enumerate(sheets)
            if sheet.refused[sku] == 0
        ]
        left.sort(key=lambda one: (-one[0], one[1]))
        rows.append([(place, minor) for minor, place in left[:KEPT]])
    return rows


def told(found: Best, skus: Skus) -> Rows:
    return [
        [
            (int(road[sku]), int(minor[sku]))
            for road, minor in zip(found.road, found.contribution_minor, strict=True)
            if road[sku] != NO_ROAD
        ]
        for sku in range(len(skus))
    ]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds(), data=st.data())
def test_the_best_three_are_those_of_the_sheets(world: dict[str, Any], data: st.DataObject) -> None:
    skus, offered, sheets = several(world, data)
    assert told(best(Chunk(skus), offered), skus) == ranked(skus, sheets)
