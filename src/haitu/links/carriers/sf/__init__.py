"""SF Express 顺丰: the Fengqiao 丰桥 open platform."""

from haitu.links.carriers.sf.account import SF

__all__ = ["SF"]
