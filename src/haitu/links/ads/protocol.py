"""What every ad platform's client can do, and how it may fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from haitu.core.errors import Refusal
from haitu.links.ads.lines import Line


class AdsSilent(Refusal):
    """The platform does not answer, or wants to rest for longer than anybody waits."""

    code = "ads_silent"


class BadAdsAnswer(Refusal):
    """The platform answers with something that is no report."""

    code = "bad_ads_answer"


class AdsRefused(Refusal):
    """The platform refuses: the key, the account, or the question. `given` is its own word."""

    code = "ads_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdsAccount:
    """An account as a client needs it. `secrets` never reach a log; `settings` are not secret."""

    platform: str
    external_id: str
    currency: str
    address: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)


class SpendReports(Protocol):
    """Asks a platform what its campaigns spent."""

    def spend(self, first: date, last: date) -> tuple[Line, ...]:
        """A line a day, campaign and country, of the account's own days, both ends included.

        Complete or refused: a report that breaks off half-way is AdsSilent or BadAdsAnswer, never a short answer.
        """
        ...
