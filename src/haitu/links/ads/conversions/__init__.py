"""Telling ad platforms which of their clicks became orders: one protocol, a file a platform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haitu.links.ads.conversions.google import Google
from haitu.links.ads.conversions.meta import Meta
from haitu.links.ads.conversions.protocol import Platform
from haitu.links.ads.conversions.tiktok import TikTok

MAKERS: Mapping[str, type[Google | Meta | TikTok]] = {"google": Google, "meta": Meta, "tiktok": TikTok}
SECRETS: Mapping[str, tuple[str, ...]] = {
    "google": Google.SECRETS,
    "meta": Meta.SECRETS,
    "tiktok": TikTok.SECRETS,
}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "google": Google.SETTINGS,
    "meta": Meta.SETTINGS,
    "tiktok": TikTok.SETTINGS,
}
ADDRESSES: Mapping[str, str] = {
    "google": "https://googleads.googleapis.com",
    "meta": "https://graph.facebook.com",
    "tiktok": "https://business-api.tiktok.com",
}


def platform_of(code: str, *, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> Platform:
    """The platform behind an ad account."""
    return MAKERS[code](address=address.rstrip("/"), secrets=secrets, settings=settings)
