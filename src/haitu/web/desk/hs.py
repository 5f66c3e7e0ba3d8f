"""Finding the HS code of a SKU: search, compare the duties, decide."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.hs import confirm_hs_code
from haitu.reads import hs as reads
from haitu.web.desk import forms
from haitu.web.desk.answers import acted, nothing_here
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.SEE, write=Right.SELL)
def hs(request: HttpRequest, desk: Desk, /, *, variant_id: int) -> HttpResponse:
    """Proposals for the words typed, at first those of the product; POST decides."""
    found = reads.sought(desk.merchant.id, variant_id)
    if found is None:
        return nothing_here(request, desk)
    if request.method == "POST":
        return acted(
            request,
            reverse("desk:product", args=[found.product_id]),
            lambda: confirm_hs_code(
                merchant_id=desk.merchant.id,
                variant_id=variant_id,
                hs_code=forms.text(request.POST, "hs_code", longest=20),
                by=desk.user,
                now=timezone.now(),
            ),
            _("The HS code is set."),
        )
    words = request.GET.get("q", "").strip()[:400] or found.words
    candidates = reads.candidates(desk.merchant.id, words, origin=found.origin_country, on=timezone.localdate())
    territories = sorted({territory for candidate in candidates for territory in candidate.duties})
    return show(request, desk, "hs.html", found=found, typed=words, candidates=candidates, territories=territories)
