"""What numba works out is what numpy works out, to the last minor unit, in any world and at any size of amount."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haitu.core.book import Destination
from haitu.core.landed import STEPS
from haitu.core.market import charm
from haitu.core.money import Exchange, half_up
from haitu.plan.quotes import fast
from haitu.plan.quotes.best import best
from haitu.plan.quotes.compiled import best_paths, components
from haitu.plan.quotes.exact import charmed, ratio
from haitu.plan.quotes.offer import Chunk
from haitu.plan.quotes.sheet import Sheet
from tests.core.hengda import ITEMS, LANTERN, PER_EUR_E9, SHENZHEN, TODAY, fx, lane, market, terms
from tests.plan.drawn import worlds
from tests.plan.test_best import several
from tests.plan.test_price_list import CARTONS


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds(), data=st.data())
def test_the_compiled_best_paths_are_numpys(world: dict[str, Any], data: st.DataObject) -> None:
    skus, offered, _ = several(world, data)
    for kept in (1, 2, 3):
        plain, quick = best(Chunk(skus), offered, kept), best_paths(Chunk(skus), offered, kept)
        assert quick.shelf_minor.tolist() == plain.shelf_minor.tolist()
        for name in ("road", "contribution_minor"):
            assert [c.tolist() for c in getattr(quick, name)] == [c.tolist() for c in getattr(plain, name)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds(), data=st.data())
def test_the_compiled_components_are_those_of_the_sheets(world: dict[str, Any], data: st.DataObject) -> None:
    skus, offered, sheets = several(world, data)
    for kind in (np.int64, np.int32):
        out = np.zeros((len(offered.roads), len(STEPS), len(skus)), dtype=kind)
        if not components(Chunk(skus), offered, out):
            assert not offered.all_known or too_large(sheets, kind)
            continue
        for road, sheet in zip(out, sheets, strict=True):
            quoted = sheet.refused == 0
            for step, column in zip(STEPS, road, strict=True):
                assert column[quoted].tolist() == sheet.column(step)[quoted].tolist()


def too_large(sheets: list[Sheet], kind: Any) -> bool:
    """Whether some amount, of a quote or of what comes of refused goods, is near the end of int32."""
    largest = max(int(np.abs(sheet.column(step)).max(initial=0)) for sheet in sheets for step in STEPS)
    return kind is np.int32 and largest > 10**8


def test_amounts_that_int32_does_not_hold_are_not_stored_in_it() -> None:
    world = dear_world() | {"items": [replace(ITEMS[LANTERN], list_minor=3 * 10**9)]}
    skus, offered, _ = several(world, NothingDrawn())  # type: ignore[arg-type]
    narrow, wide = (np.zeros((1, len(STEPS), 1), dtype=kind) for kind in (np.int32, np.int64))
    assert components(Chunk(skus), offered, narrow) is False
    assert components(Chunk(skus), offered, wide) is True
    assert wide[0, 0, 0] > 2**31


def test_amounts_too_large_for_the_lanes_are_left_to_numpy() -> None:
    world = dear_world()
    skus, offered, _ = several(world, NothingDrawn())  # type: ignore[arg-type]
    assert offered.all_known
    assert components(Chunk(skus), offered, np.zeros((1, 12, 1), dtype=np.int64)) is False
    assert best_paths(Chunk(skus), offered).shelf_minor.tolist() == best(Chunk(skus), offered).shelf_minor.tolist()


class NothingDrawn:
    """No more roads than the world's own."""

    def draw(self, strategy: object) -> int:
        return 0


def dear_world() -> dict[str, Any]:
    return {
        "items": [replace(ITEMS[LANTERN], list_minor=10**12)],
        "costs": [1],
        "terms": terms(market("DE")),
        "path": (lane(3, SHENZHEN, "DE"),),
        "shipment": CARTONS,
        "into_base": Exchange(currency="CNY", rates={code: fx(code, "CNY") for code in PER_EUR_E9}, on=TODAY),
        "to": Destination(country="DE"),
    }


def test_a_price_list_takes_the_compiled_one_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fast.ranker() is best_paths
    monkeypatch.setattr(fast, "find_spec", lambda name: None)
    assert fast.ranker() is best


@given(
    numbers=st.lists(st.integers(0, 2**40), min_size=1, max_size=20),
    numerator=st.integers(1, 10**19),
    denominator=st.integers(1, 10**19),
)
def test_ratios_are_half_up_whatever_their_size(numbers: list[int], numerator: int, denominator: int) -> None:
    wanted = [half_up(number * numerator, denominator) for number in numbers]
    if max(wanted) < 2**62:
        assert ratio(np.array(numbers, dtype=np.int64), numerator, denominator).tolist() == wanted


@given(price=st.integers(-10, 10**9), ending=st.sampled_from(["none", "99", "9", "0", "00", "000", "1234"]))
def test_charm_is_the_same_on_a_column(price: int, ending: str) -> None:
    for currency in ("EUR", "JPY", "KWD"):
        assert charmed(np.array([price]), currency, ending).tolist() == [charm(price, currency, ending)]
