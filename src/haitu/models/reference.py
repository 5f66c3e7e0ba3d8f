"""Rules and rates of the world as dated data with a source; a merchant's own row wins over the shared one."""

from __future__ import annotations

from django.db import models

from haitu.models.merchant import Merchant


class Reference(models.Model):
    """A dated fact. `merchant` null: shared by all; set: that merchant's own, which wins."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True, help_text="last day of validity; null: in force")
    source = models.CharField(max_length=300)

    class Meta:
        abstract = True


class TaxRate(Reference):
    """VAT, GST or sales tax. Mirrors core.tax.TaxRate."""

    country = models.CharField(max_length=2)
    region = models.CharField(max_length=6, blank=True)
    kind = models.CharField(max_length=10)
    category = models.CharField(max_length=30, default="standard")
    rate_bp = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["country", "region"], name="tax_by_country")]


class Threshold(Reference):
    """A value below which a consignment is taxed or cleared differently. Mirrors core.customs.Threshold."""

    country = models.CharField(max_length=2, help_text="ISO country, or EU")
    kind = models.CharField(max_length=24)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    inclusive = models.BooleanField(default=True, help_text="True: at or below; False: strictly below")
    origin = models.CharField(max_length=2, blank=True, help_text="only for goods of this origin; blank: any")


class DutyLine(Reference):
    """A tariff line of one customs territory. Mirrors core.customs.DutyLine."""

    territory = models.CharField(max_length=2, help_text="US, GB, EU ...")
    hs_code = models.CharField(max_length=10)
    origin = models.CharField(max_length=2, blank=True, help_text="blank: any origin (MFN)")
    additional = models.BooleanField(default=False, help_text="on top of the MFN duty")
    ad_valorem_bp = models.IntegerField(null=True)
    specific_minor = models.BigIntegerField(null=True)
    specific_currency = models.CharField(max_length=3, blank=True)
    specific_per_g = models.IntegerField(null=True, help_text="the specific part is per this many grams")
    text = models.CharField(max_length=200, help_text="the rate as written")

    class Meta:
        indexes = [models.Index(fields=["territory", "hs_code"], name="duty_by_code")]


class FxRate(models.Model):
    """Units of `currency` for one euro on a day (ECB), or a peg. Mirrors core.money.FxRate."""

    on = models.DateField()
    currency = models.CharField(max_length=3)
    per_eur_e9 = models.BigIntegerField()
    source = models.CharField(max_length=60, default="European Central Bank")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "on"], name="one_rate_per_currency_and_day")]
