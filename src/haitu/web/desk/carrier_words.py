"""The desk's names for what carriers do: parcel states, label states, verdicts, and their refusals."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

STATES = {
    "announced": gettext_noop("Announced"),
    "picked_up": gettext_noop("Picked up"),
    "in_transit": gettext_noop("On the way"),
    "customs": gettext_noop("In customs"),
    "customs_held": gettext_noop("Held by customs"),
    "out_for_delivery": gettext_noop("Out for delivery"),
    "attempt_failed": gettext_noop("Delivery failed"),
    "delivered": gettext_noop("Delivered"),
    "returned": gettext_noop("Returned to sender"),
    "lost": gettext_noop("Lost"),
    "exception": gettext_noop("Trouble"),
}
LABELS = {
    "wanted": gettext_noop("Label asked for"),
    "bought": gettext_noop("Label bought"),
    "refused": gettext_noop("Label refused"),
    "voided": gettext_noop("Label cancelled"),
}
VERDICTS = {
    "matched": gettext_noop("As expected"),
    "differing": gettext_noop("Different"),
    "unknown": gettext_noop("No parcel of ours"),
    "repeated": gettext_noop("Billed before"),
}
COLOURS = {
    "delivered": "green",
    "bought": "green",
    "matched": "green",
    "customs_held": "yellow",
    "attempt_failed": "yellow",
    "differing": "yellow",
    "wanted": "yellow",
    "returned": "red",
    "lost": "red",
    "exception": "red",
    "refused": "red",
    "unknown": "red",
    "repeated": "red",
    "voided": "secondary",
    "announced": "secondary",
}
CARRIERS = {
    "sandbox": "Sandbox",
    "sf": "SF 顺丰",
    "cainiao": "Cainiao 菜鸟",
    "fourpx": "4PX 递四方",
    "yunexpress": "YunExpress 云途",
    "goodcang": "GoodCang 谷仓",
    "ups": "UPS",
    "fedex": "FedEx",
    "dhl_express": "DHL Express",
    "usps": "USPS",
}
SECRETS = {
    "api_key": gettext_noop("Key"),
    "partner_id": gettext_noop("Customer code"),
    "checkword": gettext_noop("Check word"),
    "provider_id": gettext_noop("Provider code"),
    "secret": gettext_noop("Secret"),
    "app_key": gettext_noop("App key"),
    "app_secret": gettext_noop("App secret"),
    "app_token": gettext_noop("App token"),
    "code": gettext_noop("Customer code"),
    "api_secret": gettext_noop("Secret"),
    "client_id": gettext_noop("Client number"),
    "client_secret": gettext_noop("Client secret"),
    "secret_key": gettext_noop("Secret key"),
    "site_id": gettext_noop("Site number"),
    "password": gettext_noop("Password"),
}
SETTINGS = {
    "service": gettext_noop("Service"),
    "notify_url": gettext_noop("Address for tracking pushes"),
    "monthly_card": gettext_noop("Monthly account"),
    "template": gettext_noop("Label template"),
    "check_phone": gettext_noop("Last four digits of the phone"),
    "cp_code": gettext_noop("Line code"),
    "product": gettext_noop("Product code"),
    "warehouse": gettext_noop("Warehouse code"),
    "currency": gettext_noop("Currency"),
    "account_number": gettext_noop("Account number"),
    "account_country_code": gettext_noop("Country of the account"),
}
ACTIONS = {
    "carrier.save": gettext_noop("Carrier account changed"),
    "carrier.check": gettext_noop("Carrier connection tried"),
    "carrier.bill": gettext_noop("Carrier's bill taken in"),
    "carrier.claim": gettext_noop("Carrier's charges claimed"),
    "label.buy": gettext_noop("Label bought"),
    "label.void": gettext_noop("Label cancelled"),
    "label.give_up": gettext_noop("Label given up"),
}
REFUSALS = {
    "carrier_silent": gettext_noop("The carrier does not answer (%(reason)s). Nothing is lost; it is asked again."),
    "bad_carrier_answer": gettext_noop("The carrier answers with something it should not. Ask again, or ask them."),
    "not_offered": gettext_noop("This carrier's interface does not offer that."),
    "not_installed": gettext_noop("This carrier needs the optional part “carriers”, which is not installed here."),
    "unknown_carrier": gettext_noop("There is no such carrier."),
    "no_such_carrier_account": gettext_noop("There is no such carrier account."),
    "no_such_label": gettext_noop("There is no such label."),
    "label_used": gettext_noop("The carrier has this parcel already; its label cannot be cancelled."),
    "other_account": gettext_noop("A label of another account is asked for; give that up first."),
    "outcome_unknown": gettext_noop(
        "The carrier was asked and its answer got lost. Look at the carrier's own pages; then give this label up."
    ),
    "no_address": gettext_noop("A label needs the buyer's name and street."),
    "no_weight": gettext_noop("The weight of what is in the parcel is not known; type the parcel's weight."),
    "not_a_bill": gettext_noop("A bill is a CSV or XLSX table whose first row names waybills and amounts."),
    "invoice_repeated": gettext_noop("A bill of the number %(number)s came before, with other lines."),
    "no_such_invoice": gettext_noop("There is no such bill."),
}
# Refusals whose code covers several sentences.
TOLD = (
    gettext_noop("An account has a name of at most 80 characters."),
    gettext_noop("The address of the carrier begins with https://."),
    gettext_noop("There is an account of that name already."),
    gettext_noop("A bill has a number of at most 60 characters."),
    gettext_noop("A bill has at least one line, all in its currency."),
)


def state(code: str) -> str:
    return _(STATES[code]) if code in STATES else code


def label(code: str) -> str:
    return _(LABELS[code]) if code in LABELS else code


def verdict(code: str) -> str:
    return _(VERDICTS[code]) if code in VERDICTS else code


def carrier(code: str) -> str:
    return CARRIERS.get(code, code)


def secret(name: str) -> str:
    return _(SECRETS[name]) if name in SECRETS else name


def setting(name: str) -> str:
    return _(SETTINGS[name]) if name in SETTINGS else name


def colour(code: str) -> str:
    return COLOURS.get(code, "azure")
