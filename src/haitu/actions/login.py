"""Logging in, throttled: wrong tries are counted per name and per address, whether or not the name exists."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.db.models import Q
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from haitu.core.errors import Refusal
from haitu.models import LoginTry, User

WINDOW = timedelta(minutes=15)
TRIES_PER_NAME = 10
TRIES_PER_ADDRESS = 50


class WrongLogin(Refusal):
    """The name or the password is wrong; which of the two is not said."""

    code = "wrong_login"


class TooManyTries(Refusal):
    """Too many wrong tries under this name or from this address; the answer does not depend on the password."""

    code = "too_many_tries"


def log_in(*, request: HttpRequest, name: str, password: str, address: str, now: datetime) -> User:
    """The user of that name and password.

    The try is written down before the password is looked at, so a hundred tries at once count a hundred times; a
    right password takes its own try back.
    """
    name_key, address_key = _key("name", name.strip().lower()), _key("address", address)
    LoginTry.objects.filter(at__lt=now - WINDOW).delete()
    tries = LoginTry.objects.bulk_create([LoginTry(key=name_key, at=now), LoginTry(key=address_key, at=now)])
    if _count(name_key) > TRIES_PER_NAME or _count(address_key) > TRIES_PER_ADDRESS:
        minutes = int(WINDOW.total_seconds()) // 60
        raise TooManyTries(f"Too many wrong tries; wait {minutes} minutes and try again.", minutes=minutes)
    user = authenticate(request, username=name.strip(), password=password)
    if not isinstance(user, User):
        raise WrongLogin("Name or password is wrong.", field="name")
    LoginTry.objects.filter(Q(key=name_key) | Q(pk=tries[1].pk)).delete()
    return user


def _count(key: str) -> int:
    return LoginTry.objects.filter(key=key).count()


def _key(kind: str, given: str) -> str:
    """What was typed, or where from, is kept only as a keyed hash."""
    return salted_hmac(f"haitu.login.{kind}", given, algorithm="sha256").hexdigest()
