"""Carriers: their accounts, the labels of an order's parcels, and their bills."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions import carrier_bills, labels
from haitu.actions import carriers as actions
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.links.carriers import SECRETS
from haitu.links.carriers.bill_file import NotABill, parse_bill
from haitu.links.carriers.protocol import ParcelWanted
from haitu.reads.desk import carriers as reads
from haitu.reads.desk.carriers import AccountView
from haitu.reads.parcel import ADDRESS_FIELDS
from haitu.web.desk import carrier_words, forms, words
from haitu.web.desk.answers import acted, back, csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

LARGEST_BILL = 20 * 1024 * 1024
TYPES = {"pdf": "application/pdf", "png": "image/png", "zpl": "text/plain; charset=utf-8"}
# What an account is told besides its secrets, by carrier; not secret, so shown again.
SETTINGS = {
    "sandbox": ("service", "notify_url"),
    "sf": ("monthly_card", "service", "template", "check_phone"),
    "cainiao": ("cp_code", "template"),
    "fourpx": ("product", "warehouse"),
    "yunexpress": ("service",),
    "goodcang": ("warehouse", "service", "currency"),
}
OTHER_SETTINGS = ("account_number", "account_country_code", "service")


# Accounts ------------------------------------------------------------------------------------------------------------


@door(read=Right.SEE, write=Right.SELL)
def carriers(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """All accounts, and the first step to another."""
    if request.method == "POST":
        return _save(request, desk, None)
    chosen = request.GET.get("carrier", "")
    given = _blank(chosen) if chosen in SECRETS else None
    return _accounts(request, desk, chosen=chosen if given is not None else "", given=given or {}, told={})


def _accounts(
    request: HttpRequest, desk: Desk, *, chosen: str, given: dict[str, str], told: dict[str, str]
) -> HttpResponse:
    return show(
        request,
        desk,
        "carriers.html",
        status=400 if told else 200,
        accounts=reads.accounts(desk.merchant.id),
        known=[(code, carrier_words.carrier(code)) for code in SECRETS],
        chosen=chosen,
        secrets=SECRETS.get(chosen, ()),
        settings=SETTINGS.get(chosen, OTHER_SETTINGS),
        fields=ADDRESS_FIELDS,
        given=defaultdict(str, given),
        told=defaultdict(str, told),
        spoken=carrier_words,
    )


@door(read=Right.SEE, write=Right.SELL)
def account(request: HttpRequest, desk: Desk, /, *, account_id: int) -> HttpResponse:
    """One account."""
    found = reads.account(desk.merchant.id, account_id)
    if found is None:
        return nothing_here(request, desk)
    if request.method == "POST":
        return _save(request, desk, found)
    return _account(request, desk, found, _typed(found), {})


def _account(
    request: HttpRequest, desk: Desk, found: AccountView, given: dict[str, str], told: dict[str, str]
) -> HttpResponse:
    hook = request.build_absolute_uri(f"/hooks/tracking/{found.token}/") if desk.may("sell") else ""
    return show(
        request,
        desk,
        "carriers_account.html",
        status=400 if told else 200,
        account=found,
        hook=hook,
        secrets=SECRETS.get(found.carrier, ()),
        settings=SETTINGS.get(found.carrier, OTHER_SETTINGS),
        fields=ADDRESS_FIELDS,
        given=defaultdict(str, given),
        told=defaultdict(str, told),
        spoken=carrier_words,
    )


def _save(request: HttpRequest, desk: Desk, found: AccountView | None) -> HttpResponse:
    given = request.POST.dict()
    code = found.carrier if found else given.get("carrier", "")
    try:
        draft = _draft(request.POST, code, found)
        saved = actions.save_account(
            merchant_id=desk.merchant.id,
            account_id=found.id if found else None,
            draft=draft,
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        told = {no.field or "form": words.refusal(no)}
        kept = {name: value for name, value in given.items() if not name.startswith("secret_")}
        if found:
            return _account(request, desk, found, kept, told)
        return _accounts(request, desk, chosen=code if code in SECRETS else "", given=kept, told=told)
    return back(request, reverse("desk:carrier", args=[saved]), _("The account is saved."))


@door(write=Right.SELL)
def check(request: HttpRequest, desk: Desk, /, *, account_id: int) -> HttpResponse:
    """Tries the connection."""
    return acted(
        request,
        reverse("desk:carrier", args=[account_id]),
        lambda: actions.check_account(
            merchant_id=desk.merchant.id, account_id=account_id, by=desk.user, now=timezone.now()
        ),
        _("The carrier answers, and knows this account."),
    )


def _draft(form: QueryDict, code: str, found: AccountView | None) -> actions.AccountDraft:
    names = SETTINGS.get(code, OTHER_SETTINGS)
    settings = dict(found.settings) if found else {}
    settings |= {name: forms.text(form, f"setting_{name}") for name in names}
    return actions.AccountDraft(
        carrier=code,
        name=forms.text(form, "name"),
        address=forms.text(form, "address").rstrip("/"),
        secrets={name: forms.text(form, f"secret_{name}", longest=500) for name in SECRETS.get(code, ())},
        settings={name: value for name, value in settings.items() if value not in ("", None)},
        sender={name: forms.text(form, f"sender_{name}") for name in ADDRESS_FIELDS},
        lanes=forms.words(form, "lanes"),
        active=form.get("active", "yes" if found is None else "") == "yes",
    )


def _typed(found: AccountView) -> dict[str, str]:
    given = {"name": found.name, "address": found.address, "lanes": ", ".join(found.lanes)}
    given |= {f"setting_{name}": str(value) for name, value in found.settings.items()}
    given |= {f"sender_{name}": str(value) for name, value in found.sender.items()}
    return given | {"active": "yes" if found.active else ""}


def _blank(code: str) -> dict[str, str]:
    return {"carrier": code, "name": carrier_words.carrier(code), "active": "yes"}


# Labels --------------------------------------------------------------------------------------------------------------


@door(write=Right.SHIP)
def buy_label(request: HttpRequest, desk: Desk, /, *, order_id: int, parcel_id: int) -> HttpResponse:
    """Buys the parcel's label; a weight that was typed wins over the catalogue's."""

    def act() -> None:
        weight_g = forms.maybe_whole(request.POST, "weight_g", least=1)
        sides = [forms.maybe_whole(request.POST, name) or 0 for name in ("length_mm", "width_mm", "height_mm")]
        box = (
            ParcelWanted(weight_g=weight_g, length_mm=sides[0], width_mm=sides[1], height_mm=sides[2])
            if weight_g
            else None
        )
        labels.buy(
            merchant_id=desk.merchant.id,
            shipment_id=parcel_id,
            account_id=forms.whole(request.POST, "account", least=1),
            service=forms.text(request.POST, "service", longest=40),
            box=box,
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:order", args=[order_id]), act, _("The label is bought."))


@door(write=Right.SHIP)
def void_label(request: HttpRequest, desk: Desk, /, *, label_id: int) -> HttpResponse:
    """Cancels a label that was not used."""
    return acted(
        request,
        _page_of(desk, label_id),
        lambda: labels.void(merchant_id=desk.merchant.id, label_id=label_id, by=desk.user, now=timezone.now()),
        _("The label is cancelled."),
    )


@door(write=Right.SHIP)
def give_up_label(request: HttpRequest, desk: Desk, /, *, label_id: int) -> HttpResponse:
    """Says that a label was not bought after all."""
    return acted(
        request,
        _page_of(desk, label_id),
        lambda: labels.give_up(merchant_id=desk.merchant.id, label_id=label_id, by=desk.user, now=timezone.now()),
        _("The label is given up; another can be bought."),
    )


@door(read=Right.SEE)
def print_label(request: HttpRequest, desk: Desk, /, *, label_id: int) -> HttpResponse:
    """The label's picture, for the printer."""
    found = reads.label_file(desk.merchant.id, label_id)
    if found is None:
        return nothing_here(request, desk)
    name, kind, content = found
    response = HttpResponse(content, content_type=TYPES.get(kind, "application/octet-stream"))
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _page_of(desk: Desk, label_id: int) -> str:
    order_id = reads.order_of_label(desk.merchant.id, label_id)
    return reverse("desk:order", args=[order_id]) if order_id else reverse("desk:orders")


