"""Coming in, going out, and choosing language and merchant."""

from __future__ import annotations

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from haitu.actions import login as logins
from haitu.actions import team
from haitu.core.errors import Refusal
from haitu.models import User
from haitu.web.desk import words
from haitu.web.desk.door import BARE, LANGUAGES, MERCHANT_KEY, Desk, Right, door, language_of, refuse_nul


@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The form, and its answer: the same words for a wrong name and a wrong password."""
    refuse_nul(request)
    with translation.override(language_of(request)):
        told = _try(request) if request.method == "POST" else ""
        if request.user.is_authenticated and not told:
            return HttpResponseRedirect(_wanted(request))
        values = {
            **BARE,
            "language": language_of(request),
            "told": told,
            "next": _wanted(request),
            "name": request.POST.get("name", ""),
        }
        response = render(request, "desk/login.html", values, status=403 if told else 200)
    add_never_cache_headers(response)
    return response


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    auth.logout(request)
    return HttpResponseRedirect(reverse("desk:login"))


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen language: on the user, and in a cookie for the login page."""
    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(_wanted(request))
    if chosen in LANGUAGES:
        if isinstance(request.user, User):
            team.choose_language(user=request.user, language=chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=365 * 86_400,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@door(write=Right.SEE)
def merchant(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Goes to another of the user's merchants; anything else is ignored."""
    chosen = request.POST.get("merchant", "")
    if chosen in {str(place.merchant.id) for place in desk.places}:
        request.session[MERCHANT_KEY] = int(chosen)
    return HttpResponseRedirect(reverse("desk:overview"))


def _try(request: HttpRequest) -> str:
    """Logs in, or says why not."""
    try:
        user = logins.log_in(
            request=request,
            name=request.POST.get("name", "")[:150],
            password=request.POST.get("password", "")[:200],
            address=_address(request),
            now=timezone.now(),
        )
    except Refusal as no:
        return words.refusal(no)
    auth.login(request, user)
    return ""


def _address(request: HttpRequest) -> str:
    """Where the request comes from; behind a proxy, what the proxy saw."""
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def _wanted(request: HttpRequest) -> str:
    """The page asked for before, if it is one of ours."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return asked if safe else reverse("desk:overview")
