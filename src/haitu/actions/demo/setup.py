"""The demo merchant itself: who it is, its markets, warehouses, lanes and the way money comes in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.conf import settings

from haitu.actions.tariff import row_values
from haitu.actions.version import bump
from haitu.links.reference.assumptions import AssumedLane, AssumedMarket, Assumptions
from haitu.links.secrets import seal
from haitu.models import (
    Domain,
    Lane,
    Market,
    Member,
    Merchant,
    Outlet,
    PaymentAccount,
    Role,
    Tariff,
    User,
    Warehouse,
)
from haitu.plan.network.places import world_places

HOSTS = ("localhost", "127.0.0.1", "[::1]")
LOGIN = "demo"
PAST_MARKETS_FROM = 100  # closed markets, known from history only, stand behind the open ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The rows the rest is hung on."""

    merchant: Merchant
    warehouses: Mapping[str, Warehouse]


def make_merchant(assumed: Assumptions, past_countries: set[str], *, payment_address: str) -> Made:
    """The merchant with everything but goods; called once, in a transaction."""
    given = assumed.merchant
    merchant = Merchant.objects.create(
        slug=given.slug,
        name=given.name,
        base_currency=given.base_currency,
        list_currency=given.list_currency,
        time_zone=given.time_zone,
        reply_to="shop@demo.example",
        extra_parcel=[
            {
                "valid_from": extra.valid_from.isoformat(),
                "minor": extra.minor,
                "currency": extra.currency,
                "source": extra.why,
                "assumed": True,
            }
            for extra in assumed.extra_parcels
        ],
    )
    Domain.objects.bulk_create(Domain(merchant=merchant, host=host) for host in HOSTS)
    warehouses = _warehouses(merchant, assumed)
    _lanes(merchant, assumed, warehouses)
    _payment_account(merchant, assumed, payment_address)
    _outlets(merchant, assumed)
    _markets(merchant, assumed, past_countries)
    return Made(merchant=merchant, warehouses=warehouses)


def make_owner(merchant: Merchant) -> str:
    """The person who may log in; the password, told once."""
    password = secrets.token_urlsafe(9)
    owner = User.objects.create_user(LOGIN, "owner@demo.example", password)
    Member.objects.create(merchant=merchant, user=owner, role=Role.OWNER)
    return password


def point_to_sandbox(merchant: Merchant, address: str) -> None:
    """The sandbox may listen elsewhere today."""
    accounts = PaymentAccount.objects.of(merchant.pk).filter(provider="sandbox").exclude(address=address)
    if accounts.update(address=address):
        bump(merchant.pk)


def _warehouses(merchant: Merchant, assumed: Assumptions) -> dict[str, Warehouse]:
    places = world_places()
    return {
        given.code: Warehouse.objects.create(
            merchant=merchant,
            place=given.place,
            lat_e6=places[given.place].lat_e6,
            lon_e6=places[given.place].lon_e6,
            code=given.code,
            name=given.name,
            kind=given.kind,
            country=given.country,
            city=given.city,
            time_zone=given.time_zone,
            handling_days=given.handling_days,
            storage_minor_per_m3_day=given.storage_minor_per_m3_day,
            storage_currency=given.storage_currency,
            storage_days=given.storage_days,
            assumed=True,
        )
        for given in assumed.warehouses
    }


def _lanes(merchant: Merchant, assumed: Assumptions, warehouses: Mapping[str, Warehouse]) -> None:
    tariffs = {}
    for card in assumed.tariffs:
        tariffs[card.code] = Tariff.objects.create(merchant=merchant, **row_values(card))
    Lane.objects.bulk_create(
        _lane(merchant, lane, warehouses[lane.origin], tariffs[lane.tariff]) for lane in assumed.lanes
    )


def _lane(merchant: Merchant, given: AssumedLane, origin: Warehouse, tariff: Tariff) -> Lane:
    return Lane(
        merchant=merchant,
        code=given.code,
        carrier=given.carrier,
        service=given.service,
        mode=given.mode,
        origin=origin,
        destination=given.destination,
        tariff=tariff,
        days_p50=given.days_p50,
        days_p90=given.days_p90,
        incoterms=list(given.incoterms),
        refuses=list(given.refuses),
    )


def _outlets(merchant: Merchant, assumed: Assumptions) -> None:
    """All places of sale; the first is the own shop."""
    for given in assumed.outlets:
        Outlet.objects.create(
            merchant=merchant, code=given.code, name=given.name, fee_bp=given.fee_bp, assumed=given.fee_bp > 0
        )


def _payment_account(merchant: Merchant, assumed: Assumptions, address: str) -> None:
    """An account of our own at the sandbox, where no money moves; its two secrets belong together."""
    account = secrets.token_urlsafe(18)
    PaymentAccount.objects.create(
        merchant=merchant,
        provider=assumed.payment.provider,
        token=secrets.token_urlsafe(12),
        api_key_sealed=seal(f"sk_test_{account}", settings.SEAL_KEY),
        webhook_secret_sealed=seal(f"whsec_test_{account}", settings.SEAL_KEY),
        address=address,
        fee_bp=assumed.payment.fee_bp,
        fee_fixed=dict(assumed.payment.fee_fixed),
        assumed=True,
    )


def _markets(merchant: Merchant, assumed: Assumptions, past_countries: set[str]) -> None:
    """The open markets, and a closed one for each other country of the history, so that its orders have a place."""
    for position, given in enumerate(assumed.markets):
        _open_market(merchant, given, position)
    for position, country in enumerate(sorted(past_countries - {given.country for given in assumed.markets})):
        Market.objects.create(
            merchant=merchant,
            country=country,
            currency=assumed.merchant.base_currency,
            languages=["en"],
            prices_include_tax=False,
            position=PAST_MARKETS_FROM + position,
            open=False,
        )


def _open_market(merchant: Merchant, given: AssumedMarket, position: int) -> None:
    values = asdict(given)
    del values["why"]
    values |= {"languages": list(given.languages), "registrations": list(given.registrations)}
    Market.objects.create(merchant=merchant, position=position, assumed=True, **values)
