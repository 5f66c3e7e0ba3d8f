"""A buyer never pays a tax twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from haitu.core.errors import Refusal
from haitu.core.quote import quote
from tests.core.hengda import GB, LANES, MUG, SHENZHEN, TODAY, basket, book, market, stock


def test_a_price_with_tax_is_refused_where_the_buyer_would_pay_import_tax_again() -> None:
    shown_with_tax = market("GB", incoterm="DAP", shipping_minor=0, registrations=frozenset({"GB"}))
    lanes = tuple(replace(lane, incoterms=frozenset({"DAP"})) for lane in LANES)
    asked = book(shown_with_tax, stock(MUG, SHENZHEN, 100), lanes=lanes)
    with pytest.raises(Refusal, match="Deliver DDP, or show prices without tax"):
        quote(basket(mug=20), asked, to=GB, on=TODAY)  # above £135: VAT is due at import
    assert quote(basket(mug=1), asked, to=GB, on=TODAY).tax_minor > 0  # below it the seller charges it, once
