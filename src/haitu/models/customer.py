"""The people who buy."""

from __future__ import annotations

from django.db import models

from haitu.models.scope import Owned


class Customer(Owned):
    """A buyer of one merchant, known by e-mail address (lower case) or an outlet's buyer id."""

    email = models.EmailField(blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    name = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "email"], name="one_customer_per_email", condition=~models.Q(email="")
            ),
            models.UniqueConstraint(
                fields=["merchant", "external_id"],
                name="one_customer_per_external_id",
                condition=~models.Q(external_id=""),
            ),
        ]
