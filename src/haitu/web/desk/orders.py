"""Orders: the list, one order, and what is done to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions import transferred as by_hand
from haitu.actions.cancel import cancel as cancel_order
from haitu.actions.fulfil import book_carrier_bill, deliver, ship
from haitu.actions.refund import refund
from haitu.actions.returns import take_back
from haitu.core.errors import Refusal
from haitu.core.landed import STEPS
from haitu.core.money import display
from haitu.reads.desk import carriers as carriage
from haitu.reads.desk import markets
from haitu.reads.desk import orders as reads
from haitu.reads.desk.orders import OrderFilter
from haitu.reads.preorders import waiting_orders
from haitu.web import address
from haitu.web.desk import carrier_words, forms, words
from haitu.web.desk.answers import acted, csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, country_name

MOST_AT_ONCE = 200
FIRST_YEAR, LAST_YEAR = 1970, 2999


@door(read=Right.SEE)
def orders(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The list; filters stand in the address."""
    given = _filter(request.GET)
    statuses = [("to_ship", _("To ship"))] + [
        (code, words.status(code))
        for code in ("pending", "accepted", "paid", "part_shipped", "shipped", "delivered", "cancelled", "expired")
    ]
    countries = [
        (market.country, country_name(market.country, active()))
        for market in markets.markets(desk.merchant.id, on=timezone.localdate())
    ]
    return show(
        request,
        desk,
        "orders.html",
        page=reads.orders(desk.merchant.id, given),
        given=given,
        since=request.GET.get("since", ""),
        until=request.GET.get("until", ""),
        statuses=statuses,
        countries=countries,
    )


@door(read=Right.SEE)
def export(request: HttpRequest, desk: Desk, /) -> StreamingHttpResponse:
    """The list as it is filtered, as a CSV file."""
    heading = (
        "number",
        "placed",
        "status",
        "country",
        "channel",
        "currency",
        "total",
        "refunded",
        "units",
        "name",
        "email",
    )
    rows = (
        (
            row.number,
            timezone.localtime(row.placed_at).isoformat(timespec="seconds"),
            row.status,
            row.country,
            row.channel,
            row.currency,
            display(row.total_minor, row.currency),
            display(row.refunded_minor, row.currency),
            row.units,
            row.name,
            row.email,
        )
        for row in reads.every_order(desk.merchant.id, _filter(request.GET))
    )
    return csv_file("orders.csv", csv_lines([heading, *rows]))


