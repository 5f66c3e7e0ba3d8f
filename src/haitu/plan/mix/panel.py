"""What the mix model is fitted to: weekly columns of a few markets and channels, units in their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from haitu.plan.mix.response import LONGEST, Floats, lagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """An experiment on one channel: what was missing, or added, in the weeks `start` ... `end` - 1 of the window."""

    channel: int
    market: int | None  # None: in all markets together
    start: int
    end: int
    lift: float  # money of the outcome that the channel's spend of these weeks brought within them
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Markets x weeks. Exposure is spend divided by the channel's price index, so a dearer ad buys less of it.

    `spend` and `exposure` begin `before` weeks ahead of the outcome, so that what was spent then can still work.
    """

    channels: tuple[str, ...]
    markets: tuple[str, ...]
    weeks: tuple[date, ...]  # of the outcome, each a Monday
    outcome: Floats  # (market, week); 0 where not seen
    seen: NDArray[np.bool_]  # (market, week)
    spend: Floats  # (market, channel, before + week)
    exposure: Floats  # (market, channel, before + week)
    controls: Floats  # (control, market, week)
    control_names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # per channel, a word of kinds.KINDS; "" asks its name
    tests: tuple[Test, ...] = ()
    week_of_year: Floats = field(default_factory=lambda: np.zeros(0))  # (week,), 0 ... 1

    @property
    def before(self) -> int:
        """Weeks of spend ahead of the first outcome."""
        return int(self.spend.shape[2] - len(self.weeks))

    @property
    def outcome_scale(self) -> Floats:
        """The usual size of a week's outcome, per market."""
        size = np.array([np.abs(y[s]).mean() if s.any() else 0.0 for y, s in zip(self.outcome, self.seen, strict=True)])
        return np.asarray(np.maximum(size, 1e-9 * max(float(size.max()), 1e-9)))

    @property
    def exposure_scale(self) -> Floats:
        """The greatest weekly exposure, per market and channel; 1 where there was none."""
        top = self.exposure.max(axis=2)
        return np.asarray(np.where(top > 0, top, 1.0), dtype=np.float64)

    def table(self, channel: int, exposure: Floats | None = None) -> Floats:
        """Scaled exposure by lag of the weeks of the outcome (and of any weeks after it): (market, week, lag)."""
        given = self.exposure[:, channel] if exposure is None else exposure
        scaled = given / self.exposure_scale[:, channel][:, None]
        return lagged(scaled)[:, self.before :, :]

    def after(self, exposure: Floats) -> Floats:
        """The exposure followed by as many weeks without any as its effect may take: (market, before + week + 40)."""
        return np.concatenate([exposure, np.zeros((len(exposure), LONGEST))], axis=1)
