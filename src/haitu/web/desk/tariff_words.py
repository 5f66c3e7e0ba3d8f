"""The desk's words for price lists: what was recognised, what is wrong, what an upload became."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.core.errors import Refusal
from haitu.links.tariffs.said import NotAPriceList, Said
from haitu.web.desk import words

KINDS = {
    "per_kg": gettext_noop("price per kg"),
    "per_half_kg": gettext_noop("price per half kg"),
    "per_100g": gettext_noop("price per 100 g"),
    "per_lb": gettext_noop("price per pound"),
    "per_cbm": gettext_noop("price per cubic metre"),
    "flat": gettext_noop("price of a parcel"),
    "fee": gettext_noop("fee per parcel"),
    "first": gettext_noop("price of the first weight"),
    "additional": gettext_noop("price of each further weight"),
    "minimum": gettext_noop("least freight"),
    "remote": gettext_noop("remote area fee"),
    "box_20GP": gettext_noop("20 ft container"),
    "box_40GP": gettext_noop("40 ft container"),
    "box_40HQ": gettext_noop("40 ft high cube container"),
    "country": gettext_noop("country"),
    "zone": gettext_noop("zone"),
    "destination": gettext_noop("port or warehouse of destination"),
    "origin": gettext_noop("origin"),
    "carrier": gettext_noop("carrier"),
    "service": gettext_noop("service"),
    "band": gettext_noop("weight range"),
    "weight_from": gettext_noop("weight from"),
    "weight_to": gettext_noop("weight to"),
    "least_weight": gettext_noop("least billed weight"),
    "step": gettext_noop("weight step"),
    "most_weight": gettext_noop("heaviest parcel"),
    "divisor": gettext_noop("volume divisor"),
    "days": gettext_noop("days"),
    "days_from": gettext_noop("days from"),
    "days_to": gettext_noop("days to"),
    "currency": gettext_noop("currency"),
    "fuel": gettext_noop("fuel surcharge"),
    "valid_from": gettext_noop("valid from"),
    "valid_to": gettext_noop("valid to"),
    "postcode": gettext_noop("postcodes"),
    "month": gettext_noop("month"),
    "ignore": gettext_noop("ignore"),
}
FACTS = {
    "carrier": (gettext_noop("Carrier"), ""),
    "service": (gettext_noop("Service"), ""),
    "mode": (gettext_noop("Way of transport"), "post, courier, road, air, sea, rail"),
    "origin": (gettext_noop("Origin warehouse"), ""),
    "to": (gettext_noop("Destination warehouse"), ""),
    "country": (gettext_noop("Country"), "DE"),
    "zone": (gettext_noop("Zone"), "5"),
    "currency": (gettext_noop("Currency"), "CNY"),
    "days": (gettext_noop("Days"), "5-8"),
    "step_g": (gettext_noop("Weight step (g)"), "10"),
    "divisor": (gettext_noop("Volume divisor"), "6000"),
    "kg_per_cbm": (gettext_noop("Kilograms per cubic metre"), "363"),
    "least_weight_g": (gettext_noop("Least billed weight (g)"), "50"),
    "most_weight_g": (gettext_noop("Heaviest parcel (g)"), "30000"),
    "most_side_mm": (gettext_noop("Longest side (mm)"), "1200"),
    "fuel": (gettext_noop("Fuel surcharge"), "12.5%"),
    "remote": (gettext_noop("Remote area surcharge"), "25.00"),
    "valid_from": (gettext_noop("Valid from"), "2026-12-01"),
    "valid_to": (gettext_noop("Valid to"), "2026-12-31"),
    "incoterms": (gettext_noop("Delivery terms"), "DDP"),
    "refuses": (gettext_noop("Will not carry"), "battery"),
    "surcharges": (gettext_noop("Surcharges"), ""),
}
STATES = {
    "new": gettext_noop("New lane"),
    "changed": gettext_noop("Changed"),
    "same": gettext_noop("As it is"),
    "refused": gettext_noop("Refused"),
    "read": gettext_noop("Not applied"),
    "applied": gettext_noop("Applied"),
    "undone": gettext_noop("Undone"),
    "now": gettext_noop("Now"),
    "later": gettext_noop("To come"),
    "past": gettext_noop("Past"),
}
COLOURS = {
    "new": "green", "changed": "blue", "same": "secondary", "refused": "red", "read": "yellow", "applied": "green",
    "undone": "secondary", "now": "green", "later": "blue", "past": "secondary",
}  # fmt: skip
MODES = {
    "post": gettext_noop("Post"),
    "courier": gettext_noop("Courier"),
    "road": gettext_noop("Road"),
    "air": gettext_noop("Air"),
    "sea": gettext_noop("Sea"),
    "rail": gettext_noop("Rail"),
}
# Everything that reading and previewing a list can say.
SENTENCES = (
    gettext_noop("a gap of one kilogram between bands: whole kilograms are billed from there on"),
    gettext_noop("an amount that %(currency)s can pay, with no more decimals than it has"),
    gettext_noop("a heading that says for which weight, like 首重0.5kg"),
    gettext_noop("weights without a gap: the band above ends at %(end)s g"),
    gettext_noop("the last band has no end and no heaviest box is stated: %(kg)s kg taken"),
    gettext_noop("weights beside prices per kg, volumes beside prices per m³"),
    gettext_noop("a price per kg, of a parcel or of a container"),
    gettext_noop("prices by weight or prices of containers, in two lists"),
    gettext_noop("a cubic metre counts as %(kg)s kg"),
    gettext_noop("the same amount in every row of this lane"),
    gettext_noop("weights from 0 on, or the least billed weight: the list begins above %(low)s g"),
    gettext_noop("one price of the first weight and one of each further weight"),
    gettext_noop("a step that the first weight is a multiple of"),
    gettext_noop("a first weight that costs no less than the further ones"),
    gettext_noop("weights that do not overlap: the band above ends at %(end)s g"),
    gettext_noop("one weight step for the whole lane"),
    gettext_noop("no weight step is stated: every gram is billed"),
    gettext_noop("at most %(most)s weight breaks"),
    gettext_noop("lighter boxes are billed as %(grams)s g"),
    gettext_noop("a heaviest box above the last band's beginning"),
    gettext_noop("one price for this weight, another stands above"),
    gettext_noop("a weight range that rises"),
    gettext_noop("the step that the prices are for: %(step)s g"),
    gettext_noop("a price above zero"),
    gettext_noop("one fee for this weight, another stands above"),
    gettext_noop("%(where)s: “%(text)s”"),
    gettext_noop("you said so"),
    gettext_noop("its heading says “%(word)s”"),
    gettext_noop("its heading is a weight; whether a price per kg or of a parcel, the figures must say"),
    gettext_noop("its heading says “%(word)s” and a weight"),
    gettext_noop("a currency code of ISO 4217, such as CNY"),
    gettext_noop("the code of a lane"),
    gettext_noop("a country code of two letters"),
    gettext_noop("days that rise: the later number is the longer way"),
    gettext_noop("a last day that is not before the first, %(start)s"),
    gettext_noop("a weight that the price reaches up to"),
    gettext_noop("a percentage of at most two decimals, up to 500"),
    gettext_noop("the surcharges as an exported file writes them"),
    gettext_noop("a whole number, %(least)s or more"),
    gettext_noop("an amount in %(currency)s, zero or more"),
    gettext_noop("weights that rise from row to row, above %(end)s g"),
    gettext_noop("an exported file: every column is known"),
    gettext_noop("a date with the year first, such as 2026-12-01"),
    gettext_noop("the same as in row %(row)s: a card has it once"),
    gettext_noop("several warehouses could be meant"),
    gettext_noop("“%(label)s” is our %(warehouse)s"),
    gettext_noop("the only warehouse of origin"),
    gettext_noop("a price of zero or more"),
    gettext_noop("the prices rise with the weight, so each is of a parcel"),
    gettext_noop("the title says what the prices are: %(kind)s"),
    gettext_noop("the prices do not rise with the weight, so they are by weight"),
    gettext_noop("the prices rise up to “%(before)s” and fall from “%(after)s”: per kg from there"),
    gettext_noop("an amount such as 12.50"),
    gettext_noop("a weight such as 0.5 kg"),
    gettext_noop("a weight range such as 0.5-1 kg"),
    gettext_noop(
        "No table with prices was found: a row of headings that names a weight, a country or a zone, prices below."
    ),
    gettext_noop("the headings say it"),
    gettext_noop("the list says nothing of this, so it stays as it is: %(fact)s"),
    gettext_noop("the currency of the list, %(currency)s"),
    gettext_noop("a country or one of our warehouses: say what “%(label)s” is"),
    gettext_noop("one currency in a list; say which if the list errs"),
    gettext_noop("a currency: the list names none; say it yourself"),
    gettext_noop("the list names none"),
    gettext_noop("%(fact)s: the list does not say it; say it yourself"),
    gettext_noop("days such as 5-8 or 5-8工作日"),
    gettext_noop("a percentage such as 12.5%%"),
    gettext_noop("the sheet is called so"),
    gettext_noop("one price list for a lane: %(sheet)s row %(row)s has another one"),
    gettext_noop("one of our warehouses"),
    gettext_noop("a remote fee without postcodes: it is never charged"),
    gettext_noop("fuel: %(percent)s on the freight"),
    gettext_noop("the title in row %(row)s"),
    gettext_noop("CSV in %(encoding)s, cells between “%(delimiter)s”"),
    gettext_noop("The file is no text: neither UTF-8 nor GB18030 reads it."),
    gettext_noop("The file has %(size)s MB; a price list has at most %(most)s MB."),
    gettext_noop("The file is empty."),
    gettext_noop("This is an old .xls or a protected workbook; open it and save it as .xlsx without a password."),
    gettext_noop("%(sheet)s has more than %(most)s rows; split it."),
    gettext_noop("%(sheet)s has more than %(most)s columns."),
    gettext_noop("This is a %(kind)s file; a price list is an .xlsx or a .csv."),
    gettext_noop("Line %(line)s is no CSV."),
    gettext_noop("its heading is a place; whether a price per kg or of a parcel, the figures must say"),
    gettext_noop("The workbook has more than %(most)s sheets."),
    gettext_noop("The workbook has no sheet with anything in it."),
    gettext_noop("a value: this formula was never calculated; open the file in a spreadsheet and save it"),
    gettext_noop("The workbook is damaged; open it and save it again."),
    gettext_noop("The workbook has more than %(most)s cells."),
    gettext_noop("More than %(most)s cells are merged."),
    gettext_noop("This is a ZIP, but no workbook; unpack it first."),
    gettext_noop("The workbook carries macros; save it as .xlsx without them."),
    gettext_noop("The workbook unpacks to %(size)s MB in %(parts)s parts; at most %(most)s MB in %(most_parts)s."),
    gettext_noop("The hidden sheet “%(sheet)s” was not read"),
    gettext_noop("The workbook declares XML entities; nothing honest does."),
    gettext_noop("it would begin on %(day)s, which is past"),
    gettext_noop("the list ends on %(day)s, before it would begin"),
    gettext_noop("the lane is in %(old)s now, the list in %(new)s: say the currency yourself to change it"),
    gettext_noop("a new lane needs days: say them yourself"),
    gettext_noop("a new lane starts at one of our warehouses and leads elsewhere"),
    gettext_noop("a new lane needs a carrier, a way of transport and a destination"),
    gettext_noop("another line of this file is for the same lane, %(lane)s"),
    gettext_noop("the price changes more than tenfold: is the unit right?"),
)


def told(sentence: Said) -> str:
    """A sentence of the reader in the language of the person; names of kinds in it too."""
    if not sentence.sentence:
        return ""
    names = set(KINDS.values())
    given = {name: _(text) if text in names else text for name, text in sentence.given}
    if "fact" in given:
        given["fact"] = fact(given["fact"])
    return _(sentence.sentence) % given


def refusal(no: Refusal) -> str:
    """A refusal of the reader, or any other."""
    return told(no.said) if isinstance(no, NotAPriceList) else words.refusal(no)


def kind(code: str) -> str:
    return _(KINDS[code]) if code in KINDS else code


def fact(name: str) -> str:
    return _(FACTS[name][0]) if name in FACTS else name


def state(code: str) -> str:
    return _(STATES[code]) if code in STATES else code


def colour(code: str) -> str:
    return COLOURS.get(code, "secondary")


def mode(code: str) -> str:
    return _(MODES[code]) if code in MODES else code
