"""Sending something back: the form, the return with its number and address, the label, and saying that it is sent.

Everything is behind the order's secret link and works without scripts.
"""

from __future__ import annotations

import re
import secrets

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haitu.actions.returns import label
from haitu.actions.returns.ask import NothingAsked, Wish, ask, cancel, say_sent
from haitu.core.errors import Refusal
from haitu.core.returns import Reason
from haitu.models import ReturnCase
from haitu.reads.shop.order import OrderShown, order_page
from haitu.reads.shop.returns import CaseShown, asking, cases, label_file
from haitu.web import refusals
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop.page import now, render

REASONS = {
    Reason.UNWANTED: gettext_noop("I do not want it any more"),
    Reason.UNFIT: gettext_noop("It does not fit"),
    Reason.DAMAGED: gettext_noop("It arrived damaged"),
    Reason.FAULTY: gettext_noop("It does not work"),
    Reason.WRONG: gettext_noop("Something else was in the parcel"),
    Reason.UNLIKE: gettext_noop("It is not as described"),
}
TYPES = {"pdf": "application/pdf", "png": "image/png", "zpl": "text/plain"}


@never_cache
@require_http_methods(["GET", "POST"])
def form(request: ShopRequest, token: str) -> HttpResponse:
    """What goes back, how many and why; sent twice it is one return."""
    order = _order(request, token)
    problem: Refusal | None = None
    if request.method == "POST":
        try:
            case = _ask(request, order)
        except Refusal as no:
            problem = no
        else:
            return HttpResponseRedirect(_path(request, order, case.pk), status=303)
    return _private(
        render(
            request,
            "return",
            status=refusals.status(problem) if problem else 200,
            checkout=True,
            order=order,
            asking=asking(request.shop.merchant, order.id, on=now().date()),
            cases=cases(request.shop.merchant.id, order.id),
            reasons=_reasons(),
            given=request.POST,
            once=request.POST.get("once", "") or secrets.token_hex(12),
            sentence=refusals.sentence,
            problem=refusals.sentence(problem) if problem else "",
        )
    )


def _ask(request: ShopRequest, order: OrderShown) -> ReturnCase:
    wishes = []
    for name in request.POST:
        found, given = re.fullmatch(r"units_([0-9]{1,18})", name), str(request.POST.get(name, ""))
        if found and given.strip() not in ("", "0"):
            reason = request.POST.get(f"reason_{found[1]}", "")
            if not re.fullmatch(r"[0-9]{1,4}", given.strip()) or reason not in set(Reason):
                raise NothingAsked("Say how many, and why.", field=name)
            wishes.append(Wish(line_id=int(found[1]), quantity=int(given), reason=Reason(reason)))
    return ask(
        merchant_id=request.shop.merchant.id,
        order_id=order.id,
        wishes=wishes,
        words=request.POST.get("words", "").replace("\x00", ""),
        key=request.POST.get("once", "")[:32] or secrets.token_hex(12),
        now=now(),
    )


@never_cache
@require_safe
def case(request: ShopRequest, token: str, case_id: int) -> HttpResponse:
    """One return: where to send it, and how it stands."""
    order = _order(request, token)
    return _show(request, order, _case(request, order, case_id))


def _show(request: ShopRequest, order: OrderShown, found: CaseShown, problem: str = "") -> HttpResponse:
    return _private(
        render(
            request,
            "returned",
            status=503 if problem else 200,
            checkout=True,
            order=order,
            case=found,
            reasons=_reasons(),
            problem=problem,
        )
    )


@never_cache
@require_POST
def buy_label(request: ShopRequest, token: str, case_id: int) -> HttpResponse:
    """The label, bought once however often this is pressed; without one it is sent by own means."""
    order = _order(request, token)
    found = _case(request, order, case_id)
    try:
        label.buy(merchant_id=request.shop.merchant.id, case_id=found.id, now=now())
    except Refusal:
        told = _("We could not get a label just now. You can try again later, or send it by a carrier of your choice.")
        return _show(request, order, _case(request, order, case_id), told)
    return HttpResponseRedirect(_path(request, order, case_id), status=303)


@never_cache
@require_safe
def file(request: ShopRequest, token: str, case_id: int) -> HttpResponse:
    """The label to print."""
    order = _order(request, token)
    found = label_file(request.shop.merchant.id, order.id, case_id)
    if found is None:
        raise Http404
    kind, content = found
    response = HttpResponse(content, content_type=TYPES.get(kind, "application/octet-stream"))
    response.headers["Content-Disposition"] = f'inline; filename="return-{case_id}.{kind}"'
    return _private(response)


@never_cache
@require_POST
def sent(request: ShopRequest, token: str, case_id: int) -> HttpResponse:
    """It is on its way."""
    order = _order(request, token)
    found = _case(request, order, case_id)
    tracking = request.POST.get("tracking", "").replace("\x00", "")
    say_sent(merchant_id=request.shop.merchant.id, case_id=found.id, tracking=tracking, now=now())
    return HttpResponseRedirect(_path(request, order, case_id), status=303)


@never_cache
@require_POST
def keep(request: ShopRequest, token: str, case_id: int) -> HttpResponse:
    """The buyer keeps it after all."""
    order = _order(request, token)
    found = _case(request, order, case_id)
    cancel(merchant_id=request.shop.merchant.id, case_id=found.id, now=now())
    return HttpResponseRedirect(_path(request, order, case_id), status=303)


def _reasons() -> dict[str, str]:
    return {str(reason): _(told) for reason, told in REASONS.items()}


def _path(request: ShopRequest, order: OrderShown, case_id: int) -> str:
    return f"{request.shop.root}order/{order.token}/return/{case_id}/"


def _private(response: HttpResponse) -> HttpResponse:
    # The address is the key: no other site hears of it. With no-referrer our own forms would come from "null".
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _case(request: ShopRequest, order: OrderShown, case_id: int) -> CaseShown:
    found = next((one for one in cases(request.shop.merchant.id, order.id) if one.id == case_id), None)
    if found is None:
        raise Http404
    return found


def _order(request: ShopRequest, token: str) -> OrderShown:
    shown = order_page(request.shop.merchant, token)
    if shown is None:
        raise Http404
    return shown
