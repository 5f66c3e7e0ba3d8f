"""Where cash on delivery is offered, on which terms, from when to when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from haitu.actions.audit import audit
from haitu.actions.version import bump
from haitu.core.cash import CashTerms
from haitu.core.errors import Refusal
from haitu.core.money import minor_units
from haitu.models import CashOffer, Lane, Market, User


class BadCashOffer(Refusal):
    """An offer has a market, lanes into it, terms that are not negative, and one beginning a day."""

    code = "bad_cash_offer"


def offer_cash(
    *,
    merchant_id: int,
    market_id: int,
    lane_ids: Iterable[int],
    terms: CashTerms,
    valid_from: date,
    source: str = "",
    by: User | None,
    now: datetime,
) -> int:
    """Lets buyers of a market pay at the door where these lanes lead, from that day; how many lanes."""
    market = Market.objects.of(merchant_id).filter(pk=market_id).first()
    wanted = sorted(set(lane_ids))
    lanes = Lane.objects.of(merchant_id).filter(pk__in=wanted, to=None, destination=market.country if market else "")
    if market is None or not wanted or lanes.count() != len(wanted):
        raise BadCashOffer("Choose a market and lanes that lead to its buyers.", field="lanes")
    figures = (terms.fee_fixed_minor, terms.fee_bp, terms.refusal_fee_minor, terms.refused_bp, terms.remittance_days)
    if min(figures) < 0 or terms.fee_bp > 10_000 or terms.refused_bp > 10_000 or (terms.limit_minor or 0) < 0:
        raise BadCashOffer("Fees, limits and days are zero or more, shares at most 100 %.", field="fee")
    minor_units(terms.currency)
    try:
        with transaction.atomic():
            CashOffer.objects.bulk_create(
                CashOffer(
                    merchant_id=merchant_id,
                    market=market,
                    lane=lane,
                    valid_from=valid_from,
                    source=source[:200],
                    **asdict(terms),
                )
                for lane in lanes.order_by("pk")
            )
            bump(merchant_id)
            change = {"lanes": ("", ", ".join(lanes.order_by("code").values_list("code", flat=True)))}
            audit(by, "cash.offer", f"market {market.country}", merchant_id=merchant_id, now=now, change=change)
    except IntegrityError:
        raise BadCashOffer("A lane has an offer that begins on that day already.", field="valid_from") from None
    return len(wanted)


def end_offer(*, merchant_id: int, offer_id: int, by: User | None, now: datetime) -> None:
    """Ends an offer with yesterday, or takes it away where it had not begun; what was agreed stands."""
    with transaction.atomic():
        row = CashOffer.objects.of(merchant_id).select_related("market", "lane").filter(pk=offer_id).first()
        if row is None:
            raise BadCashOffer("There is no such offer.")
        last = now.date() - timedelta(1)
        rows = CashOffer.objects.of(merchant_id).filter(pk=offer_id)
        rows.delete() if last < row.valid_from else rows.update(valid_to=last)
        bump(merchant_id)
        change = {"lanes": (row.lane.code, "")}
        audit(by, "cash.end", f"market {row.market.country}", merchant_id=merchant_id, now=now, change=change)
