"""The steps of a purchase, in words, for tests that are about what comes after them."""

from __future__ import annotations

from datetime import datetime, timedelta

from haitu.actions.checkout import Buyer, PlacedOrder, Seen, place_order
from haitu.actions.pay import confirm, keep
from haitu.core.book import Basket, BasketLine, Destination, Quote
from haitu.core.preorder import quote_or_preorder
from haitu.links.payment.protocol import Notice, NoticeKind
from haitu.models import NoticeState, Order, Payment
from haitu.reads.merchant import ShopMerchant, by_id
from haitu.reads.quote import load_book
from tests.world import NOW, World

ANNA = Buyer(
    email="Anna@example.test",
    name="Anna Schmidt",
    phone="+49 341 1234567",
    address={"country_code": "DE", "postal_code": "04109", "city": "Leipzig", "street_address": "Markt 1"},
)
LEIPZIG = Destination(country="DE", region="", postcode="04109")


def merchant_of(world: World) -> ShopMerchant:
    merchant = by_id(world.merchant.pk)
    assert merchant is not None
    return merchant


def basket_of(world: World, **units: int) -> Basket:
    return tuple(BasketLine(variant_id=world.variants[sku].pk, quantity=count) for sku, count in units.items())


def see(world: World, basket: Basket, *, to: Destination = LEIPZIG, now: datetime = NOW) -> Quote:
    ids = [line.variant_id for line in basket]
    book = load_book(merchant_of(world), to.country, ids, language="de", on=now.date())
    return quote_or_preorder(basket, book, to=to, on=now.date())


def order(
    world: World,
    basket: Basket,
    *,
    seen: Quote | None = None,
    cart: str = "cart-1",
    to: Destination = LEIPZIG,
    buyer: Buyer = ANNA,
    now: datetime = NOW,
) -> PlacedOrder:
    seen = seen or see(world, basket, to=to, now=now)
    return place_order(
        merchant=merchant_of(world),
        to=to,
        basket=basket,
        buyer=buyer,
        seen_digest=seen.digest,
        seen=Seen.of(seen),
        cart_key=cart,
        channel="google",
        language="de",
        now=now,
    )


def notice_of(payment: Payment, kind: NoticeKind = "payment.succeeded", *, name: str = "", **changed: object) -> Notice:
    given: dict[str, object] = {
        "id": name or f"evt_{payment.pk}_{kind}",
        "kind": kind,
        "at": NOW + timedelta(minutes=1),
        "intent": payment.intent or f"pi_{payment.pk}",
        "reference": payment.token,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "fee_minor": 100,
    }
    return Notice(**given | changed)  # type: ignore[arg-type]  # the given ones and their changes


def hear(world: World, notice: Notice, *, now: datetime = NOW) -> NoticeState:
    """The provider's notice arrives."""
    return confirm(merchant_id=world.merchant.pk, notice_id=keep(world.account, notice, now=now), now=now)


def payment_of(world: World, placed: PlacedOrder) -> Payment:
    payment = Payment.objects.of(world.merchant.pk).filter(order_id=placed.id).order_by("-pk").first()
    assert payment is not None
    return payment


def paid_order(world: World, basket: Basket, *, cart: str = "cart-1", now: datetime = NOW) -> Order:
    placed = order(world, basket, cart=cart, now=now)
    assert hear(world, notice_of(payment_of(world, placed)), now=now) == NoticeState.DONE
    return order_row(world, placed)


def order_row(world: World, placed: PlacedOrder | Order) -> Order:
    order_id = placed.id if isinstance(placed, PlacedOrder) else placed.pk
    return Order.objects.of(world.merchant.pk).get(pk=order_id)
