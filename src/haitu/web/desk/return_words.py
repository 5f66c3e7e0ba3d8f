"""The desk's names for what returns say."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

STATES = {
    "asked": gettext_noop("Asked"),
    "approved": gettext_noop("May be sent"),
    "on_way": gettext_noop("On the way"),
    "received": gettext_noop("Received"),
    "graded": gettext_noop("Graded"),
    "decided": gettext_noop("Decided"),
    "done": gettext_noop("Done"),
    "refused": gettext_noop("Refused"),
    "cancelled": gettext_noop("Called off"),
}
COLOURS = {
    "asked": "yellow",
    "approved": "blue",
    "on_way": "azure",
    "received": "cyan",
    "graded": "blue",
    "decided": "azure",
    "done": "green",
    "refused": "red",
    "cancelled": "secondary",
}
REASONS = {
    "unwanted": gettext_noop("Not wanted any more"),
    "unfit": gettext_noop("Does not fit"),
    "damaged": gettext_noop("Arrived damaged"),
    "faulty": gettext_noop("Does not work"),
    "wrong": gettext_noop("Wrong goods sent"),
    "unlike": gettext_noop("Not as described"),
}
GRADES = {
    "A": gettext_noop("A: as new"),
    "B": gettext_noop("B: opened"),
    "C": gettext_noop("C: damaged"),
    "D": gettext_noop("D: missing or wrong"),
}
FATES = {
    "resell": gettext_noop("Sell again here"),
    "move": gettext_noop("Send on to"),
    "destroy": gettext_noop("Destroy"),
    "donate": gettext_noop("Donate"),
    "nothing": gettext_noop("Nothing to do"),
}
KINDS = {
    "hygiene": gettext_noop("Hygiene"),
    "sealed": gettext_noop("Sealed"),
    "custom": gettext_noop("Made to order"),
    "perishable": gettext_noop("Perishable"),
}
KEPT = {
    "nothing_came": gettext_noop("It was not in the parcel"),
    "kept_for_wear": gettext_noop("Kept for wear"),
    "kept_as_fee": gettext_noop("Restocking fee"),
    "kept_outbound": gettext_noop("Delivery not given back"),
}


def state(code: str) -> str:
    """A step of a return."""
    return _(STATES[code]) if code in STATES else code


def colour(code: str) -> str:
    """Its colour."""
    return COLOURS.get(code, "secondary")


def reason(code: str) -> str:
    """Why it comes back."""
    return _(REASONS[code]) if code in REASONS else code


def grade(code: str) -> str:
    """How it came."""
    return _(GRADES[code]) if code in GRADES else code


def fate(code: str) -> str:
    """What becomes of it."""
    return _(FATES[code]) if code in FATES else code


def kind(code: str) -> str:
    """A kind of goods."""
    return _(KINDS[code]) if code in KINDS else code


def kept(code: str) -> str:
    """Why something did not go back."""
    return _(KEPT[code]) if code in KEPT else code
