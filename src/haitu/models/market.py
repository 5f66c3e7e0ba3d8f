"""Markets, outlets and payment accounts: where a merchant sells and how the money comes in."""

from __future__ import annotations

from django.db import models

from haitu.models.scope import Owned


class Market(Owned):
    """A country with its currency, languages and tax rule, as one merchant sells there. Mirrors core.market.Market."""

    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    languages = models.JSONField(help_text="BCP 47 tags, the default first, e.g. ['ar', 'en']")
    prices_include_tax = models.BooleanField()
    charm = models.CharField(max_length=8, default="none", help_text="shelf-price ending: none, 99, 95, 9, 0, 00, 000")
    price_factor_bp = models.IntegerField(default=10_000, help_text="list price × this, before charm rounding")
    incoterm = models.CharField(max_length=3, default="DDP", help_text="DDP: we pay duty; DAP: the buyer does")
    registrations = models.JSONField(default=list, help_text="tax registrations held: IOSS, GB, US-CA, AU ...")
    shipping_minor = models.BigIntegerField(default=0, help_text="what the buyer pays for delivery")
    shipping_free_from_minor = models.BigIntegerField(null=True, help_text="goods value from which delivery is free")
    traffic_minor = models.BigIntegerField(
        default=0, help_text="assumed traffic cost of an order, until Reach measures"
    )
    returns_bp = models.IntegerField(default=0, help_text="expected share of goods value lost to returns")
    assumed = models.BooleanField(default=False, help_text="traffic and returns figures are assumptions")
    position = models.IntegerField(default=0)
    open = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "country"], name="one_market_per_country")]


class Outlet(Owned):
    """A place of sale: the own shop, AliExpress, Lazada ..."""

    code = models.SlugField(max_length=30)
    name = models.CharField(max_length=80)
    fee_bp = models.IntegerField(default=0, help_text="the outlet's commission on the charged price")
    assumed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="one_outlet_per_code")]


class PaymentAccount(Owned):
    """A merchant's account at a payment provider. The secrets are encrypted (links.secrets)."""

    provider = models.CharField(max_length=20)
    token = models.CharField(max_length=32, unique=True, help_text="public part of the webhook address")
    api_key_sealed = models.TextField()
    webhook_secret_sealed = models.TextField()
    address = models.URLField(help_text="the provider's API")
    fee_bp = models.IntegerField(default=0)
    fee_fixed = models.JSONField(default=dict, help_text="currency → minor units")
    assumed = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
