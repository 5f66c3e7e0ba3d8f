"""Carriers: one protocol, one room a carrier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from haitu.core.errors import Refusal
from haitu.links.carriers.cainiao import Cainiao
from haitu.links.carriers.fourpx import FourPX
from haitu.links.carriers.goodcang import GoodCang
from haitu.links.carriers.karrio import KARRIO_CARRIERS, Karrio
from haitu.links.carriers.protocol import Carrier
from haitu.links.carriers.sandbox import Sandbox
from haitu.links.carriers.sf import SF
from haitu.links.carriers.yunexpress import YunExpress


class UnknownCarrier(Refusal):
    """No carrier of that name is built in."""

    code = "unknown_carrier"


Secrets = Mapping[str, str]
Settings = Mapping[str, Any]
MAKERS: Mapping[str, Callable[[str, Secrets, Settings], Carrier]] = {
    "sandbox": Sandbox,
    "sf": SF,
    "cainiao": Cainiao,
    "fourpx": FourPX,
    "yunexpress": YunExpress,
    "goodcang": GoodCang,
} | {name: Karrio.of(name) for name in KARRIO_CARRIERS}

# What an account of each is opened with: secrets are sealed, the rest is shown.
SECRETS: Mapping[str, tuple[str, ...]] = {
    "sandbox": ("api_key",),
    "sf": ("partner_id", "checkword"),
    "cainiao": ("provider_id", "secret"),
    "fourpx": ("app_key", "app_secret"),
    "yunexpress": ("code", "api_secret"),
    "goodcang": ("app_key", "app_token"),
} | {name: given.secrets for name, given in KARRIO_CARRIERS.items()}


def carrier(name: str, *, address: str, secrets: Secrets, settings: Settings) -> Carrier:
    """The merchant's account at the named carrier."""
    maker = MAKERS.get(name)
    if maker is None:
        known = ", ".join(sorted(MAKERS))
        raise UnknownCarrier(f"There is no carrier {name!r}; there is: {known}.", field="carrier", known=known)
    return maker(address, secrets, settings)
