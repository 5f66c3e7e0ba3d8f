"""A queue that is re-routed in parts: killed in the middle and begun again it is as if it had run once."""

from __future__ import annotations

import pytest

from haitu.actions import reroute as queue
from haitu.actions.reroute import reroute
from haitu.models import Order, Reservation, Stock
from haitu.reads.conservation import stock_problems
from haitu.reads.reroute import stranded_count
from tests.actions.test_reroute import SOON, shut, sold, way_of
from tests.world import TODAY, World


class Killed(BaseException):
    """The process is gone; nothing after it is run."""


def test_a_queue_killed_between_two_parts_and_begun_again_is_as_if_it_had_run_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [sold(world, f"cart {number}", LANTERN=1) for number in range(3)]
    shut(world, "LEJ-DE")
    monkeypatch.setattr(queue, "CHUNK", 1)
    written = queue.move_promises
    parts = []

    def killed_at_the_second(*given: object) -> set[int]:
        parts.append(given)
        if len(parts) == 2:
            raise Killed
        return written(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(queue, "move_promises", killed_at_the_second)
    with pytest.raises(Killed):
        reroute(merchant_id=world.merchant.pk, by=None, now=SOON)
    assert stranded_count(world.merchant.pk, on=TODAY) == 2
    assert stock_problems() == ()
    assert reroute(merchant_id=world.merchant.pk, by=None, now=SOON).orders == 2
    assert [way_of(order) for order in orders] == ["1 from SZX by SZX-DE"] * 3
    fresh = Order.objects.of(world.merchant.pk).order_by("pk")
    assert [len(order.quote["rerouted"]) for order in fresh] == [1, 1, 1]
    assert stock_problems() == ()
    promised = dict[int, int]()
    for row in Reservation.objects.of(world.merchant.pk).all():
        promised[row.stock_id] = promised.get(row.stock_id, 0) + row.quantity
    for stock in Stock.objects.of(world.merchant.pk).all():
        assert stock.reserved == promised.get(stock.pk, 0)
