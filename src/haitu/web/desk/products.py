"""The catalogue: a grid, one product, and whole files."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions import catalog as actions
from haitu.actions import picture as pictures
from haitu.actions.catalog import ProductDraft, VariantDraft
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.links.catalog_csv import CatalogRow, NotACatalogue, Shelves, parse_products, write_products
from haitu.links.reference.table import Problem
from haitu.models import ProductStatus
from haitu.reads.desk import catalog
from haitu.reads.desk import products as reads
from haitu.reads.desk.products import MISSING, ProductFilter, ProductView
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, back, csv_file, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import language_name

LARGEST_FILE = 2_000_000
SHOWN_CHANGES = 200


@door(read=Right.SEE)
def products(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The grid."""
    query = request.GET
    given = ProductFilter(
        search=query.get("q", "").strip(),
        category=query.get("category", ""),
        status=query.get("status", ""),
        missing=query.get("missing", ""),
        sort=query.get("sort", "rank"),
        page=forms.page_number(query),
    )
    missing = {"weight": _("Weight"), "size": _("Size"), "hs": _("HS code"), "picture": _("Picture")}
    languages = reads.languages(desk.merchant.id)
    return show(
        request,
        desk,
        "products.html",
        page=reads.grid(desk.merchant.id, given, desk.language),
        given=given,
        categories=reads.categories(desk.merchant.id, desk.language),
        statuses=[(status, words.status(status)) for status in ProductStatus.values],
        missing_names=missing,
        missing=[(name, missing[name]) for name in MISSING]
        + [(f"text:{tag}", _("Title in %(language)s") % {"language": language_name(tag)}) for tag in languages],
        display=display,
    )


@door(read=Right.SEE, write=Right.SELL)
def product(request: HttpRequest, desk: Desk, /, *, product_id: int) -> HttpResponse:
    """One product; what was typed stays when it is refused."""
    found = reads.product(desk.merchant.id, product_id, desk.language)
    if found is None:
        return nothing_here(request, desk)
    given, told = _typed(found, desk.merchant.list_currency), defaultdict[str, str](str)
    if request.method == "POST":
        given = defaultdict(str, request.POST.dict())
        try:
            actions.save_product(
                merchant_id=desk.merchant.id,
                product_id=product_id,
                draft=_draft(request.POST, found, desk.merchant.list_currency),
                by=desk.user,
                now=timezone.now(),
            )
            return back(request, reverse("desk:product", args=[product_id]), _("The product is saved."))
        except Refusal as no:
            told[no.field or "form"] = words.refusal(no)
    return show(
        request,
        desk,
        "product.html",
        status=400 if told else 200,
        product=found,
        given=given,
        told=told,
        categories=reads.categories(desk.merchant.id, desk.language),
        statuses=[(status, words.status(status)) for status in ProductStatus.values],
    )


@door(read=Right.PROFIT)
def shelves(request: HttpRequest, desk: Desk, /, *, variant_id: int) -> HttpResponse:
    """What one piece costs and earns in every market: a part of the product page, and a page of its own."""
    found = reads.variant(desk.merchant.id, variant_id, desk.language)
    if found is None:
        return nothing_here(request, desk)
    rows = reads.shelves(desk.merchant, variant_id, language=desk.language, on=timezone.localdate())
    return show(request, desk, "shelves.html", variant=found, shelves=rows, display=display)


@door(write=Right.SELL)
def list_price(request: HttpRequest, desk: Desk, /, *, variant_id: int) -> HttpResponse:
    """A new list price from the grid."""
    return acted(
        request,
        _origin(request),
        lambda: actions.set_list_price(
            merchant_id=desk.merchant.id,
            variant_id=variant_id,
            price_minor=forms.amount(request.POST, "price", desk.merchant.list_currency),
            by=desk.user,
            now=timezone.now(),
        ),
        _("The price is saved."),
    )


