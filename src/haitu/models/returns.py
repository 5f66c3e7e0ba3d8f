"""Returns: the rules, where they come back to, and each return from the asking to the money."""

from __future__ import annotations

from django.db import models

from haitu.models.catalog import Product, Variant
from haitu.models.market import Market
from haitu.models.order import Order, OrderLine, Return
from haitu.models.reference import Reference
from haitu.models.scope import Owned
from haitu.models.supply import Warehouse
from haitu.models.tracking import CarrierAccount


class ReturnRule(Reference):
    """What law (merchant null) or the merchant grants. Mirrors core.returns.ReturnRule."""

    country = models.CharField(max_length=2, blank=True, help_text="ISO country, EU, or blank: all of the merchant's")
    window_days = models.IntegerField(help_text="days after delivery to send back what is not wanted; 0: none")
    fault_days = models.IntegerField(default=0)
    way_back_free = models.BooleanField(default=False)
    outbound_back = models.BooleanField(default=False)
    restocking_bp = models.IntegerField(default=0)
    wear_bp = models.IntegerField(default=0)
    excludes = models.JSONField(default=list, help_text="core.returns.Exclusion")
    yields = models.BooleanField(default=False, help_text="stands back where the merchant has a rule")
    by_hand = models.BooleanField(default=False, help_text="a person approves each return")
    checked_on = models.DateField(null=True)


class ReturnCost(Reference):
    """What a returned piece brings and costs. Mirrors core.returns.ReturnCosts; the shared row is an assumption."""

    currency = models.CharField(max_length=3)
    price_b_bp = models.IntegerField()
    price_c_bp = models.IntegerField()
    keep_b_bp = models.IntegerField()
    keep_c_bp = models.IntegerField()
    selling_bp = models.IntegerField()
    handling_minor = models.BigIntegerField()
    destroy_minor = models.BigIntegerField()
    donate_minor = models.BigIntegerField()
    batch_units = models.IntegerField(default=1, help_text="how many pieces go on to another warehouse at a time")


class ReturnSite(Owned):
    """Where the returns of a market go, and who carries them there."""

    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    address = models.JSONField(default=dict, help_text="links.carriers.protocol.Address, as written on the parcel")
    account = models.ForeignKey(CarrierAccount, on_delete=models.SET_NULL, null=True, related_name="+")
    service = models.CharField(max_length=60, blank=True)
    label_minor = models.BigIntegerField(
        default=0, help_text="market's currency: taken off the refund when the buyer pays the way back by our label"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "market"], name="one_returns_site_per_market"),
            models.CheckConstraint(condition=models.Q(label_minor__gte=0), name="return_label_not_negative"),
        ]


class ReturnExclusion(Owned):
    """Goods of a kind that need not come back where the rule excludes that kind."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, help_text="core.returns.Exclusion")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "kind"], name="one_exclusion_per_product_and_kind")]


class CaseState(models.TextChoices):
    """The steps of a return; it goes forward only."""

    ASKED = "asked"
    APPROVED = "approved"
    ON_WAY = "on_way"
    RECEIVED = "received"
    GRADED = "graded"
    DECIDED = "decided"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class ReturnCase(Owned):
    """One return of an order: what the buyer asked for, under which terms, and how far it is."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="cases")
    number = models.CharField(max_length=48)
    ask_key = models.CharField(max_length=32, help_text="of the form: sent twice it is one return")
    state = models.CharField(max_length=9, choices=CaseState.choices, default=CaseState.ASKED)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    address = models.JSONField(default=dict, help_text="of the returns site, frozen")
    terms = models.JSONField(help_text="core.returns.ReturnTerms, frozen")
    ours = models.BooleanField(help_text="we are at fault for all of it: the way back costs the buyer nothing")
    label_minor = models.BigIntegerField(default=0, help_text="order currency: off the refund if our label is used")
    words = models.CharField(max_length=500, blank=True, help_text="the buyer's")
    told = models.CharField(max_length=200, blank=True, help_text="why it was refused")
    tracking = models.CharField(max_length=60, blank=True, help_text="as the buyer says, by own means")
    refunds = models.JSONField(default=list, help_text="ids of its refunds")
    refund_minor = models.BigIntegerField(default=0)
    asked_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    graded_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="one_return_per_number"),
            models.UniqueConstraint(fields=["order", "ask_key"], name="a_return_is_asked_for_once"),
        ]
        indexes = [
            models.Index(fields=["merchant", "state", "-asked_at"], name="return_by_state"),
            models.Index(fields=["sent_at"], name="return_under_way", condition=models.Q(state="approved")),
            models.Index(fields=["decided_at"], name="return_decided", condition=models.Q(state="decided")),
        ]


class ReturnPiece(Owned):
    """One unit of a return: its grade, what could become of it, what did, and what went back for it."""

    case = models.ForeignKey(ReturnCase, on_delete=models.CASCADE, related_name="pieces")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=10, help_text="core.returns.Reason")
    grade = models.CharField(max_length=1, blank=True)
    note = models.CharField(max_length=200, blank=True)
    fate = models.CharField(max_length=8, blank=True, help_text="core.returns.Fate")
    to = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+")
    variant = models.ForeignKey(
        Variant, on_delete=models.PROTECT, null=True, related_name="+", help_text="as which it lies on the shelf"
    )
    reckoned = models.JSONField(default=list, help_text="the ways as they were shown, the best first")
    overruled = models.CharField(max_length=200, blank=True, help_text="why not the best")
    refund_minor = models.BigIntegerField(default=0)
    kept = models.JSONField(default=list, help_text="[[code, minor], ...] that did not go back")
    booked = models.ForeignKey(Return, on_delete=models.PROTECT, null=True, related_name="pieces")

    class Meta:
        indexes = [models.Index(fields=["line"], name="return_piece_by_line")]


class ReturnLabelState(models.TextChoices):
    """Where a return label stands, as models.tracking.LabelState."""

    WANTED = "wanted"
    BOUGHT = "bought"
    REFUSED = "refused"
    VOIDED = "voided"


class ReturnLabel(Owned):
    """A label for the way back, bought as the labels of parcels are: one reference is one waybill."""

    case = models.ForeignKey(ReturnCase, on_delete=models.CASCADE, related_name="labels")
    account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=40)
    wanted = models.JSONField(help_text="links.carriers.protocol.ShipmentWanted")
    state = models.CharField(max_length=8, choices=ReturnLabelState.choices, default=ReturnLabelState.WANTED)
    waybill = models.CharField(max_length=60, blank=True)
    format = models.CharField(max_length=4, blank=True)
    content = models.BinaryField(null=True)
    cost_minor = models.BigIntegerField(null=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    told = models.CharField(max_length=200, blank=True)
    tries = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="a_return_reference_buys_one_label"),
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(state__in=["wanted", "bought"]),
                name="one_living_label_per_return",
            ),
        ]
