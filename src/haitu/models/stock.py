"""Stock per variant and warehouse, what is promised of it, and every move of it."""

from __future__ import annotations

from django.db import models

from haitu.models.catalog import Variant
from haitu.models.scope import Owned
from haitu.models.supply import Warehouse


class Stock(Owned):
    """Units and their value. available = on_hand − reserved − buffer. Values are in the merchant's base currency.

    `afloat` units are carried by loads that are sold from, `preordered` units wait for loads; what was promised from
    loads that are sold from no more is `uncovered`. `coming` has those loads (reads.afloat), the first to be in first.
    The value of what leaves is value × quantity ÷ on_hand, half up, so that no minor unit is lost when the last goes.
    """

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="stocks")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.CASCADE, related_name="stocks")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    buffer = models.IntegerField(default=0)
    goods_value_minor = models.BigIntegerField(default=0)
    inbound_value_minor = models.BigIntegerField(default=0, help_text="first-leg freight and duty on the way in")
    assumed = models.BooleanField(default=False, help_text="values rest on an assumption")
    afloat = models.IntegerField(default=0, help_text="on their way here, for sale")
    preordered = models.IntegerField(default=0, help_text="promised to orders that wait for them to come")
    uncovered = models.IntegerField(default=0, help_text="preordered above what is afloat")
    coming = models.JSONField(default=list, help_text="the loads that make up what is afloat")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "warehouse"], name="one_stock_per_variant_and_warehouse"),
            models.CheckConstraint(condition=models.Q(on_hand__gte=0), name="on_hand_not_negative"),
            models.CheckConstraint(condition=models.Q(reserved__gte=0), name="reserved_not_negative"),
            models.CheckConstraint(condition=models.Q(buffer__gte=0), name="buffer_not_negative"),
            models.CheckConstraint(
                condition=models.Q(reserved__lte=models.F("on_hand")), name="reserved_not_above_on_hand"
            ),
            models.CheckConstraint(
                condition=models.Q(afloat__gte=0, preordered__gte=0, uncovered__gte=0), name="afloat_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(preordered__lte=models.F("afloat") + models.F("uncovered")),
                name="preordered_not_above_afloat",
            ),
        ]


class MoveKind(models.TextChoices):
    """Why the units on hand changed."""

    RECEIVED = "received"
    SHIPPED = "shipped"
    MOVED_OUT = "moved_out"
    MOVED_IN = "moved_in"
    COUNTED = "counted"
    RETURNED = "returned"
    WRITTEN_OFF = "written_off"


class StockMove(Owned):
    """One change of the units on hand; append-only by trigger. Sum of moves = on hand, checked by the clockwork."""

    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=MoveKind.choices)
    quantity = models.IntegerField(help_text="signed")
    goods_value_minor = models.BigIntegerField(default=0, help_text="signed")
    inbound_value_minor = models.BigIntegerField(default=0, help_text="signed")
    reference = models.CharField(max_length=80, help_text="what caused it, e.g. shipment 12")
    event_key = models.CharField(max_length=80, blank=True, help_text="key of the event it was recorded with")
