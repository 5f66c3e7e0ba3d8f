"""Letters to buyers: written as rows in the transaction of what they tell, sent by the clockwork afterwards.

A letter is written once per order, kind and reference. It is sent at least once: a process that dies between handing
it over and noting so makes it go out twice, never not at all.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import translation

from haitu.core.events import OrderStatus
from haitu.models import Letter, Order
from haitu.reads.letters import LetterShown, letter_shown

log = logging.getLogger(__name__)
MOST_TRIES = 8
FIRST_PAUSE = timedelta(minutes=1)  # doubled with every try; the last one is two hours after the one before
REMIND_AFTER = timedelta(minutes=5)  # who pays at once needs no letter that says how to pay


def write(order: Order, kind: str, reference: str, *, now: datetime) -> None:
    """Writes a letter about the order, once; to be sent by the clockwork. Orders without an address get none.

    `kind`: placed, paid, shipped (reference: shipment id), refunded (refund id) or cancelled.
    """
    if order.email:
        write_to(order.merchant_id, order.pk, kind, reference, now=now)


def write_to(merchant_id: int, order_id: int, kind: str, reference: str, *, now: datetime) -> None:
    """`write` for an order that is known to have an address and not at hand as a row."""
    moment = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO haitu_letter (merchant_id, order_id, kind, reference, created_at, tries, next_try_at, told)
            VALUES (%s, %s, %s, %s, %s, 0, %s, '')
            ON CONFLICT (order_id, kind, reference) DO NOTHING
            """,
            [merchant_id, order_id, kind, reference, moment, moment],
        )


def remind_unpaid(*, now: datetime, limit: int = 200) -> int:
    """Writes to those who have ordered and not paid for some minutes: how to pay, and until when. How many."""
    waiting = Order.everyone.filter(
        status=OrderStatus.PENDING, placed_at__lte=now - REMIND_AFTER, expires_at__gt=now, history=False
    )
    unwritten = waiting.exclude(email="").exclude(letters__kind="placed").order_by("pk")
    found = list(unwritten[:limit])
    for order in found:
        write(order, "placed", "", now=now)
    return len(found)


def send_due(*, now: datetime, limit: int = 100) -> int:
    """Sends what is due; how many went out. Each is claimed first, so that two senders never take the same one."""
    due = Letter.everyone.filter(sent_at=None, next_try_at__lte=now).order_by("next_try_at", "pk")
    return sum(_send(letter, now) for letter in list(due.select_related("order__merchant")[:limit]))


def _send(letter: Letter, now: datetime) -> bool:
    next_try_at = now + FIRST_PAUSE * 2**letter.tries if letter.tries + 1 < MOST_TRIES else None
    same = Letter.objects.of(letter.merchant_id).filter(pk=letter.pk, sent_at=None, next_try_at=letter.next_try_at)
    if not same.update(tries=F("tries") + 1, next_try_at=next_try_at):
        return False
    mine = Letter.objects.of(letter.merchant_id).filter(pk=letter.pk)
    try:
        _message(letter_shown(letter)).send()
    except Exception as problem:
        log.exception("letter %s was not sent", letter.pk)
        mine.update(told=f"{type(problem).__name__}: {problem}"[:200])
        return False
    mine.update(sent_at=now, next_try_at=None, told="")
    return True


def _message(shown: LetterShown) -> EmailMultiAlternatives:
    """The letter in the order's language: plain text whose first line is the subject, and the same as a page."""
    with translation.override(shown.language):
        text = render_to_string(f"mail/{shown.kind}.txt", {"letter": shown}).strip()
        subject, _, body = text.partition("\n")
        body = re.sub(r"\n{3,}", "\n\n", body.strip())  # what a template left out leaves no hole
        paragraphs = body.split("\n\n")
        page = render_to_string("mail/letter.html", {"letter": shown, "subject": subject, "paragraphs": paragraphs})
    message = EmailMultiAlternatives(
        subject=subject.strip(),
        body=body + "\n",
        from_email=formataddr((shown.merchant, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[shown.email],
        reply_to=[shown.reply_to] if shown.reply_to else None,
    )
    message.attach_alternative(page, "text/html")
    return message
