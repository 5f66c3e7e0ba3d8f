"""The desk's words for feeds and reports: platforms, states, what a rule wants, why something is left out."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

PLATFORMS = {"google": "Google", "meta": "Meta", "tiktok": "TikTok"}
WHY = {
    "sold_out": gettext_noop("sold out"),
    "not_delivered": gettext_noop("in stock, but no open lane brings it there"),
    "no_price": gettext_noop("no price or tax rate there"),
}
WANTED = {
    "required": gettext_noop("something"),
    "required_where": gettext_noop("something, here"),
    "at_most": gettext_noop("at most %(value)s characters"),
    "unique": gettext_noop("one that no other item has"),
    "one_of": gettext_noop("one of %(value)s"),
    "price": gettext_noop("a price above 0, such as 15.00 USD"),
    "address": gettext_noop("an address that begins with https://"),
    "ends_in": gettext_noop("a file that ends in %(value)s"),
    "gtin": gettext_noop("a GTIN with the right check digit"),
    "no_markup": gettext_noop("text without markup"),
    "no_emoji": gettext_noop("text without pictures"),
    "moment_within_days": gettext_noop("a moment within %(value)s days"),
}
STATES = {
    "waiting": gettext_noop("waits"),
    "sent": gettext_noop("sent"),
    "refused": gettext_noop("refused"),
    "dropped": gettext_noop("not sent"),
}
KINDS = {
    "purchase": gettext_noop("Purchase"),
    "adjust": gettext_noop("Refund in part"),
    "retract": gettext_noop("Refund of all"),
}
SETTINGS = {
    "pixel": gettext_noop("Pixel"),
    "customer": gettext_noop("Customer number"),
    "conversion_action": gettext_noop("Conversion action"),
}
# Our own sentences that are kept with a report; a platform's words are shown as they came.
TOLD = (
    gettext_noop("The ad platform no longer takes the stored token."),
    gettext_noop("The person has withdrawn their consent or was forgotten."),
    gettext_noop("A later refund replaced it."),
    gettext_noop("All of it was given back before it was told."),
    gettext_noop("It happened more than 7 days ago; the platform takes none so old."),
    gettext_noop("It happened more than 28 days ago; the platform takes none so old."),
)


def why(code: str) -> str:
    """Why a variant is left out."""
    return _(WHY[code]) if code in WHY else code


def wanted(operation: str, value: str) -> str:
    """What a rule wants."""
    return _(WANTED[operation]) % {"value": value} if operation in WANTED else value


def state(code: str) -> str:
    """Where a report stands."""
    return _(STATES[code]) if code in STATES else code


def kind(code: str) -> str:
    """What a report tells."""
    return _(KINDS[code]) if code in KINDS else code


def setting(name: str) -> str:
    """What a platform needs to know of the account."""
    return _(SETTINGS[name]) if name in SETTINGS else name


def told(sentence: str) -> str:
    """A kept sentence in the reader's language."""
    return _(sentence) if sentence else ""
