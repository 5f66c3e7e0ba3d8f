"""GoodCang 谷仓: overseas warehouses, part of Zongteng: a carrier for what leaves them, a warehouse for the rest."""

from haitu.links.carriers.goodcang.account import GoodCang

__all__ = ["GoodCang"]
