"""Django's PostgreSQL, with a cheaper look at a pooled connection before it is used: named in settings.DATABASES."""