@door(write=Right.SELL)
def market_price(request: HttpRequest, desk: Desk, /, *, variant_id: int, market_id: int) -> HttpResponse:
    """A shelf price by hand; an empty field goes back to the computed one."""
    currency = reads.currency_of(desk.merchant.id, market_id)
    return acted(
        request,
        reverse("desk:shelves", args=[variant_id]),
        lambda: actions.set_market_price(
            merchant_id=desk.merchant.id,
            variant_id=variant_id,
            market_id=market_id,
            price_minor=forms.maybe_amount(request.POST, "price", currency) if currency else None,
            by=desk.user,
            now=timezone.now(),
        ),
        _("The price is saved."),
    )


@door(read=Right.SEE)
def picture(request: HttpRequest, desk: Desk, /, *, picture_id: int) -> HttpResponse:
    """A picture of the merchant; nothing in a drawn one runs."""
    found = reads.picture_of(desk.merchant.id, picture_id)
    if found is None or not any(found):
        return nothing_here(request, desk)
    if found[1]:
        return HttpResponseRedirect(f"{settings.MEDIA_URL}{found[1]}")
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return HttpResponse(found[0], content_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@door(write=Right.SELL)
def add_picture(request: HttpRequest, desk: Desk, /, *, product_id: int) -> HttpResponse:
    """A photograph more."""

    def act() -> None:
        file = request.FILES.get("file")
        pictures.add_picture(
            merchant_id=desk.merchant.id,
            product_id=product_id,
            content=file.read(pictures.MOST_BYTES + 1) if file else b"",
            alt=forms.text(request.POST, "alt"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:product", args=[product_id]), act, _("The picture is added."))


@door(write=Right.SELL)
def remove_picture(request: HttpRequest, desk: Desk, /, *, product_id: int, picture_id: int) -> HttpResponse:
    """A picture less."""
    return acted(
        request,
        reverse("desk:product", args=[product_id]),
        lambda: pictures.remove_picture(
            merchant_id=desk.merchant.id, picture_id=picture_id, by=desk.user, now=timezone.now()
        ),
        _("The picture is removed."),
    )


@door(read=Right.SEE)
def export(_request: HttpRequest, desk: Desk, /) -> StreamingHttpResponse:
    """The catalogue as a CSV file that can be read again."""
    rows = catalog.rows_of(desk.merchant.id)
    return csv_file("products.csv", write_products(rows, catalog.shelves_of(desk.merchant)))


@door(read=Right.SELL, write=Right.SELL)
def bring(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Reads a file and shows what it would change; kept only when the person says so."""
    if request.method != "POST":
        return show(request, desk, "import.html", told="", seen=None)
    shelves_now = catalog.shelves_of(desk.merchant)
    try:
        text = _file(request)
        rows, problems = parse_products(text, shelves_now)
        if request.POST.get("keep"):
            return _keep(request, desk, rows)
    except Refusal as no:
        return show(request, desk, "import.html", status=400, told=words.refusal(no), seen=None)
    return _preview(request, desk, _Read(text=text, rows=rows, problems=problems, shelves=shelves_now))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A file that was read and not yet kept."""

    text: str
    rows: tuple[CatalogRow, ...]
    problems: tuple[Problem, ...]
    shelves: Shelves


def _preview(request: HttpRequest, desk: Desk, read: _Read) -> HttpResponse:
    changes = catalog.changes(desk.merchant.id, read.rows)
    touched = [change for change in changes if change.new or change.fields]
    seen = {
        "text": read.text,
        "problems": read.problems,
        "bad_lines": len({problem.line for problem in read.problems}),
        "made": sum(change.new for change in touched),
        "changed": sum(not change.new for change in touched),
        "same": len(changes) - len(touched),
        "changes": touched[:SHOWN_CHANGES],
        "more": max(0, len(touched) - SHOWN_CHANGES),
    }

    def shown(name: str, value: object) -> str:
        return _shown(name, value, read.shelves)

    return show(request, desk, "import.html", told="", seen=seen, shown=shown)


def _keep(request: HttpRequest, desk: Desk, rows: tuple[CatalogRow, ...]) -> HttpResponse:
    done = actions.import_products(merchant_id=desk.merchant.id, rows=rows, by=desk.user, now=timezone.now())
    made = ngettext("%(count)d SKU made", "%(count)d SKUs made", done.made) % {"count": done.made}
    changed = ngettext("%(count)d changed", "%(count)d changed", done.changed) % {"count": done.changed}
    return back(request, reverse("desk:products"), f"{made}, {changed}.")


def _file(request: HttpRequest) -> str:
    """The uploaded file's text, or the text of a preview that is kept now."""
    given = request.FILES.get("file")
    if given is None:
        kept = request.POST.get("text", "")
        if not kept:
            raise NotACatalogue("Choose a file first.", field="file")
        return kept
    if (given.size or 0) > LARGEST_FILE:
        raise NotACatalogue("The file is larger than 2 MB; split it.", field="file")
    with suppress(UnicodeDecodeError):
        text: str = given.read().decode("utf-8-sig")
        if "\x00" not in text:
            return text
    raise NotACatalogue("The file is not UTF-8 text.", field="file")


def _shown(name: str, value: object, shelves_now: Shelves) -> str:
    """A cell of the preview."""
    currency = shelves_now.list_currency if name == "list_price" else ""
    if name.startswith("price:"):
        currency = shelves_now.markets[name.removeprefix("price:")]
    if currency and isinstance(value, int):
        return f"{display(value, currency)} {currency}"
    if isinstance(value, tuple):
        return "; ".join(value)
    return "" if value is None else str(value)


def _origin(request: HttpRequest) -> str:
    """The grid as it was filtered."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return asked if ours else reverse("desk:products")


def _draft(form: QueryDict, found: ProductView, currency: str) -> ProductDraft:
    return ProductDraft(
        category=forms.text(form, "category"),
        brand=forms.text(form, "brand", longest=80),
        status=forms.text(form, "status"),
        texts={
            text.language: (
                forms.text(form, f"title:{text.language}"),
                forms.text(form, f"description:{text.language}", longest=20_000),
            )
            for text in found.texts
        },
        variants=tuple(_variant(form, variant.id, currency) for variant in found.variants),
    )


def _variant(form: QueryDict, variant_id: int, currency: str) -> VariantDraft:
    def name(field: str) -> str:
        return f"{field}:{variant_id}"

    return VariantDraft(
        id=variant_id,
        list_price_minor=forms.amount(form, name("list_price"), currency),
        hs_code=forms.text(form, name("hs_code"), longest=10),
        origin_country=forms.text(form, name("origin_country"), longest=2),
        tax_category=forms.text(form, name("tax_category"), longest=20),
        weight_g=forms.maybe_whole(form, name("weight_g"), least=1),
        length_mm=forms.maybe_whole(form, name("length_mm"), least=1),
        width_mm=forms.maybe_whole(form, name("width_mm"), least=1),
        height_mm=forms.maybe_whole(form, name("height_mm"), least=1),
        restrictions=forms.words(form, name("restrictions")),
        active=form.get(name("active")) == "yes",
    )


def _typed(found: ProductView, currency: str) -> defaultdict[str, str]:
    """The product as the form shows it."""
    typed = defaultdict(str, category=found.category, brand=found.brand, status=found.status)
    for text in found.texts:
        typed[f"title:{text.language}"] = text.title
        typed[f"description:{text.language}"] = text.description
    for variant in found.variants:
        typed[f"list_price:{variant.id}"] = display(variant.list_price_minor, currency)
        typed[f"restrictions:{variant.id}"] = ", ".join(variant.restrictions)
        typed[f"active:{variant.id}"] = "yes" if variant.active else ""
        for field in ("hs_code", "origin_country", "tax_category", "weight_g", "length_mm", "width_mm", "height_mm"):
            value = getattr(variant, field)
            typed[f"{field}:{variant.id}"] = "" if value is None else str(value)
    return typed
