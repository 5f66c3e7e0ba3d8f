"""Lines of spend → rows, replacing what an earlier file or pull said of the same days.

What is replaced: of the account, the days and campaigns that the new lines cover (a pull covers every campaign), in the
kinds that they hold; media takes the agency's fee with it that the account says. So a report by country replaces one
without, a file of one campaign leaves the others alone, and the same file twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from haitu.core.errors import Refusal
from haitu.core.money import half_up
from haitu.links.ads.lines import Line
from haitu.models import AdAccount, Campaign, Channel, Market, Spend, SpendFile

FIGURES = ("amount_minor", "impressions", "clicks", "claimed_orders_milli", "claimed_value_minor")
KEY = ("campaign_id", "market_id", "day", "kind")

Week = tuple[int, int | None, date]  # campaign, market, its Monday


class UnknownChannel(Refusal):
    """A line names a channel that the merchant does not have."""

    code = "unknown_channel"


@dataclass(slots=True, kw_only=True)
class Cells:
    """Figures by campaign, market, day and kind, as they will stand."""

    account: AdAccount
    default_market: int | None
    now: datetime
    found: dict[tuple[int, int | None, date, str], dict[str, int]] = field(default_factory=dict)
    names: _Names = field(init=False)

    def __post_init__(self) -> None:
        self.names = _Names(account=self.account, now=self.now)

    def add(self, line: Line) -> None:
        """One line, and the agency's fee on it."""
        campaign = self.names.campaign(line)
        market = self.names.markets.get(line.country) if line.country else self.default_market
        self._sum((campaign, market, line.day, line.kind), line)
        if line.kind == "media" and self.account.fee_bp and line.amount_minor:
            fee = half_up(line.amount_minor * self.account.fee_bp, 10_000)
            self._sum((campaign, market, line.day, "agency"), Line(day=line.day, campaign="", amount_minor=fee))

    def _sum(self, key: tuple[int, int | None, date, str], line: Line) -> None:
        figures = (line.amount_minor, line.impressions, line.clicks, line.orders_milli, line.value_minor)
        sums = self.found.setdefault(key, dict.fromkeys(FIGURES, 0))
        for name, value in zip(FIGURES, figures, strict=True):
            sums[name] += value


