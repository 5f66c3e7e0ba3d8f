"""A refusal in the reader's language, and the HTTP status that fits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.core.errors import Refusal
from haitu.web.locale import active, date_text

UNPROCESSABLE = 422
_STATUS: Mapping[str, int] = {
    "unknown_variant": 404,
    "no_such_market": 404,
    "out_of_stock": 409,
    "quote_changed": 409,
    "crowded": 503,
    "provider_silent": 503,
    "nothing_to_pay_by": 503,
    "wrong_status": 409,
    "nothing_to_pay": 409,
    "not_late": 409,
}


def status(refusal: Refusal) -> int:
    """The HTTP status: 404, 409 and 503 where they say more than 422."""
    return _STATUS.get(refusal.code, UNPROCESSABLE)


def sentence(refusal: Refusal) -> str:
    """The refusal for the person in front of the page; one we have no words for tells its own, in English."""
    told = _SENTENCES.get(refusal.code)
    return told(refusal.given) if told else refusal.told


def _out_of_stock(given: Mapping[str, Any]) -> str:
    available = int(given.get("available", 0))
    if available <= 0:
        return _("Something in your cart has just been sold out. Please take it out.")
    return ngettext(
        "Only %(available)d is left of something in your cart. Please change the quantity.",
        "Only %(available)d are left of something in your cart. Please change the quantity.",
        available,
    ) % {"available": available}


def _fixed(sentence: Callable[[], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda _given: sentence()


def _too_late(given: Mapping[str, Any]) -> str:
    last = given.get("last")
    if last is None:
        return _("The days for sending it back are over.")
    return _("It could be sent back until %(last)s.") % {"last": date_text(last, active())}


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "return_too_late": _too_late,
    "not_taken_back": _fixed(lambda: _("This is only taken back if we are at fault.")),
    "nothing_asked": _fixed(lambda: _("Say of at least one thing how many go back, and why.")),
    "nothing_to_return": _fixed(lambda: _("Fewer of these are left to send back. Please look at the numbers again.")),
    "no_return_site": _fixed(lambda: _("We cannot take returns by this page yet. Please write to us.")),
    "out_of_stock": _out_of_stock,
    "empty_basket": _fixed(lambda: _("Your cart is empty.")),
    "bad_quantity": _fixed(lambda: _("Please order at least one.")),
    "no_quantity": lambda given: _("Please type a whole number from 0 to %(most)d.") % {"most": given.get("most", 999)},
    "cart_full": lambda given: (
        _("A cart holds %(most)d different things. Please order these first.") % {"most": given.get("most", 60)}
    ),
    "unknown_variant": _fixed(lambda: _("Something in your cart is no longer sold here. Please take it out.")),
    "no_such_market": _fixed(lambda: _("We do not deliver to this country at the moment.")),
    "not_for_sale_here": _fixed(lambda: _("These prices are for another country. Please choose where we deliver.")),
    "not_delivered": _fixed(lambda: _("We have no way to deliver this to you at the moment.")),
    "not_served": _fixed(lambda: _("We have no way to deliver this to you at the moment.")),
    "unknown_weight": _fixed(lambda: _("We cannot work out the delivery of this yet, so we cannot sell it to you.")),
    "no_tax_rate": _fixed(
        lambda: _("We cannot work out the tax for this address yet, so we cannot sell to you there.")
    ),
    "duty_unknown": _fixed(lambda: _("We cannot work out the duty on this yet, so we cannot sell it to you.")),
    "quote_changed": _fixed(
        lambda: _("Something changed since you saw this page. Please look again before you order.")
    ),
    "crowded": _fixed(
        lambda: _("Many people are buying this right now. Nothing was ordered; please try again in a moment.")
    ),
    "nothing_to_pay_by": _fixed(lambda: _("This shop cannot take payments at the moment. Nothing was ordered.")),
    "provider_silent": _fixed(
        lambda: _("The payment provider does not answer. Nothing was charged; please try again in a moment.")
    ),
    "nothing_to_pay": _fixed(lambda: _("There is nothing left to pay for this order.")),
    "cash_not_offered": _fixed(lambda: _("This order cannot be paid when it arrives; please pay it here.")),
    "not_late": _fixed(lambda: _("This order can no longer be cancelled here; please answer our letter.")),
    "provider_refused": _fixed(lambda: _("The payment provider refused. Nothing was charged.")),
}
