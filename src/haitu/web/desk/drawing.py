"""Small pictures drawn as SVG: prices by weight before and after, and lanes by cost and days.

Colours and type come from the style sheet; the figures stand in a table beside each picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 112, 28, 12, 34
NICE = (1, 2, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A lane in the scatter: days (half, nine of ten) and cost; `group` colours it, `best` gives it a ring."""

    label: str
    days_p50: int
    days_p90: int
    cost_minor: int
    group: int
    best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From values to places: x grows to the right, y upward; both from zero."""

    most_x: float
    most_y: float

    def x(self, value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * value / self.most_x, 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.most_y, 1)


def price_steps(
    points: Sequence[tuple[int, int | None, int | None]],
    *,
    label: str,
    money: Callable[[int], str],
    weight: Callable[[int], str],
) -> Markup:
    """Old and new prices of parcels (grams, old, new): stairs, for a price holds up to its weight."""
    known = [price for _, *both in points for price in both if price is not None]
    if not known:
        return Markup("")
    scale = _Scale(most_x=max(grams for grams, _, _ in points) or 1, most_y=max(known) * 1.08 or 1)
    lines = [
        Markup('<path class="{}" d="{}"/>').format(name, _stairs(points, place, scale))
        for name, place in (("old", 1), ("new", 2))
    ]
    body = Markup("").join([_axes(scale, money, weight), *lines])
    return _picture(body, label, "price-picture")


def scatter(marks: Iterable[Mark], *, label: str, money: Callable[[int], str], days: Callable[[int], str]) -> Markup:
    """Each lane a dot at the day by which half arrive, with a line to the day by which nine of ten do."""
    found = list(marks)
    if not found:
        return Markup("")
    scale = _Scale(
        most_x=max(mark.days_p90 for mark in found) * 1.15 or 1,
        most_y=max(mark.cost_minor for mark in found) * 1.12 or 1,
    )
    body = Markup("").join([_axes(scale, money, days), *(_mark(mark, scale) for mark in found)])
    return _picture(body, label, "scatter-picture")


def _mark(mark: Mark, scale: _Scale) -> Markup:
    y, start, end = scale.y(mark.cost_minor), scale.x(mark.days_p50), scale.x(mark.days_p90)
    ring = Markup('<circle class="ring" cx="{}" cy="{}" r="10"/>').format(start, y) if mark.best else Markup("")
    at_end = end > WIDTH - 120
    text = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        end - 4 if at_end else end + 6, y - 8, "end" if at_end else "start", mark.label
    )
    return Markup(
        '<g class="mark c{}"><title>{}</title><line x1="{}" y1="{}" x2="{}" y2="{}"/>'
        '<line x1="{}" y1="{}" x2="{}" y2="{}"/>{}<circle cx="{}" cy="{}" r="6"/>{}</g>'
    ).format(mark.group % 6, mark.label, start, y, end, y, end, y - 5, end, y + 5, ring, start, y, text)


def _stairs(points: Sequence[tuple[int, int | None, int | None]], place: int, scale: _Scale) -> str:
    steps, before, drawing = [], 0, False
    for point in points:
        price = point[place]
        if price is None:
            drawing = False
        else:
            y = scale.y(price)
            steps.append(f"{'V' if drawing else f'M{scale.x(before)} '}{y}H{scale.x(point[0])}")
            drawing = True
        before = point[0]
    return "".join(steps)


def _axes(scale: _Scale, money: Callable[[int], str], across: Callable[[int], str]) -> Markup:
    parts = []
    for value in _ticks(scale.most_y, 4):
        y = scale.y(value)
        parts.append(
            Markup(
                '<line class="grid" x1="{}" y1="{}" x2="{}" y2="{}"/><text class="tick" x="{}" y="{}">{}</text>'
            ).format(LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4, money(value))
        )
    for value in _ticks(scale.most_x, 6):
        x = scale.x(value)
        parts.append(
            Markup('<text class="tick across" x="{}" y="{}">{}</text>').format(x, HEIGHT - BOTTOM + 20, across(value))
        )
    return Markup("").join(parts)


def _ticks(most: float, wanted: int) -> list[int]:
    """Round values from zero, about as many as wanted."""
    step = 1
    while most / step > wanted:
        digits = int(str(step)[0])
        power = 10 ** (len(str(step)) - 1)
        step = power * (NICE[NICE.index(digits) + 1] if digits != NICE[-1] else 10)
    return list(range(0, int(most) + 1, step))


def _picture(body: Markup, label: str, name: str) -> Markup:
    return Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        name, WIDTH, HEIGHT, escape(label), body
    )
