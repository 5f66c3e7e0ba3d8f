"""A market's settings are such that its shop can be reached and priced."""

from __future__ import annotations

import pytest

from haitu.actions.market import BadMarket, MarketDraft, save_market
from haitu.models import Market
from tests.world import NOW, World


def save(world: World, *languages: str) -> list[str]:
    germany = world.markets["DE"]
    draft = MarketDraft(
        prices_include_tax=germany.prices_include_tax,
        charm=germany.charm,
        price_factor_bp=germany.price_factor_bp,
        incoterm=germany.incoterm,
        languages=languages,
        registrations=tuple(germany.registrations),
        shipping_minor=germany.shipping_minor,
        shipping_free_from_minor=germany.shipping_free_from_minor,
        traffic_minor=germany.traffic_minor,
        returns_bp=germany.returns_bp,
        open=True,
    )
    save_market(merchant_id=world.merchant.pk, market_id=germany.pk, draft=draft, by=None, now=NOW)
    return list(Market.objects.of(world.merchant.pk).get(pk=germany.pk).languages)


@pytest.mark.parametrize("language", ["../de", "de/../..", "deutsch", "<b>", "de-"])
def test_a_language_that_makes_no_address_is_refused(world: World, language: str) -> None:
    with pytest.raises(BadMarket):
        save(world, "de", language)
    assert list(Market.objects.of(world.merchant.pk).get(country="DE").languages) == ["de", "en"]


def test_languages_are_written_as_tags(world: World) -> None:
    assert save(world, "de", "pt-BR", "zh-Hant") == ["de", "pt-BR", "zh-Hant"]
