"""What is sold: products, their variants (which carry the SKU), texts per language, pictures, price overrides."""

from __future__ import annotations

from django.db import models

from haitu.models.market import Market
from haitu.models.scope import Owned


class Category(Owned):
    """A shelf of the shop, named per language."""

    code = models.SlugField(max_length=60)
    names = models.JSONField(help_text="language → name")
    icon = models.CharField(max_length=60, blank=True)
    position = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "code"], name="one_category_per_code")]


class ProductStatus(models.TextChoices):
    """Where a product stands; only LIVE is sold."""

    DRAFT = "draft"
    LIVE = "live"
    ARCHIVED = "archived"


class Product(Owned):
    """Something a buyer recognises as one thing; its variants are what is priced, stocked and shipped."""

    slug = models.SlugField(max_length=120)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    brand = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=8, choices=ProductStatus.choices, default=ProductStatus.DRAFT)
    rank = models.IntegerField(default=0, help_text="how often it is bought; orders the listing, highest first")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "slug"], name="one_product_per_slug")]
        indexes = [models.Index(fields=["merchant", "category", "status", "-rank"], name="product_by_category")]


class ProductText(Owned):
    """A product's words in one language; `title` is folded into `search` (lower case, no accents)."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    search = models.TextField(blank=True)
    machine = models.BooleanField(default=False, help_text="translated by a machine or a rule, not yet by a person")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "language"], name="one_text_per_language")]
        indexes = [models.Index(fields=["merchant", "language", "title"], name="text_by_title")]


class Picture(Owned):
    """A picture of a product: drawn (an SVG kept here) or uploaded (a path below media)."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="pictures")
    position = models.IntegerField(default=0)
    alt = models.CharField(max_length=200, blank=True)
    svg = models.TextField(blank=True)
    path = models.CharField(max_length=200, blank=True)


class Variant(Owned):
    """The sellable unit. Unknown weight or size stays null and makes quotes say "unknown"."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=40)
    options = models.JSONField(default=dict, help_text="e.g. {'colour': 'red'}")
    position = models.IntegerField(default=0)
    list_price_minor = models.BigIntegerField(help_text="in the merchant's list currency, without tax")
    hs_code = models.CharField(max_length=10, blank=True)
    origin_country = models.CharField(max_length=2, default="CN")
    tax_category = models.CharField(max_length=20, default="standard")
    weight_g = models.IntegerField(null=True)
    length_mm = models.IntegerField(null=True)
    width_mm = models.IntegerField(null=True)
    height_mm = models.IntegerField(null=True)
    restrictions = models.JSONField(default=list, help_text="battery, liquid, ...")
    assumed = models.BooleanField(default=False, help_text="weight, size or HS code rest on an assumption")
    active = models.BooleanField(default=True)
    sell_afloat = models.BooleanField(default=True, help_text="also sold while it is on its way, as a pre-order")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "sku"], name="one_variant_per_sku"),
            models.CheckConstraint(condition=models.Q(list_price_minor__gte=0), name="list_price_not_negative"),
        ]


class MarketPrice(Owned):
    """A shelf price set by hand for one market, in its currency, as shown (with tax where the market shows tax)."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="market_prices")
    market = models.ForeignKey(Market, on_delete=models.CASCADE, related_name="+")
    price_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "market"], name="one_price_per_market")]
