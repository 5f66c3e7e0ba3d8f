"""Letters say what happened in the buyer's language, once, and are tried again when the post is closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from haitu.actions import cancel, fulfil, letters
from haitu.models import Letter
from tests.actions.buying import basket_of, order, paid_order
from tests.world import NOW, World


def test_a_payment_is_answered_with_a_letter(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    assert letters.send_due(now=NOW) == 1
    (letter,) = mail.outbox
    assert letter.to == ["anna@example.test"]
    assert letter.reply_to == ["shop@hengda.test"]
    assert letter.from_email == "Hengda <noreply@localhost>"
    assert row.number in letter.subject
    assert "2 × Papierlaterne" in letter.body
    assert f"http://hengda.test/de-de/order/{row.token}/" in letter.body
    assert "&" not in letter.body
    page = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
    assert f'<a href="http://hengda.test/de-de/order/{row.token}/"' in page


def test_a_letter_goes_out_once(world: World) -> None:
    paid_order(world, basket_of(world, LANTERN=1))
    assert [letters.send_due(now=NOW + timedelta(hours=hours)) for hours in range(3)] == [1, 0, 0]
    assert len(mail.outbox) == 1


def test_who_does_not_pay_is_reminded_once(world: World) -> None:
    order(world, basket_of(world, LANTERN=1))
    assert letters.remind_unpaid(now=NOW + timedelta(minutes=4)) == 0
    assert [letters.remind_unpaid(now=NOW + timedelta(minutes=6)) for _ in range(2)] == [1, 0]
    letters.send_due(now=NOW + timedelta(minutes=6))
    assert [letter.kind for letter in Letter.objects.of(world.merchant.pk).all()] == ["placed"]
    assert len(mail.outbox) == 1


def test_every_kind_of_letter_can_be_written(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, tracking="00340", by=None, now=NOW)
    other = paid_order(world, basket_of(world, MUG=1), cart="cart-2")
    cancel.cancel(merchant_id=world.merchant.pk, order_id=other.pk, by=None, now=NOW)
    letters.write(row, "refunded", "1", now=NOW)
    letters.write(row, "placed", "", now=NOW)
    assert letters.send_due(now=NOW) == 6
    assert any("00340" in letter.body for letter in mail.outbox)
    assert all(letter.subject and letter.body for letter in mail.outbox)


def test_closed_post_is_tried_again_ever_later_and_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise OSError("post is closed")

    paid_order(world, basket_of(world, LANTERN=1))
    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    now, tries = NOW, list[float]()
    while (row := Letter.objects.of(world.merchant.pk).get()).next_try_at is not None:
        now = row.next_try_at
        assert letters.send_due(now=now) == 0
        tries.append((now - NOW).total_seconds() / 60)
    assert tries == [0, 1, 3, 7, 15, 31, 63, 127]
    assert (row.told, row.sent_at) == ("OSError: post is closed", None)


def test_an_order_without_an_address_gets_no_letter(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    row.email = ""
    letters.write(row, "shipped", "1", now=NOW)
    assert [letter.kind for letter in Letter.objects.of(world.merchant.pk).all()] == ["paid"]
