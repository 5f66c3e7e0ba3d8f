"""The search field on every page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from haitu.reads.desk.search import search as found_by
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.SEE)
def search(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Straight to the one order or product there is, else a list."""
    text = request.GET.get("q", "").strip()[:100]
    if not text:
        return show(request, desk, "search.html", text="", found=None)
    found = found_by(desk.merchant.id, text, desk.language)
    if found.orders_total == 1 and not found.products_total:
        return HttpResponseRedirect(reverse("desk:order", args=[found.orders[0].id]))
    if found.products_total == 1 and not found.orders_total:
        return HttpResponseRedirect(reverse("desk:product", args=[found.products[0].product_id]))
    return show(request, desk, "search.html", text=text, found=found)
