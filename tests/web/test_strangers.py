"""Every door of the house, walked by those whom it must not let in: nothing is seen, nothing is changed.

The routes are those of the real URLconf: a new route without a case here fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from haitu.actions.feeds import save_feed
from haitu.actions.traffic import LinkDraft, save_link
from haitu.core.landed import STEPS
from haitu.core.ledger import week_of
from haitu.links.secrets import seal
from haitu.models import (
    AdAccount,
    CampaignLink,
    CarrierAccount,
    CarrierInvoice,
    CarrierInvoiceLine,
    CashLine,
    CashOffer,
    CashStatement,
    Closure,
    EntryWeek,
    Event,
    Experiment,
    Feed,
    Label,
    Lane,
    Member,
    Merchant,
    Order,
    Owned,
    Picture,
    Refund,
    ReturnCost,
    ReturnRule,
    Shipment,
    SpendFile,
    Unscoped,
    User,
)
from tests.actions import loading, returning, spending
from tests.actions.buying import basket_of, paid_order
from tests.reads.reach_world import busy
from tests.world import HOST, NOW, OTHER_HOST, TODAY, World

MARKET = "^[a-z]{2,3}(?:-[a-z]{4})?-[a-z]{2}/"
SECRETS = ("LANTERN", "Paper lantern", "Hengda", "hengda", "Anna", "Leipzig", "lin@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What of Hengda's is asked for at a route, and what is sent there to change it."""

    ids: Callable[[World, Order], Mapping[str, Any]] = lambda _world, _order: {}
    query: str = ""
    body: Callable[[World, Order], Mapping[str, Any]] = lambda _world, _order: {"x": "y"}
    public: bool = False  # anybody may open it; what it shows is another matter


def return_ids(world: World, order: Order) -> Mapping[str, Any]:
    return {"token": order.token, "case_id": returning.stray(world, order).pk}


def _payback(world: World, _: Order) -> Mapping[str, Any]:
    """A channel that spends in Germany."""
    google = busy(world, weeks=2)
    return {"channel": google.code, "market": "DE"}


def _spending(world: World, _: Order) -> Mapping[str, Any]:
    """No ids: a channel that spends."""
    busy(world, weeks=2)
    return {}


def _experiment(world: World, _: Order) -> Mapping[str, Any]:
    """A test that was over weeks ago, with sales around it."""
    last = week_of(TODAY)
    EntryWeek.objects.bulk_create(
        [
            EntryWeek(
                merchant=world.merchant, grain=0, week=week, book=2, assumed=False, history=False, outlet_id=0,
                market_id=world.markets[market].pk, variant_id=0, lane_id=0, entries=1,
                **(dict.fromkeys((*STEPS, "shrinkage"), 0) | {"price": 10_000 + week % 7 * size}),
            )
            for week in range(last - 30, last)
            for market, size in (("DE", 300), ("US", 700))
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    test = Experiment.objects.create(
        merchant=world.merchant,
        name="Hengda off",
        channel=busy(world, weeks=2),
        first_day=TODAY - timedelta(days=40),
        last_day=TODAY - timedelta(days=13),
        design={"markets": ["DE"]},
        created_at=NOW,
    )
    return {"experiment_id": test.pk}


def _order(_: World, order: Order) -> Mapping[str, Any]:
    return {"order_id": order.pk}


def _parcel(_: World, order: Order) -> Mapping[str, Any]:
    return {"order_id": order.pk, "parcel_id": 1}


def _cash_list() -> SimpleUploadedFile:
    return SimpleUploadedFile("cash.csv", b"waybill,net\nWB1,1.00\n")


def _cash(world: World, _: Order) -> Mapping[str, Any]:
    """An offer of cash on delivery, and a statement with a line."""
    offer, _made = CashOffer.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant,
        market=world.markets["DE"],
        lane=world.lanes["LEJ-DE"],
        currency="EUR",
        valid_from=TODAY,
    )
    statement, made = CashStatement.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant,
        carrier="LANTERN",
        number="LANTERN 1",
        currency="EUR",
        digest="0",
        defaults={"received_at": NOW},
    )
    if made:
        CashLine.objects.create(
            merchant=world.merchant,
            statement=statement,
            position=1,
            waybill="LANTERN",
            remitted_minor=1,
            expected_minor=9,
            verdict="differing",
        )
    return {"offer_id": offer.pk, "statement_id": statement.pk}


def _variant(world: World, _: Order) -> Mapping[str, Any]:
    return {"variant_id": world.variants["LANTERN"].pk}


def _stock(world: World, _: Order) -> Mapping[str, Any]:
    return {"stock_id": world.stocks["LANTERN", "LEJ"].pk}


def _lane(world: World, _: Order) -> Mapping[str, Any]:
    return {"lane_id": world.lanes["LEJ-DE"].pk}


def _closure(world: World, _: Order) -> Mapping[str, Any]:
    """A closure of Leipzig's lane that runs."""
    found, _made = Closure.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant, lane=world.lanes["LEJ-DE"], valid_from=TODAY, reason="LANTERN strike"
    )
    return {"closure_id": found.pk}


