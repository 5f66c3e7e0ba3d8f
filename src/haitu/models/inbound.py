"""Goods on their way to a warehouse: bought from a supplier, or moved between warehouses."""

from __future__ import annotations

from django.db import models

from haitu.models.catalog import Variant
from haitu.models.merchant import User
from haitu.models.scope import Owned
from haitu.models.stock import Stock
from haitu.models.supply import Lane, Warehouse


class Supplier(Owned):
    """Who makes or sells the goods; the days run from a purchase order to its departure, as typed."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    days_p50 = models.IntegerField(default=14)
    days_p90 = models.IntegerField(default=21)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="one_supplier_per_code"),
            models.CheckConstraint(
                condition=models.Q(days_p90__gte=models.F("days_p50")), name="supplier_p90_not_before_p50"
            ),
        ]


class PurchaseStatus(models.TextChoices):
    """Where a purchase order stands."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class PurchaseOrder(Owned):
    """Goods ordered from a supplier, at prices in the supplier's currency."""

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=9, choices=PurchaseStatus.choices, default=PurchaseStatus.OPEN)
    ordered_on = models.DateField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "number"], name="one_purchase_per_number")]


class PurchaseLine(Owned):
    """So many units of a variant; `taken` of them are in an inbound already."""

    purchase = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField()
    taken = models.IntegerField(default=0)
    unit_minor = models.BigIntegerField(help_text="price of one unit, in the order's currency")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purchase", "variant"], name="one_purchase_line_per_variant"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="purchased_above_zero"),
            models.CheckConstraint(
                condition=models.Q(taken__gte=0, taken__lte=models.F("quantity")), name="taken_not_above_purchased"
            ),
        ]


class InboundStatus(models.TextChoices):
    """The steps of an inbound, in order; it may skip some, it never goes back."""

    PLANNED = "planned"
    BOOKED = "booked"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    CUSTOMS = "customs"
    RECEIVED = "received"
    CANCELLED = "cancelled"


class ShareBy(models.TextChoices):
    """By what the freight of an inbound is shared among its goods."""

    VOLUME = "volume"
    WEIGHT = "weight"
    VALUE = "value"
    UNITS = "units"


class Inbound(Owned):
    """One load towards one warehouse: from a supplier's door or from another warehouse (a transfer).

    `eta_p50`, `eta_p90`: the day on which half, nine of ten, such loads are in. Costs in base currency are what the
    goods will bear: freight as quoted or billed, duty as customs took it. Recoverable import VAT is no cost.
    """

    number = models.CharField(max_length=40)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="inbounds")
    origin = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="outgoing")
    to = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="incoming")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, null=True, related_name="inbounds")
    status = models.CharField(max_length=9, choices=InboundStatus.choices, default=InboundStatus.PLANNED)
    reference = models.CharField(max_length=80, blank=True, help_text="container, bill of lading, air waybill")
    eta_p50 = models.DateField(null=True)
    eta_p90 = models.DateField(null=True)
    share_by = models.CharField(max_length=6, choices=ShareBy.choices, default=ShareBy.VOLUME)
    freight_minor = models.BigIntegerField(default=0, help_text="base currency, quoted until billed")
    freight_quoted_minor = models.BigIntegerField(default=0)
    duty_minor = models.BigIntegerField(default=0, help_text="base currency")
    created_at = models.DateTimeField()
    departed_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="one_inbound_per_number"),
            models.CheckConstraint(
                condition=models.Q(supplier__isnull=False, origin__isnull=True)
                | models.Q(supplier__isnull=True, origin__isnull=False),
                name="inbound_from_supplier_or_warehouse",
            ),
            models.CheckConstraint(
                condition=models.Q(freight_minor__gte=0, duty_minor__gte=0), name="inbound_costs_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "status"], name="inbound_by_status")]


class InboundLine(Owned):
    """Units of a variant in a load. Values are of all `quantity` units, in base currency; the inbound value is what a
    transfer brings along from before.

    `received` came in good order, `damaged` came broken; more than announced is `received` above `quantity`.
    `landed_minor`: freight and duty booked on them so far.
    """

    inbound = models.ForeignKey(Inbound, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    purchase_line = models.ForeignKey(PurchaseLine, on_delete=models.PROTECT, null=True, related_name="inbound_lines")
    stock = models.ForeignKey(
        Stock, on_delete=models.PROTECT, null=True, related_name="+", help_text="a transfer's shelf"
    )
    quantity = models.IntegerField()
    received = models.IntegerField(default=0)
    damaged = models.IntegerField(default=0)
    goods_value_minor = models.BigIntegerField()
    inbound_value_minor = models.BigIntegerField(default=0)
    landed_minor = models.BigIntegerField(default=0)
    share_minor = models.BigIntegerField(default=0, help_text="its part of freight and duty as announced")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inbound", "variant"], name="one_inbound_line_per_variant"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="inbound_units_above_zero"),
            models.CheckConstraint(
                condition=models.Q(received__gte=0, damaged__gte=0), name="inbound_counts_not_negative"
            ),
        ]


class InboundStep(Owned):
    """One thing that happened to a load, by whom and when; never changed."""

    inbound = models.ForeignKey(Inbound, on_delete=models.CASCADE, related_name="steps")
    status = models.CharField(max_length=9, choices=InboundStatus.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    told = models.CharField(max_length=200, blank=True)
