"""The shop's own short links."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.core.traffic import Source
from haitu.models import CampaignLink


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLink:
    """Where a link leads (`country` "" leaves the market to be guessed) and what a visit by it says of itself."""

    id: int
    country: str
    path: str
    source: Source


def link_of(merchant_id: int, code: str) -> ShortLink | None:
    """The merchant's link of that name, unless it has ended."""
    row = (
        CampaignLink.objects.of(merchant_id)
        .select_related("channel", "campaign", "market")
        .filter(code=code[:40].lower(), active=True)
        .first()
    )
    if row is None:
        return None
    return ShortLink(
        id=row.pk,
        country=row.market.country if row.market else "",
        path=row.path,
        source=Source(
            channel=row.channel.code,
            name=row.channel.name,
            kind=row.channel.kind,
            campaign=row.campaign.code if row.campaign else "",
        ),
    )