def _report() -> SimpleUploadedFile:
    return SimpleUploadedFile("spend.csv", b"Day,Campaign,Cost\n2026-11-20,Lanterns,1.00\n")


def _spend(world: World) -> dict[str, int]:
    """An ad account and a report of it, looked at."""
    account = AdAccount.objects.of(world.merchant.pk).filter(name="Google EUR").first()
    account_id = account.pk if account else spending.account(world)
    file = SpendFile.objects.of(world.merchant.pk).filter(account_id=account_id).first()
    file_id = file.pk if file else spending.look(world, account_id, "2026-11-20,Lanterns,1,DE,5.00\n")
    return {"account_id": account_id, "file_id": file_id}


def _account_first(world: World, _order: Order) -> Mapping[str, Any]:
    """Nothing of the address; but the account is there before anybody asks."""
    _spend(world)
    return {}


def _feed(world: World) -> Feed:
    """Hengda's feed of Germany for Google."""
    given = {"market_id": world.markets["DE"].pk, "language": "de", "platform": "google"}
    return save_feed(merchant_id=world.merchant.pk, on=True, by=None, now=NOW, **given)  # type: ignore[arg-type]


def _link(world: World) -> CampaignLink:
    """Hengda's link for a creator."""
    found = CampaignLink.objects.of(world.merchant.pk).filter(code="lantern-ling").first()
    draft = LinkDraft(channel="LANTERN Ling", kind="creator", code="lantern-ling", creator="LANTERN Ling")
    return found or save_link(merchant_id=world.merchant.pk, draft=draft, by=None, now=NOW)


def _by_hand(world: World, order: Order) -> Mapping[str, Any]:
    """A refund of the order that somebody is to transfer."""
    row, _made = Refund.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant,
        order=order,
        token="by-hand",
        defaults={"amount_minor": 1, "currency": "EUR", "created_at": NOW},
    )
    return {"order_id": order.pk, "refund_id": row.pk}


def _done(world: World, order: Order) -> Mapping[str, Any]:
    """The order, delivered."""
    Order.objects.of(world.merchant.pk).filter(pk=order.pk).update(status="delivered")
    return _order(world, order)


def _closed_lane(world: World, _: Order) -> Mapping[str, Any]:
    return {"kind": "lane", "which": world.lanes["LEJ-DE"].pk}


def _line(_: World, order: Order) -> int:
    return int(order.lines.get().pk)


def _planned(world: World, _: Order) -> Mapping[str, Any]:
    """A load of mugs that has not left."""
    return {"inbound_id": loading.planned(world)}


def _departed(world: World, _: Order) -> Mapping[str, Any]:
    """A load of mugs on its way."""
    return {"inbound_id": loading.departed(world)}


def _shut(world: World, _: Order) -> Mapping[str, Any]:
    """The lane of Anna's order is closed."""
    Lane.objects.of(world.merchant.pk).filter(pk=world.lanes["LEJ-DE"].pk).update(open=False, closed_reason="strike")
    return {}


def _waiting(world: World, _: Order) -> Mapping[str, Any]:
    """A pre-order whose load is late."""
    return {"order_id": loading.late_preorder(world)}


def _listed(world: World, _: Order) -> Mapping[str, Any]:
    """A price list that waits to be applied."""
    return {"file_id": loading.listed(world)}


def _bought(world: World, _: Order) -> Mapping[str, Any]:
    """A purchase order of mugs."""
    return loading.bought(world)


def carrier_account(world: World) -> CarrierAccount:
    """Hengda's account at a carrier that nobody answers for."""
    given = {"merchant": world.merchant, "carrier": "sandbox", "name": "LANTERN lines", "token": "hook_hengda"}
    found = CarrierAccount.objects.of(world.merchant.pk).first()
    sealed = seal('{"api_key": "k"}', settings.SEAL_KEY)
    return found or CarrierAccount.objects.create(**given, address="http://127.0.0.1:9/x", secrets_sealed=sealed)


def carrier_label(world: World, order: Order, state: str) -> Label:
    """A label on a parcel of Anna's."""
    shipment = Shipment.objects.create(
        merchant=world.merchant,
        order=order,
        warehouse=world.warehouses["LEJ"],
        lane=world.lanes["LEJ-DE"],
        number=f"LANTERN-{state}",
        quoted_minor=0,
        shipped_at=NOW,
    )
    return Label.objects.create(
        merchant=world.merchant,
        account=carrier_account(world),
        shipment=shipment,
        reference=shipment.number,
        wanted={},
        state=state,
        waybill="LANTERN1",
        format="pdf",
        content=b"%PDF LANTERN",
        created_at=NOW,
        changed_at=NOW,
    )


def carrier_invoice(world: World) -> CarrierInvoice:
    """A bill with a line that belongs to nobody."""
    invoice = CarrierInvoice.objects.create(
        merchant=world.merchant,
        account=carrier_account(world),
        number="LANTERN bill",
        currency="EUR",
        on=NOW.date(),
        total_minor=100,
        received_at=NOW,
    )
    CarrierInvoiceLine.objects.create(
        merchant=world.merchant, invoice=invoice, position=1, waybill="LANTERN9", billed_minor=100, verdict="unknown"
    )
    return invoice


