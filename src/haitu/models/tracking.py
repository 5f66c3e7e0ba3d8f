"""Carriers' accounts, labels, what was seen of the parcels, and the bills that come for them."""

from __future__ import annotations

from django.db import models

from haitu.models.order import Shipment
from haitu.models.scope import Owned


class CarrierAccount(Owned):
    """A merchant's account at a carrier. The secrets are one encrypted JSON object (links.secrets)."""

    carrier = models.CharField(max_length=20, help_text="a room in links.carriers: sandbox, sf, cainiao ...")
    name = models.CharField(max_length=80)
    token = models.CharField(max_length=32, unique=True, help_text="public part of the tracking hook's address")
    address = models.URLField(help_text="the carrier's API")
    secrets_sealed = models.TextField()
    settings = models.JSONField(default=dict, help_text="what is not secret: service, customer codes ...")
    sender = models.JSONField(default=dict, help_text="where parcels are picked up; links.carriers.protocol.Address")
    lanes = models.JSONField(default=list, help_text="codes of the lanes it is offered for first")
    active = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True, help_text="when the connection was last tried")
    checked_told = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "name"], name="one_carrier_account_per_name")]


class LabelState(models.TextChoices):
    """Where a label stands. A wanted one was asked for and not answered: asking again is safe."""

    WANTED = "wanted"
    BOUGHT = "bought"
    REFUSED = "refused"
    VOIDED = "voided"


class Label(Owned):
    """A label for a parcel. `reference` is what the carrier knows us by: the same one again is the same waybill."""

    account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, related_name="+")
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="labels")
    reference = models.CharField(max_length=40)
    wanted = models.JSONField(help_text="links.carriers.protocol.ShipmentWanted as it was and will be asked for")
    state = models.CharField(max_length=8, choices=LabelState.choices, default=LabelState.WANTED)
    waybill = models.CharField(max_length=60, blank=True)
    format = models.CharField(max_length=4, blank=True, help_text="pdf, png or zpl")
    content = models.BinaryField(null=True)
    cost_minor = models.BigIntegerField(null=True, help_text="what the carrier says it will cost")
    cost_currency = models.CharField(max_length=3, blank=True)
    told = models.CharField(max_length=200, blank=True, help_text="why there is none")
    tries = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="a_reference_buys_one_label"),
            models.UniqueConstraint(
                fields=["shipment"],
                condition=models.Q(state__in=["wanted", "bought"]),
                name="one_living_label_per_parcel",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="bought") | ~models.Q(waybill=""), name="a_bought_label_has_a_waybill"
            ),
        ]
        indexes = [models.Index(fields=["changed_at"], name="label_wanted", condition=models.Q(state="wanted"))]


class Waybill(Owned):
    """A parcel as its carrier sees it: the join of its tracking events (core.tracking.Progress), kept ready.

    `shipment` is empty for a number we have not heard of (yet): its events are kept all the same.
    """

    account = models.ForeignKey(CarrierAccount, on_delete=models.CASCADE, related_name="+")
    number = models.CharField(max_length=60)
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, null=True, related_name="waybills")
    state = models.CharField(max_length=16, blank=True, help_text="core.tracking.ParcelState; empty: nothing known")
    state_at = models.DateTimeField(null=True)
    picked_up_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True, help_text="when the carrier was last asked about it")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="one_row_per_waybill")]
        indexes = [
            models.Index(fields=["shipment"], name="waybill_by_shipment"),
            models.Index(
                fields=["asked_at"],
                name="waybill_on_its_way",
                condition=~models.Q(state__in=["delivered", "returned"]),
            ),
        ]


class TrackingEvent(Owned):
    """One scan, kept once (`key`: core.tracking.Scan.key) and never changed."""

    waybill = models.ForeignKey(Waybill, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=40)
    code = models.CharField(max_length=60)
    state = models.CharField(max_length=16, blank=True, help_text="empty: a code we do not know")
    at = models.DateTimeField()
    place = models.CharField(max_length=120, blank=True)
    told = models.CharField(max_length=200, blank=True)
    raw = models.TextField(blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["waybill", "key"], name="a_scan_is_kept_once")]


class TrackingPush(Owned):
    """A verified push, kept before it is understood: acknowledged at once, worked off then or by the clockwork."""

    account = models.ForeignKey(CarrierAccount, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, help_text="of the bytes: the same push again is the same row")
    body = models.TextField()
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    told = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="a_push_is_kept_once")]
        indexes = [models.Index(fields=["received_at"], name="push_waiting", condition=models.Q(done_at=None))]


class CarrierInvoice(Owned):
    """A carrier's bill, audited line by line."""

    account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    on = models.DateField()
    total_minor = models.BigIntegerField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="a_carrier_invoice_comes_once")]


class Verdict(models.TextChoices):
    """What the audit says about a line of a carrier's bill."""

    MATCHED = "matched"
    DIFFERING = "differing"
    UNKNOWN = "unknown"
    REPEATED = "repeated"


class CarrierInvoiceLine(Owned):
    """One line of a bill beside what was expected, both in the bill's currency."""

    invoice = models.ForeignKey(CarrierInvoice, on_delete=models.CASCADE, related_name="lines")
    position = models.IntegerField()
    waybill = models.CharField(max_length=60)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30, default="freight")
    told = models.CharField(max_length=200, blank=True)
    billed_minor = models.BigIntegerField()
    weight_g = models.IntegerField(null=True)
    quoted_minor = models.BigIntegerField(null=True)
    quoted_weight_g = models.IntegerField(null=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    booked_at = models.DateTimeField(null=True, help_text="when the difference was booked")
    claimed_at = models.DateTimeField(null=True, help_text="when it was put on a claim list")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="a_bill_line_stands_once")]
