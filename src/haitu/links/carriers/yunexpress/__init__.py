"""YunExpress 云途: lines from China, part of Zongteng."""

from haitu.links.carriers.yunexpress.account import YunExpress

__all__ = ["YunExpress"]