CASES: dict[str, Case] = {
    "desk/login/": Case(public=True, body=lambda _w, _o: {"name": "lin", "password": "wrong"}),
    "desk/logout/": Case(public=True),
    "desk/language/": Case(public=True, body=lambda _w, _o: {"language": "klingon"}),
    "desk/merchant/": Case(body=lambda w, _o: {"merchant": w.merchant.pk}),
    "desk/": Case(),
    "desk/weeks.json": Case(),
    "desk/search/": Case(query="?q=lantern"),
    "desk/orders/": Case(query="?q=anna"),
    "desk/orders/export.csv": Case(),
    "desk/orders/ship/": Case(body=lambda _w, o: {"order": o.pk}),
    "desk/orders/<int:order_id>/": Case(ids=_order),
    "desk/orders/<int:order_id>/slip/": Case(ids=_order),
    "desk/orders/<int:order_id>/ship/": Case(ids=_order, body=lambda w, o: {f"line_{_line(w, o)}": 1}),
    "desk/orders/<int:order_id>/refunds/<int:refund_id>/transferred/": Case(
        ids=_by_hand, body=lambda _w, _o: {"reference": "SEPA 1"}
    ),
    "desk/orders/<int:order_id>/refund/": Case(ids=_order, body=lambda _w, _o: {"amount": "1.00"}),
    "desk/orders/<int:order_id>/cancel/": Case(ids=_order, body=lambda _w, _o: {"reason": "mine now"}),
    "desk/orders/<int:order_id>/return/": Case(
        ids=_order, body=lambda w, o: {"line": _line(w, o), "quantity": 1, "restock": "yes"}
    ),
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/delivered/": Case(ids=_parcel),
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/bill/": Case(
        ids=_parcel, body=lambda _w, _o: {"billed": "9.99", "currency": "EUR"}
    ),
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/papers/<slug:kind>.pdf": Case(
        ids=lambda w, o: {"order_id": o.pk, "parcel_id": 1, "kind": "invoice"}
    ),
    "desk/orders/pick.pdf": Case(query="?order=1"),
    "desk/products/": Case(query="?q=lantern"),
    "desk/products/export.csv": Case(),
    "desk/products/import/": Case(
        body=lambda _w, _o: {"keep": "yes", "text": "sku,product,status\nLANTERN,paper-lantern,archived\n"}
    ),
    "desk/products/<int:product_id>/": Case(
        ids=lambda w, _o: {"product_id": w.variants["LANTERN"].product_id},
        body=lambda w, _o: {
            "category": "lighting",
            "status": "archived",
            f"list_price:{w.variants['LANTERN'].pk}": "1.00",
        },
    ),
    "desk/products/<int:product_id>/pictures/": Case(
        ids=lambda w, _o: {"product_id": w.variants["LANTERN"].product_id},
        body=lambda _w, _o: {"file": SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n")},
    ),
    "desk/products/<int:product_id>/pictures/order/": Case(
        ids=lambda w, _o: {"product_id": _pictured(w)[0].product_id},
        body=lambda w, _o: {"order": ",".join(str(picture.pk) for picture in reversed(_pictured(w)))},
    ),
    "desk/products/<int:product_id>/pictures/<int:picture_id>/remove/": Case(
        ids=lambda w, _o: {
            "product_id": w.variants["LANTERN"].product_id,
            "picture_id": w.variants["LANTERN"].product.pictures.get().pk,
        }
    ),
    "desk/pictures/<int:picture_id>.svg": Case(
        ids=lambda w, _o: {"picture_id": w.variants["LANTERN"].product.pictures.get().pk}
    ),
    "desk/variants/<int:variant_id>/markets/": Case(ids=_variant),
    "desk/variants/<int:variant_id>/price/": Case(ids=_variant, body=lambda _w, _o: {"price": "1.00"}),
    "desk/variants/<int:variant_id>/markets/<int:market_id>/price/": Case(
        ids=lambda w, _o: {"variant_id": w.variants["LANTERN"].pk, "market_id": w.markets["DE"].pk},
        body=lambda _w, _o: {"price": "1.00"},
    ),
    "desk/variants/<int:variant_id>/hs/": Case(ids=_variant, body=lambda _w, _o: {"hs_code": "691110"}),
    "desk/stock/": Case(query="?q=lantern"),
    "desk/stock/receive/": Case(
        body=lambda w, _o: {"sku": "LANTERN", "warehouse": w.warehouses["LEJ"].pk, "quantity": 1, "goods": "1.00"}
    ),
    "desk/stock/<int:stock_id>/": Case(ids=_stock),
    "desk/stock/<int:stock_id>/move/": Case(
        ids=_stock, body=lambda w, _o: {"warehouse": w.warehouses["SZX"].pk, "quantity": 1}
    ),
    "desk/stock/<int:stock_id>/count/": Case(ids=_stock, body=lambda _w, _o: {"counted": 3}),
    "desk/stock/<int:stock_id>/write-off/": Case(ids=_stock, body=lambda _w, _o: {"quantity": 1}),
    "desk/stock/<int:stock_id>/buffer/": Case(ids=_stock, body=lambda _w, _o: {"buffer": 7}),
    "desk/stock/ageing/": Case(query="?q=lantern"),
    "desk/stock/ageing/export.csv": Case(query="?q=lantern"),
    "desk/inbound/": Case(ids=_planned),
    "desk/inbound/loads/": Case(ids=_planned),
    "desk/inbound/loads/new/": Case(
        body=lambda w, _o: {
            "number": "L-9",
            "from": w.warehouses["SZX"].pk,
            "to": w.warehouses["LEJ"].pk,
            "eta_p50": "2027-01-01",
            "eta_p90": "2027-01-09",
            "lines": "MUG,1",
        }
    ),
    "desk/inbound/loads/<int:inbound_id>/": Case(ids=_planned),
    "desk/inbound/loads/<int:inbound_id>/advance/": Case(ids=_planned, body=lambda _w, _o: {"status": "booked"}),
    "desk/inbound/loads/<int:inbound_id>/days/": Case(
        ids=_planned, body=lambda _w, _o: {"eta_p50": "2027-02-01", "eta_p90": "2027-02-02"}
    ),
    "desk/inbound/loads/<int:inbound_id>/receive/": Case(ids=_departed, body=lambda _w, _o: {"close": "1"}),
    "desk/inbound/loads/<int:inbound_id>/costs/": Case(
        ids=_planned, body=lambda _w, _o: {"freight": "9.00", "duty": "0"}
    ),
    "desk/inbound/loads/<int:inbound_id>/cancel/": Case(ids=_planned),
    "desk/inbound/purchases/": Case(
        ids=_bought,
        body=lambda w, _o: {"supplier": _bought(w, _o)["supplier_id"], "number": "PO-9", "lines": "MUG,1,1.00"},
    ),
    "desk/inbound/purchases/<int:purchase_id>/close/": Case(ids=_bought),
    "desk/inbound/suppliers/": Case(
        ids=_bought,
        body=lambda _w, _o: {
            "code": "X",
            "name": "X",
            "country": "CN",
            "currency": "USD",
            "days_p50": "1",
            "days_p90": "2",
        },
    ),
    "desk/profit/": Case(query="?weeks=0&by=sku"),
    "desk/profit/chart.json": Case(query="?weeks=0"),
    "desk/profit/export.csv": Case(query="?weeks=0&by=sku"),
    "desk/profit/postings/": Case(query="?weeks=0&book=quoted"),
    "desk/profit/events/<int:event_id>/": Case(ids=lambda w, _o: {"event_id": _event(w)}),
    "desk/profit/assumptions/": Case(),
    "desk/markets/": Case(),
    "desk/markets/<int:market_id>/": Case(
        ids=lambda w, _o: {"market_id": w.markets["DE"].pk},
        body=lambda _w, _o: {
            "keep": "yes",
            "prices_include_tax": "yes",
            "charm": "none",
            "price_factor": "9",
            "incoterm": "DAP",
            "languages": "de",
            "shipping": "0",
            "traffic": "0",
            "returns": "0",
        },
    ),
    "desk/traffic/": Case(query="?days=365"),
    "desk/traffic/links/": Case(body=lambda _w, _o: {"channel": "Ming", "kind": "creator", "code": "ming"}),
    "desk/traffic/links/<slug:code>.svg": Case(ids=lambda w, _o: {"code": _link(w).code}),
    "desk/traffic/payback/": Case(),
    "desk/traffic/payback/step/": Case(),
    "desk/traffic/payback/reckon/": Case(),
    "desk/traffic/payback/compare/": Case(query="?horizon=24"),
    "desk/traffic/payback/export.csv": Case(),
    "desk/traffic/payback/<slug:channel>/<slug:market>/": Case(ids=_payback),
    "desk/traffic/payback/<slug:channel>/<slug:market>/orders/": Case(ids=_payback),
    "desk/traffic/experiments/": Case(
        ids=_spending,
        query="?channel=google",
        body=lambda _w, _o: {"channel": "google", "weeks": "4", "markets": "DE", "moved": "0"},
    ),
    "desk/traffic/experiments/<int:experiment_id>/read/": Case(ids=_experiment),
    "desk/traffic/experiments/<int:experiment_id>/end/": Case(ids=_experiment),
    "desk/traffic/budget/": Case(query="?horizon=12"),
    "desk/traffic/budget/export.csv": Case(query="?horizon=12"),
    "desk/traffic/feeds/": Case(
        body=lambda w, _o: {"market": str(w.markets["DE"].pk), "language": "de", "platform": "meta", "on": "yes"}
    ),
    "desk/traffic/feeds/<int:feed_id>/": Case(ids=lambda w, _o: {"feed_id": _feed(w).pk}),
    "desk/traffic/conversions/": Case(
        ids=_account_first,
        body=lambda w, _o: {"account": str(_spend(w)["account_id"]), "customer": "123", "on": "no"},
    ),
    "desk/traffic/conversions/<int:account_id>/again/": Case(ids=lambda w, _o: {"account_id": _spend(w)["account_id"]}),
    "desk/traffic/links/<int:link_id>/end/": Case(ids=lambda w, _o: {"link_id": _link(w).pk}),
    "desk/spend/": Case(),
    "desk/spend/export/": Case(),
    "desk/spend/upload/": Case(
        ids=lambda w, _o: _spend(w), body=lambda w, _o: {"account": _spend(w)["account_id"], "file": _report()}
    ),
    "desk/spend/cost/": Case(
        ids=lambda w, _o: _spend(w),
        body=lambda w, _o: {"account": _spend(w)["account_id"], "campaign": "A", "kind": "other", "amount": "1"},
    ),
    "desk/spend/accounts/new/": Case(body=lambda _w, _o: spending.TYPED),
    "desk/spend/accounts/<int:account_id>/": Case(
        ids=lambda w, _o: {"account_id": _spend(w)["account_id"]}, body=lambda _w, _o: spending.TYPED
    ),
    "desk/spend/accounts/<int:account_id>/pull/": Case(ids=lambda w, _o: {"account_id": _spend(w)["account_id"]}),
    "desk/spend/files/<int:file_id>/": Case(ids=lambda w, _o: {"file_id": _spend(w)["file_id"]}),
    "desk/spend/files/<int:file_id>/apply/": Case(ids=lambda w, _o: {"file_id": _spend(w)["file_id"]}),
    "desk/spend/files/<int:file_id>/undo/": Case(
        ids=lambda w, _o: {"file_id": spending.take_in(w, _spend(w)["account_id"], "2026-11-20,Lanterns,1,DE,5.00\n")}
    ),
    "desk/spend/files/<int:file_id>/discard/": Case(ids=lambda w, _o: {"file_id": _spend(w)["file_id"]}),
    "desk/orders/<int:order_id>/forget/": Case(ids=_done),
    "desk/network/": Case(),
    "desk/network.json": Case(),
    "desk/network/closures/<int:closure_id>/lift/": Case(ids=_closure, body=_closed_lane),
    "desk/network/lanes/<int:lane_id>/corridor/": Case(
        ids=_lane, body=lambda _w, _o: {"passage": ["suez"], "rule": "detour"}
    ),
    "desk/network/<slug:kind>/<slug:which>/": Case(
        ids=lambda w, _o: {"kind": "lane", "which": w.lanes["LEJ-DE"].pk}, body=lambda _w, _o: {"reason": "strike"}
    ),
    "desk/lanes/": Case(),
    "desk/orders/<int:order_id>/way/": Case(
        ids=_order, body=lambda w, _o: {"lane": w.lanes["SZX-DE"].pk, "reason": "quicker"}
    ),
    "desk/preorders/": Case(),
    "desk/preorders/selling/": Case(body=lambda _w, _o: {"sell": "no"}),
    "desk/preorders/variants/<int:variant_id>/": Case(
        ids=lambda w, _o: {"variant_id": w.variants["MUG"].pk}, body=lambda _w, _o: {"sell": "no"}
    ),
    "desk/preorders/<int:order_id>/tell/": Case(ids=_waiting),
    "desk/preorders/<int:order_id>/elsewhere/": Case(ids=_waiting),
    "desk/cash/": Case(body=lambda _w, _o: {"carrier": "LEJ", "number": "1", "currency": "EUR", "file": _cash_list()}),
    "desk/cash/offers/": Case(
        body=lambda w, _o: {
            "market": w.markets["DE"].pk,
            "lane": w.lanes["LEJ-DE"].pk,
            "fee_share": "0",
            "refused_share": "0",
            "days": "7",
        }
    ),
    "desk/cash/offers/<int:offer_id>/end/": Case(ids=_cash),
    "desk/cash/<int:statement_id>/": Case(ids=_cash),
    "desk/cash/<int:statement_id>/claim/": Case(ids=_cash),
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/refused/": Case(ids=_parcel),
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/back/": Case(ids=_parcel),
    "desk/reroute/extra-parcel/": Case(body=lambda _w, _o: {"minor": "2", "currency": "EUR"}),
    "desk/reroute/unasked/": Case(body=lambda _w, _o: {"up_to": "5"}),
    "desk/reroute/": Case(ids=_shut, body=lambda _w, o: {"order": o.pk}),
    "desk/lanes/<int:lane_id>/close/": Case(ids=_lane, body=lambda _w, _o: {"reason": "because"}),
    "desk/lanes/<int:lane_id>/open/": Case(ids=_lane),
    "desk/lanes/compare/": Case(query="?to=DE&weight_g=500"),
    "desk/tariffs/": Case(),
    "desk/tariffs/export.<kind>": Case(ids=lambda _w, _o: {"kind": "csv"}),
    "desk/tariffs/<int:tariff_id>/export.<kind>": Case(
        ids=lambda w, _o: {"tariff_id": w.lanes["LEJ-DE"].tariff_id, "kind": "csv"}
    ),
    "desk/tariffs/upload/": Case(
        body=lambda _w, _o: {"file": SimpleUploadedFile("more.csv", loading.LIST.encode() + b"\n")}
    ),
    "desk/tariffs/files/": Case(ids=_listed),
    "desk/tariffs/files/<int:file_id>/": Case(ids=_listed),
    "desk/tariffs/files/<int:file_id>/columns/": Case(ids=_listed, body=lambda _w, _o: {"mode": "air"}),
    "desk/tariffs/files/<int:file_id>/apply/": Case(
        ids=_listed, body=lambda w, _o: {"starts": "2027-01-01", "seen": loading.seen_list(w, date(2027, 1, 1))}
    ),
    "desk/tariffs/files/<int:file_id>/discard/": Case(ids=_listed),
    "desk/tariffs/files/<int:file_id>/undo/": Case(ids=lambda w, _o: {"file_id": loading.applied_list(w)}),
    "desk/tariffs/<int:tariff_id>/": Case(
        ids=lambda w, _o: {"tariff_id": w.lanes["LEJ-DE"].tariff_id},
        body=lambda _w, _o: {
            "step_g": 1,
            "up_to": 1000,
            "base": "0.01",
            "per_step": "0",
            "minimum": "0",
            "fuel": "0",
            "remote": "0",
        },
    ),
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/label/": Case(
        ids=lambda w, o: {**_parcel(w, o), "account_id": carrier_account(w).pk},
        body=lambda w, _o: {"account": carrier_account(w).pk},
    ),
    "desk/labels/<int:label_id>/void/": Case(ids=lambda w, o: {"label_id": carrier_label(w, o, "bought").pk}),
    "desk/labels/<int:label_id>/give-up/": Case(ids=lambda w, o: {"label_id": carrier_label(w, o, "wanted").pk}),
    "desk/labels/<int:label_id>/print/": Case(ids=lambda w, o: {"label_id": carrier_label(w, o, "bought").pk}),
    "desk/carriers/": Case(
        body=lambda _w, _o: {
            "carrier": "sandbox",
            "name": "Mine now",
            "address": "https://x.example",
            "secret_api_key": "k",
        }
    ),
    "desk/carriers/<int:account_id>/": Case(
        ids=lambda w, _o: {"account_id": carrier_account(w).pk},
        body=lambda _w, _o: {"name": "Mine now", "address": "https://x.example"},
    ),
    "desk/carriers/<int:account_id>/check/": Case(ids=lambda w, _o: {"account_id": carrier_account(w).pk}),
    "desk/carriers/bills/": Case(
        ids=lambda w, _o: {"account_id": carrier_account(w).pk},
        body=lambda w, _o: {
            "account": carrier_account(w).pk,
            "number": "B-2",
            "currency": "EUR",
            "file": SimpleUploadedFile("bill.csv", b"waybill,amount\nW9,1.00\n"),
        },
    ),
    "desk/carriers/bills/<int:invoice_id>/": Case(ids=lambda w, _o: {"invoice_id": carrier_invoice(w).pk}),
    "desk/carriers/bills/<int:invoice_id>/claim/": Case(ids=lambda w, _o: {"invoice_id": carrier_invoice(w).pk}),
    "desk/carriers/bills/<int:invoice_id>/claims.csv": Case(ids=lambda w, _o: {"invoice_id": carrier_invoice(w).pk}),
    "desk/business/": Case(body=lambda _w, _o: {"name": "X", "lines": "Y", "country": "CN"}),
    "desk/team/": Case(body=lambda _w, _o: {"username": "lin", "role": "reader"}),
    "desk/team/<int:member_id>/remove/": Case(ids=lambda w, _o: {"member_id": _membership(w)}),
    "desk/trail/": Case(),
    "desk/trail/export.csv": Case(),
    "desk/stock/export.csv": Case(),
    "desk/returns/": Case(),
    "desk/returns/decide/": Case(
        ids=lambda w, o: {"case_id": returning.ready(w, o).pk}, body=lambda w, o: {"case": returning.ready(w, o).pk}
    ),
    "desk/returns/rates/": Case(),
    "desk/returns/rates/export.csv": Case(),
    "desk/returns/rules/": Case(),
    "desk/returns/rules/own/": Case(
        body=lambda _w, _o: {"window_days": "9", "fault_days": "9", "restocking": "9", "wear": "9"}
    ),
    "desk/returns/rules/costs/": Case(
        body=lambda _w, _o: {
            **dict.fromkeys(("price_b", "price_c", "keep_b", "keep_c", "selling", "handling", "destroy"), "1"),
            "donate": "1",
            "batch": "1",
        }
    ),
    "desk/returns/rules/site/": Case(
        body=lambda w, _o: {"market": w.markets["DE"].pk, "warehouse": w.warehouses["LEJ"].pk, "street": "Mine now"}
    ),
    "desk/returns/rules/exclude/": Case(body=lambda _w, _o: {"sku": "LANTERN", "kind": "hygiene"}),
    "desk/returns/<int:case_id>/": Case(ids=lambda w, o: {"case_id": returning.stray(w, o).pk}),
    "desk/returns/<int:case_id>/approve/": Case(ids=lambda w, o: {"case_id": returning.stray(w, o, "asked").pk}),
    "desk/returns/<int:case_id>/refuse/": Case(
        ids=lambda w, o: {"case_id": returning.stray(w, o, "asked").pk}, body=lambda _w, _o: {"told": "No."}
    ),
    "desk/returns/<int:case_id>/receive/": Case(ids=lambda w, o: {"case_id": returning.stray(w, o).pk}),
    "desk/returns/<int:case_id>/label/void/": Case(ids=lambda w, o: {"case_id": returning.stray(w, o).pk}),
    "desk/returns/<int:case_id>/grade/": Case(
        ids=lambda w, o: {"case_id": returning.piece_of(w, o, "received").case_id},
        body=lambda w, o: {f"grade_{returning.piece_of(w, o, 'received').pk}": "D"},
    ),
    "desk/returns/<int:case_id>/decide/": Case(ids=lambda w, o: {"case_id": returning.ready(w, o).pk}),
    # The shop of somebody else, asked for what is Hengda's.
    "": Case(public=True),
    "go/<slug:code>/": Case(public=True, ids=lambda w, _o: {"code": _link(w).code}),
    "robots.txt": Case(public=True),
    "favicon.ico": Case(public=True),
    "picture/<int:picture_id>.svg": Case(
        public=True, ids=lambda w, _o: {"picture_id": w.variants["LANTERN"].product.pictures.get().pk}
    ),
    "feeds/<slug:token>.<slug:file>": Case(public=True, ids=lambda w, _o: {"token": _feed(w).token, "file": "xml"}),
    "media/<path:path>": Case(public=True, ids=lambda _w, _o: {"path": "../secret"}),
    "hooks/pay/<slug:token>/": Case(public=True, ids=lambda w, _o: {"token": w.account.token}),
    "hooks/tracking/<slug:token>/": Case(public=True, ids=lambda w, _o: {"token": carrier_account(w).token}),
    f"{MARKET}": Case(public=True),
    f"{MARKET}all/": Case(public=True),
    f"{MARKET}c/<slug:code>/": Case(public=True, ids=lambda _w, _o: {"code": "lighting"}),
    f"{MARKET}search/": Case(public=True, query="?q=paper"),
    f"{MARKET}p/<slug:slug>/": Case(public=True, ids=lambda _w, _o: {"slug": "paper-lantern"}),
    f"{MARKET}cart/": Case(public=True),
    f"{MARKET}cart/add/": Case(public=True, body=lambda w, _o: {"variant": w.variants["LANTERN"].pk, "quantity": 1}),
    f"{MARKET}cart/change/": Case(public=True, body=lambda w, _o: {"variant": w.variants["LANTERN"].pk, "quantity": 1}),
    f"{MARKET}checkout/": Case(public=True),
    f"{MARKET}checkout/delivery/": Case(public=True),
    f"{MARKET}checkout/review/": Case(public=True),
    f"{MARKET}checkout/place/": Case(public=True),
    f"{MARKET}order/<slug:token>/": Case(public=True, ids=lambda _w, o: {"token": o.token}),
    f"{MARKET}order/<slug:token>/cancel/": Case(public=True, ids=lambda _w, o: {"token": o.token}),
    f"{MARKET}order/<slug:token>/pay/": Case(public=True, ids=lambda _w, o: {"token": o.token}),
    f"{MARKET}order/<slug:token>/return/": Case(public=True, ids=lambda _w, o: {"token": o.token}),
    **{
        f"{MARKET}order/<slug:token>/return/<int:case_id>/{tail}": Case(public=True, ids=return_ids)
        for tail in ("", "label/", "label/file/", "sent/", "keep/")
    },
    f"{MARKET}markets/": Case(public=True),
    f"{MARKET}markets/chosen/": Case(public=True),
    f"{MARKET}prices/": Case(public=True, query="?v=1"),
    f"{MARKET}privacy/": Case(public=True),
    f"{MARKET}privacy/say/": Case(public=True),
    f"{MARKET}privacy/forget/": Case(public=True),
}


