"""Tracking: pushes are kept, acknowledged and folded; polls ask where no push comes. In bulk, in any order, any times.

A push is kept before it is understood, so that the carrier may forget it. Folding writes three things in one
transaction: waybills that are new, scans that are new (once, by their key), and the progress of those waybills, which
is the join of what was known and what is new (core.tracking). Nothing is read back but the waybills concerned.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Any

from django.db import connection, transaction

from haitu.actions.carriers import carrier_of
from haitu.actions.fulfil import deliver, deliver_many
from haitu.core.errors import Refusal
from haitu.core.tracking import ParcelState, Progress, Scan
from haitu.links.carriers.protocol import CarrierRefused, Thanks
from haitu.models import CarrierAccount, Shipment, TrackingPush, Waybill

log = logging.getLogger(__name__)
ROWS_A_STATEMENT = 500
POLL_EVERY = timedelta(minutes=30)
POLL_FOR = timedelta(days=90)
POLL_AT_ONCE = 40
MOST_SCANS = 5_000

EVENT_COLUMNS = "merchant_id, waybill_id, key, code, state, at, place, told, raw, received_at"
EVENT_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


class NoSuchHook(Refusal):
    """No carrier account has that token."""

    code = "no_such_hook"


class TooManyScans(Refusal):
    """One push holds more scans than we take at once."""

    code = "too_many_scans"


# Pushes --------------------------------------------------------------------------------------------------------------


def receive_push(*, account_token: str, raw: bytes, headers: Mapping[str, str], now: datetime) -> Thanks:
    """A push: verified, kept, then folded; how the carrier wants to be thanked.

    Refuses NoSuchHook, ForgedPush, BadCarrierAnswer, and keeps nothing then. Once it is kept it is safe: whatever goes
    wrong afterwards, the clockwork folds it later.
    """
    account = CarrierAccount.everyone.filter(token=account_token, active=True).first()
    if account is None:
        raise NoSuchHook("There is no such carrier account.")
    carrier = carrier_of(account)
    scans = carrier.parse_push(raw, headers, now).scans
    if len(scans) > MOST_SCANS:
        raise TooManyScans(f"A push holds at most {MOST_SCANS} scans; this one {len(scans)}.")
    push_id = _keep(account, raw, scans, now)
    if push_id is not None:
        _work_off(account, push_id, scans, now)
    return carrier.thanks


def _keep(account: CarrierAccount, raw: bytes, scans: Sequence[Scan], now: datetime) -> int | None:
    """The kept push; None for one that was kept before."""
    sql = """
        INSERT INTO haitu_trackingpush (merchant_id, account_id, digest, body, received_at, told)
        VALUES (%s, %s, %s, %s, %s, '') ON CONFLICT (account_id, digest) DO NOTHING RETURNING id
    """
    body = json.dumps([_written(scan) for scan in scans], ensure_ascii=False)
    with connection.cursor() as cursor:
        given = [account.merchant_id, account.pk, sha256(raw).hexdigest(), body, _moment(now)]
        cursor.execute(sql, given)
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _work_off(account: CarrierAccount, push_id: int, scans: Sequence[Scan], now: datetime) -> bool:
    """Folds a kept push; one that cannot be folded waits, and holds up no other."""
    try:
        take_in(account, scans, now=now)
    except Exception:
        log.exception("push %s is kept and waits", push_id)
        return False
    rows = TrackingPush.objects.of(account.merchant_id).filter(pk=push_id)
    return bool(rows.update(done_at=now, body="[]"))


def fold_waiting(*, now: datetime, limit: int = 200) -> int:
    """Folds the pushes that wait; how many are done now."""
    waiting = TrackingPush.everyone.filter(done_at=None).select_related("account").order_by("received_at")
    return sum(
        _work_off(push.account, push.pk, [_read(scan) for scan in json.loads(push.body)], now)
        for push in list(waiting[:limit])
    )


def _written(scan: Scan) -> dict[str, Any]:
    return {
        "waybill": scan.waybill,
        "code": scan.code,
        "at": scan.at.isoformat(),
        "state": scan.state,
        "place": scan.place,
        "told": scan.told,
        "raw": scan.raw,
    }


def _read(kept: Mapping[str, Any]) -> Scan:
    state = ParcelState(kept["state"]) if kept["state"] else None
    return Scan(**{**kept, "at": datetime.fromisoformat(kept["at"]), "state": state})


# Polls ---------------------------------------------------------------------------------------------------------------


def poll(*, now: datetime, limit: int = 400) -> int:
    """Asks carriers about parcels on their way that were not asked about for half an hour; how many scans were new."""
    due = (
        Waybill.everyone.exclude(state__in=[ParcelState.DELIVERED, ParcelState.RETURNED])
        .exclude(shipment=None)
        .filter(created_at__gt=now - POLL_FOR, account__active=True)
        .exclude(asked_at__gt=now - POLL_EVERY)
        .exclude(created_at__gt=now - POLL_EVERY)
        .order_by("asked_at", "pk")
        .values_list("account_id", "number", "pk")
    )
    by_account: dict[int, list[tuple[str, int]]] = {}
    for account_id, number, pk in due[:limit]:
        by_account.setdefault(account_id, []).append((number, pk))
    new = 0
    for account in CarrierAccount.everyone.filter(pk__in=by_account).select_related("merchant"):
        new += _poll(account, by_account[account.pk], now)
    return new


def _poll(account: CarrierAccount, waybills: Sequence[tuple[str, int]], now: datetime) -> int:
    new = 0
    for start in range(0, len(waybills), POLL_AT_ONCE):
        some = waybills[start : start + POLL_AT_ONCE]
        ids = [pk for _, pk in some]
        Waybill.objects.of(account.merchant_id).filter(pk__in=ids).update(asked_at=now)
        try:
            scans = carrier_of(account).track([number for number, _ in some])
        except Refusal as no:
            log.warning("carrier account %s could not be asked: %s", account.pk, no.told)
            if not isinstance(no, CarrierRefused):
                return new
            continue
        new += take_in(account, scans, now=now)
    return new


# The fold ------------------------------------------------------------------------------------------------------------


def take_in(account: CarrierAccount, scans: Iterable[Scan], *, now: datetime) -> int:
    """Keeps the scans that are new and moves their waybills along; how many were new. Parcels that arrived are booked.

    Arrival is booked in transactions of their own, by the event's key exactly once; what is missed here the clockwork
    books (settle_arrivals).
    """
    by_number: dict[str, list[Scan]] = {}
    for scan in scans:
        if scan.waybill:
            by_number.setdefault(_clean(scan.waybill), []).append(scan)
    if not by_number:
        return 0
    with transaction.atomic():
        known = _waybills(account, sorted(by_number), now)
        new = _insert(account, known, by_number, now)
        _move(account, known, new)
    _arrive(account.merchant_id, _arrivals(known, new), now)
    return sum(map(len, new.values()))


def _arrivals(known: Mapping[str, Waybill], new: Mapping[str, Sequence[Scan]]) -> dict[int, datetime]:
    """Parcel → when it arrived, of those that a new scan says so of."""
    found: dict[int, datetime] = {}
    for number, scans in new.items():
        shipment_id, at = known[number].shipment_id, known[number].delivered_at
        if shipment_id and at and any(scan.state == ParcelState.DELIVERED for scan in scans):
            found[shipment_id] = at
    return found


def _waybills(account: CarrierAccount, numbers: Sequence[str], now: datetime) -> dict[str, Waybill]:
    """The rows of these numbers under lock, always in the same order; new ones for numbers never heard of."""
    rows = Waybill.objects.of(account.merchant_id).filter(account=account, number__in=numbers)
    known = {row.number: row for row in rows.order_by("pk").select_for_update(no_key=True)}
    missing = [number for number in numbers if number not in known]
    if missing:
        parcels = dict(
            Shipment.objects.of(account.merchant_id)
            .filter(tracking__in=missing)
            .order_by("pk")
            .values_list("tracking", "pk")
        )
        with connection.cursor() as cursor:
            for some in _chunks(missing):
                values = ", ".join(["(%s, %s, %s, %s, '', %s)"] * len(some))
                cursor.execute(
                    "INSERT INTO haitu_waybill (merchant_id, account_id, number, shipment_id, state, created_at) "  # noqa: S608  # our own text
                    f"VALUES {values} ON CONFLICT (account_id, number) DO NOTHING",
                    [
                        value
                        for number in some
                        for value in (account.merchant_id, account.pk, number, parcels.get(number), _moment(now))
                    ],
                )
        late = rows.filter(number__in=missing).order_by("pk").select_for_update(no_key=True)
        known |= {row.number: row for row in late}
    return known


def _insert(
    account: CarrierAccount, known: Mapping[str, Waybill], by_number: Mapping[str, Sequence[Scan]], now: datetime
) -> dict[str, list[Scan]]:
    """Keeps each scan once; number → the scans that were not known before."""
    rows: dict[tuple[int, str], tuple[str, Scan]] = {}
    for number, scans in by_number.items():
        for scan in scans:
            rows.setdefault((known[number].pk, scan.key), (number, scan))
    new: dict[str, list[Scan]] = {}
    with connection.cursor() as cursor:
        for some in _chunks(list(rows)):
            given = chain.from_iterable(
                _event_row(account.merchant_id, pk, key, rows[pk, key][1], now) for pk, key in some
            )
            cursor.execute(
                f"INSERT INTO haitu_trackingevent ({EVENT_COLUMNS}) VALUES {', '.join([EVENT_ROW] * len(some))} "  # noqa: S608  # our own constants
                "ON CONFLICT (waybill_id, key) DO NOTHING RETURNING waybill_id, key",
                list(given),
            )
            for pk, key in cursor.fetchall():
                number, scan = rows[pk, key]
                new.setdefault(number, []).append(scan)
    return new


def _event_row(merchant_id: int, waybill_id: int, key: str, scan: Scan, now: datetime) -> tuple[Any, ...]:
    state = scan.state.value if scan.state else ""
    texts = (_clean(scan.place)[:120], _clean(scan.told)[:200], _clean(scan.raw)[:2000])
    code = _clean(scan.code)[:60]
    return (merchant_id, waybill_id, key, code, state, _moment(scan.at), *texts, _moment(now))


def _move(account: CarrierAccount, known: Mapping[str, Waybill], new: Mapping[str, Sequence[Scan]]) -> None:
    """Joins what is new to what was known of each waybill."""
    changed = []
    for number, scans in new.items():
        row = known[number]
        before = _progress(row)
        after = before
        for scan in scans:
            after |= Progress.of(scan)
        if after != before:
            row.state = after.state.value if after.state else ""
            row.state_at, row.picked_up_at = after.at, after.picked_up_at
            row.delivered_at, row.last_at = after.delivered_at, after.last_at
            changed.append(row)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE haitu_waybill SET state = %s, state_at = %s, picked_up_at = %s, delivered_at = %s, last_at = %s "
            "WHERE id = %s AND merchant_id = %s",
            [
                (
                    *(row.state, _moment(row.state_at), _moment(row.picked_up_at)),
                    *(_moment(row.delivered_at), _moment(row.last_at), row.pk, account.merchant_id),
                )
                for row in changed
            ],
        )


def _progress(row: Waybill) -> Progress:
    return Progress(
        state=ParcelState(row.state) if row.state else None,
        at=row.state_at,
        picked_up_at=row.picked_up_at,
        delivered_at=row.delivered_at,
        last_at=row.last_at,
    )


def settle_arrivals(*, now: datetime, limit: int = 200) -> int:
    """Books parcels whose carrier says they arrived and whose order does not know; how many."""
    missed = Waybill.everyone.exclude(delivered_at=None).filter(
        shipment__isnull=False, shipment__delivered_at=None, shipment__order__history=False
    )
    by_merchant: dict[int, dict[int, datetime]] = {}
    for merchant_id, shipment_id, at in missed.order_by("pk").values_list("merchant_id", "shipment_id", "delivered_at")[
        :limit
    ]:
        by_merchant.setdefault(merchant_id, {})[shipment_id] = at
    return sum(_arrive(merchant_id, arrivals, now) for merchant_id, arrivals in by_merchant.items())


def _arrive(merchant_id: int, arrivals: Mapping[int, datetime], now: datetime) -> int:
    """Books arrivals all at once; one that cannot be booked yet holds up no other."""
    if not arrivals:
        return 0
    try:
        return deliver_many(merchant_id=merchant_id, arrivals=arrivals, now=now)
    except Refusal:
        return sum(_arrive_alone(merchant_id, shipment_id, at, now) for shipment_id, at in arrivals.items())


def _arrive_alone(merchant_id: int, shipment_id: int, at: datetime, now: datetime) -> bool:
    try:
        deliver(merchant_id=merchant_id, shipment_id=shipment_id, at=at, by=None, now=now)
    except Refusal as no:
        log.warning("the arrival of parcel %s waits: %s", shipment_id, no.told)
        return False
    return True


def _chunks(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + ROWS_A_STATEMENT] for start in range(0, len(rows), ROWS_A_STATEMENT))


def _clean(text: str) -> str:
    """Without NUL, for which PostgreSQL has no place."""
    return text.replace("\x00", "")


def _moment(at: datetime | None) -> Any:
    return connection.ops.adapt_datetimefield_value(at)
