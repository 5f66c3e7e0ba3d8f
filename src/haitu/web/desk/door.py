"""The one door of the desk: who is asking, for which merchant, and may they?

Every page of the desk but the login is wrapped by `door`. It resolves user → membership → merchant, refuses
strangers and roles, and speaks the user's language in the merchant's time zone. A view gets a `Desk` and takes its
merchant from there, never from the address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial, wraps
from typing import Any, Concatenate
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from haitu.models import Role, User
from haitu.reads.desk import members
from haitu.reads.desk.members import Place
from haitu.reads.merchant import ShopMerchant
from haitu.web.desk import words
from haitu.web.desk.icons import icon

LANGUAGES = {"en": "English", "zh-hans": "简体中文"}
MERCHANT_KEY = "desk_merchant"
BARE: dict[str, Any] = {"languages": LANGUAGES, "icon": icon}  # what every page of the desk needs


class Right(StrEnum):
    """What a page asks of a member."""

    SEE = "see"  # orders, products, stock, markets
    PROFIT = "profit"  # what was earned
    SELL = "sell"  # catalogue, prices, markets, lanes
    SHIP = "ship"  # parcels and stock
    REFUND = "refund"  # money back, cancellations
    TEAM = "team"  # who works here, and what they did


RIGHTS: dict[str, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.OPERATOR: frozenset({Right.SEE, Right.PROFIT, Right.SELL, Right.SHIP, Right.REFUND}),
    Role.WAREHOUSE: frozenset({Right.SEE, Right.SHIP}),
    Role.MARKETING: frozenset({Right.SEE, Right.PROFIT}),
    Role.READER: frozenset({Right.SEE, Right.PROFIT}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A member at work: `user` acts for `merchant`."""

    user: User
    merchant: ShopMerchant
    role: str
    places: tuple[Place, ...]
    language: str

    def may(self, right: str) -> bool:
        """Whether the member's role carries the right."""
        return Right(right) in RIGHTS.get(self.role, frozenset())


View = Callable[Concatenate[HttpRequest, Desk, ...], HttpResponseBase]  # a page behind the door


def door(*, read: Right | None = None, write: Right | None = None) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Lets GET pass with the right `read` and POST with the right `write`; without one the method is not answered."""
    methods = [*(["GET", "HEAD"] if read else []), *(["POST"] if write else [])]

    def with_door(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, **given: Any) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            refuse_nul(request)
            desk = _desk(request)
            if isinstance(desk, HttpResponse):
                return desk
            needed = write if request.method == "POST" else read
            with translation.override(desk.language), timezone.override(ZoneInfo(desk.merchant.time_zone)):
                if needed is None or not desk.may(needed):
                    response: HttpResponseBase = _no_right(request, desk)
                else:
                    response = view(request, desk, **given)
            add_never_cache_headers(response)
            response.headers["Content-Language"] = desk.language
            return response

        guarded.read, guarded.write = read, write  # type: ignore[attr-defined]  # for the test that walks every route
        return guarded

    return with_door


def show(request: HttpRequest, desk: Desk, template: str, *, status: int = 200, **values: Any) -> HttpResponse:
    """A page of the desk."""
    shared = {
        **BARE,
        "desk": desk,
        "words": words,
        "notes": [(note.level_tag, note.message) for note in messages.get_messages(request)],
        "path": request.path,
        "query": partial(with_query, request),
    }
    return render(request, f"desk/{template}", shared | values, status=status)


def refuse_nul(request: HttpRequest) -> None:
    """A NUL is in nothing that a person types, and PostgreSQL has no place for it: answered with 400."""
    for given in (request.GET, request.POST):
        for values in given.lists():
            if any("\x00" in str(value) for value in values[1]):
                raise BadRequest("NUL in a parameter")


def with_query(request: HttpRequest, **changes: object) -> str:
    """The address of this page with some of its parameters changed; None takes one away."""
    query = request.GET.copy()
    for name, value in changes.items():
        if value in {None, ""}:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path


def language_of(request: HttpRequest) -> str:
    """The desk's language for somebody who is not logged in."""
    wanted = translation.get_language_from_request(request)
    return "zh-hans" if wanted.startswith("zh") else "en"


def _desk(request: HttpRequest) -> Desk | HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return _to_login(request)
    places = members.places_of(user)
    language = user.language if user.language in LANGUAGES else "en"
    if not places:
        with translation.override(language):
            told = _("Your account belongs to no merchant. Ask an owner to add you to the team.")
            return render(request, "desk/closed_out.html", {**BARE, "told": told}, status=403)
    chosen = request.session.get(MERCHANT_KEY)
    place = next((place for place in places if place.merchant.id == chosen), places[0])
    return Desk(user=user, merchant=place.merchant, role=place.role, places=places, language=language)


def _to_login(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method == "GET" else reverse("desk:overview")
    address = f"{reverse('desk:login')}?{urlencode({'next': back})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _no_right(request: HttpRequest, desk: Desk) -> HttpResponse:
    told = _("Your role (%(role)s) may not do this.") % {"role": words.role(desk.role)}
    return show(request, desk, "closed.html", status=403, told=told)
