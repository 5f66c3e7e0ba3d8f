"""What is kept of visits: counted always, with no word of who; remembered only of readers who allow it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.core.traffic import Consent, Source, clean
from haitu.links.secrets import seal
from haitu.models import (
    Campaign,
    CampaignLink,
    CaseState,
    Channel,
    Customer,
    Label,
    Market,
    Order,
    Refund,
    RefundStatus,
    ReturnCase,
    ReturnLabel,
    Touch,
    User,
    VisitCount,
    Visitor,
)

REPEATS_WITHIN = timedelta(minutes=30)  # the same source again so soon is a reload, not another visit
# Whoever writes an address can invent names; beyond these numbers of invented ones they count together.
MOST_CHANNELS = 100
MOST_CAMPAIGNS = 5_000
UNDERWAY = ("pending", "accepted", "paid", "part_shipped", "shipped")
LINK_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
LINK_PATH = re.compile(r"(?:[-\w]+/)*", re.ASCII)
OTHERS = Source(channel="referral", name="Other sites", kind="referral")


class StillUnderway(Refusal):
    """An order of this person is not done with; it is forgotten when it is."""

    code = "still_underway"


class BadLink(Refusal):
    """A campaign's link that cannot be: its name is taken or odd, its page is no page."""

    code = "bad_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDraft:
    """What a person types for a link; `market_id` None leaves the market to be guessed."""

    channel: str
    kind: str
    campaign: str = ""
    code: str = ""
    path: str = ""
    creator: str = ""
    market_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A visit's first page: where it came in, by which of our own links, if any."""

    market_id: int
    path: str
    link_id: int | None = None


def new_key() -> str:
    """A name for a browser that says nothing about it: 128 random bits."""
    return secrets.token_urlsafe(16)


def record_visit(
    *, merchant_id: int, landing: Landing, source: Source, key: str, keep: Consent, now: datetime
) -> Visitor | None:
    """Counts the visit and, where the reader allows it, keeps the touch. Returns the visitor if one is known now."""
    with transaction.atomic():
        market = Market.objects.of(merchant_id).select_related("merchant").get(pk=landing.market_id)
        channel = _channel(merchant_id, source)
        campaign = _campaign(channel, source.campaign, now)
        _count(market, channel, campaign, allowed=bool(keep.statistics), now=now)
        if not keep.statistics:
            return None
        visitor = _visitor(market, key, keep, now)
        touches = Touch.objects.of(merchant_id).filter(visitor=visitor, channel=channel, campaign=campaign)
        if not touches.filter(at__gt=now - REPEATS_WITHIN).exists():
            Touch.objects.create(
                merchant_id=merchant_id,
                visitor=visitor,
                market=market,
                channel=channel,
                campaign=campaign,
                link_id=landing.link_id,
                at=now,
                click_kind=source.click_kind if keep.advertising else "",
                click_id=seal(source.click_id, settings.SEAL_KEY) if source.click_id and keep.advertising else "",
                referrer=source.referrer,
                landing=landing.path[:200],
            )
        return visitor


