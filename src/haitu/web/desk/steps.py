"""The steps of a quote ("how it was quoted") in the reader's language, by the code and the figures kept with each.

English readers get the sentence that core told, which is English; others its translation by code. What was kept
without figures, or with a code not known here, is shown as it was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from haitu.web.locale import active, country_name, money_text, number_text, percent_text

Given = Mapping[str, Any]


def told(step: Sequence[Any], currency: str) -> str:
    """[code, English sentence, figures] as an order keeps it; amounts without a currency of their own are in this."""
    code, english, *more = step
    say = SENTENCES.get(code)
    if not more or say is None or (get_language() or "en").startswith("en"):
        return str(english)
    try:
        return say(more[0], currency)
    except (KeyError, TypeError):  # kept by an older version, with other figures
        return str(english)


def _line(given: Given, currency: str) -> str:
    return _("%(quantity)s × %(sku)s at %(unit)s = %(amount)s.") % {
        "quantity": given["quantity"],
        "sku": given["sku"],
        "unit": _money(given["unit_minor"], currency),
        "amount": _money(given["amount_minor"], currency),
    } + _tax(given, currency)


def _tax(given: Given, currency: str) -> str:
    if not given["tax_rate_bp"]:
        return ""
    shown = {"rate": percent_text(given["tax_rate_bp"], active()), "tax": _money(given["tax_minor"], currency)}
    return " " + _("Tax on it and on its share of delivery: %(rate)s = %(tax)s.") % shown


def _shipping(given: Given, currency: str) -> str:
    cost = {"cost": _money(given["shipping_minor"], currency)}
    if given["free_from_minor"] is None:
        return _("Delivery costs %(cost)s.") % cost
    free = {"free": _money(given["free_from_minor"], currency)}
    return _("Delivery costs %(cost)s, free from %(free)s.") % (cost | free)


def _route(given: Given, _currency: str) -> str:
    return _("Parcel %(parcel)s leaves %(warehouse)s by %(lane)s: %(days_p50)s to %(days_p90)s days.") % given


def _freight(given: Given, _currency: str) -> str:
    boxes = ngettext("%(num)s box", "%(num)s boxes", given["boxes"]) % {"num": given["boxes"]}
    return _("%(lane)s bills %(chargeable)s g (%(weighed)s g weighed) in %(boxes)s: %(price)s.") % {
        "lane": given["lane"],
        "chargeable": number_text(given["chargeable_g"], active()),
        "weighed": number_text(given["weight_g"], active()),
        "boxes": boxes,
        "price": _money(given["price_minor"], given["currency"]),
    }


def _domestic(given: Given, _currency: str) -> str:
    places = {"origin": _country(given["origin"]), "destination": _country(given["destination"])}
    return _("From %(origin)s to %(destination)s no customs border is crossed.") % places


def _who_pays(given: Given, _currency: str) -> str:
    if given["incoterm"] == "DDP":
        return _("Duty and import VAT are paid at checkout; nothing is due on delivery.")
    return _("Duty and import VAT are an estimate; the buyer pays them on delivery.")


def _duty_unknown(given: Given, _currency: str) -> str:
    return _("The duty on %(hs_code)s is not known; the buyer pays what customs asks on delivery.") % {
        "hs_code": given.get("hs_code") or _("goods without HS code")
    }


def _duty(given: Given, currency: str) -> str:
    shown = {
        "hs_code": given["hs_code"],
        "origin": _country(given["origin"]),
        "text": given["text"],
        "base": _money(given["base_minor"], currency),
        "duty": _money(given["duty_minor"], currency),
    }
    return _("Duty on %(hs_code)s from %(origin)s: %(text)s on %(base)s = %(duty)s.") % shown


def _additional_duty(given: Given, currency: str) -> str:
    return _duty(given, currency) + _(" This comes on top.")


def _dearest(given: Given, _currency: str) -> str:
    return _("%(hs_code)s does not name one line of the tariff; the dearest of %(lines)s is taken.") % given


def _territory(given: Given, _currency: str) -> str:
    return _("Both lie in one customs territory (%(territory)s): no duty.") % given


def _no_import_vat(given: Given, _currency: str) -> str:
    return _("%(destination)s takes no VAT at the border.") % {"destination": _country(given["destination"])}


def _import_vat(given: Given, currency: str) -> str:
    return _("Import VAT: %(rate)s on goods, carriage and duty of %(base)s = %(vat)s.") % {
        "rate": percent_text(given["rate_bp"], active()),
        "base": _money(given["base_minor"], currency),
        "vat": _money(given["import_vat_minor"], currency),
    }


def _choice(given: Given, currency: str) -> str:
    shown = {
        "chosen": given["chosen"],
        "other": given["other"],
        "more": _money(given["more_minor"], currency),
        "days": number_text(given["days"], active()),
    }
    return _("From %(chosen)s: all from %(other)s would cost %(more)s more; difference in days: %(days)s.") % shown


def _split_needed(given: Given, _currency: str) -> str:
    return _("No single warehouse can send all of it; from %(chosen)s it costs least.") % given


def _extra_parcel(given: Given, _currency: str) -> str:
    shown = {"day": given["valid_from"], "cost": _money(given["minor"], given["currency"])}
    if given["assumed"]:
        return _("Since %(day)s each parcel beyond the first counts %(cost)s in this comparison (assumed).") % shown
    return _("Since %(day)s each parcel beyond the first counts %(cost)s in this comparison.") % shown


def _preorder(given: Given, _currency: str) -> str:
    return _("%(units)s of %(sku)s are on their way to %(warehouse)s; it leaves from there by %(ships)s.") % given


def _split_unproven(_given: Given, _currency: str) -> str:
    return _("Not every split of this basket was compared; the best one found is taken.")


def _limit(sentence: Callable[[], str]) -> Callable[[Given, str], str]:
    """A sentence about the goods' value and a limit of the law."""

    def say(given: Given, _currency: str) -> str:
        return sentence() % {
            "value": _money(given["value_minor"], given["value_currency"]),
            "limit": _money(given["limit_minor"], given["limit_currency"]),
        }

    return say


