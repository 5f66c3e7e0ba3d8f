"""The cart as a buyer carries it: a signed cookie of variants and quantities, without anybody's name in it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse

from haitu.core.book import Basket, BasketLine
from haitu.core.errors import Refusal

COOKIE = "cart"
MOST_LINES = 60
MOST_UNITS = 999  # of one variant
LIFE_S = 90 * 24 * 3600
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST_ID = 2**63 - 1


class CartFull(Refusal):
    """A cart holds MOST_LINES different things; order these first."""

    code = "cart_full"


class NoQuantity(Refusal):
    """A quantity is a whole number from 0 to MOST_UNITS."""

    code = "no_quantity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What the cookie says. `key` makes one cart one order, however often it is sent."""

    key: str
    lines: Basket = ()

    @property
    def units(self) -> int:
        """How many things there are."""
        return sum(line.quantity for line in self.lines)

    def with_more(self, variant_id: int, quantity: int) -> Carried:
        """So many more of a variant, up to MOST_UNITS."""
        held = next((line.quantity for line in self.lines if line.variant_id == variant_id), 0)
        return self.with_quantity(variant_id, min(MOST_UNITS, held + quantity))

    def with_quantity(self, variant_id: int, quantity: int) -> Carried:
        """Exactly so many of a variant; 0 takes it out. Other lines keep their places."""
        if all(line.variant_id != variant_id for line in self.lines):
            if len(self.lines) >= MOST_LINES:
                raise CartFull(
                    f"A cart holds {MOST_LINES} different things; please order these first.", most=MOST_LINES
                )
            lines = (*self.lines, BasketLine(variant_id=variant_id, quantity=quantity))
        else:
            lines = tuple(
                BasketLine(variant_id=variant_id, quantity=quantity) if line.variant_id == variant_id else line
                for line in self.lines
            )
        return replace(self, lines=tuple(line for line in lines if line.quantity > 0))


def carried(request: HttpRequest, merchant_id: int) -> Carried:
    """The cart that came with the request; a new, empty one when there is none or somebody changed it."""
    try:
        return _from_text(_signer(merchant_id).unsign(request.COOKIES.get(COOKIE, "")))
    except (BadSignature, ValueError):
        return Carried(key=secrets.token_urlsafe(12))


def carry(response: HttpResponse, cart: Carried, merchant_id: int) -> None:
    """Gives the cart back to the buyer; an empty one leaves nothing behind."""
    if not cart.lines:
        response.delete_cookie(COOKIE, samesite="Lax")
        return
    response.set_cookie(
        COOKIE,
        _signer(merchant_id).sign(_to_text(cart)),
        max_age=LIFE_S,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def quantity_of(text: str) -> int:
    """A quantity as typed."""
    plain = text.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 6 and int(plain) <= MOST_UNITS):
        raise NoQuantity(
            f"{text[:20]!r} is no quantity; type a number from 0 to {MOST_UNITS}.", field="quantity", most=MOST_UNITS
        )
    return int(plain)


def variant_of(text: str) -> int | None:
    """A variant's id as sent by a form; None when it cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    return int(text) if int(text) <= _MOST_ID else None


def _signer(merchant_id: int) -> Signer:
    return Signer(salt=f"haitu cart {merchant_id}")


def _to_text(cart: Carried) -> str:
    return ".".join([cart.key, *(f"{_base36(line.variant_id)}-{_base36(line.quantity)}" for line in cart.lines)])


def _from_text(text: str) -> Carried:
    key, *parts = text.split(".")
    pairs = [part.split("-", 1) for part in parts]
    return Carried(
        key=key,
        lines=tuple(BasketLine(variant_id=int(pair[0], 36), quantity=int(pair[1], 36)) for pair in pairs),
    )


def _base36(value: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