# Bills ---------------------------------------------------------------------------------------------------------------


@door(read=Right.PROFIT, write=Right.REFUND)
def bills(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The bills so far, and the way in for another."""
    if request.method == "POST":
        return _take_in(request, desk)
    return _bills(request, desk, {}, {}, ())


def _bills(
    request: HttpRequest, desk: Desk, given: dict[str, str], told: dict[str, str], problems: tuple[object, ...]
) -> HttpResponse:
    return show(
        request,
        desk,
        "carriers_bills.html",
        status=400 if told or problems else 200,
        page=reads.invoices(desk.merchant.id, forms.page_number(request.GET)),
        accounts=[(pk, name) for pk, name, _lanes in reads.choices(desk.merchant.id)],
        given=defaultdict(str, given),
        told=defaultdict(str, told),
        problems=problems[:20],
        problem_count=len(problems),
        today=timezone.localdate(),
        spoken=carrier_words,
    )


def _take_in(request: HttpRequest, desk: Desk) -> HttpResponse:
    given = request.POST.dict()
    currency = forms.text(request.POST, "currency", longest=3).upper()
    file = request.FILES.get("file")
    try:
        if file is None or file.size is None or file.size > LARGEST_BILL:
            raise NotABill("A bill is a CSV or XLSX file of at most 20 MB.", field="file")
        lines, problems = parse_bill(str(file.name), file.read(), currency)
        if problems and request.POST.get("leave_out") != "yes":
            return _bills(request, desk, given, {}, problems)
        invoice_id = carrier_bills.receive_invoice(
            merchant_id=desk.merchant.id,
            account_id=forms.whole(request.POST, "account", least=1),
            number=forms.text(request.POST, "number"),
            currency=currency,
            on=forms.maybe_day(request.POST, "on") or date.today(),  # noqa: DTZ011  # the day of whoever types
            lines=lines,
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        return _bills(request, desk, given, {no.field or "file": words.refusal(no)}, ())
    return back(request, reverse("desk:carrier_bill", args=[invoice_id]), _("The bill is audited and booked."))


@door(read=Right.PROFIT)
def bill(request: HttpRequest, desk: Desk, /, *, invoice_id: int) -> HttpResponse:
    """One bill, line by line."""
    found = reads.invoice(desk.merchant.id, invoice_id)
    if found is None:
        return nothing_here(request, desk)
    verdict = request.GET.get("verdict", "")
    page = reads.invoice_lines(desk.merchant.id, invoice_id, verdict=verdict, page=forms.page_number(request.GET))
    verdicts = [(code, f"{carrier_words.verdict(code)} ({count})") for code, count in found.verdicts.items()]
    return show(
        request,
        desk,
        "carriers_bill.html",
        bill=found,
        page=page,
        verdict=verdict,
        verdicts=verdicts,
        spoken=carrier_words,
    )


@door(write=Right.REFUND)
def claim(request: HttpRequest, desk: Desk, /, *, invoice_id: int) -> HttpResponse:
    """Puts all that is too much on the claim list."""
    where = reverse("desk:carrier_bill", args=[invoice_id])
    try:
        count = carrier_bills.claim(
            merchant_id=desk.merchant.id, invoice_id=invoice_id, by=desk.user, now=timezone.now()
        )
    except Refusal:
        return nothing_here(request, desk)
    return back(
        request, where, ngettext("%(count)d line claimed.", "%(count)d lines claimed.", count) % {"count": count}
    )


@door(read=Right.PROFIT)
def claims(request: HttpRequest, desk: Desk, /, *, invoice_id: int) -> HttpResponse | StreamingHttpResponse:
    """The claim list of a bill, as a CSV file for the carrier."""
    found = reads.invoice(desk.merchant.id, invoice_id)
    if found is None:
        return nothing_here(request, desk)
    heading = ("bill", "line", "waybill", "parcel", "charge", "reason", "currency", "billed", "expected", "claimed",
               "billed_weight_g", "expected_weight_g")  # fmt: skip
    rows = (
        (
            found.number,
            line.position,
            line.waybill,
            line.parcel,
            line.kind,
            line.verdict,
            found.currency,
            display(line.billed_minor, found.currency),
            display(line.billed_minor - line.difference_minor, found.currency),
            display(line.difference_minor, found.currency),
            line.weight_g if line.weight_g is not None else "",
            line.quoted_weight_g or "",
        )
        for line in reads.claimed_lines(desk.merchant.id, invoice_id)
    )
    return csv_file(f"claims-{found.id}.csv", csv_lines([heading, *rows]))