@dataclass(slots=True, kw_only=True)
class _Names:
    """Whose campaign a line is: by the platform's number, by its name, by a name it had."""

    account: AdAccount
    now: datetime
    markets: Mapping[str, int] = field(init=False)
    channels: Mapping[str, int] = field(init=False)
    kept: dict[tuple[int, str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whose = self.account.merchant_id
        self.markets = dict(Market.objects.of(whose).order_by("-pk").values_list("country", "pk"))
        rows = Channel.objects.of(whose).values_list("pk", "code", "name")
        self.channels = {name.lower(): pk for pk, code, called in rows for name in (called, code)}

    def campaign(self, line: Line) -> int:
        """The campaign's row, made where it is new; one that the platform has renamed keeps its row."""
        channel = self.account.channel_id if not line.channel else self.channels.get(line.channel.lower())
        if channel is None:
            raise UnknownChannel(f"There is no channel {line.channel}.", field="channel", given=line.channel)
        at = (channel, line.campaign_id, line.campaign)
        if at not in self.kept:
            self.kept[at] = self._row(channel, line).pk
        return self.kept[at]

    def _row(self, channel: int, line: Line) -> Campaign:
        rows = Campaign.objects.of(self.account.merchant_id).filter(channel_id=channel)
        by_number = rows.filter(external_id=line.campaign_id).first() if line.campaign_id else None
        if by_number is not None:
            return self._renamed(rows, by_number, line.campaign)
        known = rows.filter(Q(code=line.campaign) | Q(code=line.campaign_id or line.campaign)).first()
        known = known or next((row for row in rows.exclude(renamed_from=[]) if line.campaign in row.renamed_from), None)
        if known is None or (line.campaign_id and known.external_id and known.external_id != line.campaign_id):
            code = line.campaign if known is None else f"{line.campaign[:100]} ({line.campaign_id})"[:120]
            made, _new = rows.get_or_create(
                merchant_id=self.account.merchant_id,
                channel_id=channel,
                code=code,
                defaults={"external_id": line.campaign_id, "created_at": self.now},
            )
            return made
        if line.campaign_id and not known.external_id:
            rows.filter(pk=known.pk).update(external_id=line.campaign_id)
            known.external_id = line.campaign_id
            return self._renamed(rows, known, line.campaign)
        return known

    def _renamed(self, rows: Any, row: Campaign, name: str) -> Campaign:
        if name in {row.code, row.external_id, *row.renamed_from} or rows.filter(code=name).exists():
            return row
        rows.filter(pk=row.pk).update(code=name, renamed_from=[*row.renamed_from, row.code])
        return row


def replace(
    *,
    account: AdAccount,
    lines: Sequence[Line],
    days: Iterable[date],
    every_campaign: bool,
    market_id: int | None,
    file: SpendFile | None,
    now: datetime,
) -> tuple[list[dict[str, Any]], set[Week]]:
    """Writes the lines in place of what stood there; (the rows taken away, the weeks touched).

    In the caller's transaction, which holds the account's row.
    """
    cells = Cells(account=account, default_market=market_id, now=now)
    for line in lines:
        cells.add(line)
    kinds = {kind for *_rest, kind in cells.found} | ({"media"} if every_campaign else set())
    kinds |= {"agency"} if "media" in kinds and account.fee_bp else set()
    old = Spend.objects.of(account.merchant_id).filter(account=account, day__in=set(days), kind__in=kinds)
    if not every_campaign:
        old = old.filter(campaign_id__in={campaign for campaign, *_rest in cells.found})
    taken = [_kept(row) for row in old.order_by("pk")]
    old.delete()
    _insert(account, file, [dict(zip(KEY, key, strict=True)) | figures for key, figures in cells.found.items()])
    return taken, weeks_of(taken) | {(campaign, market, monday(day)) for campaign, market, day, _ in cells.found}


def put_back(*, account: AdAccount, file: SpendFile) -> set[Week]:
    """What stood there before the file was applied, but for what was typed since; the weeks touched."""
    own = Spend.objects.of(account.merchant_id).filter(account=account, file=file)
    weeks = {(row.campaign_id, row.market_id, monday(row.day)) for row in own}
    own.delete()
    rows = [row | {"day": date.fromisoformat(row["day"])} for row in file.replaced]
    files = set(SpendFile.objects.of(account.merchant_id).filter(account=account).values_list("pk", flat=True))
    for row in rows:
        row["file_id"] = row["file_id"] if row["file_id"] in files else None
    stands = set(Spend.objects.of(account.merchant_id).filter(account=account).values_list(*KEY))
    _insert(account, None, [row for row in rows if tuple(row[name] for name in KEY) not in stands])
    return weeks | weeks_of(file.replaced)


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def weeks_of(rows: Iterable[Mapping[str, Any]]) -> set[Week]:
    """The weeks of rows as JSON keeps them."""
    return {(row["campaign_id"], row["market_id"], monday(date.fromisoformat(row["day"]))) for row in rows}


def _kept(row: Spend) -> dict[str, Any]:
    names = (*KEY, *FIGURES, "channel_id", "file_id")
    return {name: getattr(row, name) for name in names} | {"day": row.day.isoformat()}


def _insert(account: AdAccount, file: SpendFile | None, rows: list[dict[str, Any]]) -> None:
    campaigns = {row["campaign_id"] for row in rows}
    channels = dict(Campaign.objects.of(account.merchant_id).filter(pk__in=campaigns).values_list("pk", "channel_id"))
    own = {"file_id": file.pk} if file else {}
    Spend.objects.bulk_create(
        [
            Spend(
                merchant_id=account.merchant_id,
                account=account,
                **(row | {"channel_id": channels[row["campaign_id"]]} | own),
            )
            for row in rows
        ],
        batch_size=500,
    )
