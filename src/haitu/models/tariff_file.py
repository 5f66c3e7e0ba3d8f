"""Forwarders' price lists as they came, and what became of each."""

from __future__ import annotations

from django.db import models

from haitu.models.merchant import User
from haitu.models.scope import Owned


class TariffFileState(models.TextChoices):
    """Read and not yet kept; kept; kept and taken back."""

    READ = "read"
    APPLIED = "applied"
    UNDONE = "undone"


class TariffFile(Owned):
    """One uploaded list: its bytes, how a person told us to read it, and what applying it changed."""

    name = models.CharField(max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    reading = models.JSONField(default=dict, help_text="what a person said about columns and missing facts")
    state = models.CharField(max_length=8, choices=TariffFileState.choices, default=TariffFileState.READ)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)
    valid_from = models.DateField(null=True, help_text="the day from which its prices hold")
    changes = models.JSONField(default=list, help_text="what applying it did to each lane, enough to take it back")

    class Meta:
        indexes = [models.Index(fields=["merchant", "-at"], name="tariff_file_by_time")]
