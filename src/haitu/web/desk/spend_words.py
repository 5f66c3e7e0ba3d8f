"""The desk's words for spend: platforms, columns, kinds, and what is wrong with a line."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.core.errors import Refusal
from haitu.web.desk import words

PLATFORMS = {
    "google": "Google Ads",
    "meta": "Meta",
    "tiktok": "TikTok",
    "microsoft": "Microsoft Advertising",
    "pinterest": "Pinterest",
    "other": gettext_noop("Other: a purse of our own"),
}
FIELDS = {
    "day": gettext_noop("Day"),
    "starts": gettext_noop("First day"),
    "ends": gettext_noop("Last day"),
    "hour": gettext_noop("Hour"),
    "campaign": gettext_noop("Campaign"),
    "campaign_id": gettext_noop("The platform's number"),
    "country": gettext_noop("Country"),
    "amount": gettext_noop("Amount"),
    "currency": gettext_noop("Currency"),
    "impressions": gettext_noop("Impressions"),
    "clicks": gettext_noop("Clicks"),
    "orders": gettext_noop("Orders the platform claims"),
    "value": gettext_noop("Value the platform claims"),
    "kind": gettext_noop("Kind of cost"),
    "channel": gettext_noop("Channel"),
}
KINDS = {
    "media": gettext_noop("Advertising"),
    "agency": gettext_noop("Agency fee"),
    "creator": gettext_noop("Creator's fee"),
    "sample": gettext_noop("Samples"),
    "voucher": gettext_noop("Vouchers"),
    "other": gettext_noop("Other costs"),
    "credit": gettext_noop("Credit from the platform"),
}
STATES = {
    "previewed": gettext_noop("Not applied yet"),
    "applied": gettext_noop("Counts"),
    "undone": gettext_noop("Undone"),
}
COLOURS = {"previewed": "yellow", "applied": "green", "undone": "secondary"}
WANTED = {
    "day": gettext_noop("a day such as 2026-11-01"),
    "day_order": gettext_noop("a day; say whether the day or the month comes first"),
    "not_future": gettext_noop("a day that has begun in the account's time zone"),
    "one_day": gettext_noop("one day; break the report down by day"),
    "hour": gettext_noop("an hour that this day has in the account's time zone"),
    "campaign": gettext_noop("the name of a campaign"),
    "country": gettext_noop("a country's name or code"),
    "amount": gettext_noop("an amount such as 12.34"),
    "number": gettext_noop("a number"),
    "kind": gettext_noop("a kind of cost: media, agency, creator, sample, voucher, other or credit"),
    "not_negative": gettext_noop("nothing below zero, unless the line says that it is a credit"),
    "once": gettext_noop("each line once; this one repeats an earlier one"),
}
SECRETS = {
    "client_id": gettext_noop("OAuth client ID"),
    "client_secret": gettext_noop("OAuth client secret"),
    "refresh_token": gettext_noop("Refresh token"),
    "developer_token": gettext_noop("Developer token"),
    "access_token": gettext_noop("Access token"),
    "app_secret": gettext_noop("App secret"),
}
SETTINGS = {"login_customer_id": gettext_noop("Number of the manager account")}
PULLED = {
    "ads_silent": gettext_noop("The platform did not answer; it is asked again within the hour. Nothing is lost."),
    "bad_ads_answer": gettext_noop("The platform answered with something that is no report; nothing was taken over."),
    "ads_refused": gettext_noop("The platform refused the report: check the keys and the account's number."),
    "cannot_unseal": gettext_noop("The account's keys cannot be read here; enter them again."),
    "bad_ad_account": gettext_noop("The account has no address or no secrets yet; it lives by files."),
    "no_exchange_rate": gettext_noop("The exchange rate of a week is missing; load rates."),
    "unknown_channel": gettext_noop("A line names a channel that you do not have."),
}
WHY = {
    "unreadable": gettext_noop("The file is no CSV or XLSX table, or it is damaged, protected or too large."),
    "no_header": gettext_noop("No line names the columns of a spend report: day, campaign, cost."),
    "no_column": gettext_noop("The report has no column for: %(missing)s."),
    "not_by_day": gettext_noop("The report is not by day. Break it down by day on the platform and export it again."),
    "too_long": gettext_noop("The report has more than %(most)s lines; split it."),
    "other_currency": gettext_noop("The report is in %(currency)s, the account in %(account)s."),
    "name": gettext_noop("An account has a name that no other account has."),
    "fixed": gettext_noop("Currency and time zone stand once spend is in; make another account."),
    "platform": gettext_noop("There is no such platform."),
    "time_zone": gettext_noop("There is no such time zone; it is written like Europe/Berlin."),
    "currency": gettext_noop("There is no such currency."),
    "terms": gettext_noop("A fee is at most 100 %%, a credit at most 365 days."),
    "address": gettext_noop("The address of the interface begins with https://."),
    "secrets": gettext_noop("The platform knows no such secret."),
    "channel": gettext_noop("A channel has a code of letters, digits and dashes."),
    "campaign": gettext_noop("Say for which campaign the cost is."),
    "kind": gettext_noop("There is no such kind of cost."),
    "amount": gettext_noop("Only a credit is below zero."),
    "day": gettext_noop("The day is still to come."),
    "market": gettext_noop("There is no such market."),
    "not_connected": gettext_noop("The account has no address or no secrets yet; it lives by files."),
}


def refusal(no: Refusal) -> str:
    """Why not; refusals of many reasons by their own sentence."""
    why = str(no.given.get("why", ""))
    return _(WHY[why]) % no.given if why in WHY else words.refusal(no)


def platform(code: str) -> str:
    return _(PLATFORMS[code]) if code in PLATFORMS else code


def field(code: str) -> str:
    return _(FIELDS[code]) if code in FIELDS else code


def kind(code: str) -> str:
    return _(KINDS[code]) if code in KINDS else code


def state(code: str) -> str:
    return _(STATES[code]) if code in STATES else code


def colour(code: str) -> str:
    return COLOURS.get(code, "azure")


def wanted(code: str) -> str:
    return _(WANTED[code]) if code in WANTED else code


def setting(name: str) -> str:
    return _(SETTINGS[name]) if name in SETTINGS else name


def pulled(told: str) -> str:
    """What a pull that failed told: its code in words, with the platform's own word behind it."""
    code, _bar, given = told.partition("|")
    sentence = _(PULLED[code]) if code in PULLED else code
    return f"{sentence} ({given})" if given else sentence


def secret(name: str) -> str:
    return _(SECRETS[name]) if name in SECRETS else name
