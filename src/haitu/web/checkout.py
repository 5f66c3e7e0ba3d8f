"""From cart to placed order in three steps, each a page of its own with an address: back and reload are safe.

What was typed travels in a sealed cookie (web.kept); the order exists only once the last step was sent.
"""

from __future__ import annotations

from functools import cache

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from markupsafe import Markup

from haitu.actions.cash import agree
from haitu.actions.checkout import Buyer, PlacedOrder, QuoteChanged, Seen, place_order
from haitu.core.book import Quote
from haitu.core.errors import Refusal
from haitu.reads.cash import cash_for, cash_terms
from haitu.reads.shop import cart as read
from haitu.reads.shop.payment import payment_door, takes_cards
from haitu.web import kept, refusals
from haitu.web.address import Contact, check, fields, lines
from haitu.web.middleware.headers import allow_form_target, origin_of
from haitu.web.middleware.shop import ShopRequest
from haitu.web.middleware.visit import visitor_of
from haitu.web.shop.basket import COOKIE as CART_COOKIE
from haitu.web.shop.basket import carried
from haitu.web.shop.order import remember_order
from haitu.web.shop.page import now, place_of, render, render_once

_SEEN_SALT = "haitu seen quote"
_SEEN_LIFE_S = 24 * 3600


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: ShopRequest) -> HttpResponse:
    """Step one: how to reach the buyer, and where to."""
    shop = request.shop
    cart = _cart(request, None)
    if not cart.lines:
        return _to(request, "cart/")
    if request.method != "POST":
        known = kept.read(request, shop.merchant.id)
        typed = known.contact.typed if known.contact and known.country == shop.market.country else {}
        return _address_page(request, cart, typed, {})
    typed = {name: text for name, text in request.POST.items() if isinstance(text, str)}
    contact, errors = check(shop.market.country, typed)
    if contact is None:
        return _address_page(request, cart, typed, errors)
    response = _to(request, "checkout/delivery/")
    kept.keep(response, shop.market.country, contact, shop.merchant.id)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delivery(request: ShopRequest) -> HttpResponse:
    """Step two: how and when it comes, who pays duty, how it is paid."""
    shop = request.shop
    contact = _contact(request)
    if contact is None:
        return _to(request, "checkout/")
    if request.method == "POST":
        response = _to(request, "checkout/review/")
        kept.keep(response, shop.market.country, contact, shop.merchant.id, agreed=True)
        return response
    cart = _cart(request, contact)
    if not cart.lines:
        return _to(request, "cart/")
    return render(request, "delivery", checkout=True, cart=cart, contact=contact, problem=_problem(cart))


@never_cache
@require_safe
def review(request: ShopRequest) -> HttpResponse:
    """Step three: everything once more, and the button that orders."""
    known = kept.read(request, request.shop.merchant.id)
    contact = _contact_here(request, known)
    if contact is None:
        return _to(request, "checkout/")
    if not known.agreed:
        return _to(request, "checkout/delivery/")
    cart = _cart(request, contact)
    if not cart.lines:
        return _to(request, "cart/")
    return _review_page(request, cart, contact)


@never_cache
@require_POST
def place(request: ShopRequest) -> HttpResponse:
    """Orders, and leads to the page where it is paid."""
    shop = request.shop
    contact = _contact(request)
    carrying = carried(request, shop.merchant.id)
    if contact is None or not carrying.lines:
        return _to(request, "checkout/")
    seen = _seen(request)
    try:
        placed = place_order(
            merchant=shop.merchant,
            to=contact.destination(shop.market.country),
            basket=carrying.lines,
            buyer=Buyer(
                email=contact.email,
                name=contact.name,
                phone=contact.phone,
                address=contact.address,
                visitor=visitor_of(request),
            ),
            seen_digest=seen.digest if seen else "",
            seen=seen,
            cart_key=carrying.key,
            channel="direct",
            language=shop.language,
            now=now(),
            at_door=request.POST.get("pay") == "cash",
        )
    except Refusal as refusal:
        return _review_page(request, _cart(request, contact), contact, refusal=refusal)
    return _after(request, placed, at_door=request.POST.get("pay") == "cash")


