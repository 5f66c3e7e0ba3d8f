"""Returns: asked for, labelled, received, graded, decided; and goods taken back by hand."""

from haitu.actions.returns.take_back import NothingToReturn, take_back

__all__ = ["NothingToReturn", "take_back"]
