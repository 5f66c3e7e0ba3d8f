"""What runs by the clock: the schedule that `tick` works off."""

from __future__ import annotations

from django.db import models


class Clockwork(models.Model):
    """One recurring piece of work; claimed by a conditional UPDATE of `next_run_at`."""

    name = models.CharField(max_length=60, unique=True)
    every_s = models.IntegerField()
    next_run_at = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True)
    last_told = models.CharField(max_length=200, blank=True)
