"""The desk's names for codes: statuses, steps, roles, refusals. What is not known here is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.core.errors import Refusal
from haitu.web.desk import act_words, refusal_words, steps
from haitu.web.locale import active, date_text

STATUSES = {
    "pending": gettext_noop("Awaiting payment"),
    "accepted": gettext_noop("To be paid at the door"),
    "paid": gettext_noop("Paid"),
    "part_shipped": gettext_noop("Partly shipped"),
    "shipped": gettext_noop("Shipped"),
    "delivered": gettext_noop("Delivered"),
    "cancelled": gettext_noop("Cancelled"),
    "expired": gettext_noop("Expired"),
    "succeeded": gettext_noop("Succeeded"),
    "failed": gettext_noop("Failed"),
    "draft": gettext_noop("Draft"),
    "live": gettext_noop("Live"),
    "archived": gettext_noop("Archived"),
}
COLOURS = {
    "pending": "yellow",
    "accepted": "blue",
    "paid": "blue",
    "part_shipped": "azure",
    "shipped": "cyan",
    "delivered": "green",
    "cancelled": "secondary",
    "expired": "secondary",
    "succeeded": "green",
    "failed": "red",
    "draft": "yellow",
    "live": "green",
    "archived": "secondary",
}
STEPS = {
    "price": gettext_noop("Price"),
    "tax": gettext_noop("Tax"),
    "goods": gettext_noop("Goods"),
    "inbound": gettext_noop("First-leg freight"),
    "duty": gettext_noop("Duty"),
    "import_vat": gettext_noop("Import VAT"),
    "storage": gettext_noop("Storage"),
    "last_mile": gettext_noop("Last mile"),
    "outlet_fee": gettext_noop("Outlet fee"),
    "payment_fee": gettext_noop("Payment fee"),
    "returns": gettext_noop("Returns"),
    "traffic": gettext_noop("Traffic"),
    "contribution": gettext_noop("Contribution"),
}
ACCOUNTS = STEPS | {
    "shrinkage": gettext_noop("Stock lost or found"),
    "deposit": gettext_noop("Buyers' deposits"),
    "cash": gettext_noop("Cash"),
    "carrier_cash": gettext_noop("Cash with carriers"),
    "tax_payable": gettext_noop("Tax owed"),
    "inventory": gettext_noop("Inventory"),
    "carrier_payable": gettext_noop("Carriers"),
    "customs_payable": gettext_noop("Customs"),
    "warehouse_payable": gettext_noop("Warehouses"),
    "outlet_payable": gettext_noop("Outlets"),
    "spend_payable": gettext_noop("Traffic platforms"),
    "supplier_payable": gettext_noop("Owed to suppliers"),
    "quote": gettext_noop("Counterpart of quotes"),
}
LETTERS = {
    "placed": gettext_noop("order received"),
    "paid": gettext_noop("payment received"),
    "shipped": gettext_noop("parcel on its way"),
    "refunded": gettext_noop("money given back"),
    "return_asked": gettext_noop("return asked for"),
    "return_label": gettext_noop("label of the return"),
    "return_received": gettext_noop("return received"),
    "return_refused": gettext_noop("no money for the return"),
    "cancelled": gettext_noop("order cancelled"),
    "later": gettext_noop("later than promised"),
    "accepted": gettext_noop("to be paid at the door"),
    "turned_back": gettext_noop("not taken at the door"),
    "expired": gettext_noop("order expired"),
}
ROLES = {
    "owner": gettext_noop("Owner"),
    "operator": gettext_noop("Operator"),
    "warehouse": gettext_noop("Warehouse"),
    "marketing": gettext_noop("Marketing"),
    "reader": gettext_noop("Reader"),
}
EVENTS = {
    "placed": gettext_noop("Order placed"),
    "paid": gettext_noop("Paid"),
    "payment_failed": gettext_noop("Payment failed"),
    "cash_agreed": gettext_noop("Cash on delivery agreed"),
    "collected": gettext_noop("Paid at the door"),
    "remitted": gettext_noop("Handed over by the carrier"),
    "refused_at_door": gettext_noop("Refused at the door"),
    "cancelled": gettext_noop("Cancelled"),
    "expired": gettext_noop("Expired"),
    "shipped": gettext_noop("Parcel shipped"),
    "delivered": gettext_noop("Parcel delivered"),
    "closed": gettext_noop("Nothing more will leave"),
    "carrier_billed": gettext_noop("Carrier's bill"),
    "refunded": gettext_noop("Refunded"),
    "returned": gettext_noop("Goods taken back"),
    "return_charged": gettext_noop("Return charged"),
    "fee_charged": gettext_noop("Fee charged"),
    "spend_booked": gettext_noop("Traffic spend booked"),
    "received": gettext_noop("Stock received"),
    "revalued": gettext_noop("Stock revalued"),
    "written_off": gettext_noop("Stock written off"),
}
MOVES = {
    "received": gettext_noop("Received"),
    "shipped": gettext_noop("Shipped"),
    "moved_out": gettext_noop("Moved out"),
    "moved_in": gettext_noop("Moved in"),
    "counted": gettext_noop("Counted"),
    "returned": gettext_noop("Returned"),
    "written_off": gettext_noop("Written off"),
}
CASH_STATES = {
    "waiting": gettext_noop("on its way"),
    "owed": gettext_noop("owed by the carrier"),
    "settled": gettext_noop("settled"),
    "refused": gettext_noop("refused"),
}
CASH_VERDICTS = {
    "matched": gettext_noop("as expected"),
    "differing": gettext_noop("differs"),
    "unknown": gettext_noop("not ours, or not paid yet"),
    "repeated": gettext_noop("settled before"),
}
INBOUND_STATUSES = {
    "planned": gettext_noop("Planned"),
    "booked": gettext_noop("Booked"),
    "departed": gettext_noop("Departed"),
    "arrived": gettext_noop("Arrived"),
    "customs": gettext_noop("At customs"),
    "received": gettext_noop("Counted in"),
    "cancelled": gettext_noop("Cancelled"),
}
PURCHASE_STATUSES = {
    "open": gettext_noop("Open"),
    "done": gettext_noop("Done"),
    "cancelled": gettext_noop("Cancelled"),
}
SHARES = {
    "volume": gettext_noop("Volume"),
    "weight": gettext_noop("Weight"),
    "value": gettext_noop("Value"),
    "units": gettext_noop("Units"),
}
GOODS = {
    "battery": gettext_noop("batteries"),
    "liquid": gettext_noop("liquids"),
    "powder": gettext_noop("powders"),
    "fire": gettext_noop("flammables"),
}
CHANNELS = {
    "": gettext_noop("Unknown"),
    "direct": gettext_noop("Direct"),
    "facebook": "Facebook",
    "google": "Google",
    "instagram": "Instagram",
    "tiktok": "TikTok",
    "creator": gettext_noop("Creators"),
    "community": gettext_noop("Community"),
    "email": gettext_noop("E-mail"),
    "organic": gettext_noop("Organic search"),
    "history": gettext_noop("Imported history"),
}


def refusal(no: Refusal) -> str:
    """Why not, in the reader's language."""
    return refusal_words.refusal(no)


