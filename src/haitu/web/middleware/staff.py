"""What only staff need: sessions, login, messages. A buyer has none of them, and does not wait for them.

Each is Django's own, gone through at the doors of the desk and of the operators, and passed by elsewhere.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

DOORS = ("/desk/", "/admin/")


class _AtTheDesk(MiddlewareMixin):
    """In front of a middleware: only what knocks at DOORS goes through it."""

    def __call__(self, request: HttpRequest) -> Any:
        through = super().__call__ if request.path_info.startswith(DOORS) else self.get_response
        return through(request)


class Sessions(_AtTheDesk, SessionMiddleware):
    """`request.session`."""


class Login(_AtTheDesk, AuthenticationMiddleware):
    """`request.user`."""


class Messages(_AtTheDesk, MessageMiddleware):
    """What one page has to say on the next."""
