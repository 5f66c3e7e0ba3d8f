"""Returns: the board, one return from approval to decision, how much comes back, and the merchant's word on it all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions.returns import label
from haitu.actions.returns import receive as steps
from haitu.actions.returns import rules as word
from haitu.actions.returns.decide import Chosen, decide
from haitu.actions.returns.receive import Graded, NotGraded
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.core.returns import Exclusion, Grade
from haitu.reads.desk import returns as reads
from haitu.reads.desk import stock as stock_reads
from haitu.reads.desk.returns import ReturnFilter
from haitu.reads.returns_rate import rates as rates_of
from haitu.web.desk import forms, return_words, words
from haitu.web.desk.answers import acted, back, csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

SHOWN = 200
PERIOD = timedelta(days=365)


@door(read=Right.SEE)
def board(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Every return, a column a step."""
    given = ReturnFilter(
        search=request.GET.get("q", "").strip()[:60],
        country=request.GET.get("market", "")[:2],
        column=request.GET.get("state", ""),
    )
    return show(
        request,
        desk,
        "returns.html",
        columns=reads.board(desk.merchant.id, given),
        given=given,
        told=return_words,
        steps=[(name, return_words.state(name)) for name in reads.COLUMNS],
        countries=reads.countries(desk.merchant.id),
    )


