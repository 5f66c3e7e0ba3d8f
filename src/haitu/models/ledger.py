"""Events and their entries: append-only (by database trigger), written by actions.record alone."""

from __future__ import annotations

from django.db import models

from haitu.models.scope import Owned


class Event(Owned):
    """Something that happened; `key` is unique per merchant, `payload` re-creates the core.events value."""

    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=20)
    order = models.ForeignKey("haitu.Order", on_delete=models.PROTECT, null=True, related_name="events")
    at = models.DateTimeField(help_text="when it happened")
    recorded_at = models.DateTimeField()
    payload = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "key"], name="an_event_posts_once")]


class Entry(Owned):
    """One side of a posting. Entries of an event sum to zero in each book, in its currency and in base.

    The columns after `account` repeat the order's dimensions so that any waterfall is one pass over this table.
    Codes of `book` and `account`: core.ledger. Rows are written in bulk; there are no foreign-key indexes on purpose.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="entries")
    book = models.SmallIntegerField(help_text="1 quoted, 2 actual")
    assumed = models.BooleanField()
    account = models.SmallIntegerField()
    order_id = models.BigIntegerField(null=True)
    line_id = models.BigIntegerField(null=True)
    variant_id = models.BigIntegerField(null=True)
    lane_id = models.BigIntegerField(null=True)
    market_id = models.BigIntegerField(null=True)
    outlet_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=20, blank=True)
    week = models.IntegerField(help_text="core.ledger.week_of(the day it counts for)")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    base_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["order_id"], name="entry_by_order", condition=models.Q(order_id__isnull=False))]


class EntryWeek(Owned):
    """Entries up to LedgerMark.entry_id, summed; a cache that the clockwork extends and can rebuild at any time."""

    book = models.SmallIntegerField()
    assumed = models.BooleanField()
    account = models.SmallIntegerField()
    variant_id = models.BigIntegerField(null=True)
    lane_id = models.BigIntegerField(null=True)
    market_id = models.BigIntegerField(null=True)
    outlet_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=20, blank=True)
    week = models.IntegerField()
    entries = models.IntegerField()
    base_minor = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["merchant", "week"], name="entry_week_by_week")]


class LedgerMark(models.Model):
    """How far EntryWeek reaches: every entry with id ≤ entry_id is in it, none above."""

    merchant = models.OneToOneField("haitu.Merchant", on_delete=models.CASCADE, related_name="+")
    entry_id = models.BigIntegerField(default=0)
