"""What is believed of a channel before its own data speak: its lag, and how much of what it is credited with it caused.

These are priors, wide on purpose; the lags of a channel are found by its own buyers, the incrementality by its own
experiments. Slow kinds are slow because people who search, read or ask buy months later; retargeting and brand search
reach people who were coming anyway (Blake, Nosko & Tadelis 2015, "Consumer heterogeneity and paid search
effectiveness": brand search returned almost nothing).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Median lag in weeks to the first order; incrementality as a beta distribution's mean and standard deviation."""

    name: str
    lag_weeks: float
    caused: float
    caused_sd: float


def _kind(name: str, lag_weeks: float, caused: float = 0.76, caused_sd: float = 0.125) -> Kind:
    return Kind(name=name, lag_weeks=lag_weeks, caused=caused, caused_sd=caused_sd)


# The first whose word is part of a channel's or campaign's name, so the narrow before the wide.
_WORDS: tuple[tuple[tuple[str, ...], Kind], ...] = (
    (("retarget", "remarket", "rmkt"), _kind("retargeting", 1.0, 0.25, 0.13)),
    (("brand search", "brand_search", "brand-search", "branded", "brandsearch"), _kind("brand search", 1.0, 0.2, 0.12)),
    (("coupon", "cashback", "voucher", "deal"), _kind("coupons", 1.0, 0.4, 0.18)),
    (("affiliate", "awin", "cj"), _kind("affiliates", 2.0, 0.5, 0.18)),
    (("email", "e-mail", "newsletter", "sms", "whatsapp", "edm"), _kind("owned", 2.0, 0.5, 0.18)),
    (("creator", "influencer", "kol", "koc", "ambassador"), _kind("creator", 7.0)),
    (("community", "forum", "reddit", "discord", "quora"), _kind("community", 18.0)),
    (("seo", "content", "blog", "organic"), _kind("content", 16.0)),
    (("youtube", "video", "podcast"), _kind("video", 8.0)),
    (("pinterest",), _kind("pinterest", 8.0)),
    (("google", "bing", "microsoft", "search", "yandex", "naver", "baidu"), _kind("search", 14.0)),
    (("tiktok", "douyin", "snap", "kwai"), _kind("short video", 2.0)),
    (("facebook", "meta", "instagram", "fb", "ig", "twitter", "linkedin"), _kind("social", 3.0)),
    (("display", "programmatic", "native", "taboola", "outbrain"), _kind("display", 4.0, 0.6, 0.17)),
)
UNKNOWN = _kind("unknown", 5.0, 0.7, 0.16)
LAG_SD, LAG_SD_UNLIKE, UNLIKE = 0.45, 1.2, 0.25  # of log weeks; a quarter of channels behave unlike their kind
LAG_SD_UNKNOWN = 1.0


def kind_of(channel: str, campaign: str = "") -> Kind:
    """The kind that a channel's name, or a campaign's that says it retargets or bids on the brand, speaks of."""
    of_channel = _named(channel.lower())
    if campaign:
        narrow = _named(campaign.lower())
        if narrow.name in {"retargeting", "brand search"}:
            return narrow
    return of_channel


def _named(name: str) -> Kind:
    parts = name.replace("_", " ").replace("-", " ").split()
    for words, kind in _WORDS:
        if any(word in parts if len(word) < 4 else word in name for word in words):
            return kind
    return UNKNOWN
