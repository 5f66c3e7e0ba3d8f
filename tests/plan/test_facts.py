"""Facts that cannot be are refused, and a fingerprint is the same whoever takes it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from haitu.commands import ROOT
from haitu.core.freight import Lane
from haitu.plan.quotes.fingerprint import offer_prints
from haitu.plan.quotes.skus import BadFacts
from tests.core.hengda import LANES
from tests.plan.test_price_list import RAIL, goods, offers

ASK = """
from haitu.plan.quotes.fingerprint import offer_prints
from tests.plan.test_price_list import goods, offers
print(offer_prints(offers(goods(5))["DE"]))
"""


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(BadFacts) as refused:
        replace(goods(3), weight_g=np.zeros(2, dtype=np.int64))
    assert refused.value.told == "weight_g is no int64 column of 3 rows."


def test_a_weight_below_zero_is_refused() -> None:
    with pytest.raises(BadFacts) as refused:
        replace(goods(3), weight_g=np.array([1, -1, 0]))
    assert refused.value.told == "weight_g is below zero in some row; what is not known is 0."


def test_two_processes_take_the_same_fingerprints() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", ASK],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {f"{offer_prints(offers(goods(5))['DE'])}\n"}


@pytest.mark.parametrize(
    "changed",
    [
        replace(RAIL, tariff=replace(RAIL.tariff, fuel_bp=1)),
        replace(RAIL, refuses=frozenset({"liquid"})),
        replace(RAIL, days_p90=RAIL.days_p90 + 1),
        replace(RAIL, tariff=replace(RAIL.tariff, max_side_mm=2_000)),
    ],
)
def test_what_changes_a_path_changes_its_fingerprint_alone(changed: Lane) -> None:
    skus = goods(5)
    before, after = (offer_prints(offers(skus, rail=rail)["DE"]) for rail in (RAIL, changed))
    assert {path for path in before if before[path] != after[path]} == {"SZX-LEJ > LEJ-DE"}


def test_a_lanes_name_alone_changes_nothing_but_the_paths_it_names() -> None:
    skus = goods(5)
    carrier = replace(LANES[0], carrier="Another courier")
    assert offer_prints(offers(skus, de=carrier)["DE"]) == offer_prints(offers(skus)["DE"])
