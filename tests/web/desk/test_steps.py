"""How an order was quoted is told in the reader's language: every step that core can take has a sentence."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from haitu import core
from haitu.core.book import BasketLine, Destination
from haitu.core.quote import quote
from haitu.models import Market, Order, User
from haitu.reads import quote as reads
from haitu.reads.quote import load_book
from haitu.web.desk import return_words
from haitu.web.desk.steps import SENTENCES, told
from tests.actions.buying import merchant_of
from tests.world import TODAY, World

CORE = Path(str(core.__file__)).parent
# Doubts about a lane's days, told where lanes are kept; what a return keeps back, told on its page.
NOT_OF_A_QUOTE = {"too_fast", "too_slow", *return_words.KEPT}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def codes_of_core() -> set[str]:
    """What stands as `code` of a Why, or is handed to `_told`, which makes one."""
    found = set[str]()
    for path in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "Why":
                named = [word.value for word in node.keywords if word.arg == "code"]
            elif node.func.id == "_told":
                named = node.args[2:3]
            else:
                continue
            found |= {each.value for each in named if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return found


def test_every_step_that_core_can_take_has_a_sentence() -> None:
    assert codes_of_core() - NOT_OF_A_QUOTE - set(SENTENCES) == set()
    assert {"line", "route", "freight", "seller_collects"} <= codes_of_core()  # the walk does find them


@pytest.mark.parametrize(
    ("sku", "country"),
    [
        *[("LANTERN", country) for country in ("DE", "US", "JP", "GB", "AE")],
        *[("MUG", country) for country in ("DE", "US", "GB")],
        *[("CHANDELIER", country) for country in ("DE", "US")],
    ],
)
def test_every_step_of_a_real_quote_is_told_in_chinese(world: World, sku: str, country: str) -> None:
    reads._kept.clear()
    Market.objects.of(world.merchant.pk).filter(country="JP").update(incoterm="DAP")
    book = load_book(merchant_of(world), country, [world.variants[sku].pk], language="en", on=TODAY)
    basket = (BasketLine(variant_id=world.variants[sku].pk, quantity=1),)
    made = quote(basket, book, to=Destination(country=country), on=TODAY)
    with translation.override("zh-hans"):
        lines = [told([why.code, why.told, dict(why.given)], made.currency) for why in made.why]
    assert [line for line in lines if not CHINESE.search(line)] == []
    assert [told([why.code, why.told, dict(why.given)], made.currency) for why in made.why] == [
        why.told for why in made.why
    ]


GIVEN = {
    "incoterm": "DAP", "hs_code": "940550", "lines": 3, "territory": "EU", "destination": "HK", "origin": "",
    "value_minor": 200_00, "value_currency": "EUR", "limit_minor": 150_00, "limit_currency": "EUR",
    "text": "4.7 %", "base_minor": 1000, "duty_minor": 47, "import_vat_minor": 190, "rate_bp": 1900,
    "quantity": 2, "sku": "MUG", "unit_minor": 999, "amount_minor": 1998, "tax_rate_bp": 1900, "tax_minor": 319,
    "shipping_minor": 490, "free_from_minor": None, "parcel": 1, "warehouse": "LEJ", "lane": "LEJ-DE", "days_p50": 2,
    "days_p90": 3, "boxes": 1, "weight_g": 300, "chargeable_g": 500, "price_minor": 390, "currency": "EUR",
    "chosen": "LEJ", "other": "SZX", "more_minor": 120, "days": 4, "minor": 150, "valid_from": "2026-01-01",
    "assumed": True, "units": 2, "ships": "2026-12-01",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_sentence_is_translated(code: str) -> None:
    with translation.override("zh-hans"):
        line = told([code, "as core told it", GIVEN], "EUR")
    assert CHINESE.search(line)
    assert "%(" not in line


def test_a_step_of_which_no_figures_were_kept_is_told_as_core_told_it() -> None:
    with translation.override("zh-hans"):
        assert told(["who_pays", "Nothing is due on delivery."], "EUR") == "Nothing is due on delivery."
        assert told(["duty", "940550: 2.7%.", {"hs_code": "940550"}], "EUR") == "940550: 2.7%."
        assert told(["something_new", "New.", {}], "EUR") == "New."


def test_the_order_page_tells_it(world: World, owner: Client, paid: Order) -> None:
    address = reverse("desk:order", args=[paid.pk])
    assert "no customs border is crossed" in owner.get(address).content.decode()
    User.objects.filter(pk=world.owner.pk).update(language="zh-hans")
    page = owner.get(address).content.decode()
    told_steps = page.partition('<ul class="mt-2 ps-3">')[2].partition("</ul>")[0]
    assert "从德国到德国不经过关境。" in told_steps
    assert "2 × LANTERN，单价 €" in told_steps
    assert date.fromisoformat(paid.quote["latest"]) > TODAY
