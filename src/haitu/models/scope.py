"""Tenant isolation in one place: a merchant's rows cannot be read without naming the merchant."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class Unscoped(RuntimeError):
    """A merchant's table was queried without saying whose rows are meant: call `.of(merchant_id)` first."""


class ScopedQuerySet(models.QuerySet[M]):
    """A query set that refuses to run until `.of(merchant_id)` was called.

    A related manager (`order.lines`) starts at a row that was itself reached through a scoped query and passes.
    """

    _scoped = False

    def of(self, merchant_id: int) -> Self:
        """The rows of one merchant."""
        scoped = self.filter(merchant_id=merchant_id)
        scoped._scoped = True
        return scoped

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # private, untyped in the stubs
        clone._scoped = self._scoped
        return clone

    def _refuse_unscoped(self) -> None:
        if not (self._scoped or "instance" in self._hints):  # type: ignore[attr-defined]
            raise Unscoped(f"{self.model.__name__}.objects was queried for no merchant; start with .of(merchant_id)")

    def _fetch_all(self) -> None:
        self._refuse_unscoped()
        super()._fetch_all()

    def iterator(self, chunk_size: int | None = None) -> Any:
        self._refuse_unscoped()
        return super().iterator(chunk_size)

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._refuse_unscoped()
        return super().aggregate(*args, **kwargs)

    def count(self) -> int:
        self._refuse_unscoped()
        return super().count()

    def exists(self) -> bool:
        self._refuse_unscoped()
        return super().exists()

    def update(self, **kwargs: Any) -> int:
        self._refuse_unscoped()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_unscoped()
        return super().delete()


class Owned(models.Model):
    """A row that belongs to one merchant.

    `objects` demands a merchant. `everyone` does not; only clockwork, platform operators and migrations may use it,
    and tests/test_house.py keeps the list of the places that do.
    """

    merchant = models.ForeignKey("haitu.Merchant", on_delete=models.CASCADE, db_index=False, related_name="+")

    objects = ScopedQuerySet.as_manager()
    everyone: models.Manager[Any] = models.Manager()

    class Meta:
        abstract = True
