"""Meta Marketing API: an asynchronous insights report by campaign, country and day, page by page.

Shapes: developers.facebook.com/docs/marketing-api/insights (fields, breakdowns, time_increment),
/insights/best-practices (POST → report_run_id, async_status, async_percent_completion; X-Business-Use-Case-Usage),
/docs/graph-api/guides/secure-requests (appsecret_proof = HMAC-SHA256 of the token under the app's secret),
/docs/graph-api/results (paging.cursors.after, paging.next).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from haitu.links.ads.amounts import day, figure, minor, rows_of, same_currency, whole
from haitu.links.ads.http import Answer, Speaker
from haitu.links.ads.lines import Line, summed
from haitu.links.ads.protocol import AdsAccount, AdsRefused, AdsSilent, BadAdsAnswer

LIVE = "https://graph.facebook.com"
VERSION = "v25.0"
FIELDS = "campaign_id,campaign_name,account_currency,spend,impressions,clicks,actions,action_values"
BUSY = {1, 2, 4, 17, 32, 341, 613, 80000, 80003, 80004}  # try again later; limits of calls, of the app, of the account
POLLS = 60
MOST_PAGES = 2_000
PURCHASE = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")


class Meta:
    """Speaks to Meta for one ad account."""

    def __init__(self, account: AdsAccount, speaker: Speaker | None = None) -> None:
        self.account, self.speaker = account, speaker or Speaker()
        self.token = account.secrets.get("access_token", "")
        key = account.secrets.get("app_secret", "")
        self.proof = hmac.new(key.encode(), self.token.encode(), hashlib.sha256).hexdigest() if key else ""

    def spend(self, first: date, last: date) -> tuple[Line, ...]:
        """The report is ordered, waited for, and read to its last page."""
        number = self.account.external_id.removeprefix("act_")
        asked = {
            "level": "campaign",
            "fields": FIELDS,
            "breakdowns": "country",
            "time_increment": "1",
            "time_range": json.dumps({"since": first.isoformat(), "until": last.isoformat()}),
            "limit": "500",
        }
        run = str(self._ask("POST", f"act_{number}/insights", asked).get("report_run_id") or "")
        if not run.isdigit():
            raise BadAdsAnswer("Meta gives no number for the report.")
        self._wait(run)
        return summed(self._line(row) for row in self._pages(run))

    def _wait(self, run: str) -> None:
        for nth in range(POLLS):
            found = self._ask("GET", run, {})
            status = str(found.get("async_status", ""))
            if status == "Job Completed":
                return
            if status in {"Job Failed", "Job Skipped"}:
                raise AdsRefused("Meta gave the report up.", given=status)
            if status not in {"Job Not Started", "Job Started", "Job Running"}:
                raise BadAdsAnswer("Meta tells no status of the report.", given=status[:40])
            self.speaker.rest(min(1.0 + nth, 10.0), status)
        raise AdsSilent("Meta's report is not ready; the next pull asks anew.", reason="Job Running")

    def _pages(self, run: str) -> Iterator[Mapping[str, Any]]:
        after, seen = "", set[str]()
        for _page in range(MOST_PAGES):
            found = self._ask("GET", f"{run}/insights", {"limit": "500"} | ({"after": after} if after else {}))
            yield from rows_of(found, "data")
            paging = found.get("paging") or {}
            after = str((paging.get("cursors") or {}).get("after") or "") if paging.get("next") else ""
            if not after:
                return
            if after in seen:
                raise BadAdsAnswer("Meta's pages go in a circle.")
            seen.add(after)
        raise BadAdsAnswer("Meta's report has no end.")

    def _line(self, row: Mapping[str, Any]) -> Line:
        same_currency(row.get("account_currency"), self.account.currency)
        if row.get("date_start") != row.get("date_stop"):
            raise BadAdsAnswer("Meta's report is not by day.", column="date_stop")
        country = str(row.get("country") or "")
        return Line(
            day=day(row.get("date_start")),
            campaign=str(row.get("campaign_name") or row.get("campaign_id") or "")[:120],
            campaign_id=str(row.get("campaign_id") or "")[:40],
            country=country if len(country) == 2 and country.isalpha() else "",
            amount_minor=minor(figure(row, "spend"), self.account.currency),
            impressions=whole(row, "impressions"),
            clicks=whole(row, "clicks"),
            orders_milli=int(_purchases(row, "actions") * 1000),
            value_minor=minor(_purchases(row, "action_values"), self.account.currency),
        )

    def _ask(self, method: str, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        own = {"access_token": self.token} | ({"appsecret_proof": self.proof} if self.proof else {})
        address = f"{self.account.address.rstrip('/')}/{VERSION}/{path}"
        for nth in range(4):
            everything = {**asked, **own}
            if method == "POST":
                answer = self.speaker.ask(method, address, form=everything)
            else:
                answer = self.speaker.ask(method, address, params=everything)
            found = answer.found()
            error = found.get("error")
            if error is None and answer.status == 200:
                return found
            code = error.get("code") if isinstance(error, dict) else None
            if code not in BUSY:
                message = error.get("message", "") if isinstance(error, dict) else answer.status
                raise AdsRefused("Meta refuses the report.", given=f"{code}: {message}"[:100])
            self.speaker.rest(max(_rests(answer), 2.0**nth), f"limit {code}")
        raise AdsSilent("Meta's limits are used up.", reason="limit")


def _rests(answer: Answer) -> float:
    """Seconds until access is regained, by X-Business-Use-Case-Usage (it tells minutes)."""
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", "{}"))
        minutes = [each.get("estimated_time_to_regain_access", 0) for use in usage.values() for each in use]
        return 60.0 * float(max([*minutes, 0]))
    except (ValueError, AttributeError, TypeError):
        return 0.0


def _purchases(row: Mapping[str, Any], name: str) -> Any:
    """Purchases by the first name Meta gives them under: the others repeat it."""
    kinds = {str(each.get("action_type")): each for each in rows_of(row, name)}
    found = next((kinds[kind] for kind in PURCHASE if kind in kinds), {})
    return figure(found, "value")
