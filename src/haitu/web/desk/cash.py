"""Cash on delivery: where it is offered, what carriers owe, what they hand over, and parcels nobody paid for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import cash_offer, refused, remittance
from haitu.core.cash import CashTerms
from haitu.core.errors import Refusal
from haitu.links.carriers.cash_file import NotAStatement, parse_cash
from haitu.reads.desk import cash as reads
from haitu.reads.desk import orders
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, back, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

LARGEST = 20 * 1024 * 1024


@door(read=Right.PROFIT, write=Right.REFUND)
def cash(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What carriers owe and handed over, and the offers; POST takes a statement in."""
    return _take_in(request, desk) if request.method == "POST" else _page(request, desk)


def _page(request: HttpRequest, desk: Desk, told: str = "", problems: tuple[object, ...] = ()) -> HttpResponse:
    today = timezone.localdate()
    owed = reads.owed(desk.merchant.id, on=today)
    return show(
        request,
        desk,
        "cash.html",
        status=400 if told or problems else 200,
        told=told,
        problems=problems[:20],
        problem_count=len(problems),
        given=request.POST,
        today=today,
        owed=owed,
        carriers=sorted({row.carrier for row in owed}),
        statements=reads.statements(desk.merchant.id),
        offers=reads.offers(desk.merchant.id),
        markets=reads.lanes_to(desk.merchant.id),
    )


def _take_in(request: HttpRequest, desk: Desk) -> HttpResponse:
    currency = forms.text(request.POST, "currency", longest=3).upper()
    file = request.FILES.get("file")
    try:
        if file is None or file.size is None or file.size > LARGEST:
            raise NotAStatement("A statement is a CSV or XLSX file of at most 20 MB.", field="file")
        raw = file.read()
        lines, problems = parse_cash(str(file.name), raw, currency)
        if problems and request.POST.get("leave_out") != "yes":
            return _page(request, desk, problems=problems)
        statement_id = remittance.receive_statement(
            merchant_id=desk.merchant.id,
            carrier=forms.text(request.POST, "carrier", longest=60),
            number=forms.text(request.POST, "number"),
            currency=currency,
            raw=raw,
            lines=lines,
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        return _page(request, desk, told=words.refusal(no))
    return back(request, reverse("desk:cash_statement", args=[statement_id]), _("What came is booked."))


@door(read=Right.PROFIT)
def statement(request: HttpRequest, desk: Desk, /, *, statement_id: int) -> HttpResponse:
    """One statement, line by line."""
    found = reads.statement(desk.merchant.id, statement_id)
    if found is None:
        return nothing_here(request, desk)
    return show(request, desk, "cash_statement.html", statement=found[0], lines=found[1])


@door(write=Right.REFUND)
def claim(request: HttpRequest, desk: Desk, /, *, statement_id: int) -> HttpResponse:
    """Puts what is missing on the claim list."""
    return acted(
        request,
        reverse("desk:cash_statement", args=[statement_id]),
        lambda: remittance.claim(
            merchant_id=desk.merchant.id, statement_id=statement_id, by=desk.user, now=timezone.now()
        ),
        _("What is missing is claimed."),
    )


@door(write=Right.SELL)
def offer(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Lets a market's buyers pay at the door."""

    def act() -> None:
        market_id = forms.whole(request.POST, "market", least=1)
        currency = reads.currency_of(desk.merchant.id, market_id)
        lanes = [pk for pk in map(forms.row_id, request.POST.getlist("lane")) if pk is not None]
        cash_offer.offer_cash(
            merchant_id=desk.merchant.id,
            market_id=market_id,
            lane_ids=lanes,
            terms=CashTerms(
                currency=currency,
                fee_fixed_minor=forms.maybe_amount(request.POST, "fee_fixed", currency) or 0,
                fee_bp=forms.share_bp(request.POST, "fee_share"),
                limit_minor=forms.maybe_amount(request.POST, "limit", currency),
                remittance_days=forms.whole(request.POST, "days"),
                refusal_fee_minor=forms.maybe_amount(request.POST, "refusal_fee", currency) or 0,
                refused_bp=forms.share_bp(request.POST, "refused_share"),
            ),
            valid_from=forms.maybe_day(request.POST, "from") or timezone.localdate(),
            source=forms.text(request.POST, "source"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:cash"), act, _("Buyers may pay at the door."))


@door(write=Right.SELL)
def offer_end(request: HttpRequest, desk: Desk, /, *, offer_id: int) -> HttpResponse:
    """Ends an offer; what was agreed stands."""
    return acted(
        request,
        reverse("desk:cash"),
        lambda: cash_offer.end_offer(merchant_id=desk.merchant.id, offer_id=offer_id, by=desk.user, now=timezone.now()),
        _("The offer is ended."),
    )


@door(write=Right.SHIP)
def refuse(request: HttpRequest, desk: Desk, /, *, order_id: int, parcel_id: int) -> HttpResponse:
    """Nobody paid for a parcel."""
    return acted(
        request,
        reverse("desk:order", args=[order_id]),
        lambda: refused.refuse(merchant_id=desk.merchant.id, shipment_id=parcel_id, by=desk.user, now=timezone.now()),
        _("The sale is undone; the parcel comes back."),
    )


@door(write=Right.SHIP)
def came_back(request: HttpRequest, desk: Desk, /, *, order_id: int, parcel_id: int) -> HttpResponse:
    """A refused parcel is here again."""
    found = orders.order(desk.merchant.id, order_id)
    if found is None:
        return nothing_here(request, desk)

    def act() -> None:
        refused.came_back(
            merchant_id=desk.merchant.id,
            shipment_id=parcel_id,
            restock=request.POST.get("restock") == "yes",
            freight_minor=forms.maybe_amount(request.POST, "freight", found.currency) or 0,
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:order", args=[order_id]), act, _("The goods are taken back."))
