"""Where a user works, and who works at a merchant."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.models import Domain, Member, Merchant, User
from haitu.reads.merchant import ShopMerchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A user's place at one merchant."""

    merchant: ShopMerchant
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """One line of the team page."""

    id: int
    user_id: int
    username: str
    name: str
    email: str
    role: str


def places_of(user: User) -> tuple[Place, ...]:
    """Every merchant the user works for, by name; one query."""
    rows = user.memberships.select_related("merchant").order_by("merchant__name", "merchant_id")
    return tuple(Place(merchant=_merchant(row.merchant), role=row.role) for row in rows)


def team(merchant_id: int) -> tuple[TeamMember, ...]:
    """The people of one merchant, by user name."""
    rows = Member.objects.of(merchant_id).select_related("user").order_by("user__username")
    return tuple(
        TeamMember(
            id=row.pk,
            user_id=row.user_id,
            username=row.user.username,
            name=row.user.get_full_name(),
            email=row.user.email,
            role=row.role,
        )
        for row in rows
    )


def hosts(merchant_id: int) -> tuple[str, ...]:
    """The host names under which the merchant's shop answers."""
    return tuple(Domain.objects.filter(merchant_id=merchant_id).order_by("host").values_list("host", flat=True))


def _merchant(row: Merchant) -> ShopMerchant:
    return ShopMerchant(
        id=row.pk,
        slug=row.slug,
        name=row.name,
        base_currency=row.base_currency,
        list_currency=row.list_currency,
        home_country=row.home_country,
        time_zone=row.time_zone,
        reply_to=row.reply_to,
        version=row.version,
        history_shift_weeks=row.history_shift_weeks,
    )
