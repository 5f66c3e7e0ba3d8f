"""TikTok API for Business: report/integrated/get by campaign, country and day, page by page.

Shapes: business-api.tiktok.com/portal/docs/run-a-synchronous-report/v1.3 (header Access-Token; AUDIENCE reports divide
by country_code; data.list of dimensions and metrics; page_info; at most 30 days where days are told apart) and its
return codes: 0 is well, 40100 too many requests, 40105 a bad token, 50000 and above their own trouble.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from haitu.links.ads.amounts import day, figure, minor, rows_of, same_currency, whole
from haitu.links.ads.http import Speaker
from haitu.links.ads.lines import Line, summed
from haitu.links.ads.protocol import AdsAccount, AdsRefused, AdsSilent, BadAdsAnswer

LIVE = "https://business-api.tiktok.com"
PATH = "/open_api/v1.3/report/integrated/get/"
METRICS = ["campaign_name", "currency", "spend", "impressions", "clicks", "conversion"]
TOO_MANY = 40100
PAGE = 1_000
MOST_PAGES = 1_000
MOST_DAYS = 30


class TikTok:
    """Speaks to TikTok for one advertiser."""

    def __init__(self, account: AdsAccount, speaker: Speaker | None = None) -> None:
        self.account, self.speaker = account, speaker or Speaker()

    def spend(self, first: date, last: date) -> tuple[Line, ...]:
        """Thirty days a question, all pages of each."""
        lines: list[Line] = []
        while first <= last:
            until = min(first + timedelta(days=MOST_DAYS - 1), last)
            lines += [self._line(row) for row in self._pages(first, until)]
            first = until + timedelta(days=1)
        return summed(lines)

    def _pages(self, first: date, last: date) -> Iterator[Mapping[str, Any]]:
        seen, total = 0, -1
        for page in range(1, MOST_PAGES + 1):
            data = self._ask(first, last, page)
            rows = rows_of(data, "list")
            yield from rows
            seen += len(rows)
            info = data.get("page_info")
            if not isinstance(info, Mapping):
                raise BadAdsAnswer("TikTok's answer has no page_info.")
            total = whole(info, "total_number") if total < 0 else total
            last_page = page >= whole(info, "total_page")
            if whole(info, "total_number") != total or (last_page and seen != total):
                raise BadAdsAnswer("TikTok's pages changed while they were read; the next pull asks anew.")
            if last_page:
                return
        raise BadAdsAnswer("TikTok's report has no end.")

    def _ask(self, first: date, last: date, page: int) -> Mapping[str, Any]:
        asked = {
            "advertiser_id": self.account.external_id,
            "report_type": "AUDIENCE",
            "service_type": "AUCTION",
            "data_level": "AUCTION_CAMPAIGN",
            "dimensions": json.dumps(["campaign_id", "stat_time_day", "country_code"]),
            "metrics": json.dumps(METRICS),
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            "page": str(page),
            "page_size": str(PAGE),
        }
        headers = {"Access-Token": self.account.secrets.get("access_token", "")}
        for nth in range(4):
            answer = self.speaker.ask("GET", self.account.address.rstrip("/") + PATH, headers=headers, params=asked)
            found = answer.found()
            code = found.get("code")
            if code == 0 and isinstance(found.get("data"), Mapping):
                data: Mapping[str, Any] = found["data"]
                return data
            if code != TOO_MANY and not (isinstance(code, int) and code >= 50000):
                if not isinstance(code, int) or code == 0:
                    raise BadAdsAnswer("TikTok's answer has no code.", status=answer.status)
                raise AdsRefused("TikTok refuses the report.", given=f"{code}: {found.get('message', '')}"[:100])
            self.speaker.rest(2.0**nth, f"code {code}")
        raise AdsSilent("TikTok asks us to come back later.", reason="limit")

    def _line(self, row: Mapping[str, Any]) -> Line:
        by, metrics = row.get("dimensions"), row.get("metrics")
        if not isinstance(by, Mapping) or not isinstance(metrics, Mapping):
            raise BadAdsAnswer("A row of TikTok's has no dimensions or metrics.")
        same_currency(metrics.get("currency"), self.account.currency)
        country = str(by.get("country_code") or "")
        return Line(
            day=day(by.get("stat_time_day")),
            campaign=str(metrics.get("campaign_name") or by.get("campaign_id") or "")[:120],
            campaign_id=str(by.get("campaign_id") or "")[:40],
            country=country if len(country) == 2 and country.isalpha() else "",
            amount_minor=minor(figure(metrics, "spend"), self.account.currency),
            impressions=whole(metrics, "impressions"),
            clicks=whole(metrics, "clicks"),
            orders_milli=int(figure(metrics, "conversion") * 1000),
        )
