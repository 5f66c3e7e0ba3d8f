"""Reading what carriers answer: each field is what its documentation says, or a BadCarrierAnswer names it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, get_args

from haitu.core.money import minor_units
from haitu.core.tracking import LONGEST_CODE, Scan
from haitu.links.carriers.codes import meaning
from haitu.links.carriers.protocol import BadCarrierAnswer, LabelFormat

LARGEST = 10**14
BEIJING = timezone(timedelta(hours=8))
Row = Mapping[str, Any]


def compact(content: object) -> str:
    """JSON without spaces, as it is signed: Chinese stays Chinese."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def parsed(raw: bytes | str) -> dict[str, Any]:
    """A JSON object from bytes."""
    try:
        found = json.loads(raw)
    except ValueError:
        raise BadCarrierAnswer("The carrier sends something else than JSON.") from None
    if not isinstance(found, dict):
        raise BadCarrierAnswer("The carrier sends something unexpected.")
    return found


def rows(found: object, name: str) -> list[dict[str, Any]]:
    """A list of objects."""
    value = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadCarrierAnswer(f"The carrier's answer has no list of {name}.")
    return value


def part(found: object, name: str) -> dict[str, Any]:
    """An object inside the answer."""
    value = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(value, dict):
        raise BadCarrierAnswer(f"The carrier's answer has no {name}.")
    return value


def text(row: Row, name: str) -> str:
    """A text that is not empty; numbers count as their digits."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadCarrierAnswer(f"The carrier's answer has no {name}.")
    return value.strip()


def whole(row: Row, name: str) -> int:
    """A whole number."""
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
        raise BadCarrierAnswer(f"The carrier's {name} is no whole number.")
    return value


def minor(row: Row, name: str, currency: str) -> int:
    """An amount such as 12.3 or "12.30" in minor units, half-up. Floats are read as they are printed."""
    value = row.get(name)
    try:
        amount = Decimal(str(value)) if isinstance(value, int | float | str) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or isinstance(value, bool) or abs(amount) > LARGEST:
        raise BadCarrierAnswer(f"The carrier's {name} is no amount.")
    return int((amount * minor_units(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def grams(row: Row, name: str) -> int | None:
    """A weight in kilograms as grams; None where there is none."""
    value = row.get(name)
    if value in (None, ""):
        return None
    try:
        return int((Decimal(str(value)) * 1000).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except InvalidOperation:
        raise BadCarrierAnswer(f"The carrier's {name} is no weight.") from None


def decoded(row: Row, name: str) -> bytes:
    """Bytes in base64."""
    try:
        return b64decode(text(row, name), validate=True)
    except ValueError:
        raise BadCarrierAnswer(f"The carrier's {name} is not base64.") from None


def label_format(row: Row, name: str = "format") -> LabelFormat:
    """pdf, png or zpl."""
    value: Any = row.get(name)
    if value not in get_args(LabelFormat):
        raise BadCarrierAnswer(f"The carrier's label has an unknown format {value!r}.")
    found: LabelFormat = value
    return found


def moment(written: str, zone: timezone = BEIJING) -> datetime:
    """A time such as "2026-11-20 10:00:00" or ISO 8601; without a zone it is the carrier's own (mostly China's)."""
    try:
        at = datetime.fromisoformat(written.strip().replace("/", "-"))
    except ValueError:
        raise BadCarrierAnswer(f"The carrier's time {written[:40]!r} is no time.") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def seconds(row: Row, name: str) -> datetime:
    """A time in unix seconds, or milliseconds where it is that large."""
    value = whole(row, name)
    try:
        return datetime.fromtimestamp(value / 1000 if value > 10**11 else value, tz=UTC)
    except (OverflowError, OSError, ValueError):
        raise BadCarrierAnswer(f"The carrier's {name} is no time.") from None


def scan(carrier: str, *, waybill: str, code: str, at: datetime, row: Row, place: str = "", told: str = "") -> Scan:
    """A scan with its meaning, cut to what we keep."""
    short = code[:LONGEST_CODE]
    return Scan(
        waybill=waybill[:60],
        code=short,
        at=at,
        state=meaning(carrier, short, at.date()),
        place=place[:120],
        told=told[:200],
        raw=compact(dict(row))[:2000],
    )