def _money(minor: int, currency: str) -> str:
    return money_text(minor, currency, active())


def _country(code: str) -> str:
    return country_name(code, active()) if code else _("anywhere")


SENTENCES: Mapping[str, Callable[[Given, str], str]] = {
    "line": _line,
    "shipping": _shipping,
    "route": _route,
    "freight": _freight,
    "domestic": _domestic,
    "choice": _choice,
    "split": _choice,
    "extra_parcel": _extra_parcel,
    "split_needed": _split_needed,
    "preorder": _preorder,
    "split_unproven": _split_unproven,
    "who_pays": _who_pays,
    "duty_unknown": _duty_unknown,
    "duty": _duty,
    "additional_duty": _additional_duty,
    "dearest_line": _dearest,
    "one_customs_territory": _territory,
    "no_import_vat": _no_import_vat,
    "import_vat": _import_vat,
    "above_seller_limit": _limit(lambda: _("Goods worth %(value)s exceed %(limit)s: VAT is due at import.")),
    "seller_not_registered": _limit(
        lambda: _(
            "Goods worth %(value)s do not exceed %(limit)s, but without a registration there VAT is due at import."
        )
    ),
    "seller_collects": _limit(
        lambda: _("Goods worth %(value)s do not exceed %(limit)s: the seller charges the VAT at the sale.")
    ),
    "duty_free": _limit(lambda: _("Goods worth %(value)s are free of duty up to %(limit)s.")),
    "import_vat_free": _limit(lambda: _("Goods worth %(value)s are free of import VAT up to %(limit)s.")),
    "flat_duty": _limit(lambda: _("A flat duty of %(limit)s is taken for each tariff code in the parcel.")),
}
