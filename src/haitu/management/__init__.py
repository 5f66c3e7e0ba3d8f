"""Commands of Django's manage."""