def _after(request: ShopRequest, placed: PlacedOrder, *, at_door: bool) -> HttpResponse:
    """The order exists: a slow payment provider is waited for at its own door, not here."""
    response = _to(request, f"order/{placed.token}/" if at_door else f"order/{placed.token}/pay/")
    if at_door:
        try:
            agree(merchant_id=request.shop.merchant.id, order_id=placed.id, now=now())
        except Refusal as no:
            response = _to(request, f"order/{placed.token}/?said={no.code}")
    response.delete_cookie(CART_COOKIE, samesite="Lax")
    remember_order(response, placed.token)
    return response


# Pages ------------------------------------------------------------------------------------------------------
def _address_page(request: ShopRequest, cart: read.Cart, typed: dict[str, str], errors: dict[str, str]) -> HttpResponse:
    form = fields(request.shop.market.country, request.shop.spoken, typed, errors)
    wrong = tuple(field for field in form if field.error)
    status = refusals.UNPROCESSABLE if errors else 200
    return render(request, "address", checkout=True, status=status, cart=cart, form=form, wrong=wrong)


def _review_page(
    request: ShopRequest, cart: read.Cart, contact: Contact, *, refusal: Refusal | None = None
) -> HttpResponse:
    shop = request.shop
    why = refusal or cart.refusal
    summary = read.Summary.of(cart.lines, cart.quote) if cart.quote else None
    own = {
        "address": Markup("<br>").join(lines(shop.market.country, shop.spoken, contact.address)),
        "email": contact.email,
        "phone": contact.phone,
        "seen": _seal(cart.quote) if cart.quote else "",
    }
    by_card = takes_cards(shop.merchant)
    terms = cash_terms(shop.merchant, shop.market.country, on=now().date())
    at_door = bool(terms) and cart.quote is not None and cash_for(cart.quote, terms)
    if why is None and summary:
        response = render_once(
            request,
            "review",
            checkout=True,
            own=own,
            has_phone=bool(contact.phone),
            at_door=at_door,
            by_card=by_card,
            summary=summary,
            lines=summary.lines,
            currency=summary.currency,
            problem="",
            changes=(),
        )
    else:
        response = render(
            request,
            "review",
            checkout=True,
            status=refusals.status(refusal) if refusal else 200,
            **own,
            has_phone=bool(contact.phone),
            at_door=at_door,
            by_card=by_card,
            summary=summary,
            lines=cart.lines,
            currency=cart.currency,
            problem=refusals.sentence(why) if why else "",
            changes=refusal.changes if isinstance(refusal, QuoteChanged) else (),
        )
    allow_form_target(response, origin_of(payment_door(shop.merchant)))
    return response


# What the steps share ---------------------------------------------------------------------------------------
def _to(request: ShopRequest, path: str) -> HttpResponse:
    """Onward; the path is our own words, so it needs no quoting."""
    return HttpResponse(status=303, headers={"Location": f"{request.shop.root}{path}"})


def _contact(request: ShopRequest) -> Contact | None:
    """The details from step one."""
    return _contact_here(request, kept.read(request, request.shop.merchant.id))


def _contact_here(request: ShopRequest, known: kept.Kept) -> Contact | None:
    """None when they were typed for another country."""
    return known.contact if known.country == request.shop.market.country else None


def _cart(request: ShopRequest, contact: Contact | None) -> read.Cart:
    to = contact.destination(request.shop.market.country) if contact else None
    return read.cart(place_of(request), carried(request, request.shop.merchant.id).lines, to=to)


def _problem(cart: read.Cart) -> str:
    return refusals.sentence(cart.refusal) if cart.refusal else ""


@cache
def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SEEN_SALT)


def _seal(shown: Quote) -> str:
    seen = Seen.of(shown)
    return _signer().sign_object([getattr(seen, name) for name in seen.__dataclass_fields__])


def _seen(request: HttpRequest) -> Seen | None:
    """What the page that was sent had shown; none when that is not ours, which changes the quote for the buyer."""
    try:
        values = _signer().unsign_object(request.POST.get("seen", ""), max_age=_SEEN_LIFE_S)
        return Seen(**dict(zip(Seen.__dataclass_fields__, values, strict=True)))
    except (signing.BadSignature, TypeError, ValueError):
        return None
