"""One step of a calculation, told so that a person can follow and check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A step that was taken.

    `code` names it for machines and translators, `told` says it in English with its figures, `given` holds the
    figures (ints in minor units or basis points, texts, dates) and `source` the law, tariff or page it rests on
    ("" where it is plain arithmetic).
    """

    code: str
    told: str
    given: Mapping[str, object] = field(default_factory=dict)
    source: str = ""
