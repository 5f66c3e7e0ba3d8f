"""Where goods lie and how they travel: places, warehouses, tariffs (rate cards), lanes, and what is closed when."""

from __future__ import annotations

from django.db import models

from haitu.models.scope import Owned


class PlaceKind(models.TextChoices):
    """What a place is to the goods that pass it."""

    PORT = "port"
    AIRPORT = "airport"
    RAIL = "rail"
    CITY = "city"


class Place(models.Model):
    """A point of the world network, known to every merchant. Mirrors core.place.Place."""

    code = models.CharField(max_length=8, unique=True, help_text="UN/LOCODE; an airport's IATA code")
    name = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    kind = models.CharField(max_length=8, choices=PlaceKind.choices)
    lat_e6 = models.IntegerField(null=True, help_text="millionths of a degree north; null: not known")
    lon_e6 = models.IntegerField(null=True, help_text="millionths of a degree east; null: not known")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lat_e6__isnull=True, lon_e6__isnull=True)
                | models.Q(lat_e6__range=(-90_000_000, 90_000_000), lon_e6__range=(-180_000_000, 180_000_000)),
                name="place_lies_on_earth",
            )
        ]


class WarehouseKind(models.TextChoices):
    """Origin (near the factory), transit hub, or overseas (near the buyer)."""

    ORIGIN = "origin"
    TRANSIT = "transit"
    OVERSEAS = "overseas"


class Warehouse(Owned):
    """A place that holds stock. `handling_days` are days on which it works; by default it works every day."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=WarehouseKind.choices)
    country = models.CharField(max_length=2)
    city = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=16, blank=True)
    place = models.CharField(max_length=8, blank=True, help_text="code of the Place it stands at or near")
    lat_e6 = models.IntegerField(null=True)
    lon_e6 = models.IntegerField(null=True)
    time_zone = models.CharField(max_length=40, default="UTC")
    cut_off = models.TimeField(null=True, help_text="local time until which an order counts for the same day")
    rest_weekdays = models.JSONField(default=list, help_text="weekdays without work, 0 = Monday")
    holidays = models.CharField(max_length=8, blank=True, help_text="ISO country whose public holidays it keeps")
    rest_days = models.JSONField(default=list, help_text="further days without work, ISO dates")
    handling_days = models.IntegerField(default=1)
    capacity_dm3 = models.BigIntegerField(null=True, help_text="litres it can hold; null: not known")
    storage_minor_per_m3_day = models.BigIntegerField(default=0, help_text="where no StorageRate holds")
    storage_currency = models.CharField(max_length=3, default="USD")
    storage_days = models.IntegerField(default=0, help_text="days a unit is expected to lie here before it sells")
    assumed = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="one_warehouse_per_code")]


class StorageRate(Owned):
    """What a cubic metre costs a day once a unit has lain in the warehouse for so many days."""

    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="storage_rates")
    from_days = models.IntegerField(default=0, help_text="age in days from which the rate holds")
    minor_per_m3_day = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    assumed = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["warehouse", "from_days", "valid_from"], name="one_storage_rate_per_age_and_start"
            ),
            models.CheckConstraint(
                condition=models.Q(from_days__gte=0, minor_per_m3_day__gte=0), name="storage_rate_not_negative"
            ),
        ]


class TariffBasis(models.TextChoices):
    """What is counted: chargeable weight (parcels, air, LCL) or whole containers (FCL)."""

    WEIGHT = "weight"
    BOX = "box"


class Tariff(Owned):
    """A carrier's rate card. Mirrors core.freight.Tariff; `breaks` is [[up_to_g, base_minor, per_step_minor], ...].

    `surcharges` is [{code, kind: bp|per_step|per_box, amount, valid_from, valid_to}, ...], days as ISO dates or null;
    `box_prices` is {"20GP": minor, "40GP": minor, "40HQ": minor}. Rows of one code are the card's editions: a lane
    is priced by the youngest edition that holds on the day.
    """

    code = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    basis = models.CharField(max_length=8, choices=TariffBasis.choices, default=TariffBasis.WEIGHT)
    divisor_cm3_per_kg = models.IntegerField(null=True, help_text="null: actual weight only")
    step_g = models.IntegerField(default=1)
    breaks = models.JSONField(default=list)
    box_prices = models.JSONField(default=dict)
    minimum_minor = models.BigIntegerField(default=0)
    fuel_bp = models.IntegerField(default=0)
    surcharges = models.JSONField(default=list)
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


class PassageRule(models.TextChoices):
    """What becomes of a lane when a sea passage on its way is closed."""

    CLOSE = "close"
    DETOUR = "detour"


class Lane(Owned):
    """One carrier service from a warehouse: to the consumers of a country, or (`to` set) to another warehouse."""

    code = models.CharField(max_length=40)
    carrier = models.CharField(max_length=60)
    service = models.CharField(max_length=60, blank=True)
    mode = models.CharField(max_length=10, help_text="post, courier, road, air, sea, rail")
    origin = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="lanes")
    to = models.ForeignKey(Warehouse, on_delete=models.CASCADE, null=True, blank=True, related_name="lanes_in")
    destination = models.CharField(max_length=2, help_text="ISO country of the consumers, or of the warehouse `to`")
    from_place = models.CharField(max_length=8, blank=True, help_text="code of the Place it loads at")
    to_place = models.CharField(max_length=8, blank=True, help_text="code of the Place it unloads at")
    passages = models.JSONField(default=list, help_text="sea passages on its way, the corridor: suez, panama, ...")
    if_passage_closes = models.CharField(max_length=8, choices=PassageRule.choices, default=PassageRule.CLOSE)
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="lanes")
    days_p50 = models.IntegerField()
    days_p90 = models.IntegerField()
    days = models.JSONField(null=True, help_text="11 whole days, the 0, 10, ... 100 % quantiles; null: from p50, p90")
    days_believed = models.JSONField(null=True, help_text="the 11 quantiles before any delivery was seen")
    days_seen = models.IntegerField(default=0, help_text="how many deliveries the days were learnt from")
    departures = models.JSONField(default=list, help_text="weekdays it leaves, 0 = Monday; empty: every day")
    capacity_kg = models.IntegerField(null=True, help_text="per departure; null: not known")
    capacity_dm3 = models.BigIntegerField(null=True, help_text="per departure, litres; null: not known")
    incoterms = models.JSONField(default=list, help_text="which of DDP, DAP the service can do")
    refuses = models.JSONField(default=list, help_text="restrictions it will not carry")
    open = models.BooleanField(default=True, help_text="closed by hand until opened; for dates see Closure")
    closed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="one_lane_per_code"),
            models.CheckConstraint(condition=models.Q(days_p90__gte=models.F("days_p50")), name="p90_not_before_p50"),
            models.CheckConstraint(
                condition=models.Q(to__isnull=True) | ~models.Q(to=models.F("origin")), name="lane_leads_elsewhere"
            ),
        ]


class Closure(Owned):
    """A lane, a warehouse or a sea passage that is shut from one day to another, both included.

    Exactly one of the three is set. A passage is one of core.closure.PASSAGES and shuts every lane that names it.
    """

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, null=True, related_name="closures")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, null=True, related_name="closures")
    passage = models.CharField(max_length=20, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="null: until it is lifted")
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lane__isnull=False, warehouse__isnull=True, passage="")
                | models.Q(lane__isnull=True, warehouse__isnull=False, passage="")
                | (models.Q(lane__isnull=True, warehouse__isnull=True) & ~models.Q(passage="")),
                name="closure_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
                name="closure_ends_after_it_begins",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "valid_from"], name="closure_by_merchant")]
