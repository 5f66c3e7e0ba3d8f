"""Cainiao 菜鸟: the LINK gateway."""

from haitu.links.carriers.cainiao.account import Cainiao

__all__ = ["Cainiao"]
