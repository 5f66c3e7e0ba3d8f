"""What a buyer has typed at checkout so far: kept sealed in the buyer's own browser, nowhere else, for a day."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from haitu.core.errors import Refusal
from haitu.links.secrets import seal, unseal
from haitu.web.address import Contact

COOKIE = "checkout"
LIFE_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The buyer's details, the country they are for, and whether delivery and payment were agreed to."""

    country: str = ""
    contact: Contact | None = None
    agreed: bool = False


def read(request: HttpRequest, merchant_id: int) -> Kept:
    """What was kept; nothing when the cookie is missing, old or not ours."""
    try:
        values = json.loads(unseal(request.COOKIES.get(COOKIE, ""), _key(merchant_id)))
        return Kept(country=values["country"], contact=Contact(**values["contact"]), agreed=values["agreed"])
    except (Refusal, ValueError, KeyError, TypeError):
        return Kept()


def keep(response: HttpResponse, country: str, contact: Contact, merchant_id: int, *, agreed: bool = False) -> None:
    """Keeps it for the next step."""
    values = {"country": country, "contact": asdict(contact), "agreed": agreed}
    response.set_cookie(
        COOKIE,
        seal(json.dumps(values, ensure_ascii=False, separators=(",", ":")), _key(merchant_id)),
        max_age=LIFE_S,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _key(merchant_id: int) -> str:
    return f"haitu checkout {merchant_id} {settings.SECRET_KEY}"
