"""A rate card survives the database."""

from datetime import date

import pytest

from haitu.actions.tariff import row_values
from haitu.core.freight import Break, Surcharge, Tariff
from haitu.models import Tariff as TariffRow
from haitu.reads.quote import tariff_of
from tests.world import World

CARDS = [
    Tariff(code="A", currency="EUR", breaks=(Break(up_to_g=1000, base_minor=100, per_step_minor=5),)),
    Tariff(
        code="B",
        currency="USD",
        breaks=(Break(up_to_g=500, base_minor=1), Break(up_to_g=30_000, base_minor=2, per_step_minor=3)),
        divisor_cm3_per_kg=6000,
        step_g=500,
        minimum_minor=9,
        fuel_bp=1250,
        remote_minor=300,
        remote_postcodes=("18", "IV"),
        max_weight_g=30_000,
        max_side_mm=1_200,
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
        assumed=True,
        source="a list",
        surcharges=(
            Surcharge(code="peak", kind="bp", amount=800, valid_from=date(2026, 11, 1), valid_to=date(2027, 1, 15)),
            Surcharge(code="security", kind="per_box", amount=40),
        ),
    ),
    Tariff(code="C", currency="USD", breaks=(), basis="box", box_minor=(("20GP", 180_000), ("40HQ", 300_000))),
]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.code)
def test_a_card_is_read_as_it_was_written(world: World, card: Tariff) -> None:
    row = TariffRow.objects.create(merchant=world.merchant, **row_values(card))
    row.refresh_from_db()
    assert tariff_of(row) == card
