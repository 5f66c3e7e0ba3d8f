"""The catalogue: a grid, one product, and whole files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from mimetypes import guess_type
from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
    StreamingHttpResponse,
)
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
        pictures=_orders(found),
        undo=_undo(found, request.GET.get("undo", "")),
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
    """A picture of the merchant, on whatever host the desk is; nothing in a drawn one runs."""
    found = reads.picture_of(desk.merchant.id, picture_id)
    if found is None or not any(found):
        return nothing_here(request, desk)
    if found[1]:
        if not default_storage.exists(found[1]):
            return nothing_here(request, desk)
        with default_storage.open(found[1]) as file:
            return HttpResponse(file.read(), content_type=guess_type(found[1])[0])
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


@door(write=Right.SELL)
def order_pictures(request: HttpRequest, desk: Desk, /, *, product_id: int) -> HttpResponse:
    """The pictures in another order; the page that follows can put the one before back."""
    page = reverse("desk:product", args=[product_id])
    try:
        before = pictures.order_pictures(
            merchant_id=desk.merchant.id,
            product_id=product_id,
            order=_ids(request.POST.get("order", "")),
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        messages.error(request, words.refusal(no))
        return HttpResponseRedirect(page)
    undo = urlencode({"undo": _written(before)}, safe=",")
    return back(request, f"{page}?{undo}#pictures", _("The pictures are in the new order."))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A picture on the product's page, with the orders its buttons ask for ("" where there is nothing to move)."""

    id: int
    alt: str
    earlier: str
    later: str
    first: str


def _orders(found: ProductView) -> list[_Placed]:
    ids = [picture_id for picture_id, _alt in found.pictures]

    def moved(place: int, to: int) -> str:
        if place == to or not 0 <= to < len(ids):
            return ""
        others = ids[:place] + ids[place + 1 :]
        return _written([*others[:to], ids[place], *others[to:]])

    return [
        _Placed(
            id=picture_id,
            alt=alt,
            earlier=moved(place, place - 1),
            later=moved(place, place + 1),
            first=moved(place, 0),
        )
        for place, (picture_id, alt) in enumerate(found.pictures)
    ]


def _undo(found: ProductView, asked: str) -> str:
    """The order to go back to, if it is one of these pictures and another than theirs."""
    ids, now = _ids(asked), [picture_id for picture_id, _alt in found.pictures]
    return _written(ids) if ids != now and sorted(ids) == sorted(now) else ""


def _ids(text: str) -> list[int]:
    """Ids between commas; nonsense is no list."""
    ids = [forms.row_id(part) for part in text.split(",")]
    return [] if None in ids else [each for each in ids if each is not None]


def _written(ids: Iterable[int]) -> str:
    return ",".join(map(str, ids))


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
        restrictions=words.goods_codes(forms.words(form, name("restrictions"))),
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
        typed[f"restrictions:{variant.id}"] = ", ".join(map(words.goods, variant.restrictions))
        typed[f"active:{variant.id}"] = "yes" if variant.active else ""
        for field in ("hs_code", "origin_country", "tax_category", "weight_g", "length_mm", "width_mm", "height_mm"):
            value = getattr(variant, field)
            typed[f"{field}:{variant.id}"] = "" if value is None else str(value)
    return typed
