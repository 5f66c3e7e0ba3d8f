"""What every payment provider can do for us, whoever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from haitu.core.errors import Refusal

NoticeKind = Literal["payment.succeeded", "payment.failed", "refund.succeeded", "refund.failed"]
State = Literal["pending", "succeeded", "failed"]


class ProviderSilent(Refusal):
    """The payment provider gave no answer, or was out of order, also when asked again. Nothing is lost; try later."""

    code = "provider_silent"


class ProviderRefused(Refusal):
    """The payment provider understood the request and refuses it; asking again will not help."""

    code = "provider_refused"


class Forged(Refusal):
    """A notice does not carry this account's valid and recent signature."""

    code = "forged"


class BadNotice(Refusal):
    """A notice is signed, but is not one that we know."""

    code = "bad_notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentWanted:
    """One payment to be made. `reference` is our token for it and makes asking twice the same as asking once."""

    reference: str
    amount_minor: int
    currency: str
    told: str  # what the buyer reads on the provider's page: "Order 261120-7KQ2MD at Hengda"
    return_url: str
    notify_url: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The provider's own id of the payment, and the page on which the buyer pays."""

    intent: str
    redirect_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWanted:
    """Money to give back of one payment, in the charged currency; asked again under the same `reference`."""

    reference: str
    intent: str
    amount_minor: int
    currency: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the provider says has happened. `reference` is our token of the payment or refund ("" if not ours)."""

    id: str
    kind: NoticeKind
    at: datetime
    intent: str
    reference: str
    amount_minor: int
    currency: str
    fee_minor: int = 0
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a payment or refund stands when asked; `fee_minor` in the charged currency once it succeeded."""

    state: State
    intent: str
    amount_minor: int
    currency: str
    fee_minor: int = 0
    told: str = ""


class PaymentProvider(Protocol):
    """One merchant's account at a provider."""

    def start(self, wanted: PaymentWanted) -> Started:
        """Opens a payment. Raises ProviderSilent or ProviderRefused."""

    def standing(self, intent: str) -> Standing:
        """Where a payment stands: asked when its notice does not come."""

    def refund(self, wanted: RefundWanted) -> Standing:
        """Asks for money to be given back. Raises ProviderSilent or ProviderRefused."""

    def parse_notice(self, raw: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> Notice:
        """A verified notice from the bytes as they came. Raises Forged or BadNotice."""
