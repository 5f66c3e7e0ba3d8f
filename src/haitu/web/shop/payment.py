"""The way to the payment provider's page, and the way back when it does not open."""

from __future__ import annotations

from haitu.actions import pay
from haitu.core.errors import Refusal
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop.page import now


def start(request: ShopRequest, *, order_id: int, token: str) -> str:
    """Where to send the buyer: the provider's page, or the order page, which says that the order is safe."""
    page = f"{request.shop.root}order/{token}/"
    try:
        return pay.start(
            merchant_id=request.shop.merchant.id,
            order_id=order_id,
            origin=request.build_absolute_uri("/").rstrip("/"),
            return_url=request.build_absolute_uri(f"{page}?back"),
            now=now(),
        )
    except Refusal as refusal:
        return f"{page}?said={refusal.code}"
