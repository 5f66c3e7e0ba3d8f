"""UPS, FedEx, DHL Express and USPS, through the library karrio (LGPL; the optional extra `carriers`)."""

from haitu.links.carriers.karrio.account import KARRIO_CARRIERS, Karrio

__all__ = ["KARRIO_CARRIERS", "Karrio"]
