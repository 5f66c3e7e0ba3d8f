"""Who visits, as far as the person allowed us to know."""

from __future__ import annotations

from django.db import models

from haitu.models.customer import Customer
from haitu.models.scope import Owned


class Visitor(Owned):
    """A browser whose reader allowed us to recognise it; joined to a customer at the order. Forgetting deletes it."""

    key = models.CharField(max_length=22, unique=True, help_text="random; what the signed cookie holds")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, related_name="visitors")
    statistics = models.BooleanField(default=False, help_text="touches may be kept")
    advertising = models.BooleanField(default=False, help_text="orders may be reported to the platform they came from")
    said_at = models.DateTimeField(help_text="when the reader last said so")
    country = models.CharField(max_length=2)
