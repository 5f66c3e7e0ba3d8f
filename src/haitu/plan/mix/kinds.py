"""What is believed of a channel before its data speak: how long its effect takes, how it saturates, what it brings.

The beliefs are wide on purpose: two standard deviations of the lag are a factor of seven or more either way, so a few
dozen weeks of spend that goes up and down overrule them. They matter where the data say little, and there the answer
says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

import numpy as np

from haitu.plan.mix.panel import Panel
from haitu.plan.mix.response import EACH, HALF, LAG, SHAPE, SHARE, SLOPE, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Mean lag in weeks and its spread, shape of the lag and its spread, as of a log-normal."""

    lag_weeks: float
    lag_spread: float
    shape: float = 1.0
    shape_spread: float = 0.2


KINDS = {
    "fast": Kind(lag_weeks=0.5, lag_spread=0.9),  # a letter, a coupon, a brand search, a reminder
    "usual": Kind(lag_weeks=0.9, lag_spread=1.0),
    "slow": Kind(lag_weeks=5.0, lag_spread=1.2, shape=1.3, shape_spread=0.3),  # creators, communities, content
    "very slow": Kind(lag_weeks=14.0, lag_spread=0.6, shape=1.6, shape_spread=0.3),  # said so by the merchant
}
NAMED = (
    (
        "fast",
        re.compile(r"e-?mail|newsletter|sms|push|brand|retarget|remarket|coupon|voucher|affiliate", re.IGNORECASE),
    ),
    ("slow", re.compile(r"creator|influencer|communit|content|seo|organic|pr\b|podcast|kol|google", re.IGNORECASE)),
)
MEDIA = 0.3  # of the outcome, all channels together
SHARE_SPREAD = 1.2
HALF_AT, HALF_SPREAD = 0.6, 0.7  # of the greatest week's exposure
SLOPE_AT, SLOPE_SPREAD = 1.15, 0.4


def kind_of(channel: str, said: str = "") -> str:
    """The kind that the merchant said, or else the one that the channel's name suggests."""
    if said in KINDS:
        return said
    return next((kind for kind, pattern in NAMED if pattern.search(channel)), "usual")


def beliefs(panel: Panel) -> tuple[Floats, Floats]:
    """Prior means and standard deviations of every channel's five parameters: (channel, 5) each."""
    spent = panel.spend.sum(axis=(0, 2))
    weight = np.sqrt(np.maximum(spent, 1e-12))  # half-way between equal shares and shares by spend
    weight = weight / weight.sum()
    mean, spread = np.zeros((len(panel.channels), EACH)), np.zeros((len(panel.channels), EACH))
    said = panel.kinds or ("",) * len(panel.channels)
    for place, (channel, word) in enumerate(zip(panel.channels, said, strict=True)):
        kind = KINDS[kind_of(channel, word)]
        mean[place, SHARE], spread[place, SHARE] = log(MEDIA * weight[place]), SHARE_SPREAD
        mean[place, LAG], spread[place, LAG] = log(kind.lag_weeks), kind.lag_spread
        mean[place, SHAPE], spread[place, SHAPE] = log(kind.shape), kind.shape_spread
        mean[place, HALF], spread[place, HALF] = log(HALF_AT), HALF_SPREAD
        mean[place, SLOPE], spread[place, SLOPE] = log(SLOPE_AT), SLOPE_SPREAD
    return mean, spread
