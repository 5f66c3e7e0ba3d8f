"""A spend file: looked at, applied, taken back; and costs typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.spend.book import book
from haitu.actions.spend.keep import put_back, replace
from haitu.actions.spend.settle import settle
from haitu.core.errors import Refusal
from haitu.links.ads.files import Reading, Terms, read
from haitu.links.ads.lines import KINDS, Line, from_json
from haitu.models import AdAccount, Market, Merchant, Spend, SpendFile, SpendFileState, User

MOST_PROBLEMS = 500
KEPT_UNAPPLIED = timedelta(days=30)
LARGEST_MINOR = 10**13


class NoSuchAdAccount(Refusal):
    """The merchant has no such ad account."""

    code = "no_such_ad_account"


class NoSuchSpendFile(Refusal):
    """The merchant has no such spend file, or it is not in the state for this."""

    code = "no_such_spend_file"


class SpendProblems(Refusal):
    """Lines of the file cannot be read, and the person did not say that only the others shall count."""

    code = "spend_problems"


class NewerSpend(Refusal):
    """A newer file or pull says something about the same days; it must be undone first."""

    code = "newer_spend"


class BadCost(Refusal):
    """A cost that was typed cannot be booked; `why` says what is wrong with it."""

    code = "bad_cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person says about a file: the order of 1/2/2026, the market of lines that name none, columns by hand."""

    order: str = ""
    market_id: int | None = None
    columns: Mapping[str, str] | None = None


def preview(
    *, merchant_id: int, account_id: int, name: str, content: bytes, said: Said, by: User | None, now: datetime
) -> int:
    """Reads the file and keeps what it says, without counting it. Refuses NotASpendFile."""
    account = account_of(merchant_id, account_id)
    found = read(content, _terms(account, said, now))
    problems = found.problems[:MOST_PROBLEMS]
    with transaction.atomic():
        _market(merchant_id, said.market_id)
        files = SpendFile.objects.of(merchant_id).filter(account=account, state=SpendFileState.PREVIEWED)
        files.filter(at__lt=now - KEPT_UNAPPLIED).delete()
        files.filter(digest=found.digest).delete()
        row = SpendFile.objects.create(
            merchant_id=merchant_id,
            account=account,
            name=name[:120],
            digest=found.digest,
            rows=[line.json() for line in found.lines],
            problems=[asdict(problem) for problem in problems],
            columns=list(found.columns.items()),  # pairs: PostgreSQL does not keep the order of an object
            choices={"order": said.order, "market": said.market_id, "bad": len(found.problems), "totals": found.totals},
            first_day=_first(found),
            last_day=_last(found),
            by=by,
            at=now,
        )
    return row.pk


def apply(*, merchant_id: int, file_id: int, good_only: bool, by: User | None, now: datetime) -> int:
    """The file's lines count from now on, in place of what stood there; how many weeks the ledger corrected."""
    with transaction.atomic():
        file = _file(merchant_id, file_id, SpendFileState.PREVIEWED)
        bad = int(file.choices.get("bad", 0))
        if bad and not good_only:
            raise SpendProblems(f"{bad} lines cannot be read.", count=bad)
        account = locked(merchant_id, file.account_id)
        lines = [from_json(row) for row in file.rows]
        taken, weeks = replace(
            account=account,
            lines=lines,
            days={line.day for line in lines},
            every_campaign=False,
            market_id=file.choices.get("market"),
            file=file,
            now=now,
        )
        SpendFile.objects.of(merchant_id).filter(pk=file.pk).update(
            state=SpendFileState.APPLIED, replaced=taken, at=now, by=by
        )
        booked = book(merchant=Merchant.objects.get(pk=merchant_id), weeks=weeks, now=now)
        audit(by, "spend.apply", f"{account.name}: {file.name}", merchant_id=merchant_id, now=now)
    settle(merchant_id=merchant_id, now=now)
    return booked


def undo(*, merchant_id: int, file_id: int, by: User | None, now: datetime) -> None:
    """The spend as it was before the file; the ledger takes back the difference. Refuses NewerSpend."""
    with transaction.atomic():
        file = _file(merchant_id, file_id, SpendFileState.APPLIED)
        if not file.rows:  # a pull so old that its lines are no longer kept
            raise NoSuchSpendFile("There is no such spend file.", field="file")
        account = locked(merchant_id, file.account_id)
        newer = SpendFile.objects.of(merchant_id).filter(account=account, state=SpendFileState.APPLIED, pk__gt=file.pk)
        if newer.filter(first_day__lte=file.last_day, last_day__gte=file.first_day).exists():
            raise NewerSpend("A newer file covers these days; undo it first.", field="file")
        weeks = put_back(account=account, file=file)
        SpendFile.objects.of(merchant_id).filter(pk=file.pk).update(state=SpendFileState.UNDONE, replaced=[])
        book(merchant=Merchant.objects.get(pk=merchant_id), weeks=weeks, now=now)
        audit(by, "spend.undo", f"{account.name}: {file.name}", merchant_id=merchant_id, now=now)
    settle(merchant_id=merchant_id, now=now)


