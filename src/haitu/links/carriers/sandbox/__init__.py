"""The sandbox carrier: behaves as a real one does, moves no parcel. Its other end is src/outside/carriers/."""

from haitu.links.carriers.sandbox.account import Sandbox

__all__ = ["Sandbox"]
