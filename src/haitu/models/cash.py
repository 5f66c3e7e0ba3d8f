"""Cash on delivery: where it is offered, what a parcel is to collect, and what carriers say they have handed over."""

from __future__ import annotations

from django.db import models

from haitu.models.market import Market
from haitu.models.order import Order, Shipment
from haitu.models.scope import Owned
from haitu.models.supply import Lane


class CashOffer(Owned):
    """That a lane collects money at the door of a market's buyers, and what its carrier keeps of it; dated."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="cash_offers")
    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="cash_offers")
    currency = models.CharField(max_length=3, help_text="of the fee and the limit, and what is collected")
    fee_fixed_minor = models.BigIntegerField(default=0, help_text="per parcel")
    fee_bp = models.IntegerField(default=0, help_text="of what is collected")
    limit_minor = models.BigIntegerField(null=True, help_text="the most a parcel may collect; null: no limit")
    remittance_days = models.IntegerField(default=14, help_text="days after delivery until the carrier hands it over")
    refusal_fee_minor = models.BigIntegerField(default=0, help_text="what the carrier keeps for a refused parcel")
    refused_bp = models.IntegerField(default=0, help_text="share of parcels expected to be refused at the door")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="null: until it is ended")
    assumed = models.BooleanField(default=False)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["market", "lane", "valid_from"], name="one_cash_offer_per_lane_and_start"),
            models.CheckConstraint(
                condition=models.Q(fee_fixed_minor__gte=0, fee_bp__gte=0, refusal_fee_minor__gte=0)
                & models.Q(refused_bp__gte=0, remittance_days__gte=0),
                name="cash_terms_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
                name="cash_offer_ends_after_it_begins",
            ),
        ]


class CashOrder(Owned):
    """An order that is paid at the door, with the terms it was agreed on: lane id → a CashOffer's figures."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="cash")
    terms = models.JSONField(default=dict)
    agreed_at = models.DateTimeField()


class CashState(models.TextChoices):
    """Where a parcel's money is."""

    WAITING = "waiting"  # the parcel is under way
    OWED = "owed"  # the buyer paid, the carrier has it
    SETTLED = "settled"
    REFUSED = "refused"  # nobody paid; the parcel comes back


class CashParcel(Owned):
    """What one parcel is to collect, and what came of it; order currency."""

    shipment = models.OneToOneField(Shipment, on_delete=models.CASCADE, related_name="cash")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="cash_parcels")
    carrier = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(help_text="what the carrier keeps, as agreed")
    refusal_fee_minor = models.BigIntegerField(default=0)
    remittance_days = models.IntegerField(default=0)
    state = models.CharField(max_length=8, choices=CashState.choices, default=CashState.WAITING)
    collected_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True, help_text="when the carrier hands it over at the latest")
    remitted_minor = models.BigIntegerField(default=0, help_text="what has come, less the fee")
    refused_at = models.DateTimeField(null=True)
    back_at = models.DateTimeField(null=True, help_text="when its goods were back with us")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_minor__gte=0, fee_minor__gte=0), name="cash_to_collect_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "due_on"], name="cash_owed", condition=models.Q(state="owed"))]


class CashStatement(Owned):
    """A carrier's list of what it hands over; the same file again is the same statement."""

    carrier = models.CharField(max_length=60)
    number = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    digest = models.CharField(max_length=64, help_text="of the bytes")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "digest"], name="a_cash_statement_comes_once"),
            models.UniqueConstraint(fields=["merchant", "carrier", "number"], name="one_cash_statement_per_number"),
        ]


class CashVerdict(models.TextChoices):
    """What a line of a statement is, held against what was expected."""

    MATCHED = "matched"
    DIFFERING = "differing"
    UNKNOWN = "unknown"
    REPEATED = "repeated"


class CashLine(Owned):
    """One line of a statement beside what was expected; in the statement's currency."""

    statement = models.ForeignKey(CashStatement, on_delete=models.CASCADE, related_name="lines")
    position = models.IntegerField()
    waybill = models.CharField(max_length=60)
    parcel = models.ForeignKey(CashParcel, on_delete=models.PROTECT, null=True, related_name="lines")
    collected_minor = models.BigIntegerField(null=True, help_text="as the carrier says it collected")
    fee_minor = models.BigIntegerField(null=True, help_text="as the carrier says it keeps")
    remitted_minor = models.BigIntegerField()
    expected_minor = models.BigIntegerField(null=True)
    verdict = models.CharField(max_length=10, choices=CashVerdict.choices)
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "position"], name="a_cash_line_stands_once"),
        ]
