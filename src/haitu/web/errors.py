"""When something cannot be shown: said in words, in the reader's language, without looking anything up.

Django hands over the exception or a reason by name; neither is for the reader.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """400: the browser sent what we cannot read."""
    return _say(request, 400, _("We could not read that"), _("Please go back, reload the page and try again."))


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """403, and a form without its token: mostly a page that lay open too long, or refused cookies."""
    told = _("This page has been open for too long, or your browser refuses cookies. Please go back and reload it.")
    return _say(request, 403, _("Please try that again"), told)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """404."""
    return _say(request, 404, _("There is nothing here"), _("The page has moved, or what it showed is no longer sold."))


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault, and we know."""
    told = _("Something broke on our side. Nothing was ordered or charged. Please try again in a moment.")
    return _say(request, 500, _("That was our fault"), told)


def _say(request: HttpRequest, status: int, title: str, told: str) -> HttpResponse:
    shop: Any = getattr(request, "shop", None)
    values = {
        "title": title,
        "told": told,
        "home": shop.root if shop else "/",
        "name": shop.merchant.name if shop else "",
        "lang": get_language() or "en",
    }
    return HttpResponse(render_to_string("shop/error.html", values, using="jinja2"), status=status)