def discard(*, merchant_id: int, file_id: int) -> None:
    """Forgets a file that was never applied."""
    SpendFile.objects.of(merchant_id).filter(pk=file_id, state=SpendFileState.PREVIEWED).delete()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A cost typed by hand: a creator's fee, samples, vouchers. `country` "" for all markets."""

    day: date
    campaign: str
    kind: str
    amount_minor: int
    country: str = ""


def type_cost(*, merchant_id: int, account_id: int, cost: Cost, by: User | None, now: datetime) -> None:
    """What this kind cost on this day: typed again it is corrected, not added; zero takes it away."""
    with transaction.atomic():
        account = locked(merchant_id, account_id)
        _check(account, cost, now)
        line = Line(
            day=cost.day,
            campaign=cost.campaign.strip(),
            country=cost.country,
            kind=cost.kind,
            amount_minor=cost.amount_minor,
        )
        markets = dict(Market.objects.of(merchant_id).values_list("country", "pk"))
        if cost.country and cost.country not in markets:
            raise BadCost("There is no such market.", why="market")
        others = _others(account, line, markets.get(cost.country))
        _taken, weeks = replace(
            account=account,
            lines=[*others, line],
            days={cost.day},
            every_campaign=False,
            market_id=None,
            file=None,
            now=now,
        )
        Spend.objects.of(merchant_id).filter(
            account=account, day=cost.day, kind=cost.kind, amount_minor=0, impressions=0
        ).delete()
        book(merchant=Merchant.objects.get(pk=merchant_id), weeks=weeks, now=now)
        audit(by, "spend.type", f"{account.name}: {line.campaign}", merchant_id=merchant_id, now=now)
    settle(merchant_id=merchant_id, now=now)


def _others(account: AdAccount, line: Line, market_id: int | None) -> list[Line]:
    """What stands beside the cost in its campaign, day and kind: the other markets', which replacing would drop."""
    rows = Spend.objects.of(account.merchant_id).filter(
        account=account,
        day=line.day,
        kind=line.kind,
        campaign__code=line.campaign,
        campaign__channel_id=account.channel_id,
    )
    countries = dict(Market.objects.of(account.merchant_id).values_list("pk", "country"))
    return [
        Line(
            day=row.day,
            campaign=line.campaign,
            country=countries[row.market_id] if row.market_id else "",
            kind=row.kind,
            amount_minor=row.amount_minor,
        )
        for row in rows
        if row.market_id != market_id
    ]


def _check(account: AdAccount, cost: Cost, now: datetime) -> None:
    if not cost.campaign.strip():
        raise BadCost("Say for which campaign.", why="campaign")
    if cost.kind not in KINDS or cost.kind == "media":
        raise BadCost("No such kind of cost.", why="kind")
    if (cost.amount_minor < 0 and cost.kind != "credit") or abs(cost.amount_minor) > LARGEST_MINOR:
        raise BadCost("Only a credit is below zero.", why="amount")
    if cost.day > today_of(account, now):
        raise BadCost("The day is still to come.", why="day")


def account_of(merchant_id: int, account_id: int) -> AdAccount:
    """The merchant's account. Refuses NoSuchAdAccount."""
    row = AdAccount.objects.of(merchant_id).filter(pk=account_id).first()
    if row is None:
        raise NoSuchAdAccount("There is no such ad account.", field="account")
    return row


def locked(merchant_id: int, account_id: int) -> AdAccount:
    """The same, with its row held: two files of one account are applied one after the other."""
    row = AdAccount.objects.of(merchant_id).select_for_update().filter(pk=account_id).first()
    if row is None:
        raise NoSuchAdAccount("There is no such ad account.", field="account")
    return row


def today_of(account: AdAccount, now: datetime) -> date:
    """The day it is where the account is kept."""
    return now.astimezone(ZoneInfo(account.time_zone)).date()


def _terms(account: AdAccount, said: Said, now: datetime) -> Terms:
    return Terms(
        currency=account.currency,
        time_zone=account.time_zone,
        today=today_of(account, now),
        order=said.order if said.order in {"dmy", "mdy"} else "",
        columns=said.columns or {},
    )


def _market(merchant_id: int, market_id: int | None) -> None:
    if market_id is not None and not Market.objects.of(merchant_id).filter(pk=market_id).exists():
        raise BadCost("There is no such market.", why="market")


def _file(merchant_id: int, file_id: int, state: SpendFileState) -> SpendFile:
    row = SpendFile.objects.of(merchant_id).select_for_update().filter(pk=file_id, state=state).first()
    if row is None:
        raise NoSuchSpendFile("There is no such spend file.", field="file")
    return row


def _first(found: Reading) -> date | None:
    return found.days[0] if found.days else None


def _last(found: Reading) -> date | None:
    return found.days[-1] if found.days else None
