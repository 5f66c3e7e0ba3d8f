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
        indexes = [models.Index(fields=["merchant", "-at"], name="event_by_time")]


class Entry(Owned):
    """One side of a posting. Entries of an event sum to zero in each book, in its currency and in base.

    `id` = event id × 65536 + position, so an event's entries are one stretch of the primary key: no second index, no
    second sequence. The columns after `account` repeat the order's dimensions so that any waterfall is one pass over
    this table. Codes of `book` and `account`: core.ledger. There are no foreign keys here on purpose: rows come in
    bulk, and the audit, which re-derives them all from the events, proves more than a foreign key could.
    """

    id = models.BigIntegerField(primary_key=True)
    merchant = models.ForeignKey(
        "haitu.Merchant", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False, related_name="+"
    )
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
    amount_minor = models.BigIntegerField(help_text="debit positive, credit negative, in `currency`")
    base_minor = models.BigIntegerField(help_text="the same in the merchant's base currency, by the frozen rate")

    class Meta:
        indexes = [models.Index(fields=["order_id"], name="entry_by_order", condition=models.Q(order_id__isnull=False))]


class Grain(models.IntegerChoices):
    """How fine a sum is. What it runs over is 0 or "" in its key, as is what an entry has none of."""

    WEEK = 0, "over all variants"
    WEEK_AND_VARIANT = 1, "as fine as the key"
    VARIANT = 2, "over all weeks, markets, outlets, channels and lanes"


class EntryWeek(Owned):
    """The profit-and-loss entries of events up to LedgerMark.event_id, summed per week and dimension.

    A cache: the clockwork extends it and may rebuild it at any time. 0 and "" stand for "none". The step columns hold
    base minor units with the signs of core.landed.Waterfall: price as it comes in, costs as they go out. Everything is
    in it once for each Grain; the coarse ones have a hundredth of the rows of the fine one.
    The unique key begins with the variant, so that the sums of each SKU lie together and need no sorting.
    """

    grain = models.SmallIntegerField(choices=Grain.choices)
    week = models.IntegerField()
    book = models.SmallIntegerField()
    assumed = models.BooleanField()
    history = models.BooleanField(help_text="of imported orders, which were never quoted")
    market_id = models.BigIntegerField()
    outlet_id = models.BigIntegerField()
    channel = models.CharField(max_length=20, blank=True)
    variant_id = models.BigIntegerField()
    lane_id = models.BigIntegerField()
    entries = models.IntegerField()
    price = models.BigIntegerField()
    tax = models.BigIntegerField()
    goods = models.BigIntegerField()
    inbound = models.BigIntegerField()
    duty = models.BigIntegerField()
    import_vat = models.BigIntegerField()
    storage = models.BigIntegerField()
    last_mile = models.BigIntegerField()
    outlet_fee = models.BigIntegerField()
    payment_fee = models.BigIntegerField()
    returns = models.BigIntegerField()
    traffic = models.BigIntegerField()
    shrinkage = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    *("merchant", "grain", "variant_id", "book", "assumed", "history"),
                    *("week", "market_id", "outlet_id", "channel", "lane_id"),
                ],
                name="one_sum_per_week_and_dimension",
            )
        ]


class VariantEvent(Owned):
    """Which events up to LedgerMark.event_id have entries of which variant; the clockwork extends it with EntryWeek.

    The way from a SKU down to its entries. It spares the entries an index of their own, which every sale would pay for.
    """

    merchant = models.ForeignKey(
        "haitu.Merchant", on_delete=models.CASCADE, db_index=False, db_constraint=False, related_name="+"
    )
    variant_id = models.BigIntegerField()
    event_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "variant_id", "event_id"], name="a_variants_event_stands_once")
        ]


class LedgerMark(models.Model):
    """One row: EntryWeek and VariantEvent hold every event with id ≤ event_id, of all merchants, and no other."""

    event_id = models.BigIntegerField(default=0)