@door(read=Right.SEE)
def case(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """One return, and what can be done with it."""
    found = reads.case(desk.merchant.id, case_id)
    if found is None:
        return nothing_here(request, desk)
    return show(request, desk, "return.html", case=found, card=found.card, told=return_words, grades=list(Grade))


def _page(case_id: int) -> str:
    return reverse("desk:return", args=[case_id])


@door(write=Right.REFUND)
def approve(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """The buyer may send it."""
    return acted(
        request,
        _page(case_id),
        lambda: steps.approve(merchant_id=desk.merchant.id, case_id=case_id, by=desk.user, now=timezone.now()),
        _("The buyer may send it, and is told so."),
    )


@door(write=Right.REFUND)
def refuse(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """It shall not be sent."""
    told = forms.text(request.POST, "told")
    return acted(
        request,
        _page(case_id),
        lambda: steps.refuse(
            merchant_id=desk.merchant.id, case_id=case_id, told=told, by=desk.user, now=timezone.now()
        ),
        _("The return is refused, and the buyer is told why."),
    )


@door(write=Right.SHIP)
def receive(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """The parcel is here."""
    return acted(
        request,
        _page(case_id),
        lambda: steps.receive(merchant_id=desk.merchant.id, case_id=case_id, by=desk.user, now=timezone.now()),
        _("The return is here, and the buyer is told so."),
    )


@door(write=Right.SHIP)
def grade(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """How each piece came."""

    def act() -> None:
        grades = {}
        for piece_id, given in _by_piece(request, "grade"):
            if given not in set(Grade):
                raise NotGraded("A grade is A, B, C or D.", field="grade")
            note = forms.text(request.POST, f"note_{piece_id}")
            grades[piece_id] = Graded(Grade(given), note)
        steps.grade(merchant_id=desk.merchant.id, case_id=case_id, grades=grades, by=desk.user, now=timezone.now())

    return acted(request, _page(case_id), act, _("The grades are noted."))


@door(write=Right.SHIP)
def void_label(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """The label of the way back is not needed."""
    return acted(
        request,
        _page(case_id),
        lambda: label.void(merchant_id=desk.merchant.id, case_id=case_id, by=desk.user, now=timezone.now()),
        _("The label is cancelled."),
    )


@door(write=Right.REFUND)
def settle(request: HttpRequest, desk: Desk, /, *, case_id: int) -> HttpResponse:
    """What becomes of each piece; the money goes back with it."""
    chosen = {
        piece_id: Chosen(key, forms.text(request.POST, f"why_{piece_id}"))
        for piece_id, key in _by_piece(request, "way")
    }
    return acted(
        request,
        _page(case_id),
        lambda: decide(merchant_id=desk.merchant.id, case_id=case_id, chosen=chosen, by=desk.user, now=timezone.now()),
        _("The return is decided."),
    )


def _by_piece(request: HttpRequest, name: str) -> Iterator[tuple[int, str]]:
    """(piece, what was given for it), of the fields that were filled in."""
    for field in request.POST:
        found = re.fullmatch(rf"{name}_([0-9]{{1,18}})", field)
        given = str(request.POST.get(field, "")).strip()
        if found and given:
            yield int(found[1]), given


@door(write=Right.REFUND)
def settle_many(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The best way for each piece of the chosen returns, a transaction each."""
    done, refused = 0, list[str]()
    for given in request.POST.getlist("case")[:SHOWN]:
        case_id = forms.row_id(given)
        if case_id is None:
            continue
        try:
            decide(merchant_id=desk.merchant.id, case_id=case_id, chosen={}, by=desk.user, now=timezone.now())
            done += 1
        except Refusal as no:
            refused.append(words.refusal(no))
    for told in dict.fromkeys(refused):
        messages.error(request, told)
    address = reverse("desk:returns")
    if not done:
        return HttpResponseRedirect(address)
    return back(
        request, address, ngettext("%(n)s return is decided.", "%(n)s returns are decided.", done) % {"n": done}
    )


# How much comes back -----------------------------------------------------------------------------------------
@door(read=Right.PROFIT)
def rates(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """By SKU and market: what came back of a year, and what it cost."""
    country, search = request.GET.get("market", "")[:2], request.GET.get("q", "").strip()[:60]
    since = timezone.now() - PERIOD
    rows = rates_of(desk.merchant.id, since=since, country=country, search=search, top=SHOWN)
    return show(
        request,
        desk,
        "returns_rates.html",
        rows=rows,
        shown=SHOWN,
        country_code=country,
        search=search,
        countries=reads.countries(desk.merchant.id),
    )


@door(read=Right.PROFIT)
def export(request: HttpRequest, desk: Desk, /) -> HttpResponseBase:
    """All of it as CSV."""
    return csv_file("returns.csv", csv_lines(_lines(request, desk)))


def _lines(request: HttpRequest, desk: Desk) -> Iterator[list[object]]:
    base = desk.merchant.base_currency
    yield ["sku", "market", "sent", "returned", "rate_percent", f"cost_{base}"]
    country, search = request.GET.get("market", "")[:2], request.GET.get("q", "").strip()[:60]
    since = timezone.now() - PERIOD
    for row in rates_of(desk.merchant.id, since=since, country=country, search=search):
        cost = display(row.cost_minor, base)
        yield [row.sku, row.country, row.sent, row.returned, f"{row.rate_bp / 100:.2f}", cost]


# The merchant's word -----------------------------------------------------------------------------------------
@door(read=Right.SEE)
def rules(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Law and own word by market, where returns go, and what a piece is reckoned with."""
    today = timezone.localdate()
    try:
        figures, batch = reads.figures(desk.merchant.id, desk.merchant.base_currency, on=today)
    except Refusal:
        figures, batch = None, 1
    return show(
        request,
        desk,
        "returns_rules.html",
        markets=reads.words_of(desk.merchant.id, on=today),
        own=reads.own_rules(desk.merchant.id),
        figures=figures,
        batch=batch,
        excluded=reads.excluded(desk.merchant.id),
        accounts=reads.accounts(desk.merchant.id),
        warehouses=stock_reads.warehouses(desk.merchant.id),
        kinds=[(str(kind), return_words.kind(kind)) for kind in Exclusion],
        told=return_words,
        today=today,
        display=display,
    )


@door(write=Right.SELL)
def rule(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The merchant's own rule of a market, or of all."""

    def act() -> None:
        form = request.POST
        draft = word.RuleDraft(
            country=forms.text(form, "country", longest=2),
            window_days=forms.whole(form, "window_days"),
            fault_days=forms.whole(form, "fault_days"),
            way_back_free=bool(form.get("way_back_free")),
            outbound_back=bool(form.get("outbound_back")),
            restocking_bp=forms.share_bp(form, "restocking"),
            wear_bp=forms.share_bp(form, "wear"),
            excludes=tuple(form.getlist("excludes")),
            by_hand=bool(form.get("by_hand")),
            valid_from=forms.maybe_day(form, "valid_from") or timezone.localdate(),
        )
        word.set_rule(merchant_id=desk.merchant.id, draft=draft, by=desk.user, now=timezone.now())

    return acted(request, reverse("desk:returns_rules"), act, _("The rule is set."))


@door(write=Right.SELL)
def costs(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What a returned piece brings and costs."""

    def act() -> None:
        form, base = request.POST, desk.merchant.base_currency
        draft = word.CostDraft(
            price_b_bp=forms.share_bp(form, "price_b"),
            price_c_bp=forms.share_bp(form, "price_c"),
            keep_b_bp=forms.share_bp(form, "keep_b"),
            keep_c_bp=forms.share_bp(form, "keep_c"),
            selling_bp=forms.share_bp(form, "selling"),
            handling_minor=forms.amount(form, "handling", base),
            destroy_minor=forms.amount(form, "destroy", base),
            donate_minor=forms.amount(form, "donate", base),
            batch_units=forms.whole(form, "batch", least=1),
            valid_from=timezone.localdate(),
        )
        word.set_costs(merchant_id=desk.merchant.id, draft=draft, by=desk.user, now=timezone.now())

    return acted(request, reverse("desk:returns_rules"), act, _("The figures are set."))


@door(write=Right.SELL)
def site(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Where the returns of a market go."""

    def act() -> None:
        form = request.POST
        market = next(
            (
                one
                for one in reads.words_of(desk.merchant.id, on=timezone.localdate())
                if one.market_id == forms.row_id(form.get("market", ""))
            ),
            None,
        )
        word.set_site(
            merchant_id=desk.merchant.id,
            market_id=market.market_id if market else 0,
            warehouse_id=forms.row_id(form.get("warehouse", "")) or 0,
            address={name: forms.text(form, name, longest=120) for name in word.ADDRESS},
            account_id=forms.row_id(form.get("account", "")),
            label_minor=forms.maybe_amount(form, "label", market.currency) or 0 if market else 0,
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:returns_rules"), act, _("Returns of this market go there from now on."))


@door(write=Right.SELL)
def exclude(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """A product is, or is no longer, of a kind that need not come back."""
    return acted(
        request,
        reverse("desk:returns_rules"),
        lambda: word.exclude(
            merchant_id=desk.merchant.id,
            sku=forms.text(request.POST, "sku", longest=40),
            kind=forms.text(request.POST, "kind", longest=12),
            excluded=not request.POST.get("back"),
            by=desk.user,
            now=timezone.now(),
        ),
        _("It is noted."),
    )