def why(step: Sequence[Any], currency: str) -> str:
    """One step of an order's quote; `currency` is the order's."""
    return steps.told(step, currency)


def status(code: str) -> str:
    return _named(STATUSES, code)


def colour(code: str) -> str:
    return COLOURS.get(code, "secondary")


def step(code: str) -> str:
    return _named(STEPS, code)


def account(code: str) -> str:
    return _named(ACCOUNTS, code)


def letter(kind: str) -> str:
    return _named(LETTERS, kind)


def role(code: str) -> str:
    return _named(ROLES, code)


def event(kind: str) -> str:
    return _named(EVENTS, kind)


def move(kind: str) -> str:
    return _named(MOVES, kind)


def cash_state(code: str) -> str:
    return _named(CASH_STATES, code)


def cash_verdict(code: str) -> str:
    return _named(CASH_VERDICTS, code)


def inbound_status(code: str) -> str:
    return _named(INBOUND_STATUSES, code)


def purchase_status(code: str) -> str:
    return _named(PURCHASE_STATUSES, code)


def share_by(code: str) -> str:
    return _named(SHARES, code)


def goods(code: str) -> str:
    """A kind of goods that some lanes refuse."""
    return _named(GOODS, code)


def goods_codes(typed: Sequence[str]) -> tuple[str, ...]:
    """The codes of kinds of goods as a reader of any language types them; an unknown word is kept as it is."""
    known = {_(name): code for code, name in GOODS.items()}
    return tuple(dict.fromkeys(known.get(word, word) for word in typed))


def kept_day(written: str) -> str:
    """A day as a quote keeps it (2026-11-27), as the reader writes it."""
    return date_text(date.fromisoformat(written), active())


def channel(code: str) -> str:
    return _named(CHANNELS, code)


def action(code: str) -> str:
    return _named(act_words.ACTIONS, code)


def wanted(sentence: str) -> str:
    return _(sentence)


def _named(names: Mapping[str, str], code: str) -> str:
    name = names.get(code)
    return _(name) if name else code
