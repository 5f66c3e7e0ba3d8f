"""Weights, weight bands, amounts, days and dates as forwarders write them; what cannot be read is None.

All take text that `sheets.plain` has been over: full-width signs are common ones already.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

# Grams of one unit; an avoirdupois pound is 0.45359237 kg by the international agreement of 1959.
GRAMS = {
    **dict.fromkeys(("kg", "kgs", "公斤", "千克"), Decimal(1000)),
    **dict.fromkeys(("g", "gram", "grams", "克"), Decimal(1)),
    **dict.fromkeys(("lb", "lbs", "磅"), Decimal("453.59237")),
    **dict.fromkeys(("oz", "盎司"), Decimal("28.349523125")),
    **dict.fromkeys(("t", "吨"), Decimal(1_000_000)),
}
CUBE = ("cbm", "m3", "立方米", "立方", "方")
LARGEST_G = 10**9
UNIT = r"(?P<{0}>kgs?|公斤|千克|grams?|g|克|lbs?|磅|oz|盎司|t|吨|cbm|m3|立方米?|方)?"
NUMBER = r"(?P<{0}>\d{{1,9}}(?:\.\d{{1,6}})?)"
LOW = NUMBER.format("low") + UNIT.format("low_unit")
HIGH = NUMBER.format("high") + UNIT.format("high_unit")
BETWEEN = re.compile(LOW + r"(?:[<≤]\D{0,6}?[<≤]|-+|~|–|—|至|到|to)" + HIGH)
UP_TO = re.compile(r"(?:w|重量|weight|x)?(?:[≤<]=?|不超过|upto|under|notover|max\.?)" + HIGH)
UP_TO_AFTER = re.compile(HIGH + r"(?:\(?含?\)?以下|以内|及以下|andbelow|orless)")
FROM_AFTER = re.compile(LOW + r"(?:\+|以上|及以上|andabove|andup|up)(?:kgs?|公斤|千克|cbm|方)?")
FROM_BEFORE = re.compile(r"(?:w|重量|weight|x)?(?:\+|[>≥]=?|over|above|大于|超过)" + LOW)
SINGLE = re.compile(HIGH)

CURRENCIES = {
    **dict.fromkeys(("人民币", "rmb", "cny", "cn¥", "元"), "CNY"),
    **dict.fromkeys(("美元", "美金", "usd", "us$", "$"), "USD"),
    **dict.fromkeys(("欧元", "eur", "€"), "EUR"),
    **dict.fromkeys(("英镑", "gbp", "£"), "GBP"),
    **dict.fromkeys(("日元", "日币", "jpy", "円"), "JPY"),
    **dict.fromkeys(("港币", "港元", "hkd", "hk$"), "HKD"),
    **dict.fromkeys(("澳元", "aud", "a$"), "AUD"),
    **dict.fromkeys(("加元", "cad", "c$"), "CAD"),
    **dict.fromkeys(("新元", "sgd", "s$"), "SGD"),
    **dict.fromkeys(("迪拉姆", "aed"), "AED"),
    **dict.fromkeys(("韩元", "krw", "₩"), "KRW"),
}
SIGNS = "|".join(sorted((re.escape(sign) for sign in CURRENCIES), key=len, reverse=True))
AMOUNT = re.compile(
    rf"(?P<before>{SIGNS}|¥)?\s*(?P<minus>-)?\s*(?P<before2>{SIGNS}|¥)?\s*(?P<whole>\d{{1,3}}(?:,\d{{3}})+|\d{{1,12}})"
    rf"(?:\.(?P<fraction>\d{{1,9}}))?\s*(?P<after>{SIGNS})?\s*(?:(?:/|每|per)\s*(?P<per>.{{1,12}}))?"
)
NO_SERVICE = {"", "-", "--", "—", "–", "/", "\\", "n/a", "na", "不通", "暂停", "停运", "无", "无服务", "x", "×", "none"}
DAYS = re.compile(
    r"(?:约|大约|about|参考)?(?P<low>\d{1,3})(?:(?:-+|~|–|—|至|到|to)(?P<high>\d{1,3}))?"
    r"(?:个)?(?P<unit>工作日|自然日|天左右|天|日|workingdays|businessdays|calendardays|natural日|days?|wd|d)?(?:左右)?"
)
WORKING = {"工作日", "workingdays", "businessdays", "wd"}
DAY = re.compile(
    r"(?P<year>20\d\d)\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?(?:\s+00:00(?::00)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Above `low` up to and with `high`, in grams, or in litres where `cube`; None: the list does not say."""

    low: int | None
    high: int | None
    cube: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number of major units, the currency and the "per what" if the cell names them."""

    value: Decimal
    currency: str = ""
    per: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A promise of days: calendar days in which half and nine of ten arrive, and whether working days were meant."""

    p50: int
    p90: int
    working: bool
    crossed: bool = False


