"""Google Ads: OAuth refresh, then GoogleAdsService.SearchStream with a GAQL query.

Shapes: developers.google.com/google-ads/api/rest/common/search (the stream's batches are one JSON array),
/rest/auth (developer-token, login-customer-id), /docs/query/overview. Countries come as geo target constants, which for
countries are 2000 + ISO 3166-1 numeric (developers.google.com/google-ads/api/data/geotargets).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from babel.core import get_global

from haitu.links.ads.amounts import day, figure, minor, rows_of, same_currency, whole
from haitu.links.ads.http import Answer, Speaker
from haitu.links.ads.lines import Line, summed
from haitu.links.ads.protocol import AdsAccount, AdsRefused, BadAdsAnswer

LIVE = "https://googleads.googleapis.com"
TOKENS = "https://oauth2.googleapis.com"
VERSION = "v26"
QUERY = (
    "SELECT campaign.id, campaign.name, customer.currency_code, segments.date, {country}"
    "metrics.cost_micros, metrics.impressions, metrics.clicks, metrics.conversions, metrics.conversions_value "
    "FROM {resource} WHERE segments.date BETWEEN '{first}' AND '{last}'"
)


class Google:
    """Speaks to Google Ads for one account."""

    def __init__(self, account: AdsAccount, speaker: Speaker | None = None) -> None:
        self.account, self.speaker = account, speaker or Speaker()
        self.customer = account.external_id.replace("-", "")

    def spend(self, first: date, last: date) -> tuple[Line, ...]:
        """By the country in which the person was; what Google could not place stands under none."""
        token = self._token()
        placed = list(self._rows(token, "user_location_view", "user_location_view.country_criterion_id, ", first, last))
        whole_ = list(self._rows(token, "campaign", "", first, last))
        return summed([*placed, *_rest(whole_, placed)])

    def _rows(self, token: str, resource: str, country: str, first: date, last: date) -> Iterator[Line]:
        query = QUERY.format(resource=resource, country=country, first=first, last=last)
        path = f"/{VERSION}/customers/{self.customer}/googleAds:searchStream"
        answer = self.speaker.ask(
            "POST", self.account.address.rstrip("/") + path, headers=self._headers(token), body={"query": query}
        )
        self._refuse(answer)
        if not isinstance(answer.content, list):
            raise BadAdsAnswer("Google's stream is no list of batches.", status=answer.status)
        for batch in answer.content:
            for row in rows_of(batch, "results"):
                yield self._line(row)

    def _line(self, row: Mapping[str, Any]) -> Line:
        metrics, segments = _part(row, "metrics"), _part(row, "segments")
        campaign, view = _part(row, "campaign"), row.get("userLocationView") or {}
        same_currency(_part(row, "customer").get("currencyCode"), self.account.currency)
        number = int(str(view.get("countryCriterionId", 0) or 0))
        return Line(
            day=day(segments.get("date")),
            campaign=str(campaign.get("name") or campaign.get("id") or "")[:120],
            campaign_id=str(campaign.get("id") or "")[:40],
            country=_country(number),
            amount_minor=minor(figure(metrics, "costMicros") / Decimal(10**6), self.account.currency),
            impressions=whole(metrics, "impressions"),
            clicks=whole(metrics, "clicks"),
            orders_milli=int(figure(metrics, "conversions") * 1000),
            value_minor=minor(figure(metrics, "conversionsValue"), self.account.currency),
        )

    def _token(self) -> str:
        secrets = self.account.secrets
        form = {name: secrets.get(name, "") for name in ("client_id", "client_secret", "refresh_token")}
        address = str(self.account.settings.get("token_address") or TOKENS)
        answer = self.speaker.ask("POST", address.rstrip("/") + "/token", form=form | {"grant_type": "refresh_token"})
        found = answer.found()
        if answer.status != 200:
            raise AdsRefused("Google refuses the refresh token.", given=str(found.get("error", ""))[:100])
        token = found.get("access_token")
        if not isinstance(token, str) or not token:
            raise BadAdsAnswer("Google's token answer has no token.")
        return token

    def _headers(self, token: str) -> dict[str, str]:
        login = str(self.account.settings.get("login_customer_id", "")).replace("-", "")
        own = {"Authorization": f"Bearer {token}", "developer-token": self.account.secrets.get("developer_token", "")}
        return own | ({"login-customer-id": login} if login else {})

    def _refuse(self, answer: Answer) -> None:
        if answer.status == 200:
            return
        found = answer.content[0] if isinstance(answer.content, list) and answer.content else answer.content
        error = found.get("error", {}) if isinstance(found, dict) else {}
        raise AdsRefused("Google refuses the report.", given=str(error.get("message", answer.status))[:100])


def _rest(totals: list[Line], placed: list[Line]) -> Iterator[Line]:
    """What Google could not place: each campaign's day less its countries, under no country."""
    known: dict[tuple[date, str], list[int]] = {}
    for line in placed:
        sums = known.setdefault((line.day, line.campaign_id), [0, 0, 0, 0, 0])
        for at, value in enumerate(_figures(line)):
            sums[at] += value
    for line in totals:
        left = [a - b for a, b in zip(_figures(line), known.get((line.day, line.campaign_id), [0] * 5), strict=True)]
        if any(value > 0 for value in left):
            amount, views, clicks, orders, value = (max(each, 0) for each in left)
            yield Line(
                day=line.day,
                campaign=line.campaign,
                campaign_id=line.campaign_id,
                amount_minor=amount,
                impressions=views,
                clicks=clicks,
                orders_milli=orders,
                value_minor=value,
            )


@cache
def _numbers() -> dict[int, str]:
    """ISO 3166-1 numbers → codes, as CLDR has them."""
    aliases = get_global("territory_aliases")
    return {int(number): codes[0] for number, codes in aliases.items() if number.isdigit() and len(codes) == 1}


def _country(criterion: int) -> str:
    return _numbers().get(criterion - 2000, "") if criterion else ""


def _figures(line: Line) -> tuple[int, int, int, int, int]:
    return line.amount_minor, line.impressions, line.clicks, line.orders_milli, line.value_minor


def _part(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = row.get(name)
    if not isinstance(found, Mapping):
        raise BadAdsAnswer(f"A row of Google's has no {name}.", column=name)
    return found
