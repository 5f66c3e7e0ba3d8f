"""Pictures of paybacks as SVG: the curve with its fan, and spend against contribution by month.

Colours come from the style sheet; the figures stand in a table beside each picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from haitu.reads.desk.reach import Band, MonthRow

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 120, 44, 14, 34
LAST_MONTH = 24
EVERY_MONTHS = 6
WHOLE_BP = 10_000


def fan(curve: Sequence[Band], *, label: str, share: Callable[[int], str], month: Callable[[int], str]) -> Markup:
    """What a unit of spend has returned by the end of each month; the line at one is the money back."""
    most = max(WHOLE_BP * 1.25, *(band.high_bp for band in curve)) * 1.05
    least = min(0, *(band.low_bp for band in curve)) * 1.05

    def x(at: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * at / LAST_MONTH, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - least) / (most - least), 1)

    months = range(1, len(curve) + 1)
    high = " ".join(f"{x(at)},{y(band.high_bp)}" for at, band in zip(months, curve, strict=True))
    low = " ".join(f"{x(at)},{y(band.low_bp)}" for at, band in reversed(list(zip(months, curve, strict=True))))
    line = " ".join(f"{x(at)},{y(band.mid_bp)}" for at, band in zip(months, curve, strict=True))
    across = [
        Markup('<text class="tick across" x="{}" y="{}">{}</text>').format(x(at), HEIGHT - BOTTOM + 20, month(at))
        for at in range(0, LAST_MONTH + 1, EVERY_MONTHS)
    ]
    upward = [
        Markup('<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text class="tick" x="{}" y="{}">{}</text>').format(
            LEFT, y(value), WIDTH - RIGHT, y(value), LEFT - 8, y(value) + 4, share(value)
        )
        for value in _ticks(most)
    ]
    start = f"{x(0)},{y(0)}"
    body = Markup(
        '{}{}<polygon class="fan" points="{} {} {}"/><polyline class="middle" points="{} {}"/>'
        '<line class="back" x1="{}" y1="{}" x2="{}" y2="{}"/>'
    ).format(
        Markup("").join(upward), Markup("").join(across), start, high, low, start, line,
        LEFT, y(WHOLE_BP), WIDTH - RIGHT, y(WHOLE_BP),
    )  # fmt: skip
    return _picture(body, label)


def months(
    rows: Sequence[MonthRow], *, label: str, money: Callable[[int], str], name: Callable[[MonthRow], str]
) -> Markup:
    """Two bars a month: what was spent, and what it earned so far, on a pale one of what is expected by month 24.

    A month that lost money goes below the line.
    """
    most = max(1, *(max(row.spent_minor, row.earned_minor, row.by_24_minor[1]) for row in rows)) * 1.05
    least = min(0, *(min(row.earned_minor, row.by_24_minor[1]) for row in rows)) * 1.05
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    bar = step * 0.36

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - least) / (most - least), 1)

    parts = []
    shown = max(1, len(rows) // 6)
    for place, row in enumerate(rows):
        left = LEFT + step * place + step * 0.12
        for name_of, at, value in (
            ("expected", left + bar, row.by_24_minor[1]),
            ("spent", left, row.spent_minor),
            ("earned", left + bar, row.earned_minor),
        ):
            parts.append(
                Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>').format(
                    name_of, round(at, 1), min(y(0), y(value)), round(bar, 1), round(abs(y(0) - y(value)), 1),
                    name(row), money(value),
                )
            )  # fmt: skip
        if place % shown == 0:
            parts.append(
                Markup('<text class="tick across" x="{}" y="{}">{}</text>').format(
                    round(left + bar, 1), HEIGHT - BOTTOM + 20, name(row)
                )
            )
    for value in {0, round(most / 2.1), round(most / 1.05), round(least / 1.05)}:
        parts.insert(
            0,
            Markup(
                '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text class="tick" x="{}" y="{}">{}</text>'
            ).format(LEFT, y(value), WIDTH - RIGHT, y(value), LEFT - 8, y(value) + 4, money(value)),
        )
    return _picture(Markup("").join(parts), label)


def _ticks(most: float) -> list[int]:
    """Round shares from zero, about four."""
    step = next(step for step in (2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 10**6, 10**9) if most / step <= 5)
    return list(range(0, int(most) + 1, step))


def _picture(body: Markup, label: str) -> Markup:
    return Markup('<svg class="reach-picture" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, escape(label), body
    )