def change_consent(*, merchant_id: int, key: str, keep: Consent, now: datetime) -> None:
    """The reader's new word. Without statistics the browser is forgotten; without advertising its click ids are."""
    with transaction.atomic():
        visitors = Visitor.objects.of(merchant_id).filter(key=key)
        if not keep.statistics:
            visitors.delete()
            return
        if not keep.advertising:
            Touch.objects.of(merchant_id).filter(visitor__key=key).update(click_kind="", click_id="")
        visitors.update(statistics=True, advertising=bool(keep.advertising), said_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A buyer whose browser was recognised; `channel`: the first that brought the person, "" if none is kept."""

    visitor_id: int
    channel: str


def join(*, merchant_id: int, key: str, customer_id: int) -> Known | None:
    """The browser's visitor belongs to the customer who orders with it; None for a browser nobody knows.

    A person's channel is the first that brought any of their browsers (docs/attribution.md says why the first).
    """
    visitors = Visitor.objects.of(merchant_id)
    visitor_id = visitors.filter(key=key).values_list("pk", flat=True).first()
    if visitor_id is None:
        return None
    visitors.filter(pk=visitor_id).exclude(customer_id=customer_id).update(customer_id=customer_id)
    touches = Touch.objects.of(merchant_id).filter(visitor__customer_id=customer_id).order_by("at", "pk")
    return Known(visitor_id=visitor_id, channel=touches.values_list("channel__code", flat=True).first() or "")


def forget_browser(*, merchant_id: int, key: str) -> None:
    """The browser's visitor and touches are gone; its orders stay and no longer know it."""
    Visitor.objects.of(merchant_id).filter(key=key).delete()


def forget_customer(*, merchant_id: int, customer_id: int, by: User | None, now: datetime) -> int:
    """The person is purged: visitors, touches, name and address of the orders; amounts, goods and the ledger stay.

    Refuses while an order is open or under way. Returns how many orders have lost their person.
    """
    with transaction.atomic():
        customer = Customer.objects.of(merchant_id).select_for_update().filter(pk=customer_id).first()
        if customer is None:
            return 0
        orders = Order.objects.of(merchant_id).filter(customer=customer)
        number = orders.filter(status__in=UNDERWAY).order_by("pk").values_list("number", flat=True).first()
        if number is not None:
            raise StillUnderway(f"Order {number} is not done with.", field="order", number=number)
        going_back = _going_back(merchant_id, customer_id)
        if going_back is not None:
            raise StillUnderway(f"Order {going_back} is not done with.", field="order", number=going_back)
        ids = list(orders.values_list("pk", flat=True))
        Visitor.objects.of(merchant_id).filter(customer=customer).delete()
        Label.objects.of(merchant_id).filter(shipment__order_id__in=ids).update(wanted={}, content=None)
        cases = ReturnCase.objects.of(merchant_id).filter(order_id__in=ids)
        ReturnLabel.objects.of(merchant_id).filter(case__in=cases).update(wanted={}, content=None)
        cases.update(words="")
        Order.objects.of(merchant_id).filter(pk__in=ids).update(name="", email="", phone="", address={}, customer=None)
        customer.delete()
        audit(by, "customer.forget", f"{len(ids)} orders", merchant_id=merchant_id, now=now)
    return len(ids)


def _going_back(merchant_id: int, customer_id: int) -> str | None:
    """An order of theirs with goods or money still on the way back."""
    theirs = ReturnCase.objects.of(merchant_id).filter(order__customer_id=customer_id)
    goods = theirs.exclude(state__in=(CaseState.DONE, CaseState.REFUSED, CaseState.CANCELLED))
    money = Refund.objects.of(merchant_id).filter(order__customer_id=customer_id, status=RefundStatus.PENDING)
    first = goods.values_list("order__number", flat=True).first()
    return first or money.values_list("order__number", flat=True).first()


def save_link(*, merchant_id: int, draft: LinkDraft, by: User | None, now: datetime) -> CampaignLink:
    """A short link for a campaign; its code is the merchant's own or a drawn one."""
    code = draft.code.strip().lower() or secrets.token_hex(4)
    if not LINK_CODE.fullmatch(code):
        raise BadLink("A link's name has 2 to 40 letters, digits and dashes.", field="code", given=draft.code)
    if not LINK_PATH.fullmatch(draft.path):
        raise BadLink("The page is a path below the market's root, such as p/lantern/.", field="path", given=draft.path)
    name = clean(draft.channel)
    if not name:
        raise BadLink("Say which channel the link is for.", field="channel")
    with transaction.atomic():
        if CampaignLink.objects.of(merchant_id).filter(code=code).exists():
            raise BadLink(f"There is a link {code} already.", field="code", given=code)
        market = None
        if draft.market_id is not None:
            market = Market.objects.of(merchant_id).filter(pk=draft.market_id).first()
            if market is None:
                raise BadLink("There is no such market.", field="market")
        channel = _channel(merchant_id, Source(channel=_slug(name), name=name[:60], kind=draft.kind))
        link = CampaignLink.objects.create(
            merchant_id=merchant_id,
            code=code,
            channel=channel,
            campaign=_campaign(channel, clean(draft.campaign), now),
            market=market,
            path=draft.path,
            creator=clean(draft.creator)[:80],
            created_at=now,
        )
        audit(by, "link.new", code, merchant_id=merchant_id, now=now)
    return link


def end_link(*, merchant_id: int, link_id: int, by: User | None, now: datetime) -> None:
    """The link leads nowhere from now on; what came by it stays known."""
    rows = CampaignLink.objects.of(merchant_id).filter(pk=link_id, active=True)
    code = rows.values_list("code", flat=True).first()
    if code is not None and rows.update(active=False):
        audit(by, "link.end", code, merchant_id=merchant_id, now=now)


# Rows ---------------------------------------------------------------------------------------------------------
def _channel(merchant_id: int, source: Source) -> Channel:
    """The channel of that code, made when it is new; one too many is told as other sites."""
    rows = Channel.objects.of(merchant_id)
    found = rows.filter(code=source.channel).first()
    if found is not None:
        return found
    if source is not OTHERS and rows.count() >= MOST_CHANNELS:
        return _channel(merchant_id, OTHERS)
    made, _new = rows.get_or_create(
        merchant_id=merchant_id, code=source.channel, defaults={"name": source.name, "kind": source.kind}
    )
    return made


def _campaign(channel: Channel, code: str, now: datetime) -> Campaign | None:
    """The campaign of that code, or the one that has been renamed from it; None without a name or with too many."""
    if not code:
        return None
    rows = Campaign.objects.of(channel.merchant_id)
    found = rows.filter(channel=channel, code=code).first()
    if found is not None or rows.count() >= MOST_CAMPAIGNS:
        return found
    made, _new = rows.get_or_create(
        merchant_id=channel.merchant_id, channel=channel, code=code, defaults={"created_at": now}
    )
    return made


def _count(market: Market, channel: Channel, campaign: Campaign | None, *, allowed: bool, now: datetime) -> None:
    day = now.astimezone(ZoneInfo(market.merchant.time_zone)).date()
    row, _new = VisitCount.objects.of(market.merchant_id).get_or_create(
        merchant_id=market.merchant_id, day=day, market=market, channel=channel, campaign=campaign, allowed=allowed
    )
    VisitCount.objects.of(market.merchant_id).filter(pk=row.pk).update(visits=F("visits") + 1)


def _visitor(market: Market, key: str, keep: Consent, now: datetime) -> Visitor:
    visitor, _new = Visitor.objects.of(market.merchant_id).get_or_create(
        key=key,
        defaults={
            "merchant_id": market.merchant_id,
            "statistics": True,
            "advertising": bool(keep.advertising),
            "said_at": now,
            "country": market.country,
        },
    )
    return visitor


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:20] or "other"