def _pictured(world: World) -> list[Picture]:
    """The lantern's pictures, two of them."""
    product = world.variants["LANTERN"].product
    if product.pictures.count() == 1:
        Picture.objects.create(merchant=world.merchant, product=product, position=1, svg="<svg/>")
    return list(product.pictures.order_by("position", "pk"))


def _event(world: World) -> int:
    return Event.objects.of(world.merchant.pk).values_list("pk", flat=True).order_by("pk")[0]


def _membership(world: World) -> int:
    return Member.objects.of(world.merchant.pk).values_list("pk", flat=True).get(user=world.packer)


def routes(patterns: list[Any] | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """(route, view) of every door but the operators', which has its own test."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if route == "admin/":
            continue
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


ROUTES = [route for route, _ in routes()]
DESK = [route for route in ROUTES if route.startswith("desk/")]
WRITING = [route for route, view in routes() if getattr(view, "write", None)]


@pytest.fixture(autouse=True)
def _any_host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def order(world: World) -> Order:
    """Anna's paid order at Hengda."""
    return paid_order(world, basket_of(world, LANTERN=2))


def address(route: str, world: World, order: Order) -> str:
    case = CASES[route]
    path = route.replace(MARKET, "ja-jp/")
    for name, value in case.ids(world, order).items():
        for kind in ("int:", "slug:", "path:", ""):
            path = path.replace(f"<{kind}{name}>", str(value))
    assert "<" not in path
    return f"/{path}{case.query}"


def rows(of: int | None = None) -> dict[str, list[str]]:
    """Everything in the database but tries to log in; with `of`, what belongs to that merchant."""
    return {
        model.__name__: sorted(map(repr, model._base_manager.filter(**_narrowed(model, of)).values_list()))
        for model in apps.get_app_config("haitu").get_models()
        if model.__name__ != "LoginTry"
    }


def _narrowed(model: type[Any], merchant_id: int | None) -> dict[str, int]:
    if not merchant_id:
        return {}
    if model is Merchant:
        return {"pk": merchant_id}
    return {"merchant_id": merchant_id} if issubclass(model, Owned | ReturnRule | ReturnCost) else {}


def shown(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode(errors="replace"))


def test_every_route_has_a_case() -> None:
    assert sorted(set(ROUTES) - set(CASES)) == []
    assert sorted(set(CASES) - set(ROUTES)) == []


@pytest.mark.parametrize("route", DESK)
def test_nobody_passes_the_desk_s_door_without_logging_in(world: World, order: Order, route: str) -> None:
    client, where = Client(), address(route, world, order)
    before = rows()
    for answer in (client.get(where), client.post(where, CASES[route].body(world, order))):
        assert [secret for secret in SECRETS if secret in shown(answer)] == []
        if not CASES[route].public:
            assert answer.status_code in {302, 405}
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/desk/login/")
    assert rows() == before


@pytest.mark.parametrize("route", ROUTES)
def test_a_member_of_another_merchant_sees_and_changes_nothing(world: World, order: Order, route: str) -> None:
    client, where = Client(headers={"host": OTHER_HOST}), address(route, world, order)
    client.force_login(world.stranger)
    before = rows(of=world.merchant.pk)
    for answer in (client.get(where), client.post(where, CASES[route].body(world, order))):
        assert [secret for secret in SECRETS if secret in shown(answer)] == []
    assert rows(of=world.merchant.pk) == before


@pytest.mark.parametrize("route", WRITING)
def test_a_reader_changes_nothing(world: World, order: Order, route: str) -> None:
    client, where = Client(headers={"host": HOST}), address(route, world, order)
    client.force_login(world.reader)
    before = rows()
    answer: HttpResponse = client.post(where, CASES[route].body(world, order))  # type: ignore[assignment]  # a test answer
    if route != "desk/merchant/":  # which of their own merchants they look at is theirs to choose
        assert answer.status_code == 403
    assert rows() == before


NEEDS_MORE = {
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/label/",  # there is no such parcel
    "desk/labels/<int:label_id>/void/",  # its carrier does not answer
    "desk/returns/<int:case_id>/label/void/",  # there is no such label
    "desk/merchant/",  # Lin has one merchant
    "desk/orders/<int:order_id>/return/",  # nothing has left yet
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/delivered/",
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/bill/",
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/refused/",
    "desk/orders/<int:order_id>/parcels/<int:parcel_id>/back/",
    "desk/lanes/<int:lane_id>/open/",  # it is open
}


@pytest.mark.parametrize("route", [route for route in WRITING if route not in NEEDS_MORE])
def test_what_strangers_send_would_change_something_if_the_owner_sent_it(
    world: World, order: Order, route: str
) -> None:
    client, where = Client(headers={"host": HOST}), address(route, world, order)
    client.force_login(world.owner)
    before = rows()
    if route == "desk/team/":
        answer = client.post(where, {"username": "mei", "role": "operator"})
    else:
        answer = client.post(where, CASES[route].body(world, order))
    assert answer.status_code == 302
    assert rows() != before


@pytest.mark.parametrize("who", ["owner", "stranger", None])
def test_only_operators_enter_admin(world: World, who: str | None) -> None:
    client = Client()
    if who:
        client.force_login(getattr(world, who))
    for resolver in get_resolver().url_patterns:
        if str(resolver.pattern) == "admin/":
            for name in ("", "haitu/merchant/", "haitu/order/", "haitu/entry/", "haitu/taxrate/"):
                answer = client.get(f"/admin/{name}")
                assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("model", [m for m in apps.get_models() if issubclass(m, Owned)], ids=lambda m: m.__name__)
def test_a_merchant_s_table_refuses_to_be_asked_for_nobody(world: World, model: type[Owned]) -> None:
    for ask in (
        lambda: list(model.objects.all()),
        lambda: list(model.objects.filter(pk=1)),
        lambda: model.objects.filter(pk=1).first(),
        model.objects.count,
        model.objects.exists,
        lambda: list(model.objects.values_list("pk")),
        lambda: list(model.objects.iterator()),
        lambda: model.objects.filter(pk=1).delete(),
        lambda: model.objects.filter(pk=1).update(merchant_id=1),
        lambda: model.objects.get(pk=1),
        model.objects.aggregate,
    ):
        with pytest.raises(Unscoped):
            ask()


def test_a_user_of_two_merchants_sees_one_at_a_time(world: World, order: Order) -> None:
    kenji = User.objects.get(pk=world.stranger.pk)
    Member.objects.create(merchant=world.merchant, user=kenji, role="reader")
    client = Client()
    client.force_login(kenji)
    where = f"/desk/orders/{order.pk}/"
    assert client.get(where).status_code == 404  # Aoki comes first
    client.post("/desk/merchant/", {"merchant": world.merchant.pk})
    assert client.get(where).status_code == 200
    client.post("/desk/merchant/", {"merchant": world.other.pk})
    assert client.get(where).status_code == 404
