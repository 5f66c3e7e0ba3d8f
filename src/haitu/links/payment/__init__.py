"""Payment providers: one protocol, one module a provider."""

from __future__ import annotations

from haitu.core.errors import Refusal
from haitu.links.payment.protocol import PaymentProvider
from haitu.links.payment.sandbox import Sandbox


class UnknownProvider(Refusal):
    """No payment provider of that name is built in."""

    code = "unknown_provider"


def provider(name: str, *, address: str, api_key: str) -> PaymentProvider:
    """The merchant's account at the named provider."""
    if name == "sandbox":
        return Sandbox(address=address, api_key=api_key)
    raise UnknownProvider(f"There is no payment provider {name!r}; there is: sandbox.", field="provider")
