"""Why the desk says no: by a refusal's code, by its own sentence, or in general."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from haitu.core.errors import Refusal
from haitu.web.desk import carrier_words, reach_words

# Refusals the desk shows, by code; the figures in them come with the refusal.
_REFUSALS = {
    "wrong_login": gettext_noop("Name or password is wrong."),
    "too_many_tries": gettext_noop("Too many wrong tries; wait %(minutes)s minutes and try again."),
    "no_such_user": gettext_noop("There is no account “%(username)s”."),
    "unknown_role": gettext_noop("There is no role “%(role)s”."),
    "last_owner": gettext_noop("This is the last owner; make somebody else an owner first."),
    "no_such_member": gettext_noop("That person is not on this team."),
    "no_such_product": gettext_noop("There is no such product."),
    "not_a_picture": gettext_noop("A picture is a PNG, JPEG or WebP of at most 4 MB."),
    "pictures_changed": gettext_noop("The pictures have changed since the page was opened; look again."),
    "bad_price": gettext_noop("A price is zero or more."),
    "bad_measure": gettext_noop("Weights and sizes are whole numbers above zero, or empty."),
    "not_ready_to_sell": gettext_noop("A live product needs a title in at least one language."),
    "unknown_choice": gettext_noop("“%(given)s” is none of the choices there are."),
    "not_a_catalogue": gettext_noop(
        "This is no product file: a CSV whose first line names the columns, sku among them."
    ),
    "no_such_sku": gettext_noop("There is no SKU “%(sku)s”."),
    "no_such_order": gettext_noop("There is no such order."),
    "no_such_shipment": gettext_noop("There is no such parcel."),
    "nothing_to_tell": gettext_noop(
        "No later day can be told: the order keeps its promise, or nobody knows when its goods come."
    ),
    "not_elsewhere": gettext_noop("No other warehouse can send what this order waits for as it was sold."),
    "no_such_variant": gettext_noop("There is no such variant."),
    "no_such_stock": gettext_noop("There is no such variant, warehouse or stock."),
    "bad_quantity": gettext_noop("The quantity is a whole number above zero, values are zero or more."),
    "not_there": gettext_noop("%(quantity)s should leave, but only %(free)s are free."),
    "still_afloat": gettext_noop(
        "%(afloat)s of %(sku)s are still on their way to %(warehouse)s; send them once they are in."
    ),
    "count_below_reserved": gettext_noop("%(counted)s counted, but %(reserved)s are promised to buyers."),
    "nothing_to_ship": gettext_noop("There are not that many units left to send."),
    "refund_on_its_way": gettext_noop(
        "The money for %(skus)s is on its way back to the buyer. "
        "Keep these goods here, or say why they leave all the same."
    ),
    "nothing_to_return": gettext_noop("%(quantity)s should come back, but only %(away)s are with the buyer."),
    "bad_refund": gettext_noop("That is more than is left to give back, or not above zero."),
    "refund_above_paid": gettext_noop("That is more than is left to give back."),
    "wrong_status": gettext_noop("The order's status does not allow that."),
    "bad_bill": gettext_noop("A bill is zero or more, in a currency we have a rate for."),
    "no_exchange_rate": gettext_noop("There is no exchange rate for that currency."),
    "unknown_currency": gettext_noop("There is no such currency."),
    "unknown_weight": gettext_noop("Weight or size is not known, so nothing can be quoted."),
    "not_delivered": gettext_noop("No open lane carries it there."),
    "out_of_stock": gettext_noop("Sold out."),
    "not_for_sale_here": gettext_noop("Not for sale there."),
    "no_tax_rate": gettext_noop("There is no tax rate for this category there."),
    "duty_unknown": gettext_noop("The duty on it is not known."),
    "unknown_variant": gettext_noop("Not for sale there: the product is not live, or the variant is off."),
    "no_such_lane": gettext_noop("There is no such lane."),
    "no_reason": gettext_noop("Say why the lane is closed."),
    "no_such_tariff": gettext_noop("There is no such rate card."),
    "no_such_tariff_file": gettext_noop("There is no such price list."),
    "preview_changed": gettext_noop("Something changed since this was shown; look again."),
    "problems_left": gettext_noop("The list has %(count)s problems; say that only the good rows shall be kept."),
    "nothing_to_apply": gettext_noop("The list changes nothing."),
    "cannot_undo": gettext_noop("“%(what)s” was changed or used since then; undo the newer change first."),
    "no_such_market_here": gettext_noop("There is no such market."),
    "bad_amount": gettext_noop("“%(given)s” is no amount: write digits and at most one point, like 12.34."),
    "too_much": gettext_noop("“%(given)s” is more than can be booked."),
    "too_many": gettext_noop("That is more than a shelf can hold."),
    "return_too_late": gettext_noop("The days for sending it back are over."),
    "not_taken_back": gettext_noop("Goods of this kind are not taken back for this reason here."),
    "nothing_asked": gettext_noop("Say of at least one line how many come back, and why."),
    "no_return_site": gettext_noop("Nobody has said where returns of this market go."),
    "not_by_hand": gettext_noop("No refund of this order waits for a transfer."),
    "no_reference": gettext_noop("Name the transfer, as it stands on the account's statement."),
    "no_sku_left": gettext_noop("No SKU is free for the second choice of %(sku)s."),
    "no_return_label": gettext_noop("No carrier takes this return for us; it is sent by own means."),
    "no_such_return": gettext_noop("There is no such return."),
    "wrong_return_step": gettext_noop("The return is past that step, or has ended; it never goes back."),
    "why_refused": gettext_noop("Tell the buyer why it is refused."),
    "not_graded": gettext_noop("A grade is A, B, C or D, for a piece of this return."),
    "why_not_best": gettext_noop("Say why not the best way."),
    "no_such_way": gettext_noop("That way was not among those shown for the piece."),
    "no_return_costs": gettext_noop("Nothing says yet what a returned piece brings and costs."),
    "bad_return_rule": gettext_noop("A rule has days of 0 or more and shares from 0 to 100 %."),
    "order_changed": gettext_noop("Something happened to this order since the page was opened; look again."),
    "no_reason_given": gettext_noop("Say why another way is better."),
    "nothing_waits": gettext_noop("Nothing of this order waits to leave."),
    "cash_not_offered": gettext_noop("Not every parcel of it can be paid at the door."),
    "not_at_the_door": gettext_noop("Only a parcel on its way to be paid at the door can be refused, and only then."),
    "no_such_statement": gettext_noop("There is no such statement."),
    "statement_repeated": gettext_noop("Statement %(number)s came before, with other lines."),
    "not_a_statement": gettext_noop("A statement is a CSV or XLSX table that names a waybill and an amount column."),
    "bad_statement": gettext_noop("A statement has a carrier, a number and at least one line."),
    "bad_cash_offer": gettext_noop(
        "An offer has a market, lanes to it, terms of zero or more, and no other that begins on that day."
    ),
    "bad_extra_parcel": gettext_noop("A parcel counts nothing or more."),
    "bad_limit": gettext_noop("A limit is zero or more, or empty."),
    "lane_leads_elsewhere": gettext_noop("That lane does not lead to the buyer."),
    "too_few_there": gettext_noop("%(warehouse)s has %(available)s of %(sku)s free; %(wanted)s are wanted."),
    "warehouse_shut": gettext_noop("%(warehouse)s is closed."),
    "other_currency": gettext_noop("The market is sold to in another currency than the order was placed in."),
    "buyer_would_pay": gettext_noop("Customs would ask the buyer for duty that was not announced."),
    "no_such_supplier": gettext_noop("There is no such supplier."),
    "no_such_purchase": gettext_noop("There is no such purchase order."),
    "purchase_not_open": gettext_noop("Purchase order %(number)s is done or cancelled."),
    "no_such_inbound": gettext_noop("There is no such load."),
    "wrong_step": gettext_noop("The load is past that step, or has ended; it never goes back."),
    "paper_incomplete": gettext_noop("%(sku)s has no %(missing)s."),
    "no_such_hs_code": gettext_noop("“%(given)s” is no code of the Harmonized System."),
    "bad_lines": gettext_noop("Some lines cannot be used."),
    "unknown_measure": gettext_noop("%(sku)s lacks the measure by which the freight is shared."),
    "nothing_to_share_by": gettext_noop("There is nothing by which the freight could be shared."),
    "bad_number": gettext_noop("“%(given)s” is no whole number of %(least)s or more."),
    "bad_share": gettext_noop("“%(given)s” is no percentage, like 2.5."),
    "bad_day": gettext_noop("“%(given)s” is no day, like 2026-07-01."),
}
REFUSALS = carrier_words.REFUSALS | reach_words.REFUSALS | _REFUSALS
# Refusals whose code covers several sentences.
TOLD = (
    gettext_noop("A market speaks at least one language."),
    gettext_noop("A language is written as a tag, such as de or pt-BR."),
    gettext_noop("The price factor is between 0.1 and 10."),
    gettext_noop("The share of returns is between 0 and 100 %."),
    gettext_noop("The delivery term is DDP or DAP."),
    gettext_noop("An amount is zero or more."),
    gettext_noop("A rate card has at least one weight break."),
    gettext_noop("The weights of the breaks rise from line to line."),
    gettext_noop("The weight step is 1 g or more."),
    gettext_noop("The volume divisor is 1 cm³ per kg or more, or empty."),
    gettext_noop("The fuel surcharge is between 0 and 500 %."),
    gettext_noop("A limit is 1 or more, or empty."),
    gettext_noop("Papers need a name and an address."),
)
# What a refusal whose own sentence has no translation says in general, to readers of another language than English.
GENERAL = reach_words.GENERAL | {
    "actuals_do_not_sum": gettext_noop("The amounts typed by hand do not add up to the bill."),
    "against_the_rules": gettext_noop("This breaks one of the warehouse's rules."),
    "bad_carrier_account": gettext_noop(
        "An account has a name of its own, a web address, and all the secrets its carrier asks for."
    ),
    "bad_carrier_answer": gettext_noop("The carrier answered with something unknown; look there what it did."),
    "bad_closure": gettext_noop("A closure has a known passage and does not end before it begins."),
    "bad_exporter": gettext_noop("A name, an address or a registration has no room on the papers."),
    "bad_inbound": gettext_noop("Something about this load cannot be kept; check its number, goods, places and costs."),
    "bad_invoice": gettext_noop("A bill has a number, lines, and one currency."),
    "bad_lead_time": gettext_noop("Lead times are whole days that never fall."),
    "bad_market": gettext_noop("One of the settings is outside of what it may be."),
    "bad_purchase": gettext_noop("Something about this purchase order cannot be kept; check its number and lines."),
    "bad_storage_tariff": gettext_noop("A storage tariff begins at day 0, its ages rise, and no price is negative."),
    "bad_supplier": gettext_noop(
        "Something about this supplier cannot be kept; check code, country, currency and days."
    ),
    "bad_tariff": gettext_noop("One of the figures is outside of what it may be."),
    "cannot_unseal": gettext_noop("A stored secret cannot be read any more; enter it again."),
    "carrier_refused": gettext_noop("The carrier refuses this."),
    "carrier_silent": gettext_noop("The carrier does not answer. Nothing is lost; try again later."),
    "lane_closed": gettext_noop("The lane takes nothing at the moment."),
    "lane_unfit": gettext_noop("That lane does not lead there, or is closed."),
    "never_at_work": gettext_noop("The calendar has no working day left within a year."),
    "no_card": gettext_noop("These prices make no rate card."),
    "no_container": gettext_noop("No container has a price here."),
    "no_coordinates": gettext_noop("Nobody has said where that place lies."),
    "no_sea_way": gettext_noop("With those passages shut no ship gets there."),
    "no_such_closure": gettext_noop("There is no such closure, or it is over."),
    "no_such_market": gettext_noop("That market is not open."),
    "no_such_warehouse": gettext_noop("There is no such warehouse."),
    "not_a_price_list": gettext_noop("This file cannot be read as a price list."),
    "not_at_sea": gettext_noop("That place is no port."),
    "not_carried": gettext_noop("The lane refuses this kind of goods."),
    "not_offered": gettext_noop("The carrier's interface does not offer that."),
    "not_served": gettext_noop("There is enough, but no warehouse can send it."),
    "path_broken": gettext_noop("One lane does not begin where the one before it ends."),
    "path_loops": gettext_noop("The way comes to one warehouse twice."),
    "pays_twice": gettext_noop("The buyer would pay duty at checkout and once more at the door."),
    "priced_by_box": gettext_noop("The rate card is for whole containers, which no parcel fills."),
    "provider_refused": gettext_noop("The payment provider refuses this."),
    "provider_silent": gettext_noop("The payment provider does not answer. Nothing is lost; try again later."),
    "rate_missing": gettext_noop("There is an amount in a currency for which no rate is known."),
    "tariff_not_valid": gettext_noop("The lane's rate card does not hold on that day."),
    "taxed_twice": gettext_noop("The price holds the tax that the border would take once more."),
    "too_big_for_container": gettext_noop("One unit is larger or heavier than the container."),
    "too_heavy": gettext_noop("One unit is heavier or bulkier than the lane takes."),
    "too_late": gettext_noop("The lane arrives later than was promised."),
    "too_long": gettext_noop("A unit is longer than the lane takes."),
    "unknown_charm": gettext_noop("There is no such price ending."),
}
# What a cell of an import, or a line of a paste, should have held.
WANTED = (
    gettext_noop("a SKU"),
    gettext_noop("a SKU of yours"),
    gettext_noop("a SKU and its units"),
    gettext_noop("a SKU that lies in that warehouse"),
    gettext_noop("each SKU once"),
    gettext_noop("a value, because the SKU is new"),
    gettext_noop("a title in one language, because the product is new"),
    gettext_noop("one of the columns of an exported file"),
    gettext_noop("1 to 40 letters, digits or . _ / + -"),
    gettext_noop("small letters, digits and hyphens, like paper-lantern"),
    gettext_noop("a country code of two letters"),
    gettext_noop("an HS code of 6 to 10 digits"),
    gettext_noop("a whole number"),
    gettext_noop("a whole number, 1 or more"),
    gettext_noop("at most 200 characters"),
    gettext_noop("one of no, yes"),
    gettext_noop("one of archived, draft, live"),
)


def refusal(no: Refusal) -> str:
    """A refusal in the reader's language: by its code, by its own sentence, in general, or as it was told."""
    sentence = REFUSALS.get(no.code)
    if sentence is not None:
        with suppress(KeyError):
            return _(sentence) % {name: _shown(value) for name, value in no.given.items()}
    told = _(no.told)
    in_english = (get_language() or "en").startswith("en")
    return told if in_english or told != no.told or no.code not in GENERAL else _(GENERAL[no.code])


def _shown(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