@door(write=Right.SHIP)
def ship_many(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Ships all that is left of the chosen orders; each on its own, and those that cannot are named."""
    chosen = [pk for pk in map(forms.row_id, request.POST.getlist("order")) if pk is not None][:MOST_AT_ONCE]
    done = 0
    for order_id in chosen:
        try:
            ship(merchant_id=desk.merchant.id, order_id=order_id, by=desk.user, now=timezone.now())
            done += 1
        except Refusal as no:
            number = reads.number_of(desk.merchant.id, order_id)
            messages.error(request, f"{number}: {words.refusal(no)}" if number else words.refusal(no))
    told = ngettext("%(count)d order shipped.", "%(count)d orders shipped.", done) % {"count": done}
    (messages.success if done else messages.warning)(request, told)
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(asked if ours else reverse("desk:orders"))


@door(read=Right.SEE)
def order(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """Everything about one order."""
    found = reads.order(desk.merchant.id, order_id)
    if found is None:
        return nothing_here(request, desk)
    return show(
        request,
        desk,
        "order.html",
        order=found,
        waits=next(iter(waiting_orders(desk.merchant.id, today=timezone.localdate(), order_id=order_id)), None),
        steps=STEPS,
        display=display,
        written=_written(found),
        carriage=carriage.of_order(desk.merchant.id, order_id),
        carriers=carriage.choices(desk.merchant.id),
        spoken=carrier_words,
    )


@door(read=Right.SEE)
def slip(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """The packing slip of what waits to leave, one page a warehouse, for the printer; of all when all has left."""
    found = reads.order(desk.merchant.id, order_id)
    if found is None:
        return nothing_here(request, desk)
    parcels: dict[tuple[str, str], list[reads.LineView]] = {}
    for line in [line for line in found.lines if line.to_ship] or found.lines:
        parcels.setdefault((line.warehouse, line.lane), []).append(line)
    return show(request, desk, "slip.html", order=found, parcels=parcels, written=_written(found))


@door(write=Right.SHIP)
def ship_parts(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """Sends the units that were typed."""

    def act() -> None:
        quantities = {line_id: quantity for line_id, quantity in _of_lines(request.POST, forms.whole) if quantity}
        ship(
            merchant_id=desk.merchant.id,
            order_id=order_id,
            quantities=quantities,
            tracking=forms.text(request.POST, "tracking", longest=60),
            anyway=forms.text(request.POST, "anyway"),
            seen=forms.text(request.POST, "seen"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(order_id), act, _("The parcel is on its way."))


@door(write=Right.SHIP)
def delivered(request: HttpRequest, desk: Desk, /, *, order_id: int, parcel_id: int) -> HttpResponse:
    """The parcel has arrived."""
    return acted(
        request,
        _page(order_id),
        lambda: deliver(merchant_id=desk.merchant.id, shipment_id=parcel_id, by=desk.user, now=timezone.now()),
        _("The parcel has arrived."),
    )


@door(write=Right.SHIP)
def bill(request: HttpRequest, desk: Desk, /, *, order_id: int, parcel_id: int) -> HttpResponse:
    """What the carrier really charged for a parcel."""

    def act() -> None:
        currency = forms.text(request.POST, "currency", longest=3).upper()
        book_carrier_bill(
            merchant_id=desk.merchant.id,
            shipment_id=parcel_id,
            billed_minor=forms.amount(request.POST, "billed", currency),
            currency=currency,
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(order_id), act, _("The carrier's bill is booked."))


@door(write=Right.REFUND)
def give_back(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """Money back: of single lines, an amount, or all that is left."""
    found = reads.order(desk.merchant.id, order_id)
    if found is None:
        return nothing_here(request, desk)

    def act() -> None:
        lines = dict(_of_lines(request.POST, lambda form, name: forms.amount(form, name, found.currency)))
        amount = forms.maybe_amount(request.POST, "amount", found.currency)
        refund(
            merchant_id=desk.merchant.id,
            order_id=order_id,
            amount_minor=None if lines else amount,
            lines=lines or None,
            reason=forms.text(request.POST, "reason"),
            seen=forms.text(request.POST, "seen"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(order_id), act, _("The refund is on its way."))


@door(write=Right.REFUND)
def transferred(request: HttpRequest, desk: Desk, /, *, order_id: int, refund_id: int) -> HttpResponse:
    """Money that was paid at the door is on its way back by a transfer, or will not go after all."""
    gone, now = forms.text(request.POST, "not") == "yes", timezone.now()

    def act() -> None:
        if gone:
            by_hand.called_off(merchant_id=desk.merchant.id, refund_id=refund_id, by=desk.user, now=now)
            return
        reference = forms.text(request.POST, "reference")
        by_hand.transferred(
            merchant_id=desk.merchant.id, refund_id=refund_id, reference=reference, by=desk.user, now=now
        )

    done = _("The refund is called off.") if gone else _("The transfer is booked.")
    return acted(request, _page(order_id), act, done)


@door(write=Right.REFUND)
def cancel(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """Calls an order off before anything has left."""
    return acted(
        request,
        _page(order_id),
        lambda: cancel_order(
            merchant_id=desk.merchant.id,
            order_id=order_id,
            reason=forms.text(request.POST, "reason"),
            by=desk.user,
            now=timezone.now(),
        ),
        _("The order is cancelled."),
    )


@door(write=Right.SHIP)
def back_again(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """Goods that came back."""
    found = reads.order(desk.merchant.id, order_id)
    if found is None:
        return nothing_here(request, desk)

    def act() -> None:
        take_back(
            merchant_id=desk.merchant.id,
            order_id=order_id,
            line_id=forms.whole(request.POST, "line"),
            quantity=forms.whole(request.POST, "quantity", least=1),
            restock=request.POST.get("restock") == "yes",
            warehouse_id=forms.maybe_whole(request.POST, "warehouse"),
            freight_minor=forms.maybe_amount(request.POST, "freight", found.currency) or 0,
            reason=forms.text(request.POST, "reason"),
            seen=forms.text(request.POST, "seen"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(order_id), act, _("The goods are taken back."))


def _written(order: reads.OrderView) -> tuple[str, ...]:
    """The buyer's address as their country writes it; imported history has none."""
    return address.lines(order.country, order.language, order.address) if order.address else ()


def _page(order_id: int) -> str:
    return reverse("desk:order", args=[order_id])


def _of_lines(form: QueryDict, read: Callable[[QueryDict, str], Any]) -> list[tuple[int, Any]]:
    """Line id → what was typed into its field; empty fields are left out."""
    ids = {name: forms.row_id(name.removeprefix("line_")) for name in form if name.startswith("line_")}
    return [
        (line_id, read(form, name)) for name, line_id in ids.items() if line_id is not None and forms.text(form, name)
    ]


def _filter(query: QueryDict) -> OrderFilter:
    return OrderFilter(
        search=query.get("q", "").strip()[:100],
        status=query.get("status", ""),
        country=query.get("market", ""),
        channel=query.get("channel", ""),
        since=_midnight(query.get("since", "")),
        until=_midnight(query.get("until", ""), days=1),
        sort=query.get("sort", "newest"),
        page=forms.page_number(query),
    )


def _midnight(text: str, *, days: int = 0) -> datetime | None:
    """The start of the day, or of one `days` later, in the merchant's zone; nonsense is no limit."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time()))
