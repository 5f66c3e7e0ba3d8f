"""Where goods lie and how they travel: warehouses, tariffs (rate cards) and lanes."""

from __future__ import annotations

from django.db import models

from haitu.models.scope import Owned


class WarehouseKind(models.TextChoices):
    """Origin (near the factory), transit hub, or overseas (near the buyer)."""

    ORIGIN = "origin"
    TRANSIT = "transit"
    OVERSEAS = "overseas"


class Warehouse(Owned):
    """A place that holds stock."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=WarehouseKind.choices)
    country = models.CharField(max_length=2)
    city = models.CharField(max_length=80, blank=True)
    time_zone = models.CharField(max_length=40, default="UTC")
    handling_days = models.IntegerField(default=1)
    storage_minor_per_m3_day = models.BigIntegerField(default=0)
    storage_currency = models.CharField(max_length=3, default="USD")
    storage_days = models.IntegerField(default=0, help_text="days a unit is expected to lie here before it sells")
    assumed = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="one_warehouse_per_code")]


class Tariff(Owned):
    """A carrier's rate card. Mirrors core.freight.Tariff; `breaks` is [[up_to_g, base_minor, per_step_minor], ...]."""

    code = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    divisor_cm3_per_kg = models.IntegerField(null=True, help_text="null: actual weight only")
    step_g = models.IntegerField(default=1)
    breaks = models.JSONField()
    minimum_minor = models.BigIntegerField(default=0)
    fuel_bp = models.IntegerField(default=0)
    remote_minor = models.BigIntegerField(default=0)
    remote_postcodes = models.JSONField(default=list, help_text="postcode prefixes")
    max_weight_g = models.IntegerField(null=True)
    max_side_mm = models.IntegerField(null=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    assumed = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code", "valid_from"], name="one_tariff_per_code_and_start")
        ]


class Lane(Owned):
    """One carrier service from a warehouse to the consumers of a country."""

    code = models.CharField(max_length=40)
    carrier = models.CharField(max_length=60)
    service = models.CharField(max_length=60, blank=True)
    mode = models.CharField(max_length=10, help_text="post, courier, road, air, sea, rail")
    origin = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="lanes")
    destination = models.CharField(max_length=2, help_text="ISO country of the consumers")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="lanes")
    days_p50 = models.IntegerField()
    days_p90 = models.IntegerField()
    incoterms = models.JSONField(default=list, help_text="which of DDP, DAP the service can do")
    refuses = models.JSONField(default=list, help_text="restrictions it will not carry")
    open = models.BooleanField(default=True)
    closed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="one_lane_per_code"),
            models.CheckConstraint(condition=models.Q(days_p90__gte=models.F("days_p50")), name="p90_not_before_p50"),
        ]
