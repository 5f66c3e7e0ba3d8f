"""Haitu is one Django app; its floors are packages, not apps."""

from django.apps import AppConfig


class HaituConfig(AppConfig):
    """The one app."""

    name = "haitu"
    verbose_name = "Haitu"
