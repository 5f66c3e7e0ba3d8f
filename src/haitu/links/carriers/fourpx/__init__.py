"""4PX 递四方: direct shipping orders of the open platform."""

from haitu.links.carriers.fourpx.account import FourPX

__all__ = ["FourPX"]