def tight(text: str) -> str:
    """Small letters without blanks."""
    return re.sub(r"\s+", "", text).lower()


def unit_in(text: str) -> str:
    """The unit of weight or volume that a heading names, "" if none: "重量(KG)" → "kg"."""
    found = re.search(
        r"(?<![a-z])(kgs?|lbs?|oz|cbm|m3|g)(?![a-z])|公斤|千克|克|磅|盎司|立方米?|方(?!式|案)", text.lower()
    )
    return found[0] if found else ""


def band(text: str, unit: str = "") -> Band | None:
    """A weight band; `unit` holds where the text names none, and without either it is none."""
    flat = tight(text).replace("≦", "≤").replace("≧", "≥").replace("<=", "≤").replace(">=", "≥")
    flat = re.sub(r"[\[(](\d[\d.]*),(\d[\d.]*)[\])]", r"\1-\2", flat)  # (0,0.5]
    flat = re.sub(r"[()\[\]【】]", "", flat)
    flat = re.sub(r"^(重量段|重量|weight|w):?(?=\d)", "", flat)
    for pattern in (BETWEEN, UP_TO, UP_TO_AFTER, FROM_AFTER, FROM_BEFORE, SINGLE):
        if found := pattern.fullmatch(flat):
            return _band(found.groupdict(), unit, single=pattern is SINGLE)
    return None


def _band(given: dict[str, str | None], unit: str, *, single: bool) -> Band | None:
    high_unit = given.get("high_unit") or given.get("low_unit") or unit
    low_unit = given.get("low_unit") or given.get("high_unit") or unit
    if not (high_unit or low_unit):
        return None
    low, high = _measure(given.get("low"), low_unit), _measure(given.get("high"), high_unit)
    if low is None and not single and "low" not in given:
        low = 0
    return Band(low=low, high=high, cube=(high_unit or low_unit) in CUBE)


def _measure(number: str | None, unit: str) -> int | None:
    """Grams, or litres of a cube."""
    if number is None:
        return None
    factor = Decimal(1000) if unit in CUBE else GRAMS[unit]
    return min(int((Decimal(number) * factor).to_integral_value(ROUND_HALF_UP)), LARGEST_G)


def weight_g(text: str, unit: str = "") -> int | None:
    """A single weight in grams."""
    found = band(text, unit)
    return found.high if found and found.low is None and not found.cube else None


def amount(text: str) -> Amount | None:
    """An amount such as "45.5", "¥45.50", "RMB 1,200.00", "-3", "45元/kg"; None for anything else."""
    found = AMOUNT.fullmatch(text.strip().lower())
    if found is None:
        return None
    signs = {sign for sign in (found["before"], found["before2"], found["after"]) if sign and sign != "¥"}
    currencies = {CURRENCIES[sign] for sign in signs}
    if len(currencies) > 1:
        return None
    value = Decimal(f"{found['whole'].replace(',', '')}.{found['fraction'] or 0}")
    return Amount(
        value=-value if found["minus"] else value, currency=next(iter(currencies), ""), per=tight(found["per"] or "")
    )


def is_no_service(text: str) -> bool:
    """Whether the cell says that nothing is carried: empty, a dash, 不通."""
    return text.strip().lower() in NO_SERVICE


def currency_in(text: str) -> frozenset[str]:
    """Every currency that a text names; a lone ¥ names none, for it is the yuan's and the yen's."""
    low = text.lower()
    named = re.findall(rf"(?:{SIGNS})", low)
    words = {sign for sign in named if not (sign.isascii() and sign.isalpha()) or re.search(rf"\b{sign}\b", low)}
    return frozenset(CURRENCIES[sign] for sign in words if sign != "元" or "美元" not in low)


def days(text: str, *, working: bool = False) -> Days | None:
    """Days in transit: half arrive by the middle of the range, nine of ten by its end; 5 working days are a week."""
    found = DAYS.fullmatch(tight(text))
    if found is None:
        return None
    low, high = int(found["low"]), int(found["high"] or found["low"])
    working = working or found["unit"] in WORKING
    half, end = -(-(low + high) // 2), high
    if working:
        half, end = _calendar(half), _calendar(end)
    return Days(p50=half, p90=end, working=working, crossed=high < low)


def _calendar(working_days: int) -> int:
    """Calendar days that so many working days take at most: a weekend for every five."""
    return working_days + 2 * (working_days // 5)


def day(text: str) -> date | None:
    """A date written year first; others could mean two days."""
    found = DAY.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def dates_in(text: str) -> list[date]:
    """The dates that stand in a sentence, in order."""
    found = (day(match[0]) for match in DAY.finditer(text))
    return [each for each in found if each]


def percent_bp(text: str) -> int | None:
    """A percentage in basis points: "12.5%" → 1250."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,2})?)\s*%", text.strip())
    return int(Decimal(found[1]) * 100) if found else None
