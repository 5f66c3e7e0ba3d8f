"""Merchants (tenants), their domains, the people who work for them, and what those people did."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from haitu.models.scope import Owned


class Merchant(models.Model):
    """One business on this installation; every other business row points at one."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    base_currency = models.CharField(max_length=3, help_text="the ledger's reporting currency")
    list_currency = models.CharField(max_length=3, help_text="the currency of list prices")
    home_country = models.CharField(max_length=2, default="CN")
    time_zone = models.CharField(max_length=40, default="Asia/Shanghai")
    reply_to = models.EmailField(blank=True)
    version = models.BigIntegerField(default=1, help_text="rises with every change of prices, lanes, taxes or markets")
    exporter = models.JSONField(
        default=dict, help_text="who stands on papers: name, lines, phone, email, ids (EORI, IOSS, ...: number)"
    )
    sell_afloat = models.BooleanField(default=True, help_text="goods on their way are sold as pre-orders")
    history_shift_weeks = models.IntegerField(default=0, help_text="weeks by which imported history was moved forward")
    reroute_up_to_minor = models.BigIntegerField(
        null=True,
        help_text="base currency: what an order whose way is shut may lose by another way; null: ask",
    )
    extra_parcel = models.JSONField(
        default=list,
        help_text="what a parcel beyond the first counts, each from a day on: valid_from, minor, currency, source,"
        " assumed; none: nothing",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A host name under which a merchant's shop answers; without port, lower case."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="domains")
    host = models.CharField(max_length=253, unique=True)

    def __str__(self) -> str:
        return self.host


class User(AbstractUser):
    """A person who can log in; what they may see is decided by their memberships."""

    language = models.CharField(max_length=10, default="en")


class Role(models.TextChoices):
    """What a member may do at a merchant."""

    OWNER = "owner"
    OPERATOR = "operator"
    WAREHOUSE = "warehouse"
    MARKETING = "marketing"
    READER = "reader"


class Member(Owned):
    """A user's place at one merchant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.OPERATOR)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "user"], name="a_user_joins_a_merchant_once")]


class Audit(Owned):
    """Who did what at the desk, and when; written by every action a person starts there."""

    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    change = models.JSONField(default=dict, help_text="field → [old, new]")

    class Meta:
        indexes = [models.Index(fields=["merchant", "-at"], name="audit_by_time")]


class LoginTry(models.Model):
    """A failed login, kept as long as it counts towards the throttle; the name is hashed, the address too."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="login_try_by_key")]
