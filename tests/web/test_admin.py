"""The operators' pages: every list and form opens, reference data can be changed, what happened cannot."""

import pytest
from django.contrib import admin
from django.test import Client

from haitu.admin import Seen
from haitu.models import Order, TaxRate, User
from tests.actions.buying import basket_of, paid_order
from tests.world import PASSWORD, World


@pytest.fixture
def operator(world: World) -> Client:
    """Somebody who runs the installation."""
    client = Client()
    client.force_login(User.objects.create_superuser("root", "root@haitu.test", PASSWORD))
    return client


TABLES = sorted(model._meta.model_name or "" for model in admin.site._registry if model._meta.app_label == "haitu")


@pytest.mark.parametrize("table", TABLES)
def test_an_operator_sees_the_rows_of_all_merchants(world: World, operator: Client, table: str) -> None:
    paid_order(world, basket_of(world, LANTERN=1))
    assert operator.get(f"/admin/haitu/{table}/").status_code == 200


def test_what_happened_can_only_be_looked_at(world: World, operator: Client) -> None:
    order = paid_order(world, basket_of(world, LANTERN=1))
    page = f"/admin/haitu/order/{order.pk}/change/"
    assert operator.get(page).status_code == 200
    assert operator.post(page, {"status": "cancelled"}).status_code == 403
    assert operator.post(f"/admin/haitu/order/{order.pk}/delete/", {"post": "yes"}).status_code == 403
    assert operator.get("/admin/haitu/order/add/").status_code == 403
    assert Order.objects.of(world.merchant.pk).get(pk=order.pk).status == "paid"


def test_orders_stock_and_ledger_are_never_editable_there() -> None:
    seen = {model.__name__ for model, page in admin.site._registry.items() if isinstance(page, Seen)}
    assert {"Order", "Payment", "Refund", "Shipment", "Stock", "StockMove", "Event", "Entry", "Audit"} - seen == set()


def test_a_tax_rate_can_be_corrected(world: World, operator: Client) -> None:
    rate = TaxRate.objects.get(country="DE")
    form = {
        "country": "DE",
        "region": "",
        "kind": "vat",
        "category": "standard",
        "rate_bp": "2100",
        "valid_from": "2027-01-01",
        "valid_to": "",
        "source": "a law of the future",
        "merchant": "",
    }
    answer = operator.post(f"/admin/haitu/taxrate/{rate.pk}/change/", form)
    rate.refresh_from_db()
    assert (answer.status_code, rate.rate_bp) == (302, 2100)


def test_staff_who_are_no_superusers_stay_outside(world: World) -> None:
    User.objects.filter(pk=world.owner.pk).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=world.owner.pk))
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
